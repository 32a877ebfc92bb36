import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { largestDifference, output, perturbed, taken } from './specs.js';

const vocab = 97;
const small = { context: 32, width: 8, depth: 2, heads: 2, hidden: 12 };
const prompts = [
  [1, 9, 4, 4, 0, 12, 3, 5, 8, 90],
  [1, 3, 3],
  [1, 7, 2, 11, 10, 6, 1],
];

export interface ScoringSpec {
  readonly title: string;
  readonly spec: string;
  readonly name: string;
  readonly config: object;
  readonly growing: string;
  /** The inputs that do not grow, of some of the sequences. */
  readonly constants: (of: readonly number[]) => Readonly<Record<string, unknown>>;
}

const decoder = { growing: 'tokens', constants: () => ({}) };
const texts = [
  [3, 1, 8, 2],
  [5, 5, 0, 7],
  [6, 2, 2, 4],
];

export const scoringSpecs: readonly ScoringSpec[] = [
  { title: 'GPT-2', spec: 'gpt2', name: 'Gpt2', config: { ...small, vocab }, ...decoder },
  {
    title: 'Gemma 2, whose scores are capped',
    spec: 'gemma',
    name: 'Gemma2',
    config: { ...small, vocab, kv_heads: 1, d_k: 4 },
    ...decoder,
  },
  {
    title: 'an encoder and a decoder',
    spec: 'transformer',
    name: 'Transformer',
    config: { ...small, vocab },
    growing: 'target',
    constants: (of) => ({ source: of.map((b) => texts[b]) }),
  },
  {
    title: 'an image behind a text',
    spec: 'dalle',
    name: 'Dalle',
    config: { text_vocab: 9, image_vocab: vocab, text_length: 4, grid: 4, width: 8, depth: 3, heads: 2, near: 3 },
    growing: 'image',
    constants: (of) => ({ text: of.map((b) => texts[b]) }),
  },
];

/** What is made for the scores of prompts of different lengths, as rows of the vocabulary, and how far they are from those of one pass. */
export interface ScoringResult {
  /** The most rows that a tensor of the prefill has; one for each sequence is what is wanted. */
  readonly prefill: number;
  /** The same of a pass over the longest of the prompts: its tokens, and maybe one row before them. */
  readonly forward: number;
  readonly difference: number;
  /** The same for a state that goes on from the first two tokens of each prompt. */
  readonly again: { readonly prefill: number; readonly difference: number };
}

export async function scoringResult({ spec, name, config, growing, constants }: ScoringSpec): Promise<ScoringResult> {
  const model = await perturbed(`specs/models/${spec}.tfm`, name, config);
  const rest = constants([0, 1, 2]);
  const expected: number[] = [];
  for (const [b, prompt] of prompts.entries())
    expected.push(...(await output(model, { ...constants([b]), [growing]: [prompt] })).slice(-vocab));
  const inputs = { ...rest, [growing]: prompts };
  const first = counted(() => model.prefill(inputs));
  const logits = await taken(first.result.logits);
  first.result.state.dispose();
  const begun = model.prefill({ ...rest, [growing]: prompts.map((row) => row.slice(0, 2)) }, { capacity: 16 });
  begun.logits.dispose();
  const again = counted(() => model.prefill(inputs, { state: begun.state }));
  const later = await taken(again.result.logits);
  begun.state.dispose();
  const whole = counted(() => model.forward({ ...constants([0]), [growing]: [prompts[0]] }));
  tf.dispose(whole.result);
  model.dispose();
  return {
    prefill: first.rows,
    forward: whole.rows,
    difference: largestDifference(logits, expected),
    again: { prefill: again.rows, difference: largestDifference(later, expected) },
  };
}

/** The part of tfjs's engine that every new tensor goes through. */
interface Tracking {
  trackTensor(tensor: Tensor, backend: object): void;
}

/** The most rows of the vocabulary that a tensor has which is made meanwhile. */
function counted<T>(run: () => T): { readonly result: T; readonly rows: number } {
  const engine = tf.engine() as unknown as Tracking;
  const { trackTensor } = engine;
  let rows = 0;
  engine.trackTensor = (tensor, backend) => {
    // Weights are not made here; their shape with the vocabulary first is no score.
    if (tensor.shape.at(-1) === vocab) rows = Math.max(rows, tensor.size / vocab);
    trackTensor.call(engine, tensor, backend);
  };
  try {
    const result = run();
    return { result, rows };
  } finally {
    engine.trackTensor = trackTensor;
  }
}
