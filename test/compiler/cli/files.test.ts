import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findSpecs, showPath, writeIfChanged } from '../../../compiler/src/cli/files.js';
import { formatTable } from '../../../compiler/src/cli/table.js';
import { bytes, count, decimal } from '../../../compiler/src/cli/units.js';
import { folderWith } from './tool.js';

const cwd = folderWith({
  'b.tfm': '',
  'a/z.tfm': '',
  'a/y.txt': '',
  'a.tfm': '',
  'node_modules/p/x.tfm': '',
  '.hidden/x.tfm': '',
  'a/.git/x.tfm': '',
  'empty/readme.md': '',
});

describe('findSpecs', () => {
  const shown = (...paths: string[]): string[] => findSpecs(paths, cwd).map((spec) => spec.shown);

  test('goes through folders in the order of paths and leaves out dot folders and node_modules', () => {
    expect(shown()).toEqual(['a.tfm', 'a/z.tfm', 'b.tfm']);
  });

  test('finds each spec once', () => {
    expect(shown('b.tfm', '.', './a')).toEqual(['a.tfm', 'a/z.tfm', 'b.tfm']);
  });

  test('a file outside is shown relative to the working folder', () => {
    expect(showPath(path.join(cwd, 'b.tfm'), path.join(cwd, 'a'))).toBe('../b.tfm');
  });

  test.each([
    ['empty', 'there is no .tfm file in empty', 'name a file or a folder, or run tfm init'],
    ['c.tfm', 'cannot read c.tfm', 'did you mean a.tfm?'],
    ['a/zz.tfm', 'cannot read a/zz.tfm', 'did you mean a/z.tfm?'],
    ['nowhere/at/all', 'cannot read nowhere/at/all', undefined],
  ])('%s is an error for the user', (given, message, help) => {
    expect(() => shown(given)).toThrow(
      expect.objectContaining({ name: 'Failure', message, help, exitCode: 1 }) as Error,
    );
  });
});

describe('writeIfChanged', () => {
  test('writes once, and leaves nothing beside', () => {
    const folder = folderWith({});
    const file = path.join(folder, 'deep/er/x.ts');
    expect(writeIfChanged(file, 'one')).toBe(true);
    const { mtimeMs } = fs.statSync(file);
    expect(writeIfChanged(file, 'one')).toBe(false);
    expect(fs.statSync(file).mtimeMs).toBe(mtimeMs);
    expect(writeIfChanged(file, 'two')).toBe(true);
    expect(fs.readdirSync(path.dirname(file))).toEqual(['x.ts']);
  });

  test('a target that cannot be written is an error for the user', () => {
    const folder = folderWith({ 'x/in-the-way': '' });
    expect(() => writeIfChanged(path.join(folder, 'x'), 'text')).toThrow(/cannot (read|write) /);
    expect(fs.readdirSync(folder)).toEqual(['x']);
  });
});

describe('figures', () => {
  test.each([
    [0, '0', '0 B', '0'],
    [999, '999', '999 B', '999'],
    [1000, '1.00 k', '1000 B', '1,000'],
    [1024, '1.02 k', '1.00 KiB', '1,024'],
    [99_960, '100 k', '97.6 KiB', '99,960'],
    [124_439_808, '124 M', '119 MiB', '124,439,808'],
    [7.25e15, '7.25 P', '6.44 PiB', '7,250,000,000,000,000'],
  ])('%d', (value, si, binary, digits) => {
    expect([decimal(value), bytes(value), count(value)]).toEqual([si, binary, digits]);
  });

  test('tables line up', () => {
    const columns = [
      { title: 'layer', align: 'left' },
      { title: 'n', align: 'right' },
    ] as const;
    expect(
      formatTable(columns, [
        ['a', '10'],
        ['longer', ''],
      ]),
    ).toEqual(['layer    n', '──────────', 'a       10', 'longer']);
  });
});
