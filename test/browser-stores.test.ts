import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toSafetensors } from '../runtime/src/weights/index.js';
import type {} from './browser-stores/main.js'; // what the page has on `window`
import { folderWith } from './compiler/cli/tool.js';
import { launchBrowser } from './support/browser.js';
import { hubServer } from './support/hub-server.js';

// Where a browser keeps weights: the stores of a real one, over several visits to a page.

let server: PreviewServer | undefined;
let browser: Browser | undefined;
let context: BrowserContext;

beforeAll(async () => {
  const site = {
    configFile: false,
    logLevel: 'error',
    root: path.resolve('test/browser-stores'),
    build: { outDir: path.resolve('.cache/browser-stores'), emptyOutDir: true, chunkSizeWarningLimit: 10_000 },
    preview: { host: '127.0.0.1', port: 0 },
  } as const;
  await build(site);
  server = await preview(site);
  browser = await launchBrowser();
  context = await browser.newContext();
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** Two shards; the tensor of the first is longer than what is fetched and kept together. */
async function shards(): Promise<{ files: Map<string, Uint8Array>; hashes: Record<string, string> }> {
  const long = Float32Array.from({ length: 3_000_000 }, (_, i) => (i * 7919) % 1_000_003);
  const values = { long, short: Float32Array.of(7) };
  const files = new Map<string, Uint8Array>();
  const weight_map: Record<string, string> = {};
  const hashes: Record<string, string> = {};
  for (const [name, data] of Object.entries(values)) {
    weight_map[name] = `${name}.safetensors`;
    files.set(`${name}.safetensors`, await toSafetensors([{ name, dtype: 'F32', shape: [data.length], data }]));
    hashes[name] = createHash('sha256').update(data).digest('hex');
  }
  files.set('model.safetensors.index.json', new TextEncoder().encode(JSON.stringify({ weight_map })));
  return { files, hashes };
}

/** A visit to the page: nothing of earlier ones is in memory. */
async function visit<T>(run: (page: Page) => Promise<T>): Promise<T> {
  const visited = await context.newPage();
  await visited.goto(server!.resolvedUrls!.local[0]!, { waitUntil: 'load' });
  return run(visited).finally(() => visited.close());
}

test.for(['OPFS', 'the Cache API'] as const)('%s keeps what comes, from one visit to the next', async (kept) => {
  const { files, hashes } = await shards();
  const total = [...files.values()].reduce((sum, { length }) => sum + length, 0);
  const hub = await hubServer(files);
  const given = [`${hub.url}/`, kept] as const;

  const ending = await visit((at) => at.evaluate((of) => window.interrupted(...of, 'long'), given));
  expect(ending).toBe('AbortError');
  const { sent } = hub;
  expect(await visit((at) => at.evaluate((of) => window.hashesOfStored(...of), given))).toEqual(hashes);
  // Of the long shard 8 MiB were there. Opening it for its rest brings its first 4 MiB.
  expect(hub.sent - sent).toBeLessThanOrEqual(total - 4 * 2 ** 20);
  hub.close();
  expect(await visit((at) => at.evaluate((of) => window.hashesOfStored(...of), given))).toEqual(hashes);
});

test('files that a person chose', async () => {
  const { files, hashes } = await shards();
  const folder = folderWith({});
  const paths = [...files].map(([name, bytes]) => {
    fs.writeFileSync(path.join(folder, name), bytes);
    return path.join(folder, name);
  });
  await visit(async (page) => {
    const chosen = page.locator('input');
    await chosen.setInputFiles(paths);
    expect(await page.evaluate(() => window.hashesOfChosen())).toEqual(hashes);
    await chosen.setInputFiles(path.join(folder, 'short.safetensors'));
    expect(await page.evaluate(() => window.hashesOfChosen())).toEqual({ short: hashes.short });
  });
  fs.rmSync(folder, { recursive: true });
});
