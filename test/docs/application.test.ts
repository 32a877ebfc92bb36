import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { starterFiles } from '../../compiler/src/cli/starter.js';
import { tfm } from '../compiler/cli/tool.js';

/** The README's examples of an application, as files beside the code that they import. */
const folder = path.resolve('.cache/docs');
const programs = [...fs.readFileSync('README.md', 'utf8').matchAll(/^```ts\n(import[\s\S]*?)\n```$/gm)].map(
  ([, text = '']) => `${text}\n`,
);

beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  fs.copyFileSync('specs/models/llama.tfm', `${folder}/llama.tfm`);
  const starter = Object.entries(starterFiles(false)).filter(([name]) => name.endsWith('.tfm'));
  for (const [name, text] of starter) fs.writeFileSync(`${folder}/${name}`, text);
  programs.forEach((text, i) => {
    fs.writeFileSync(`${folder}/program-${i}.ts`, text);
  });
  expect(await tfm(['build', '.'], { cwd: folder })).toMatchObject({ exitCode: 0 });
}, 60_000);

afterEach(() => {
  vi.restoreAllMocks();
});

test('they pass the type checker', { timeout: 60_000 }, () => {
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023', 'dom'],
    types: ['node', '@webgpu/types'],
    noEmit: true,
    skipLibCheck: true,
    customConditions: ['source'],
  };
  fs.writeFileSync(`${folder}/package.json`, '{ "type": "module" }\n');
  fs.writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const { stdout } = spawnSync(process.execPath, ['node_modules/ts7/bin/tsc', '-p', folder, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  const lines = stdout.split('\n').filter((line) => line.includes('error TS') && !line.startsWith('runtime/src/'));
  expect(lines).toEqual([]);
});

test('the first loads, runs, generates and explains, and gives all memory back', async () => {
  const before = tf.memory().numTensors;
  const printed = await run(0);
  expect(printed).toEqual([
    [[1, 3, 512]],
    ...Array.from({ length: 8 }, () => [expect.any(Number)]),
    [[1, 8, 3, 3]],
    [[1, 3, 172]],
  ]);
  expect(tf.memory().numTensors).toBe(before);
});

test('the second trains: the loss falls', async () => {
  const losses = (await run(1)).map(([, loss]) => Number(loss));
  expect(losses.length).toBe(5);
  expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
});

/** What a program prints. */
async function run(i: number): Promise<unknown[][]> {
  expect(programs.length).toBe(2);
  const log = vi.spyOn(console, 'log').mockReturnValue(undefined);
  await import(/* @vite-ignore */ `${folder}/program-${i}.ts`);
  return log.mock.calls;
}
