import { Tokenizer } from '@huggingface/tokenizers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../runtime/src/index.js';
import { type SpecModel, tokensOf } from '../support/specs.js';
import { comparedPass, storyModel, storyRuns, storyTokenizer } from '../support/stories.js';

let model: SpecModel;

beforeAll(async () => {
  await useBackend('wasm');
  model = await storyModel();
});

afterAll(() => model.dispose());

describe.each(storyRuns)('stories260K after "$prompt", on wasm', (run) => {
  test('temperature 0 tells the story of the reference program, 256 tokens', async () => {
    const { promptTokens, inputTokens, argmax } = run;
    const maxNewTokens = 256 - promptTokens.length + 1;
    const generation = model.generate({ tokens: promptTokens }, { temperature: 0, maxNewTokens, stopTokens: [] });
    const tokens = await tokensOf(generation);
    expect(tokens).toEqual(argmax.slice(promptTokens.length - 1));
    expect([...promptTokens, ...tokens.slice(0, -1)]).toEqual(inputTokens);
    const tokenizer = new Tokenizer(storyTokenizer(), {});
    const decoded = tokenizer.decode([...inputTokens.slice(0, promptTokens.length), ...tokens], {
      skip_special_tokens: true,
      clean_up_tokenization_spaces: false,
    });
    expect(decoded.startsWith(run.text.trimEnd())).toBe(true);
  });

  test('one pass over it gives the logits and the best token of every position', async () => {
    const { compared, difference, best } = await comparedPass(model, run, 256);
    expect(best).toEqual(run.argmax);
    expect(compared).toBeGreaterThanOrEqual(5);
    // The bound. Logits are up to 20, so float32 in another order of summation leaves 1e-5; seen 2.1e-5.
    expect(difference).toBeLessThan(1e-4);
  });
});
