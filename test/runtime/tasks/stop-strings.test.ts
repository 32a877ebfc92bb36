import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StopStrings } from '../../../runtime/src/tasks/stop-strings.js';

/** All that is shown of a text in pieces, each by itself, up to where it stops. */
function shown(stops: readonly string[], pieces: readonly string[]): { pieces: string[]; stopped: boolean } {
  const filter = new StopStrings(stops);
  const found: string[] = [];
  for (const piece of pieces) {
    const { text, stopped } = filter.push(piece);
    found.push(text);
    if (stopped) return { pieces: found, stopped };
  }
  return { pieces: [...found, filter.end()], stopped: false };
}

test('what may become a stop string is held back, and shown when it does not', () => {
  expect(shown(['\n\n'], ['a\n', 'b\n', '\nc'])).toEqual({ pieces: ['a', '\nb', ''], stopped: true });
  expect(shown(['User:'], ['Hi Us', 'ain', ' User', ' you'])).toEqual({
    pieces: ['Hi ', 'Usain', ' ', 'User you', ''],
    stopped: false,
  });
  expect(shown(['aab'], ['a', 'a', 'a', 'b'])).toEqual({ pieces: ['', '', 'a', ''], stopped: true });
});

test('an empty string is refused', () => {
  expect(() => new StopStrings(['a', ''])).toThrow(expect.objectContaining({ code: 'TFM5307' }));
});

test('how the text is cut into pieces changes nothing', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 24 });
  const stops = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 4 }), {
    maxLength: 3,
  });
  fc.assert(
    fc.property(text, stops, fc.array(fc.nat(5), { maxLength: 10 }), (whole, strings, lengths) => {
      const cuts = lengths.map((_, i) => lengths.slice(0, i + 1).reduce((sum, length) => sum + length));
      const pieces = [0, ...cuts].map((cut, i) => whole.slice(cut, cuts[i]));
      // The text before the stop string that is complete first: of those, the longest.
      const ends = Array.from(whole, (_, i) => strings.filter((stop) => whole.slice(0, i + 1).endsWith(stop)));
      const end = ends.findIndex((complete) => complete.length > 0);
      const longest = Math.max(0, ...(ends[end] ?? []).map(({ length }) => length));
      const found = shown(strings, pieces);
      expect(found.stopped).toBe(end >= 0);
      expect(found.pieces.join('')).toBe(end < 0 ? whole : whole.slice(0, end + 1 - longest));
    }),
    { numRuns: 500, seed: 1 },
  );
});
