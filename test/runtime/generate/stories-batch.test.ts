import { describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import { batchOf } from '../../support/batch.js';
import { tokensOf } from '../../support/specs.js';
import { storyModel, storyRuns } from '../../support/stories.js';

describe('stories260K in batches', () => {
  test.each(['wasm', 'cpu'] as const)('%s: prompts of different lengths go on as each does alone', async (backend) => {
    await useBackend(backend);
    const model = await storyModel();
    const [run] = storyRuns;
    // Beginnings of a real story, so that the likeliest token is never a matter of rounding.
    const prompts = [1, 9, 4].map((length) => run!.inputTokens.slice(0, length));
    const greedy = { temperature: 0, maxNewTokens: 12, stopTokens: [] };
    const alone: number[][] = [];
    for (const prompt of prompts) alone.push(await tokensOf(model.generate({ tokens: prompt }, greedy)));
    const { rows, finished } = await batchOf(model.generateBatch({ tokens: prompts }, greedy));
    expect(rows).toEqual(alone);
    expect(finished.map(({ reason, promptTokens }) => [reason, promptTokens])).toEqual([
      ['length', 1],
      ['length', 9],
      ['length', 4],
    ]);
    model.dispose();
  });
});
