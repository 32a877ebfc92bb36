import { TfmError } from '../errors.js';
import type { BatchOptions } from '../generate/options.js';
import { withStops } from './generate-text.js';
import { promptInput, type TextModel } from './model.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * Translations (or summaries: what the model was trained for) of texts, by an encoder–decoder. Texts go in one batch where
 * the model tells padding from tokens. The most likely token each time, unless a temperature is given. Other options and
 * errors are those of `generateBatch`; also rejects with TFM5602 for a model without a source.
 */
export async function translate(
  model: TextModel,
  tokenizer: Tokenizer,
  texts: readonly string[],
  options: BatchOptions = {},
): Promise<string[]> {
  const { input, continues } = promptInput(model);
  if (continues) {
    const help = 'a decoder continues a text: generateText';
    throw new TfmError('TFM5602', `${model.definition.name} has no source to translate`, help);
  }
  const all = texts.map((text) => tokenizer.encode(text));
  const batches = input.presence === true ? [all] : all.map((tokens) => [tokens]);
  const translations: string[] = [];
  for (const values of batches.filter(({ length }) => length > 0)) {
    const inputs = { [input.name]: { values, lengths: values.map(({ length }) => length) } } as never;
    const targets = values.map((): number[] => []);
    const settings = withStops(tokenizer, { temperature: 0, ...options });
    for await (const tokens of model.generateBatch(inputs, settings)) {
      for (const [b, token] of tokens.entries()) if (token !== null) targets[b]?.push(token);
    }
    translations.push(...targets.map((tokens) => tokenizer.decode(tokens)));
  }
  return translations;
}
