import { largestDifference, output, perturbed, taken, tokensOf } from './specs.js';

const small = { vocab: 13, context: 64, width: 8, depth: 2, heads: 2, hidden: 12 };
const recurrent = { vocab: 13, target_vocab: 13, context: 64, embed: 6, width: 8, align: 5, pool: 4 };
const sequences = [
  [4, 5, 6, 9, 2],
  [7, 8],
  [3, 1, 11, 10],
];
const padded = {
  values: sequences.map((row) => [...row, ...Array<number>(5 - row.length).fill(12)]),
  lengths: [5, 2, 4],
};

/** The states of BERT for each sequence of a padded batch, against what it gets alone. */
export async function encoderDifference(spec: string, name: string, input: string, state: string): Promise<number> {
  const model = await perturbed(spec, name, name === 'Seq2Seq' ? recurrent : small);
  const rest = (batch: number) => (input === 'source' ? { target: Array<number[]>(batch).fill([1, 5, 2]) } : {});
  const batch = await output(model, { [input]: padded, ...rest(3) }, state);
  const differences: number[] = [];
  for (const [b, sequence] of sequences.entries()) {
    const alone = await output(model, { [input]: [sequence], ...rest(1) }, state);
    const perRow = batch.length / 3;
    const real = state === 'logits' ? perRow : (perRow / 5) * sequence.length;
    differences.push(largestDifference(batch.subarray(b * perRow, b * perRow + real), alone));
  }
  model.dispose();
  return Math.max(...differences);
}

/** Greedy tokens for padded sources decoded as one batch, and for each source alone. */
export async function translations(): Promise<{ together: number[][]; alone: number[][] }> {
  const model = await perturbed('specs/models/transformer.tfm', 'Transformer', small);
  const alone: number[][] = [];
  for (const source of sequences) {
    const options = { temperature: 0, maxNewTokens: 12, stopTokens: [] };
    alone.push(await tokensOf(model.generate({ source: [source], target: [1] }, options)));
  }
  const together: number[][] = sequences.map(() => []);
  const { logits, state } = model.prefill({ source: padded });
  let scores = await taken(logits);
  for (let step = 0; step < 12; step++) {
    const tokens = together.map((row, b) => {
      const own = scores.subarray(b * 13, (b + 1) * 13);
      const best = own.indexOf(Math.max(...own));
      row.push(best);
      return best;
    });
    scores = await taken(model.step(tokens, state));
  }
  state.dispose();
  model.dispose();
  return { together, alone };
}
