import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith } from './tool.js';

// The installed command, in processes of its own: how it starts and how it ends.
const bin = path.resolve('compiler/bin/tfm.js');
const spec = `model M(n = 4) {
  input x: float[B, n]
  output y: float[B, n] = x -> linear(n) as out
}
`;
const cwd = folderWith({ 'm.tfm': spec, 'bad.tfm': spec.replace('linear', 'lineer') });

/** Prints every import to standard error. */
const hooks = `export async function resolve(name, context, next) {
  const found = await next(name, context);
  process._rawDebug('import ' + found.url);
  return found;
}`;
const dataUrl = (code: string): string => `data:text/javascript,${encodeURIComponent(code)}`;
const registration = dataUrl(`import { register } from 'node:module'; register(${JSON.stringify(dataUrl(hooks))});`);

/** The modules that a command imports. */
function imported(...argv: string[]): string[] {
  const { stderr, status } = spawnSync(process.execPath, ['--import', registration, bin, ...argv], {
    cwd,
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  return [...new Set([...stderr.matchAll(/^import (.*)$/gm)].map(([, url]) => url ?? ''))];
}

describe('what a command loads', () => {
  const heavy = /ts-morph|typescript|@tensorflow|chokidar|tokenizers|cli-progress|\/runtime\//;

  test('--version: nothing but the command line', () => {
    const urls = imported('--version');
    expect(urls.filter((url) => heavy.test(url))).toEqual([]);
    expect(urls.filter((url) => url.startsWith('file:')).length).toBeLessThan(20);
    expect(urls.some((url) => url.includes('/grammar/'))).toBe(false);
  });

  test('check: the grammar and the checker', () => {
    const urls = imported('check', 'm.tfm');
    expect(urls.filter((url) => heavy.test(url))).toEqual([]);
    expect(urls.some((url) => url.includes('/grammar/'))).toBe(true);
  });

  test('build: ts-morph, and no tfjs', () => {
    const urls = imported('build', 'm.tfm', '--stdout');
    expect(urls.some((url) => url.includes('/ts-morph/'))).toBe(true);
    expect(urls.filter((url) => /@tensorflow|chokidar|tokenizers/.test(url))).toEqual([]);
  });
});

describe('how it ends', () => {
  const tfm = (argv: string[], env: Record<string, string> = {}) =>
    spawnSync(process.execPath, [bin, ...argv], { cwd, encoding: 'utf8', env: { ...process.env, ...env } });

  test('with the status of the command', () => {
    expect(tfm(['check', 'm.tfm'])).toMatchObject({ status: 0, stdout: '1 spec, no mistakes\n' });
    expect(tfm(['check', 'bad.tfm']).status).toBe(1);
    expect(tfm(['chekc']).status).toBe(2);
  });

  test('in silence when nobody reads on', () => {
    const script =
      `${JSON.stringify(process.execPath)} ${JSON.stringify(bin)} explain m.tfm --json | head -c 1; echo; echo "$` +
      `{PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { cwd, encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: '{\n0\n', stderr: '' });
  });

  test('with 130 on an interrupt', async () => {
    const child = spawn(process.execPath, [bin, 'build', 'm.tfm', '--watch', '--out', 'out'], { cwd });
    let stderr = '';
    child.stderr.on('data', (text: Buffer) => {
      stderr += text.toString();
      if (stderr.includes('1 file written')) child.kill('SIGINT');
    });
    expect(await once(child, 'exit')).toEqual([130, null]);
    expect(stderr).toMatch(/^1 file written, 0 unchanged \(\d+ ms\)\n$/);
  });
});
