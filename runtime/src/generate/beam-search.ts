import { TfmError } from '../errors.js';
import { Beams } from './beams.js';
import { type Begun, begin, repeated, scoresOf } from './begin.js';
import type { Decoder } from './decoder.js';
import type { Rules } from './ending.js';
import type { BatchOptions, Completion } from './options.js';
import { logSoftmax } from './processors/probabilities.js';
import { processed } from './processors/processors.js';
import { checkNumbers } from './sequence.js';

/** The best sequences that a search with several beams finds, for each prompt; best first. */
export async function beamSearch(decoder: Decoder, given: object, options: BatchOptions): Promise<Completion[][]> {
  const { ends, capacity, rules, promptsOf, prefill } = await begin(decoder, given, options);
  if (capacity === undefined) {
    throw new TfmError('TFM5307', 'the spec sets no limit to the sequence', 'a beam search needs maxNewTokens');
  }
  const prefilled = prefill();
  const prompts = promptsOf(prefilled.state.batch);
  const all = prompts.map((prompt, b) => new Beams(prompt, (ends[b] ?? ends[0])!, rules, options, b));
  await search(decoder, prefilled, all, rules, options);
  const found = all.map((beams) => [...beams.best(options.samples ?? 1)]);
  found.flat().forEach(({ tokens }, sequence) => {
    for (const token of tokens) options.onToken?.(token, sequence);
  });
  return found;
}

/** Scores and advances the beams of all prompts until each has its result. Gives the memory back. */
async function search(
  decoder: Decoder,
  prefilled: Begun,
  all: readonly Beams[],
  rules: Rules,
  options: BatchOptions,
): Promise<void> {
  const { beams: width = 1, samples = 1 } = options;
  const promptTokens = all.reduce((sum, { running: [prompt] }) => sum + (prompt?.promptTokens ?? 0), 0);
  let { logits, state } = prefilled;
  let newTokens = 0;
  try {
    for (let perPrompt = 1; all.some(({ isOver }) => !isOver); perPrompt = width) {
      const scores = await scoresOf(logits, all.length * perPrompt, options);
      const moves = all.map((beams, b) => {
        const rows = beams.running.map((context, i) => {
          const row = scores[b * perPrompt + i]!;
          checkNumbers(row);
          return processed(logSoftmax(row), rules.processors, context);
        });
        return rows.length === 0 ? [] : beams.advance(rows);
      });
      newTokens += all.length * samples;
      options.onProgress?.({ promptTokens, newTokens });
      if (all.every(({ isOver }) => isOver)) return;
      if (perPrompt === 1) state = repeated(state, width, options.state);
      else state.reorder(moves.flatMap((each, b) => sourcesOf(each, b * width, width)));
      const tokens = moves.flatMap((each, b) => {
        return Array.from({ length: width }, (_, i) => (all[b]!.isOver ? null : (each[i]?.token ?? null)));
      });
      logits = decoder.step(tokens, state);
    }
  } finally {
    logits.dispose();
    if (state !== options.state) state.dispose();
  }
}

/** The row that each beam of a prompt goes on from; rows without a beam stay. */
function sourcesOf(moves: readonly { readonly parent: number }[], first: number, width: number): number[] {
  return Array.from({ length: width }, (_, i) => first + (moves[i]?.parent ?? i));
}
