import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { tfm } from '../compiler/cli/tool.js';

/** The examples of docs/tasks.md, as programs beside the folders that they read. */
const folder = path.resolve('.cache/tasks');
const programs = [...fs.readFileSync('docs/tasks.md', 'utf8').matchAll(/^```ts\n([\s\S]*?)\n```$/gm)].map(
  ([, text = '']) => `${text}\n`,
);
const own = process.cwd();

/** Tiny models under the names of the document. */
const models: Readonly<Record<string, readonly [weights: string, beside: string]>> = {
  qwen3: ['hf-golden/llama_gqa', 'tasks/llama'],
  't5-small': ['hf-golden/t5_relbias', 'tasks/t5'],
  'bert-base-uncased': ['hf-golden/bert', 'tasks/bert'],
  sentiment: ['hf-families/bert_cls', 'tasks/bert'],
  'all-MiniLM-L6-v2': ['hf-golden/bert', 'tasks/bert'],
  'vit-tiny': ['hf-golden/vit', ''],
};

beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  for (const [name, [weights, beside]] of Object.entries(models)) {
    fs.cpSync(`test/fixtures/${weights}`, `${folder}/${name}`, { recursive: true });
    if (beside !== '') fs.cpSync(`test/fixtures/${beside}`, `${folder}/${name}`, { recursive: true });
    if (name.startsWith('all-')) {
      const config = JSON.parse(fs.readFileSync(`${folder}/${name}/config.json`, 'utf8')) as object;
      fs.writeFileSync(`${folder}/${name}/config.json`, JSON.stringify({ ...config, architectures: ['BertModel'] }));
    }
    expect(await tfm(['import', name, '-o', `${name}.tfm`], { cwd: folder })).toMatchObject({ exitCode: 0 });
  }
  fs.writeFileSync(`${folder}/vit-tiny/preprocessor_config.json`, JSON.stringify({ size: { height: 16, width: 16 } }));
  programs.forEach((text, i) => void fs.writeFileSync(`${folder}/program-${i}.ts`, text));
  expect(await tfm(['build', '.'], { cwd: folder })).toMatchObject({ exitCode: 0 });
  process.chdir(folder);
});

afterEach(() => void vi.restoreAllMocks());
afterAll(() => process.chdir(own));

test('they pass the type checker', () => {
  const compilerOptions = {
    ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, verbatimModuleSyntax: true },
    ...{ module: 'nodenext', target: 'es2022', lib: ['es2023', 'dom'], types: ['node', '@webgpu/types'] },
    ...{ noEmit: true, skipLibCheck: true, customConditions: ['source'] },
  };
  fs.writeFileSync('package.json', '{ "type": "module" }\n');
  fs.writeFileSync('tsconfig.json', JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const { stdout } = spawnSync(process.execPath, [`${own}/node_modules/ts7/bin/tsc`, '-p', '.', '--pretty', 'false'], {
    encoding: 'utf8',
  });
  expect(stdout.split('\n').filter((line) => line.includes('error TS') && !line.includes('runtime/src/'))).toEqual([]);
});

const score = expect.any(Number) as number;

test('text', async () => {
  const printed = await run(0);
  expect(printed.at(-1)).toEqual([expect.any(String), 'length', 20]);
  const pieces = printed.slice(0, -1).map(([piece]) => piece);
  expect(pieces.length).toBeGreaterThan(3);
  expect(pieces.every((piece) => typeof piece === 'string' && piece !== '')).toBe(true);
});

test('translation', async () => {
  const [[translations] = []] = await run(1);
  expect(translations).toEqual([expect.stringMatching(/\S/), expect.stringMatching(/\S/)]);
});

test('masks', async () => {
  const text = expect.any(String) as string;
  expect(await run(2)).toEqual(Array.from({ length: 3 }, () => [text, score, expect.stringMatching(/juliet\?$/)]));
});

test('classes', async () => {
  expect(await run(3)).toEqual(Array.from({ length: 2 }, () => [expect.stringMatching(/^LABEL_\d$/), score]));
});

test('vectors', async () => {
  const [[cosine] = []] = await run(4);
  expect(cosine).toBeGreaterThan(-1);
  expect(cosine).toBeLessThan(0.9999);
});

test('images', async () => {
  const printed = await run(5);
  expect(printed).toEqual(Array.from({ length: 3 }, () => [expect.stringMatching(/^LABEL_\d$/), score]));
});

/** What a program prints. It gives all memory back. */
async function run(i: number): Promise<unknown[][]> {
  expect(programs.length).toBe(6);
  const log = vi.spyOn(console, 'log').mockReturnValue(undefined);
  const before = tf.memory().numTensors;
  await import(/* @vite-ignore */ `${folder}/program-${i}.ts`);
  expect(tf.memory().numTensors).toBe(before);
  return log.mock.calls;
}
