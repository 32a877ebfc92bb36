import { promptInputsOf } from '@tfm-lang/runtime/tasks';
import type { RunOptions } from '../commands/run-options.js';
import type { Context } from '../context.js';
import { inputFailure } from '../exit.js';
import type { GeneratedModel } from './model-module.js';
import type { Text } from './text.js';

/** Prints the log-probability of every token of the prompt, given those before it, and the perplexity of all. */
export async function printScores(
  model: GeneratedModel,
  { tokenizer }: Text,
  { prompt, promptTokens }: RunOptions,
  { io }: Context,
): Promise<void> {
  const tokens = promptTokens ?? tokenizer?.encode(prompt ?? '') ?? [];
  const { inputs, continues } = promptInputsOf(model, tokens);
  if (!continues) {
    const help = "the generated class's score takes both";
    throw inputFailure(`--score needs a source and a target, ${model.definition.name} was given one text`, help);
  }
  const { logProbabilities, perplexity } = await model.score(inputs, {});
  const [scored = []] = logProbabilities;
  scored.forEach((logProbability, i) => {
    const token = tokens[tokens.length - scored.length + i] ?? 0;
    const text = tokenizer ? `\t${JSON.stringify(tokenizer.decode([token], { specialTokens: true }))}` : '';
    io.stdout.write(`${logProbability.toFixed(4)}\t${token}${text}\n`);
  });
  io.stdout.write(`perplexity ${perplexity.toFixed(4)}\n`);
}
