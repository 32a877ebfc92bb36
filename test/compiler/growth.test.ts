import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

// More lines, as much more work: blocks of code that run are counted, which no busy machine changes. In a process of its own,
// because the counting slows everything down.

type Counts = Readonly<Record<'nodes' | 'parse' | 'check' | 'emit' | 'format', number>>;

function counts(shape: string, ...lines: readonly number[]): Counts[] {
  const argv = ['bench/compile/steps.mjs', shape, ...lines.map(String)];
  const { stdout, stderr, status } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Counts[];
}

describe.each([
  { what: 'many models', shape: 'models', lines: 300 },
  { what: 'one model', shape: 'model', lines: 400 },
])('five times the lines in a spec with $what', ({ shape, lines }) => {
  test('is five times the graph, and no more steps for a node', { timeout: 240_000 }, () => {
    const [short, long] = counts(shape, lines, 5 * lines);
    if (!short || !long) throw new Error('two lengths, two results');
    const nodes = long.nodes / short.nodes;
    expect(nodes).toBeGreaterThan(4.5);
    expect(nodes).toBeLessThan(5.5);
    for (const stage of ['parse', 'check', 'emit', 'format'] as const) {
      expect(short[stage], stage).toBeGreaterThan(lines);
      expect(long[stage] / short[stage] / nodes, stage).toBeLessThan(1.05);
    }
  });
});
