import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { folderWith, tfm } from './tool.js';

const untidy = 'model   M(n=4){input x:float[B,n] output y:float[B,n]=x->linear(n) as out}\n';
const tidy = (await tfm(['fmt', '--stdin'], { stdin: untidy })).stdout;

test('formats standard input', async () => {
  expect(tidy).toContain('model M(n = 4) {\n');
  expect(await tfm(['fmt', '--stdin'], { stdin: tidy })).toEqual({ exitCode: 0, stdout: tidy, stderr: '' });
  expect((await tfm(['fmt', '--stdin', '--check'], { stdin: untidy })).exitCode).toBe(1);
  expect((await tfm(['fmt', '--stdin', '--check'], { stdin: tidy })).exitCode).toBe(0);
});

test('a syntax error leaves the file as it is, and the others are still formatted', async () => {
  const cwd = folderWith({ 'a.tfm': untidy, 'b.tfm': 'model {', 'c.tfm': tidy });
  const { exitCode, stdout, stderr } = await tfm(['fmt'], { cwd });
  expect(exitCode).toBe(1);
  expect(stdout).toBe('a.tfm\n');
  expect(stderr).toMatch(/^error\[TFM1002\]: .*\n {1,2}--> b\.tfm:1:/);
  expect(stderr).toMatch(/\n\d errors? in 1 file, 1 file of 3 formatted\n$/);
  expect(fs.readFileSync(path.join(cwd, 'a.tfm'), 'utf8')).toBe(tidy);
  expect(fs.readFileSync(path.join(cwd, 'b.tfm'), 'utf8')).toBe('model {');
});

test('--check writes nothing and lists what is not formatted', async () => {
  const cwd = folderWith({ 'a.tfm': untidy, 'c.tfm': tidy });
  const { exitCode, stdout, stderr } = await tfm(['fmt', '--check'], { cwd });
  expect({ exitCode, stdout, stderr }).toEqual({
    exitCode: 1,
    stdout: 'a.tfm\n',
    stderr: '1 file of 2 not formatted\n',
  });
  expect(fs.readFileSync(path.join(cwd, 'a.tfm'), 'utf8')).toBe(untidy);
});

test('colours obey the flags and the environment', async () => {
  const colored = async (argv: string[], env: Record<string, string>, isTerminal = false): Promise<boolean> =>
    (await tfm(['fmt', '--stdin', ...argv], { stdin: 'model {', env, isTerminal })).stderr.includes('\u001b[');
  expect(await colored([], {})).toBe(false);
  expect(await colored([], {}, true)).toBe(true);
  expect(await colored([], { NO_COLOR: '1' }, true)).toBe(false);
  expect(await colored([], { FORCE_COLOR: '1' })).toBe(true);
  expect(await colored([], { FORCE_COLOR: '0' }, true)).toBe(false);
  expect(await colored(['--no-color'], { FORCE_COLOR: '1' }, true)).toBe(false);
  expect(await colored(['--color'], { NO_COLOR: '1' })).toBe(true);
});
