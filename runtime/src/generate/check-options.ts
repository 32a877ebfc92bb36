import { TfmError } from '../errors.js';
import type { BatchOptions, SamplingOptions } from './options.js';

/** Throws TFM5307 for a value that makes no sense. */
export function checkSampling({
  temperature = 1,
  topK = 1,
  topP = 1,
  minP = 0,
  typicalP = 1,
  seed = 0,
}: SamplingOptions) {
  check(temperature >= 0 && Number.isFinite(temperature), 'temperature', temperature, 'it is a number from 0 up');
  check(topK >= 1, 'topK', topK, 'it is a number of tokens from 1 up');
  check(topP > 0 && topP <= 1, 'topP', topP, 'it is a probability above 0 and up to 1');
  check(minP >= 0 && minP <= 1, 'minP', minP, 'it is a share from 0 to 1');
  check(typicalP > 0 && typicalP <= 1, 'typicalP', typicalP, 'it is a probability above 0 and up to 1');
  check(Number.isSafeInteger(seed), 'seed', seed, 'it is a whole number');
}

/** The same for all options of a generation, and for those that exclude each other. */
export function checkOptions(options: BatchOptions): void {
  const { seed, ...sampling } = options;
  checkSampling(sampling);
  for (const each of typeof seed === 'object' ? seed : [seed ?? 0]) checkSampling({ seed: each });
  const { repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0, logitBias = {}, badWords = [] } = options;
  check(repetitionPenalty > 0, 'repetitionPenalty', repetitionPenalty, 'it is a number above 0; 1 changes nothing');
  check(Number.isFinite(frequencyPenalty), 'frequencyPenalty', frequencyPenalty, 'it is a number');
  check(Number.isFinite(presencePenalty), 'presencePenalty', presencePenalty, 'it is a number');
  for (const [token, bias] of Object.entries(logitBias)) {
    check(isCount(Number(token)) && !Number.isNaN(bias), `logitBias[${token}]`, bias, 'it is a number for a token id');
  }
  for (const [i, word] of badWords.entries())
    check(word.length > 0, `badWords[${i}]`, '[]', 'it has at least one token');
  checkTokens(options);
  const { noRepeatNgramSize = 0, minNewTokens = 0, maxNewTokens = 0, samples = 1, beams = 1 } = options;
  check(isCount(noRepeatNgramSize), 'noRepeatNgramSize', noRepeatNgramSize, 'it is a number of tokens from 0 up');
  check(isCount(minNewTokens), 'minNewTokens', minNewTokens, 'it is a number of tokens from 0 up');
  check(isCount(maxNewTokens), 'maxNewTokens', maxNewTokens, 'it is a number of tokens from 0 up');
  check(isCount(samples) && samples > 0, 'samples', samples, 'it is a number of sequences from 1 up');
  check(isCount(beams) && beams > 0, 'beams', beams, 'it is a number from 1 up');
  checkBeams(options, beams, samples);
}

function checkTokens({ suppressTokens = [], beginSuppressTokens = [], forcedBos = 0, forcedEos = 0 }: BatchOptions) {
  for (const [name, tokens] of Object.entries({ suppressTokens, beginSuppressTokens })) {
    for (const [i, token] of tokens.entries()) check(isCount(token), `${name}[${i}]`, token, 'it is a token id');
  }
  check(isCount(forcedBos), 'forcedBos', forcedBos, 'it is a token id');
  check(isCount(forcedEos), 'forcedEos', forcedEos, 'it is a token id');
}

/** A beam search takes the best; nothing is drawn. */
function checkBeams(options: BatchOptions, beams: number, samples: number): void {
  const { lengthPenalty = 1, earlyStopping = false, temperature = 1 } = options;
  check(Number.isFinite(lengthPenalty), 'lengthPenalty', lengthPenalty, 'it is a number');
  check([true, false, 'never'].includes(earlyStopping), 'earlyStopping', earlyStopping, "it is true, false or 'never'");
  if (beams === 1) {
    const given = (['lengthPenalty', 'earlyStopping'] as const).find((name) => options[name] !== undefined);
    if (given) throw new TfmError('TFM5307', `${given} is of a beam search`, 'give beams: 2 or more');
    return;
  }
  const drawing = (['topK', 'topP', 'minP', 'typicalP', 'seed'] as const).find((name) => options[name] !== undefined);
  const given = drawing ?? (temperature === 1 || temperature === 0 ? undefined : 'temperature');
  const help = 'leave it out, or give samples in the place of beams';
  if (given) throw new TfmError('TFM5307', `a beam search draws nothing, so it takes no ${given}`, help);
  check(samples <= beams, 'samples', samples, `it is at most the number of beams, ${beams}`);
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

function check(condition: boolean, name: string, value: unknown, help: string): void {
  if (!condition) throw new TfmError('TFM5307', `${name} is ${value}`, help);
}
