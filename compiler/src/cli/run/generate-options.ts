import type { GenerateOptions } from '@tfm-lang/runtime';
import type { RunOptions } from '../commands/run-options.js';
import { tokenValues } from '../values.js';
import type { Text } from './text.js';

/** What generation takes from the command line. */
export function generateOptions(options: RunOptions, text: Text, signal: AbortSignal): GenerateOptions {
  const { maxNewTokens = options.chat ? 512 : 64, beams = 1, choice, earlyStopping, banRepeatedNgram } = options;
  // A beam search draws nothing.
  const { temperature = beams > 1 ? undefined : 0.8 } = options;
  return {
    ...sameName(options),
    maxNewTokens,
    signal,
    ...(temperature !== undefined && { temperature }),
    ...(banRepeatedNgram !== undefined && { noRepeatNgramSize: banRepeatedNgram }),
    ...(earlyStopping && { earlyStopping: earlyStopping === 'never' ? earlyStopping : earlyStopping === 'true' }),
    ...(choice && { choices: choice.map((each) => choiceTokens(each, text)) }),
    ...(text.stopTokens.length > 0 && { stopTokens: text.stopTokens }),
  };
}

/** The options that have the runtime's names. */
const NAMES = [
  ...(['minNewTokens', 'topK', 'topP', 'minP', 'typicalP', 'seed'] as const),
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
