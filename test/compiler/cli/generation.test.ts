import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { tfm } from './tool.js';

const gpt2 = path.resolve('specs/models/gpt2.tfm');
const sizes = ['vocab=13', 'context=32', 'width=8', 'depth=1', 'heads=2'].flatMap((text) => ['--set', text]);
const common = ['run', gpt2, '--init', '3', ...sizes, '--backend', 'wasm', '--prompt-tokens', '5,6', '-n', '6'];

describe('tfm run', () => {
  test('samples: each on a line, with its log-probability', async () => {
    const { exitCode, stdout, stderr } = await tfm([...common, '--samples', '3', '--seed', '4']);
    expect(exitCode).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toMatch(/^5,6(,\d+){6}$/);
    expect(new Set(lines).size).toBe(3);
    expect(stderr.match(/^\d: log-probability -\d+\.\d{3}, 6 tokens$/gm)).toHaveLength(3);
    const first = await tfm([...common, '--seed', '4']);
    expect(first.stdout).toBe(lines[0]);
  });

  test('beams: the best, and several of them', async () => {
    const search = [...common, '--beams', '4', '--length-penalty', '0.5', '--early-stopping', 'never'];
    const best = await tfm(search);
    const all = await tfm([...search, '--samples', '4']);
    expect(all.stdout.split('\n')[0]).toBe(best.stdout);
    const ranks = [...all.stderr.matchAll(/log-probability (-[\d.]+)/g)].map(([, value]) => Number(value));
    expect(ranks).toHaveLength(4);
    // All have one length, so the order is that of the log-probabilities.
    expect(ranks).toEqual([...ranks].sort((a, b) => b - a));
  });

  test('penalties and constraints', async () => {
    const ids = async (...options: readonly string[]) => {
      const { stdout } = await tfm([...common, '--temperature', '0', ...options]);
      return stdout.split(',').slice(2).map(Number);
    };
    const plain = await ids();
    const once = await ids('--ban-repeated-ngram', '1');
    expect(new Set([5, 6, ...once]).size).toBe(8);
    expect(await ids('--logit-bias', `${plain[0]}=-1000`)).not.toContain(plain[0]);
    expect([[1, 2, 3], [4]]).toContainEqual(await ids('--choice', '1,2,3', '--choice', '4'));
  });

  test('how likely a prompt is', async () => {
    const { exitCode, stdout } = await tfm([...common.slice(0, -4), '--prompt-tokens', '5,6,1', '--score']);
    expect(exitCode).toBe(0);
    const lines = stdout.split('\n');
    expect(lines.slice(0, 2).every((line) => /^-\d+\.\d{4}\t[61]$/.test(line))).toBe(true);
    const values = lines.slice(0, 2).map((line) => Number(line.split('\t')[0]));
    expect(Number(lines[2]!.replace('perplexity ', ''))).toBeCloseTo(Math.exp(-(values[0]! + values[1]!) / 2), 2);
  });

  test.each([
    [['--beams', '2', '--top-k', '3'], "'--beams <n>' cannot be used with option '--top-k <k>'"],
    [['--length-penalty', '2'], 'lengthPenalty is of a beam search'],
    [['--logit-bias', 'x'], 'It is a token id and a number: 50256=-100.'],
    [['--early-stopping', 'soon'], 'Allowed choices are true, false, never.'],
    [['--repetition-penalty', '0'], 'repetitionPenalty is 0'],
  ])('%j is refused', async (options, message) => {
    const { exitCode, stderr } = await tfm([...common, ...options]);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(message);
  });

  test('an encoder and decoder has no prompt to score', async () => {
    const spec = `${path.resolve('specs/models/transformer.tfm')}#Transformer`;
    const small = ['vocab=13', 'width=8', 'depth=1', 'heads=2', 'hidden=8'].flatMap((text) => ['--set', text]);
    const argv = ['run', spec, '--init', '1', ...small, '--backend', 'wasm', '--prompt-tokens', '5,6', '--score'];
    const { exitCode, stderr } = await tfm(argv);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('--score needs a source and a target');
  });
});
