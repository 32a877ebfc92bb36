import { promptInputsOf, type Tokenizer } from '@tfm-lang/runtime/tasks';
import type { RunOptions } from '../commands/run-options.js';
import type { Context } from '../context.js';
import { generateOptions } from './generate-options.js';
import type { GeneratedModel } from './model-module.js';
import { tellPublished } from './published.js';
import type { Text } from './text.js';

/** Prints several texts for one prompt, one after the other; their log-probabilities go to standard error. */
export async function printSamples(
  model: GeneratedModel,
  text: Text,
  options: RunOptions,
  context: Context,
): Promise<void> {
  const { io } = context;
  const { tokenizer, published } = text;
  const { prompt, promptTokens, samples = 1, stop = [] } = options;
  const tokens = promptTokens ?? tokenizer?.encode(prompt ?? '') ?? [];
  const { inputs, continues } = promptInputsOf(model, tokens, published?.start);
  const own = generateOptions(options, text, continues ? tokens.length : 1, io.signal);
  tellPublished(text, options, own, context);
  const [found = []] = await model.complete(inputs, {
    ...own,
    samples,
    ...(tokenizer &&
      stop.length > 0 && { stopWhen: (at) => beginOf(stop, tokenizer, at.tokens.slice(at.promptTokens)) >= 0 }),
  });
  for (const [i, sample] of found.entries()) {
    io.stderr.write(`${i + 1}: log-probability ${sample.logProbability.toFixed(3)}, ${sample.newTokens} tokens\n`);
    const all = continues ? [...tokens, ...sample.tokens] : sample.tokens;
    io.stdout.write(`${tokenizer ? shown(tokenizer, all, sample.tokens, stop) : all.join(',')}\n`);
  }
}

/** Where the first of some strings begins in what tokens say; negative where there is none. */
function beginOf(stop: readonly string[], tokenizer: Tokenizer, tokens: readonly number[]): number {
  const text = tokenizer.decode(tokens);
  const begins = stop.map((each) => text.indexOf(each)).filter((begin) => begin >= 0);
  return begins.length === 0 ? -1 : Math.min(...begins);
}

/** The text of all tokens, cut where one of the strings begins in the new ones. */
function shown(tokenizer: Tokenizer, all: readonly number[], own: readonly number[], stop: readonly string[]): string {
  const text = tokenizer.decode(all);
  const begin = beginOf(stop, tokenizer, own);
  return begin < 0 ? text : text.slice(0, text.length - tokenizer.decode(own).length + begin);
}
