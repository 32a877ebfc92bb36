import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import type { Browser, Page } from 'playwright-core';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type {} from './browser-page/main.js'; // `window.run`
import { allowsNoAdapter, noAdapter } from './gpu/runner.js';
import { launchBrowser } from './support/browser.js';

// An application's view: a page with a generated model, bundled by Vite without any configuration of ours for the runtime,
// in a real browser. The weights come over HTTP.
const example = path.resolve('examples/stories260K');
const readJson = <T>(name: string): T => JSON.parse(fs.readFileSync(path.join(example, name), 'utf8')) as T;
const { runs } = readJson<{
  runs: { inputTokens: number[]; argmax: number[]; text: string; logits: Record<string, string> }[];
}>('golden.json');
const golden = runs[0]!;
/** One more than the 32 tokens that are generated: the golden run has the logits at 32. */
const positions = 33;
const vocabulary = 512;

let server: PreviewServer | undefined;
/** The same site with the headers that let its pages share memory. */
let isolated: PreviewServer | undefined;
let browser: Browser | undefined;
let page: Page;
const problems: string[] = [];

beforeAll(async () => {
  const folder = path.resolve('.cache/browser-page');
  const tfm = ['compiler/bin/tfm.js', 'build', 'specs/models/llama.tfm', '--out', folder];
  execFileSync(process.execPath, tfm, { stdio: ['ignore', 'ignore', 'pipe'] });
  const site = {
    configFile: false,
    logLevel: 'error',
    root: path.resolve('test/browser-page'),
    publicDir: example,
    resolve: { alias: { 'llama.tfm': path.join(folder, 'llama.tfm.ts') } },
    build: { outDir: path.join(folder, 'dist'), emptyOutDir: true, chunkSizeWarningLimit: 10_000 },
    preview: { host: '127.0.0.1', port: 0 },
  } as const;
  await build(site);
  server = await preview(site);
  const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
  isolated = await preview({ ...site, preview: { ...site.preview, headers } });
  browser = await launchBrowser();
  page = await browser.newPage();
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('requestfailed', (request) => problems.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on('response', (response) => response.ok() || problems.push(`${response.url()}: ${response.status()}`));
  await page.goto(server.resolvedUrls?.local[0] ?? '', { waitUntil: 'load' });
}, 180_000);

afterAll(async () => {
  await browser?.close();
  await server?.close();
  await isolated?.close();
});

// SwiftShader takes a few tenths of a second for a token, and ten times that on a busy machine.
test.for(['wasm', 'webgpu'] as const)(
  'the story and its logits, on %s',
  { timeout: 480_000 },
  async (wanted, { skip }) => {
    const hasAdapter = await page.evaluate(async () => Boolean(await navigator.gpu?.requestAdapter()));
    skip(wanted === 'webgpu' && !hasAdapter && allowsNoAdapter, noAdapter);

    const tokens = golden.inputTokens.slice(0, positions);
    const argument = { wanted, tokens };
    const { backend, generated, logits } = await page.evaluate(
      (given) => window.run(given.wanted, given.tokens),
      argument,
    );

    expect(backend).toBe(wanted);
    expect(generated).toEqual(golden.argmax.slice(0, 32));
    const text = new Tokenizer(readJson('tokenizer.json'), {}).decode([...generated], { skip_special_tokens: true });
    expect(text.length).toBeGreaterThan(80);
    expect(golden.text.startsWith(text)).toBe(true);

    const rows = tokens.map((_, position) => logits.slice(position * vocabulary, (position + 1) * vocabulary));
    expect(rows.map((row) => row.indexOf(Math.max(...row)))).toEqual(golden.argmax.slice(0, positions));
    const compared = Object.keys(golden.logits).filter((position) => Number(position) < positions);
    expect(compared).toEqual(['0', '1', '2', '32']);
    for (const position of compared) {
      const expected = new Float32Array(new Uint8Array(Buffer.from(golden.logits[position]!, 'base64')).buffer);
      const differences = rows[Number(position)]!.map((value, i) => Math.abs(value - expected[i]!));
      expect(Math.max(...differences)).toBeLessThan(1e-4);
    }
    expect(problems).toEqual([]);
  },
);

test('wasm with two threads, in a page that is cross-origin isolated, gives the same bits', async () => {
  const other = await browser!.newPage();
  const tokens = golden.inputTokens.slice(0, positions);
  const refused = await openPage(other, server).then(() => other.evaluate(refusal, tokens));
  expect(refused).toMatch(/^TFM5505 .*Cross-Origin-Opener-Policy/);

  await openPage(other, isolated);
  const [two, one] = await other.evaluate(
    async (given) => [await window.run('wasm', given, 2), await window.run('wasm', given, 1)] as const,
    tokens,
  );
  expect(two).toEqual(one);
  expect(two.generated).toEqual(golden.argmax.slice(0, 32));
  expect(
    tokens.map((_, position) => largest(two.logits.slice(position * vocabulary, (position + 1) * vocabulary))),
  ).toEqual(golden.argmax.slice(0, positions));
}, 120_000);

const openPage = (page: Page, { resolvedUrls }: PreviewServer = server!) =>
  page.goto(resolvedUrls?.local[0] ?? '', { waitUntil: 'load' });
const largest = (row: readonly number[]) => row.indexOf(Math.max(...row));

/** Code and help of the error, in the page. */
function refusal(tokens: readonly number[]): Promise<string> {
  return window.run('wasm', tokens, 2).then(
    () => 'not refused',
    (error: { code: string; help: string }) => `${error.code} ${error.help}`,
  );
}
