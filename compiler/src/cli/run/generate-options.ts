import type { GenerateOptions } from '@tfm-lang/runtime';
import { withPublished } from '@tfm-lang/runtime/tasks';
import type { RunOptions } from '../commands/run-options.js';
import { tokenValues } from '../values.js';
import type { Text } from './text.js';

/**
 * What a prompt of `promptTokens` is continued with: the options of the command line, and the published ones where they say
 * nothing.
 */
export function generateOptions(
  options: RunOptions,
  text: Text,
  promptTokens: number,
  signal: AbortSignal,
): GenerateOptions {
  const { choice, earlyStopping, banRepeatedNgram } = options;
  const given: GenerateOptions = {
    ...sameName(options),
    ...drawingByDefault(options, text, promptTokens),
    signal,
    ...(banRepeatedNgram !== undefined && { noRepeatNgramSize: banRepeatedNgram }),
    ...(earlyStopping && { earlyStopping: earlyStopping === 'never' ? earlyStopping : earlyStopping === 'true' }),
    ...(choice && { choices: choice.map((each) => choiceTokens(each, text)) }),
    ...(text.stopTokens.length > 0 && { stopTokens: text.stopTokens }),
  };
  return { maxNewTokens: options.chat ? 512 : 64, ...withPublished(text.published, given, promptTokens) };
}

/**
 * Where nothing is published of drawing, tokens are drawn, though not with the whole variety of the model; a beam search draws
 * nothing.
 */
function drawingByDefault(
  options: RunOptions,
  { published }: Text,
  promptTokens: number,
): Pick<GenerateOptions, 'temperature'> {
  if (options.temperature !== undefined || (options.beams ?? 1) > 1 || published?.draws) return {};
  const asks = [...DRAWING, 'beams' as const].some((name) => options[name] !== undefined);
  const searches = published?.options(promptTokens).beams !== undefined;
  const wantsSeveral = (options.samples ?? 1) > 1 && !searches;
  const isSettled = searches || published?.draws === false;
  return asks || wantsSeveral || !isSettled ? { temperature: 0.8 } : {};
}

const DRAWING = ['topK', 'topP', 'minP', 'typicalP', 'seed'] as const;

/** The options that have the runtime's names. */
const NAMES = [
  ...(['maxNewTokens', 'minNewTokens', 'temperature', 'topK', 'topP', 'minP', 'typicalP', 'seed'] as const),
  ...(['repetitionPenalty', 'frequencyPenalty', 'presencePenalty', 'logitBias'] as const),
  ...(['beams', 'lengthPenalty'] as const),
];

function sameName(options: RunOptions): Pick<RunOptions, (typeof NAMES)[number]> {
  return Object.fromEntries(NAMES.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])));
}

/** Without a tokenizer, ids: 4,5. */
function choiceTokens(choice: string, { tokenizer }: Text): readonly number[] {
  return tokenizer ? tokenizer.encode(choice, { specialTokens: false }) : tokenValues(choice);
}
