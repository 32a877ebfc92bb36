import { TfmError } from '../errors.js';
import type { BatchOptions } from '../generate/options.js';
import { settingsOf } from './generate-text.js';
import { promptInput, type TextModel } from './model.js';
import type { Tokenizer } from './tokenizer.js';

/**
 * Translations (or summaries: what the model was trained for) of texts, by an encoder–decoder. Texts go in one batch where the
 * model tells padding from tokens. Where neither the options nor generation_config.json say otherwise, the most likely token
 * each time. Other options and errors are those of `generateBatch`; also rejects with TFM5602 for a model without a source.
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
    const source = { [input.name]: { values, lengths: values.map(({ length }) => length) } };
    const { start } = tokenizer.generation ?? {};
    const target = start === undefined ? {} : { [model.generation.input]: values.map(() => [start]) };
    const inputs = { ...source, ...target } as never;
    const targets = values.map((): number[] => []);
    const settings = settingsOf(tokenizer, options, 1);
    const isSettled = settings.beams !== undefined || settings.temperature !== undefined;
    for await (const tokens of model.generateBatch(inputs, isSettled ? settings : { ...settings, temperature: 0 })) {
      for (const [b, token] of tokens.entries()) if (token !== null) targets[b]?.push(token);
    }
    translations.push(...targets.map((tokens) => tokenizer.decode(tokens)));
  }
  return translations;
}
