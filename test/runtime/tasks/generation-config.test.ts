import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../runtime/src/index.js';
import {
  createTokenizer,
  generateText,
  type JsonObject,
  publishedGeneration,
  readModelFiles,
  type TextModel,
  translate,
  withPublished,
} from '../../../runtime/src/tasks/index.js';
import { golden, pretrained } from './pretrained.js';

const goldens = 'test/fixtures/hf-golden';

const optionsOf = (generationConfig: JsonObject, promptTokens = 5) =>
  publishedGeneration({ generationConfig })?.options(promptTokens);

describe('the fields of generation_config.json', () => {
  test('say what is drawn from; where they do not, transformers draws from 50 tokens', () => {
    expect(optionsOf({})).toEqual({ temperature: 0 });
    expect(optionsOf({ temperature: 0.6, top_p: 0.9 })).toEqual({ temperature: 0 });
    expect(optionsOf({ do_sample: true })).toEqual({ temperature: 1, topK: 50 });
    const all = { temperature: 0.6, top_k: 20, top_p: 0.95, min_p: 0.1, typical_p: 0.9 };
    const options = { temperature: 0.6, topK: 20, topP: 0.95, minP: 0.1, typicalP: 0.9 };
    expect(optionsOf({ do_sample: true, ...all })).toEqual(options);
    const neutral = { do_sample: true, top_k: 0, top_p: 1, typical_p: 1, min_p: null, repetition_penalty: 1 };
    expect(optionsOf(neutral)).toEqual({ temperature: 1 });
  });

  test('say what is searched, and then nothing is drawn', () => {
    const fields = { num_beams: 4, do_sample: true, temperature: 0.5, length_penalty: 2, early_stopping: true };
    expect(optionsOf(fields)).toEqual({ beams: 4, lengthPenalty: 2, earlyStopping: true });
    const published = publishedGeneration({ generationConfig: fields });
    expect(published).toMatchObject({ draws: false, unsupported: ['do_sample'] });
    expect(published?.taken).toEqual({ num_beams: 4, length_penalty: 2, early_stopping: true });
  });

  test('say how long a text is: of all tokens, or of the new ones', () => {
    expect(optionsOf({ max_length: 20, min_length: 8 })).toMatchObject({ maxNewTokens: 15, minNewTokens: 3 });
    expect(optionsOf({ max_length: 20, max_new_tokens: 7, min_new_tokens: 2 })).toMatchObject({
      maxNewTokens: 7,
      minNewTokens: 2,
    });
    expect(optionsOf({ max_length: 4, min_length: 5 })).toEqual({ temperature: 0 });
  });

  test('list words and tokens; a stop token alone is no bad word', () => {
    const fields = {
      eos_token_id: [2, 3],
      bad_words_ids: [[9], [3], [2, 4]],
      suppress_tokens: [],
      forced_eos_token_id: [2],
    };
    expect(optionsOf(fields)).toEqual({ temperature: 0, badWords: [[9], [2, 4]], forcedEos: 2, stopTokens: [2, 3] });
  });

  test('that would change the text and are not supported are listed', () => {
    const fields = {
      encoder_no_repeat_ngram_size: 3,
      num_return_sequences: 1,
      guidance_scale: null,
      penalty_alpha: 0.6,
    };
    expect(publishedGeneration({ generationConfig: fields })?.unsupported).toEqual([
      'encoder_no_repeat_ngram_size',
      'penalty_alpha',
    ]);
  });

  test('stand in config.json of older folders, which says of drawing only what it says', () => {
    const config = { num_beams: 2, vocab_size: 5, decoder_start_token_id: 4 };
    expect(publishedGeneration({ config })).toMatchObject({ file: 'config.json', start: 4, taken: { num_beams: 2 } });
    expect(publishedGeneration({ config: { vocab_size: 5 } })).toMatchObject({ draws: undefined, taken: {} });
    expect(publishedGeneration({ config, generationConfig: {} })).toMatchObject({ start: undefined, taken: {} });
    expect(publishedGeneration({})).toBeUndefined();
  });
});

test('options take the place of what is published, and of what does not go with them', () => {
  const drawing = publishedGeneration({ generationConfig: { do_sample: true, top_k: 9, repetition_penalty: 2 } });
  const search = publishedGeneration({
    generationConfig: { num_beams: 3, length_penalty: 0.5, no_repeat_ngram_size: 2 },
  });
  const greedy = publishedGeneration({ generationConfig: {} });
  expect(withPublished(drawing, { topK: 4 }, 1)).toEqual({ temperature: 1, topK: 4, repetitionPenalty: 2 });
  expect(withPublished(drawing, { beams: 2 }, 1)).toEqual({ beams: 2, repetitionPenalty: 2 });
  expect(withPublished(search, { seed: 1 }, 1)).toEqual({ seed: 1, noRepeatNgramSize: 2 });
  expect(withPublished(search, { beams: 1 }, 1)).toEqual({ beams: 1, noRepeatNgramSize: 2 });
  expect(withPublished(search, { beams: 5 }, 1)).toEqual({ beams: 5, lengthPenalty: 0.5, noRepeatNgramSize: 2 });
  expect(withPublished(greedy, { topP: 0.5 }, 1)).toEqual({ topP: 0.5 });
  expect(withPublished(undefined, { topP: 0.5 }, 1)).toEqual({ topP: 0.5 });
  for (const published of [drawing, search, greedy]) {
    const once = withPublished(published, { maxNewTokens: 3 }, 1);
    expect(withPublished(published, once, 1)).toEqual(once);
  }
});

describe('tasks take what the folder of the tokenizer publishes', () => {
  beforeAll(async () => void (await useBackend('wasm')));

  test('a text, without a word about how', async () => {
    const llama = await pretrained<TextModel & { dispose(): void }>(`${goldens}/llama_gqa`);
    const files = await readModelFiles('test/fixtures/tasks/llama');
    const { prompt = '', text } = golden.generation[0] ?? {};
    const published = await createTokenizer({ ...files, generationConfig: { max_new_tokens: 24 } });
    expect((await generateText(llama, published, prompt)).text).toBe(text);
    llama.dispose();
  });

  test('a translation by the beams of the folder', async () => {
    const t5 = await pretrained<TextModel & { dispose(): void }>(`${goldens}/t5_relbias`);
    const files = await readModelFiles('test/fixtures/tasks/t5');
    const { sources, beams } = golden.translation;
    const published = await createTokenizer({ ...files, generationConfig: { num_beams: 3, max_length: 13 } });
    expect(await translate(t5, published, sources)).toEqual(beams);
    t5.dispose();
  });
});
