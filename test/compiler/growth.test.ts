import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

// Twice the lines, about twice the work: blocks of code that run are counted, which no busy machine changes. In a process of
// its own, because the counting slows everything down.

type Counts = Readonly<Record<'nodes' | 'parse' | 'check' | 'emit' | 'format', number>>;

function counts(shape: string, ...lines: readonly number[]): Counts[] {
  const argv = ['bench/compile/steps.mjs', shape, ...lines.map(String)];
  const { stdout, stderr, status } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as Counts[];
}

describe.each([
  { what: 'many models', shape: 'models', lines: 750 },
  { what: 'one model', shape: 'model', lines: 1500 },
])('twice the lines in a spec with $what', ({ shape, lines }) => {
  test('is twice the graph and twice the steps', { timeout: 120_000 }, () => {
    const [short, long] = counts(shape, lines, 2 * lines);
    if (!short || !long) throw new Error('two lengths, two results');
    expect(long.nodes / short.nodes).toBeCloseTo(2, 0);
    const growth = (stage: keyof Counts): number => long[stage] / short[stage];
    for (const stage of ['parse', 'check', 'emit', 'format'] as const) {
      expect(short[stage], stage).toBeGreaterThan(lines);
      expect(growth(stage), stage).toBeLessThan(2.1);
    }
  });
});
