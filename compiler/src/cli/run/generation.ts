import fs from 'node:fs';
import path from 'node:path';
import type { Tokenizer } from '@huggingface/tokenizers';
import type { RunOptions } from '../commands/run-options.js';
import type { Context } from '../context.js';
import { inputFailure } from '../exit.js';
import { notFound } from '../files.js';
import type { ChosenModel } from '../spec.js';
import type { GeneratedModel } from './model-module.js';
import { TextStream } from './text-stream.js';

/**
 * Prints the prompt and, as they come, the tokens that follow; the speed goes to standard error. A model that reads a second
 * token sequence (an encoder–decoder) takes the prompt there, and only what it generates is printed.
 */
export async function generateText(
  model: GeneratedModel,
  chosen: ChosenModel,
  options: RunOptions,
  context: Context,
): Promise<void> {
  const { io } = context;
  const tokenizer = options.tokenizer === undefined ? undefined : await readTokenizer(options.tokenizer, io.cwd);
  const prompt = options.promptTokens ?? tokenizer?.encode(options.prompt ?? '').ids ?? [];
  const { inputs, continues } = promptInputs(chosen, prompt);
  const writer = tokenizer ? textWriter(tokenizer, continues ? prompt : []) : idWriter(continues ? prompt.length : 0);
  const beginning = options.prompt ?? (tokenizer ? decode(tokenizer, prompt) : prompt.join(','));
  const { maxNewTokens, temperature, topK, topP, seed } = options;
  const sampling = {
    maxNewTokens,
    temperature,
    signal: io.signal,
    ...(topK !== undefined && { topK }),
    ...(topP !== undefined && { topP }),
    ...(seed !== undefined && { seed }),
  };
  const started = performance.now();
  let first = started;
  let count = 0;
  for await (const token of model.generate(inputs, sampling)) {
    if (count++ === 0) {
      first = performance.now();
      // Not before: a prompt that the model refuses is no output.
      if (continues) io.stdout.write(beginning);
    }
    io.stdout.write(writer.push(token));
  }
  if (count === 0 && continues) io.stdout.write(beginning);
  io.stdout.write(writer.end());
  // A terminal's prompt begins on a line of its own; in a file only the text counts.
  if (io.stdout.isTerminal) io.stdout.write('\n');
  io.stderr.write(`${speed(prompt.length, count, first - started, performance.now() - first)}\n`);
}

/** The inputs of `generate` for one prompt, and whether the model continues it. */
function promptInputs({ model }: ChosenModel, prompt: readonly number[]): { inputs: object; continues: boolean } {
  const generated = model.generate?.input ?? '';
  const needed = model.inputs.filter((input) => input.name !== generated && input.default === undefined);
  const [source] = needed;
  if (!source) return { inputs: { [generated]: prompt }, continues: true };
  if (needed.length === 1 && source.type.dtype === 'token') {
    return { inputs: { [source.name]: prompt, [generated]: [] }, continues: false };
  }
  const names = needed.map(({ name }) => name).join(', ');
  throw inputFailure(
    `a prompt is not enough: ${model.name} also reads ${names}`,
    'tfm run --inputs computes its outputs once',
  );
}

async function readTokenizer(file: string, cwd: string): Promise<Tokenizer> {
  const { Tokenizer: Implementation } = await import('@huggingface/tokenizers');
  const given = path.resolve(cwd, file);
  const isFolder = fs.statSync(given, { throwIfNoEntry: false })?.isDirectory() === true;
  const absolute = isFolder ? path.join(given, 'tokenizer.json') : given;
  if (!fs.existsSync(absolute)) throw notFound(file, absolute);
  try {
    return new Implementation(JSON.parse(fs.readFileSync(absolute, 'utf8')) as object, {});
  } catch (error) {
    throw inputFailure(`${file} is no tokenizer: ${(error as Error).message}`, 'give the tokenizer.json of the model');
  }
}

function decode(tokenizer: Tokenizer, tokens: readonly number[]): string {
  return tokenizer.decode([...tokens], { skip_special_tokens: true, clean_up_tokenization_spaces: false });
}

interface Writer {
  push(token: number): string;
  end(): string;
}

function textWriter(tokenizer: Tokenizer, before: readonly number[]): Writer {
  return new TextStream((tokens) => decode(tokenizer, tokens), before);
}

/** Ids with commas between them. */
function idWriter(before: number): Writer {
  let count = before;
  return { push: (token) => `${count++ > 0 ? ',' : ''}${token}`, end: () => '' };
}

function speed(prompt: number, tokens: number, prefill: number, decoding: number): string {
  const parts = [`${prompt} prompt tokens, first token after ${Math.round(prefill)} ms`];
  if (tokens > 1)
    parts.push(`${tokens} tokens, ${((1000 * (tokens - 1)) / Math.max(1, decoding)).toFixed(1)} tokens/s`);
  return parts.join('; ');
}
