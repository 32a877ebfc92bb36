import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TextStream } from '../../../runtime/src/tasks/text-stream.js';

const decodeBytes = (tokens: readonly number[]): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(tokens));
const bytesOf = (text: string): number[] => [...new TextEncoder().encode(text)];

function stream(
  decode: (tokens: readonly number[]) => string,
  tokens: readonly number[],
  before: readonly number[] = [],
): string[] {
  const texts = new TextStream(decode, before);
  return [...tokens.map((token) => texts.push(token)), texts.end()];
}

describe('TextStream', () => {
  test('holds a character back until its last byte is there', () => {
    expect(stream(decodeBytes, bytesOf('aé👍b'))).toEqual(['a', '', 'é', '', '', '', '👍', 'b', '']);
  });

  test('says at the end what never became a character', () => {
    expect(stream(decodeBytes, bytesOf('a👍').slice(0, -1))).toEqual(['a', '', '', '', '�']);
  });

  test('does not wait for ever', () => {
    const broken = stream(
      decodeBytes,
      Array.from({ length: 40 }, () => 0xff),
    );
    expect(broken.join('')).toBe('�'.repeat(40));
    expect(broken[20]!.length + broken[15]!.length).toBeGreaterThan(0);
  });

  test('a token that begins a word keeps its space after a prompt', () => {
    // As SentencePiece: '▁' is a space, dropped at the beginning of a text.
    const pieces = ['▁Once', '▁upon', 's', '▁a'];
    const decode = (tokens: readonly number[]): string =>
      tokens
        .map((token) => pieces[token])
        .join('')
        .replaceAll('▁', ' ')
        .replace(/^ /, '');
    expect(stream(decode, [1, 2, 3], [0])).toEqual([' upon', 's', ' a', '']);
    expect(stream(decode, [1, 3])).toEqual(['upon', ' a', '']);
  });

  test('any text comes out as it is, after any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (before, text) => {
        expect(stream(decodeBytes, bytesOf(text), bytesOf(before)).join('')).toBe(text);
      }),
      { numRuns: 300, seed: 1 },
    );
  });
});
