import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith, tfm } from './tool.js';

const node = (cwd: string, ...args: string[]) => spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });

describe('tfm init', () => {
  test('what it writes is formatted, compiles under strict TypeScript, and runs', { timeout: 120_000 }, async () => {
    const cwd = folderWith({});
    const { exitCode, stdout } = await tfm(['init', 'app'], { cwd });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^app\/gpt\.tfm\napp\/main\.ts\napp\/tfm\.config\.json\napp\/tsconfig\.json\napp\/package\.json\n\nNext:\n {2}cd app\n {2}npm install\n {2}npm start\n/,
    );
    const app = path.join(cwd, 'app');
    fs.symlinkSync(path.resolve('node_modules'), path.join(app, 'node_modules'), 'dir');
    expect(await tfm(['fmt', '--check'], { cwd: app })).toMatchObject({ exitCode: 0 });
    expect(await tfm(['check'], { cwd: app })).toEqual({ exitCode: 0, stdout: '1 spec, no mistakes\n', stderr: '' });
    expect(await tfm(['build'], { cwd: app })).toMatchObject({ exitCode: 0, stdout: 'gpt.tfm.ts\n' });
    const tsc = path.resolve('node_modules/typescript/bin/tsc');
    expect(node(app, tsc)).toMatchObject({ stdout: '', status: 0 });
    const run = node(app, 'dist/main.js');
    expect(run).toMatchObject({ stderr: '', status: 0 });
    expect(run.stdout).toMatch(/^backend \w+\nlogits \[ 1, 18, 128 \]\n(\d+ ){16}\n$/);
  });

  test('never overwrites', async () => {
    const cwd = folderWith({ 'gpt.tfm': 'mine', 'main.ts': 'mine' });
    const { exitCode, stdout, stderr } = await tfm(['init'], { cwd });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toBe('error: gpt.tfm, main.ts are already in .\nhelp: choose another folder: tfm init DIR\n');
    expect(fs.readdirSync(cwd).sort()).toEqual(['gpt.tfm', 'main.ts']);
  });

  test('leaves a package.json alone and says what to add', async () => {
    const manifest = '{"name": "mine"}';
    const cwd = folderWith({ 'package.json': manifest });
    const { exitCode, stdout } = await tfm(['init', '--yes'], { cwd });
    expect(exitCode).toBe(0);
    expect(fs.readFileSync(path.join(cwd, 'package.json'), 'utf8')).toBe(manifest);
    const hint = stdout.split('\n').find((line) => line.includes('npm pkg set'))!;
    execFileSync('bash', ['-c', hint], { cwd, stdio: 'pipe' });
    expect(JSON.parse(fs.readFileSync(path.join(cwd, 'package.json'), 'utf8'))).toMatchObject({
      scripts: { build: 'tfm build && tsc', start: 'npm run build && node dist/main.js' },
    });
  });
});
