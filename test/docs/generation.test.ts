import fs from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { tfm } from '../compiler/cli/tool.js';

/** The examples of docs/generation.md are one program, beside the folder that it reads. */
const folder = path.resolve('.cache/generation-docs');
const blocks = [...fs.readFileSync('docs/generation.md', 'utf8').matchAll(/^```ts\n([\s\S]*?)\n```$/gm)];
const own = process.cwd();

beforeAll(async () => {
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  fs.copyFileSync('specs/models/llama.tfm', `${folder}/llama.tfm`);
  fs.cpSync('examples/stories260K', `${folder}/stories260K`, { recursive: true });
  fs.writeFileSync(`${folder}/program.ts`, blocks.map(([, text = '']) => `${text}\n`).join('\n'));
  expect(await tfm(['build', '.'], { cwd: folder })).toMatchObject({ exitCode: 0 });
  process.chdir(folder);
});

afterEach(() => void vi.restoreAllMocks());
afterAll(() => process.chdir(own));

test('the program passes the type checker', async () => {
  const { spawnSync } = await import('node:child_process');
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

test('the program prints what it says, and gives all memory back', async () => {
  const printed: unknown[][] = [];
  vi.spyOn(console, 'log').mockImplementation((...values: unknown[]) => void printed.push(values));
  const before = tf.memory().numTensors;
  await import(/* @vite-ignore */ path.resolve('program.ts'));
  expect(tf.memory().numTensors).toBe(before);
  const [number, tokens] = [expect.any(Number) as number, expect.any(Array) as number[]];
  expect(printed).toEqual([
    ...Array.from({ length: 8 }, () => [number]),
    ...Array.from({ length: 3 }, () => [12, number, 'length']),
    [tokens],
    [tokens, 'stop'],
    ['config.json', {}, tokens],
    [number, tokens],
    [number, tokens],
    [14, tokens],
    [14, tokens],
    [[13, 3], number],
    [8],
  ]);
  const [careful, chosen] = [printed[11]![0] as number[], printed[12]![0]];
  expect(new Set(careful.map((_, i) => careful.slice(i, i + 3).join())).size).toBe(12);
  expect([[378, 409], [372], [410, 286]]).toContainEqual(chosen);
  expect(printed[14]![0] as number).toBeGreaterThanOrEqual(printed[15]![0] as number);
  const perplexity = printed[18]![1] as number;
  expect(perplexity).toBeGreaterThan(1);
  expect(perplexity).toBeLessThan(512);
});
