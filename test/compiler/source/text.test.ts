import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  editDistance,
  lineAndColumn,
  lineText,
  memoryHost,
  normalizePath,
  offsetAt,
  suggestion,
} from '../../../compiler/src/source/index.js';
import { nodeHost } from '../../../compiler/src/source/node-host.js';

const places: readonly [string, number, number, number][] = [
  ['', 0, 1, 1],
  ['ab', 2, 1, 3],
  ['ab\ncd', 3, 2, 1],
  ['ab\r\ncd', 4, 2, 1],
  ['ab\rcd', 4, 2, 2],
  ['😀b', 2, 1, 3],
  ['ab\n', 3, 2, 1],
  ['ab', 99, 1, 3],
  ['ab', -1, 1, 1],
];

test.each(places)('%j at %i is %i:%i', (text, offset, line, column) => {
  expect(lineAndColumn(text, offset)).toStrictEqual({ line, column });
});

test('offsets and places agree', () => {
  const text = fc.array(fc.constantFrom('a', '\n', '\r\n', '\t', '😀')).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, fc.nat(40), (written, at) => {
      const offset = Math.min(at, written.length);
      expect(offsetAt(written, lineAndColumn(written, offset))).toBe(offset);
    }),
    { seed: 8, numRuns: 500 },
  );
});

test('lines without their ends', () => {
  expect([1, 2, 3, 4].map((line) => lineText('a\r\n\nb', line))).toStrictEqual(['a', '', 'b', '']);
});

const slips: readonly [string, readonly string[], string | undefined][] = [
  ['widht', ['depth', 'width', 'heads'], 'width'],
  ['layernorm', ['layer_norm', 'rms_norm'], 'layer_norm'],
  ['GELU', ['relu', 'gelu'], 'gelu'],
  ['heads', ['heads'], undefined],
  ['x', ['y', 'z'], undefined],
  ['k', ['K'], 'K'],
  ['attention', ['embedding'], undefined],
  ['dept', ['depth', 'debt'], 'depth'],
];

test.each(slips)('%s among %j: %s', (written, candidates, expected) => {
  expect(suggestion(written, candidates)).toBe(expected);
});

test('edit distance', () => {
  expect([editDistance('ca', 'ac'), editDistance('abc', ''), editDistance('kitten', 'sitting')]).toStrictEqual([
    1, 3, 3,
  ]);
});

describe('hosts', () => {
  test('paths', () => {
    expect(['./a//b/../c.tfm', '..\\x\\y', '/a/../../b', './', '../../a'].map(normalizePath)).toStrictEqual([
      'a/c.tfm',
      '../x/y',
      '/b',
      '',
      '../../a',
    ]);
  });

  test('in memory', () => {
    const host = memoryHost({ 'specs/a.tfm': 'A' });
    host.write('./specs/sub/b.tfm', 'B');
    expect([host.read('specs/../specs/a.tfm'), host.read('specs/sub/b.tfm'), host.read('none')]).toStrictEqual([
      'A',
      'B',
      undefined,
    ]);
    expect([host.list('specs'), host.list('spec'), host.list('specs/sub/')]).toStrictEqual([
      ['specs/a.tfm', 'specs/sub/b.tfm'],
      undefined,
      ['specs/sub/b.tfm'],
    ]);
  });

  test('on disk', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tfm-host-'));
    try {
      const host = nodeHost(folder);
      host.write('specs/deep/a.tfm', 'A');
      host.write('node_modules/x/b.tfm', 'B');
      writeFileSync(join(folder, 'c.tfm'), '\uFEFFC');
      expect([host.read('specs/deep/a.tfm'), host.read('c.tfm'), host.read('specs'), host.read('none')]).toStrictEqual([
        'A',
        'C',
        undefined,
        undefined,
      ]);
      expect([host.list('.'), host.list('specs'), host.list('c.tfm'), host.list('none')]).toStrictEqual([
        ['c.tfm', 'specs/deep/a.tfm'],
        ['specs/deep/a.tfm'],
        undefined,
        undefined,
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
