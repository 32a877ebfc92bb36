import { compile, explanations, memoryHost, messages } from '@tfm-lang/compiler';
import { format } from '@tfm-lang/grammar';
import { runtimeErrors } from '@tfm-lang/runtime';
import { describe, expect, test } from 'vitest';

const known = new Set<string>([...Object.values(messages).map(({ code }) => code), ...Object.keys(runtimeErrors)]);
const explained = Object.entries(explanations);

test('every code is explained, and nothing else', () => {
  expect([...known].filter((code) => explanations[code] === undefined)).toEqual([]);
  expect(Object.keys(explanations).filter((code) => !known.has(code))).toEqual([]);
});

test.each(explained)('%s says what to do', (_, { meaning, bad, good, fix }) => {
  expect(meaning).toMatch(/^[^\s].*\S$/s);
  expect(good ?? fix, 'an example without the mistake, or what to do').toBeDefined();
  expect(good === undefined || bad !== undefined, 'a good example stands beside a bad one').toBe(true);
});

describe('examples', () => {
  const examples = explained.filter(([, { bad }]) => bad !== undefined);

  test('are as many as there are mistakes of specs', () => {
    expect(examples.length).toBeGreaterThan(80);
  });

  test.each(examples)('%s: the bad one has this mistake and no other', (code, { bad = '', files }) => {
    expect(codesOf(bad, files)).toEqual([code]);
  });

  test.each(examples.filter(([, { good }]) => good !== undefined))('%s: the good one has none', (_, example) => {
    const { good = '', files } = example;
    expect(codesOf(good, files)).toEqual([]);
    expect(format(`${good}\n`).text).toBe(`${good}\n`);
  });
});

function codesOf(spec: string, files: Readonly<Record<string, string>> = {}): string[] {
  const { diagnostics } = compile(memoryHost({ ...files, 'example.tfm': `${spec}\n` }), 'example.tfm');
  return [...new Set(diagnostics.map(({ code }) => code))];
}
