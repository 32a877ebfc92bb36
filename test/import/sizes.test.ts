import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { folderWith, tfm } from '../compiler/cli/tool.js';
import { type GoldenRun, readJson } from '../support/golden.js';
import { inputsFile, outputsFile, takeOutputs, writeInputs, wrongNumbers } from './goldens.js';

const folder = 'test/fixtures/hf-families/vit_larger';

test('a config alone has images of training; --set chooses others, on the same checkpoint', async () => {
  const cwd = folderWith({ 'config.json': fs.readFileSync(`${folder}/config.json`, 'utf8') });
  expect(await tfm(['import', 'config.json', '-o', 'm.tfm'], { cwd })).toMatchObject({ exitCode: 0, stderr: '' });
  expect(fs.readFileSync(path.join(cwd, 'm.tfm'), 'utf8')).toMatch(/size: 12, trained: 12,/);
  await writeInputs(folder, cwd);
  const run = ['run', 'm.tfm', '--weights', path.resolve(folder), '--inputs', inputsFile, '--outputs', outputsFile];
  const asTrained = await tfm(run, { cwd });
  expect(asTrained).toMatchObject({ exitCode: 1 });
  expect(asTrained.stderr).toContain('12');
  const sizes = ['--set', 'size=20', '--set', 'columns=28'];
  expect(await tfm([...run, ...sizes], { cwd })).toMatchObject({ exitCode: 0 });
  const { outputs } = readJson<GoldenRun>(`${folder}/io.json`);
  const found = (await takeOutputs(cwd)).get('logits');
  expect(wrongNumbers('vit_larger', found?.values ?? [], outputs.logits!, undefined)).toBe(0);
});
