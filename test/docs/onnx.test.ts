import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { opsets } from '../../compiler/src/emit/onnx/file/index.js';
import { irVersion } from '../../compiler/src/emit/onnx/file/schema.js';
import { tfm } from '../compiler/cli/tool.js';
import { readOnnx } from '../support/onnx-file.js';

/** The programs of the document, beside the models that they run. */
const document = fs.readFileSync('docs/onnx.md', 'utf8');
const programs = new Map(
  [...document.matchAll(/^<!-- test: (\S+) -->\n```js\n([\s\S]*?)\n```$/gm)].map(([, name = '', text = '']) => [
    name,
    text,
  ]),
);
const folder = path.resolve('.cache/docs-onnx');
const golden = path.resolve('test/fixtures/hf-golden/gpt2');
const configuration = ['width=32', 'vocab=96', 'context=64', 'depth=2', 'heads=4'].flatMap((text) => ['--set', text]);
const model = [path.resolve('specs/models/gpt2.tfm'), '--weights', golden, ...configuration];

beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  for (const [name, text] of programs) fs.writeFileSync(path.join(folder, name), `${text}\n`);
  const built = await tfm(['build', ...model, '--target', 'onnx', '--entry', 'all', '--out', folder]);
  expect(built).toMatchObject({ exitCode: 0 });
});

/** What a program of the document prints. */
function printed(name: string): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [name], { cwd: folder, encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.trim();
}

test('every program of the document is run here', () => {
  expect([...programs.keys()]).toEqual(['forward.mjs', 'generate.mjs']);
  expect(document.match(/^```js$/gm)?.length).toBe(programs.size);
});

test('the first gives scores for every token', () => {
  expect(printed('forward.mjs')).toBe('[ 1, 3, 96 ]');
});

test('the second generates what tfm run generates', async () => {
  const greedy = ['--prompt-tokens', '87,88,54', '--max-new-tokens', '6', '--temperature', '0'];
  const { stdout } = await tfm(['run', ...model, ...greedy]);
  expect(stdout).toMatch(/^87,88,54(,\d+){6}$/);
  expect(printed('generate.mjs')).toBe(stdout);
});

test('the metadata that the document names is there', () => {
  const { metadata } = readOnnx(fs.readFileSync(path.join(folder, 'gpt2.decode.onnx')));
  const named = new Set([...document.matchAll(/`(tfm\.\w+)`/g)].map(([, name]) => name));
  expect(Object.keys(metadata).filter((name) => !named.has(name))).toEqual([]);
  const elsewhere = ['tfm.preset', 'tfm.init_seed'];
  expect([...named].filter((name = '') => !(name in metadata))).toEqual(elsewhere);
});

test('the operator sets and their versions of the format are those of the document', () => {
  expect(document).toContain(`takes ${opsets.oldest} to ${opsets.newest}, and ${opsets.usual} is the default`);
  const stated = /The version of the file format follows: ([\s\S]*?)\./.exec(document)?.[1] ?? '';
  const pairs = [...stated.matchAll(/(\d+) with\s(?:operator sets )?(\d+)(?: and (\d+))?/g)];
  const known = pairs.flatMap(([, version, first, second]) =>
    [first, second].filter((opset) => opset !== undefined).map((opset) => [Number(opset), Number(version)]),
  );
  expect(known).toEqual(known.map(([opset = 0]) => [opset, irVersion(opset)]));
  expect(known.map(([opset]) => opset)).toEqual([17, 18, 19, 20, 21, 22, 23, 24]);
});
