import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createServer } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from './support/browser.js';
import { installOffline } from './support/packed.js';

// An application's view: the three tarballs in an empty project, installed without network.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tfm-pack-'));
const tfm = 'node_modules/.bin/tfm';
const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });

beforeAll(() => installOffline(folder), 240_000);
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

test.each(['grammar', 'compiler', 'runtime', 'runtime/node', 'runtime/tasks'])(
  '@tfm-lang/%s can be imported',
  (name) => {
    fs.writeFileSync(
      path.join(folder, 'names.mjs'),
      `console.log(Object.keys(await import('@tfm-lang/${name}')).length)\n`,
    );
    expect(Number(node('names.mjs'))).toBeGreaterThan(0);
  },
);

test('the command is linked and tells its version', () => {
  const { version } = JSON.parse(fs.readFileSync('compiler/package.json', 'utf8')) as { version: string };
  expect(node(tfm, '--version').trim()).toBe(version);
});

test('a project made by `tfm init` builds, type-checks against the packed types and runs', { timeout: 120_000 }, () => {
  node(tfm, 'init');
  node(tfm, 'build');
  const typeRoots = path.resolve('node_modules/@types'); // the project's own would need the network
  node(path.resolve('node_modules/typescript/bin/tsc'), '-p', '.', '--typeRoots', typeRoots);
  expect(node('dist/main.js')).toMatch(/^backend wasm\nlogits \[ 1, 18, 128 \]\n(?:\d+ ){16}\n$/);
});

test('`tfm run` needs nothing else, and prints the tokens alone', () => {
  const argv = [
    tfm,
    'run',
    'gpt.tfm',
    '--init',
    '1',
    '--prompt-tokens',
    '7',
    '--max-new-tokens',
    '4',
    '--backend',
    'cpu',
  ];
  const { stdout, stderr } = spawnSync(process.execPath, argv, { cwd: folder, encoding: 'utf8' });
  expect(stdout).toMatch(/^7(,\d+){4}$/);
  expect(stderr).toMatch(/^backend cpu \(\d+ ms\)\n1 prompt tokens, .* tokens\/s\n$/);
});

test('the project runs on wasm in a page, from the development server of Vite as it comes', {
  timeout: 240_000,
}, async () => {
  const script = `
    import { useBackend } from '@tfm-lang/runtime';
    import { Gpt } from './gpt.tfm.js';
    window.run = async () => {
      const result = [await useBackend('wasm')];
      const model = Gpt.init({ seed: 1 });
      for await (const token of model.generate({ tokens: [7] }, { maxNewTokens: 4, temperature: 0 })) result.push(token);
      return result;
    };`;
  fs.writeFileSync(path.join(folder, 'page.ts'), script);
  fs.writeFileSync(path.join(folder, 'index.html'), '<!doctype html><script type="module" src="./page.ts"></script>');
  const server = await createServer({
    configFile: false,
    logLevel: 'error',
    root: folder,
    server: { host: '127.0.0.1', port: 0, watch: null },
  });
  const browser = await launchBrowser();
  try {
    await server.listen();
    const page = await browser.newPage();
    await page.goto(server.resolvedUrls?.local[0] ?? '');
    // Vite loads the page again when it has bundled the packages.
    await page.waitForFunction(() => 'run' in window, undefined, { timeout: 120_000 });
    await page.waitForLoadState('networkidle');
    const result = await page.evaluate(() => (window as unknown as { run: () => Promise<unknown[]> }).run());
    const argv = [
      'run',
      'gpt.tfm',
      '--init',
      '1',
      '--prompt-tokens',
      '7',
      '--max-new-tokens',
      '4',
      '--temperature',
      '0',
    ];
    expect(result).toEqual([
      'wasm',
      ...node(tfm, ...argv)
        .split(',')
        .slice(1)
        .map(Number),
    ]);
  } finally {
    await browser.close();
    await server.close();
  }
});
