import { largestDifference, output, perturbed, type SpecModel, taken } from './specs.js';

/** A model that generates, small, and a batch of two sequences for it. */
export interface GeneratingSpec {
  readonly title: string;
  readonly spec: string;
  readonly name: string;
  readonly config: object;
  /** The inputs that do not grow. */
  readonly constants: Readonly<Record<string, unknown>>;
  /** The input that grows, its whole sequences, and its first token where the prompt is empty. */
  readonly growing: string;
  readonly sequences: readonly [readonly number[], readonly number[]];
  readonly start?: number;
  /** Row j of the output scores token j, not the one after it. */
  readonly scoresItself?: boolean;
}

const transformer = 'specs/models/transformer.tfm';
const small = { vocab: 13, context: 24, width: 8, depth: 2, heads: 2, hidden: 12 };
// The second source is padded, so presence and the kept memory are part of it.
const source = {
  source: {
    values: [
      [4, 5, 6, 9],
      [7, 8, 0, 0],
    ],
    lengths: [4, 2],
  },
};
const target = { constants: source, growing: 'target', start: 1 };
const sequences = [
  [1, 9, 4, 4, 0, 12, 3, 5, 8],
  [1, 3, 3, 8, 7, 2, 11, 10, 6],
] as const;
const decoder = { constants: {}, growing: 'tokens', sequences };

export const generatingSpecs: readonly GeneratingSpec[] = [
  {
    title: 'GPT-2',
    spec: 'specs/models/gpt2.tfm',
    name: 'Gpt2',
    config: { vocab: 13, context: 24, width: 8, depth: 2, heads: 2 },
    ...decoder,
  },
  {
    title: 'Llama, grouped queries, an output layer of its own',
    spec: 'specs/models/llama.tfm',
    name: 'Llama',
    config: { ...small, heads: 4, kv_heads: 2 },
    ...decoder,
    start: 1,
  },
  {
    title: 'Llama, one key head, heads wider than their share, tied',
    spec: 'specs/models/llama.tfm',
    name: 'Llama',
    config: { ...small, heads: 3, kv_heads: 1, d_k: 6, tied: true },
    ...decoder,
    start: 1,
  },
  {
    title: 'Transformer',
    spec: transformer,
    name: 'Transformer',
    config: small,
    ...target,
    sequences,
  },
  {
    title: 'Transformer, d_v ≠ d_k ≠ width / heads, halves, silu, a bias on the logits',
    spec: transformer,
    name: 'Transformer',
    config: { ...small, heads: 3, d_k: 2, d_v: 5, halves: true, activation: 'silu', logits_bias: true },
    ...target,
    sequences,
  },
  { title: 'pre-norm Transformer', spec: transformer, name: 'PreNormTransformer', config: small, ...target, sequences },
  {
    title: 'Transformer whose decoder reads every encoder layer, the embedding split among the heads',
    spec: transformer,
    name: 'LayerwiseTransformer',
    config: small,
    ...target,
    sequences,
  },
  {
    title: 'recurrent encoder and decoder with additive attention',
    spec: 'specs/models/seq2seq.tfm',
    name: 'Seq2Seq',
    config: { vocab: 13, target_vocab: 13, context: 24, embed: 6, width: 5, align: 7, pool: 4 },
    ...target,
    sequences,
  },
  {
    title: 'DALL·E: a text, then an image token by token',
    spec: 'specs/models/dalle.tfm',
    name: 'Dalle',
    // Five layers: the row, the column, the row, the neighbourhood, and the row again.
    config: { text_vocab: 9, image_vocab: 13, text_length: 4, grid: 3, width: 8, depth: 5, heads: 2, near: 3 },
    constants: {
      text: [
        [3, 1, 8, 2],
        [5, 5, 0, 7],
      ],
    },
    growing: 'image',
    sequences,
    scoresItself: true,
  },
];

/** How many tokens the prompt can have: none where the model knows how to begin, one, several, all. */
function promptLengths({ start, scoresItself, sequences }: GeneratingSpec): number[] {
  const some = [1, 3, 7, sequences[0].length];
  return start !== undefined || scoresItself ? [0, ...some] : some;
}

export interface IncrementalResult {
  readonly prompt: number;
  /** How many rows of scores the prefill and the steps gave too many: 0. */
  readonly excess: number;
  /** The largest difference from those of one pass over everything. */
  readonly difference: number;
}

/** For prompts of several lengths: the rows of the prefill and of one step after the other, against one pass. */
export async function incrementalResults(
  of: GeneratingSpec,
  prompts: readonly number[] = promptLengths(of),
): Promise<IncrementalResult[]> {
  const model = await perturbed(of.spec, of.name, of.config);
  const { constants, growing } = of;
  const results: IncrementalResult[] = [];
  for (const prompt of prompts) {
    // Nothing says how many sequences there are where a model without other inputs gets no prompt: one.
    const isAlone = prompt === 0 && Object.keys(constants).length === 0;
    const sequences = isAlone ? of.sequences.slice(0, 1) : of.sequences;
    const whole = await output(model, { ...constants, [growing]: sequences });
    const found = await incrementalRows(model, of, sequences, prompt);
    const classes = found[0]!.length / sequences.length;
    const rows = whole.length / classes / sequences.length;
    // An empty prompt stands for `start`, which the sequences begin with.
    const first = of.scoresItself ? prompt : Math.max(prompt, 1) - 1;
    const rowOf = (t: number) =>
      sequences.flatMap((_, b) => Array.from(whole.subarray((b * rows + t) * classes, (b * rows + t + 1) * classes)));
    const differences = found.map((row, i) => largestDifference(row, rowOf(first + i)));
    results.push({ prompt, excess: found.length - (rows - first), difference: Math.max(...differences) });
  }
  model.dispose();
  return results;
}

async function incrementalRows(
  model: SpecModel,
  { constants, growing, start }: GeneratingSpec,
  sequences: readonly (readonly number[])[],
  prompt: number,
): Promise<Float32Array[]> {
  const given = prompt === 0 ? {} : { [growing]: sequences.map((tokens) => tokens.slice(0, prompt)) };
  const { logits, state } = model.prefill({ ...constants, ...given });
  const rows = [await taken(logits)];
  const read = prompt === 0 && start !== undefined ? 1 : prompt;
  for (let t = read; t < sequences[0]!.length; t++) {
    const tokens = sequences.map((row) => row[t]!);
    rows.push(await taken(model.step(tokens, state)));
  }
  state.dispose();
  return rows;
}
