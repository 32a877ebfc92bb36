import type { BatchOptions, FinishReason, GenerateOptions } from '../generate/options.js';
import { applyChatTemplate, type ChatMessage } from './chat.js';
import { withPublished } from './generation-config.js';
import { promptInputsOf, type TextModel } from './model.js';
import { StopStrings } from './stop-strings.js';
import { TextStream } from './text-stream.js';
import type { Tokenizer } from './tokenizer.js';

/** A text, a conversation that the tokenizer's chat template writes as one, or token ids. */
export type Prompt = string | readonly ChatMessage[] | readonly number[];

export interface TextOptions extends GenerateOptions {
  /** The text ends before the first of these, wherever tokens begin and end. */
  readonly stop?: readonly string[];
}

export interface GeneratedText {
  /** What the model wrote, without the prompt. */
  readonly text: string;
  readonly reason: FinishReason;
  readonly promptTokens: number;
  /** With those of a stop string. */
  readonly newTokens: number;
}

/**
 * Yields text as it is generated: never a part of a character, never what may become a stop string. Ends at the tokenizer's
 * `stopTokens` unless `stopTokens` are given. What generation_config.json says holds where no option says otherwise. An
 * encoder–decoder takes the prompt as its source. Options and errors are those of the model's `generate`; also throws TFM5602
 * and TFM5603.
 */
export async function* streamText(
  model: TextModel,
  tokenizer: Tokenizer,
  prompt: Prompt,
  { stop = [], ...options }: TextOptions = {},
): AsyncGenerator<string, GeneratedText, undefined> {
  const stops = new StopStrings(stop);
  const tokens = await promptTokens(tokenizer, prompt);
  const { inputs, continues } = promptInputsOf(model, tokens, tokenizer.generation?.start);
  const stream = new TextStream((ids) => tokenizer.decode(ids), continues ? tokens : []);
  const generation = model.generate(inputs, settingsOf(tokenizer, options, continues ? tokens.length : 1));
  let text = '';
  let newTokens = 0;
  try {
    for (;;) {
      const { done, value } = await generation.next();
      const shown = stops.push(done ? stream.end() : stream.push(value));
      const piece = done && !shown.stopped ? shown.text + stops.end() : shown.text;
      if (!done) newTokens++;
      text += piece;
      if (piece !== '') yield piece;
      if (shown.stopped) return { text, reason: 'stop', promptTokens: tokens.length, newTokens };
      if (done) return { text, reason: value.reason, promptTokens: tokens.length, newTokens };
    }
  } finally {
    await generation.return({ reason: 'stop', promptTokens: tokens.length, newTokens });
  }
}

/** The whole text at once. */
export async function generateText(
  model: TextModel,
  tokenizer: Tokenizer,
  prompt: Prompt,
  options: TextOptions = {},
): Promise<GeneratedText> {
  const pieces = streamText(model, tokenizer, prompt, options);
  for (;;) {
    const { done, value } = await pieces.next();
    if (done) return value;
  }
}

async function promptTokens(tokenizer: Tokenizer, prompt: Prompt): Promise<readonly number[]> {
  if (typeof prompt === 'string') return tokenizer.encode(prompt);
  if (isTokens(prompt)) return prompt;
  return tokenizer.encode(await applyChatTemplate(tokenizer, prompt), { specialTokens: false });
}

/** Options with what the folder of the tokenizer publishes where none are given; its stop tokens, or else those of the spec. */
export function settingsOf<Options extends BatchOptions>(
  { stopTokens, generation }: Tokenizer,
  options: Options,
  promptTokens: number,
): Options {
  const stops = options.stopTokens !== undefined || stopTokens.length === 0 ? {} : { stopTokens };
  return withPublished(generation, { ...options, ...stops }, promptTokens);
}

const isTokens = (prompt: readonly ChatMessage[] | readonly number[]): prompt is readonly number[] =>
  prompt.every((part) => typeof part === 'number');
