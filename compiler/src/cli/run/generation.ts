import type { GenerateOptions } from '@tfm-lang/runtime';
import { promptInputsOf, streamText } from '@tfm-lang/runtime/tasks';
import type { RunOptions } from '../commands/run-options.js';
import type { Context } from '../context.js';
import { generateOptions } from './generate-options.js';
import type { GeneratedModel } from './model-module.js';
import { tellPublished } from './published.js';
import { printSamples } from './samples.js';
import type { Text } from './text.js';

/** Counts and times of one generation, for the line behind it. */
interface Speed {
  readonly onProgress: NonNullable<GenerateOptions['onProgress']>;
  readonly line: (promptTokens: number) => string;
}

/**
 * Prints the prompt and, as it comes, the text that follows; the speed goes to standard error. A model that reads a second
 * token sequence (an encoder–decoder) takes the prompt there, and only what it generates is printed.
 */
export async function generateText(
  model: GeneratedModel,
  text: Text,
  options: RunOptions,
  context: Context,
): Promise<void> {
  if ((options.samples ?? 1) > 1) return printSamples(model, text, options, context);
  const { io } = context;
  const speed = speedometer();
  const { continues, pieces, promptTokens } = beginning(model, text, options, context, speed.onProgress);
  let first = continues;
  for await (const piece of pieces) {
    // Not before: a prompt that the model refuses is no output.
    if (first !== undefined) io.stdout.write(first);
    first = undefined;
    io.stdout.write(piece);
  }
  if (first !== undefined) io.stdout.write(first);
  // A terminal's prompt begins on a line of its own; in a file only the text counts.
  if (io.stdout.isTerminal) io.stdout.write('\n');
  io.stderr.write(`${speed.line(promptTokens)}\n`);
}

/** Measures from now on. */
export function speedometer(): Speed {
  const started = performance.now();
  let first = started;
  let count = 0;
  return {
    onProgress: ({ newTokens }) => {
      count = newTokens;
      if (newTokens === 1) first = performance.now();
    },
    line: (promptTokens) => {
      const parts = [`${promptTokens} prompt tokens, first token after ${Math.round(first - started)} ms`];
      const seconds = Math.max(1, performance.now() - first) / 1000;
      if (count > 1) parts.push(`${count} tokens, ${((count - 1) / seconds).toFixed(1)} tokens/s`);
      return parts.join('; ');
    },
  };
}

interface Beginning {
  /** What is printed before the first piece: the prompt, where the model continues it. */
  readonly continues: string | undefined;
  readonly pieces: AsyncIterable<string>;
  readonly promptTokens: number;
}

function beginning(
  model: GeneratedModel,
  text: Text,
  given: RunOptions,
  context: Context,
  onProgress: NonNullable<GenerateOptions['onProgress']>,
): Beginning {
  const { tokenizer, published } = text;
  const { prompt, promptTokens, stop } = given;
  const tokens = promptTokens ?? tokenizer?.encode(prompt ?? '') ?? [];
  const { inputs, continues } = promptInputsOf(model, tokens, published?.start);
  const own = generateOptions(given, text, continues ? tokens.length : 1, context.io.signal);
  tellPublished(text, given, own, context);
  const options = { ...own, onProgress };
  if (!tokenizer) {
    const pieces = ids(model.generate(inputs, options), continues ? tokens.length : 0);
    return { pieces, continues: continues ? tokens.join(',') : undefined, promptTokens: tokens.length };
  }
  const pieces = streamText(model, tokenizer, tokens, { ...options, ...(stop && { stop }) });
  const shown = prompt ?? tokenizer.decode(tokens);
  return { pieces, continues: continues ? shown : undefined, promptTokens: tokens.length };
}

/** Ids with commas between them. */
async function* ids(tokens: AsyncIterable<number>, before: number): AsyncGenerator<string> {
  let count = before;
  for await (const token of tokens) yield `${count++ > 0 ? ',' : ''}${token}`;
}
