import { type Command, Option } from 'commander';
import { biasValues, numberValue, texts, tokenValues, wholeValue } from '../values.js';

/** The options of `tfm run` that are about generation. */
export interface GenerationOptions {
  readonly tokenizer?: string;
  readonly prompt?: string;
  readonly promptTokens?: readonly number[];
  readonly chat?: boolean;
  readonly system?: string;
  readonly stop?: readonly string[];
  readonly maxNewTokens?: number;
  readonly minNewTokens?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly typicalP?: number;
  readonly seed?: number;
  readonly samples?: number;
  readonly repetitionPenalty?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly banRepeatedNgram?: number;
  readonly logitBias?: Readonly<Record<number, number>>;
  readonly choice?: readonly string[];
  readonly beams?: number;
  readonly lengthPenalty?: number;
  readonly earlyStopping?: 'true' | 'false' | 'never';
  readonly score?: boolean;
}

export function declareGenerationOptions(command: Command): void {
  command
    .optionsGroup('Generation:')
    .option('--tokenizer <file>', 'tokenizer.json, or the folder with it (default: that beside the weights)')
    .addOption(new Option('--prompt <text>', 'the text to continue').conflicts('promptTokens'))
    .option('--prompt-tokens <ids>', 'the tokens to continue: 1,2,3', tokenValues)
    .addOption(
      new Option('--chat', 'a conversation: each line of standard input is a turn, or --prompt the only one').conflicts(
        ['promptTokens', 'inputs', 'samples', 'score'],
      ),
    )
    .option('--system <text>', 'what the conversation begins with, for the model alone')
    .option('--stop <text>', 'end before this text (may be repeated)', texts)
    .option(
      '-n, --max-new-tokens <n>',
      'how many tokens at most (default: as published, or 64, in a conversation 512)',
      wholeValue(0),
    )
    .option('--min-new-tokens <n>', 'no stop token before so many', wholeValue(0))
    .addOption(
      new Option('--score', 'print how likely each token of the prompt is, and the perplexity').conflicts(['samples']),
    );
  declareSampling(command);
  declareProcessing(command);
  command
    .optionsGroup('Beam search:')
    .addOption(
      new Option('--beams <n>', 'search with so many beams, and draw nothing')
        .argParser(wholeValue(1))
        .conflicts(['temperature', 'topK', 'topP', 'minP', 'typicalP', 'seed']),
    )
    .option('--length-penalty <p>', 'above 0 prefers long texts (default: 1)', numberValue(-100, 100, 'a number'))
    .addOption(
      new Option('--early-stopping <when>', 'true: with as many texts as beams (default: false)').choices([
        'true',
        'false',
        'never',
      ]),
    );
}

function declareSampling(command: Command): void {
  const share = numberValue(0, 1, 'from 0 to 1');
  command
    .optionsGroup('Drawing tokens:')
    .option(
      '--temperature <t>',
      '0 takes the most likely token (default: as published, or 0.8)',
      numberValue(0, 1e6, 'a number of at least 0'),
    )
    .option('--top-k <k>', 'only the k most likely tokens', wholeValue(1))
    .option('--top-p <p>', 'only the most likely tokens of this probability together', share)
    .option('--min-p <p>', 'only tokens with this share of the probability of the most likely', share)
    .option('--typical-p <p>', 'only the most typical tokens of this probability together', share)
    .option('--seed <seed>', 'the same seed gives the same text', wholeValue(0))
    .option('--samples <n>', 'so many texts, with their log-probabilities; of --beams the best', wholeValue(1));
}

function declareProcessing(command: Command): void {
  const number = numberValue(-1e6, 1e6, 'a number');
  command
    .optionsGroup('Penalties and constraints:')
    .option('--repetition-penalty <p>', 'above 1: tokens that occur become less likely', number)
    .option('--frequency-penalty <p>', 'subtracted for each time that a token was generated', number)
    .option('--presence-penalty <p>', 'subtracted once a token was generated', number)
    .option('--ban-repeated-ngram <n>', 'no sequence of n tokens occurs twice', wholeValue(1))
    .option('--logit-bias <id=bias>', 'added to the logit of a token (may be repeated)', biasValues)
    .option('--choice <text>', 'the text is one of these (may be repeated)', texts);
}
