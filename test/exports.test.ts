import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, describe, expect, test } from 'vitest';
import { pack, workspaces } from './support/packed.js';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tfm-exports-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));

describe.each(workspaces)('the packed %s', (workspace) => {
  const tarball = pack(workspace, folder);

  test('has nothing that publint objects to', async () => {
    const bytes = fs.readFileSync(tarball);
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const { messages, pkg } = await publint({ pack: { tarball: file }, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  test('has types that resolve as its code does', { timeout: 60_000 }, () => {
    const attw = path.resolve('node_modules/@arethetypeswrong/cli/dist/index.js');
    const args = [attw, tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-color', '--no-emoji'];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(stdout).toContain('ESM');
    expect(status, stdout).toBe(0);
  });
});
