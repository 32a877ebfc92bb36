import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installOffline } from './support/packed.js';

// An application's view: the three tarballs in an empty project, installed without network.
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tfm-pack-'));
const tfm = 'node_modules/.bin/tfm';
const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });

beforeAll(() => installOffline(folder), 240_000);
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

test.each(['grammar', 'compiler', 'runtime', 'runtime/node'])('@tfm-lang/%s can be imported', (name) => {
  fs.writeFileSync(
    path.join(folder, 'names.mjs'),
    `console.log(Object.keys(await import('@tfm-lang/${name}')).length)\n`,
  );
  expect(Number(node('names.mjs'))).toBeGreaterThan(0);
});

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
