// Replaces a module.
// @vitest-environment-options { "process": "bug" }
import { expect, test, vi } from 'vitest';
import { folderWith, tfm } from './tool.js';

vi.mock('../../../compiler/src/compile.js', () => ({
  compile: () => {
    throw new TypeError('x is not a function\nsecond line');
  },
}));

const cwd = folderWith({ 'm.tfm': '' });

test('a mistake of tfm itself is one line, how to report it, and status 70', async () => {
  expect(await tfm(['check'], { cwd })).toEqual({
    exitCode: 70,
    stdout: '',
    stderr:
      'tfm made a mistake: x is not a function\n' +
      'run it again with TFM_DEBUG=1 for the stack, and please report it with the spec and the command line\n',
  });
});

test('TFM_DEBUG=1 shows the stack', async () => {
  const { exitCode, stderr } = await tfm(['check'], { cwd, env: { TFM_DEBUG: '1' } });
  expect(exitCode).toBe(70);
  expect(stderr).toMatch(/^TypeError: x is not a function\nsecond line\n {4}at /);
  expect(stderr).toMatch(/\nplease report it with the spec and the command line\n$/);
});
