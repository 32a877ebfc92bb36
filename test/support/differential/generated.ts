import * as tf from '@tensorflow/tfjs';
import { read } from '../../../runtime/src/index.js';
import { perturbedOf, type SpecModel, taken } from '../specs.js';
import type { Result } from './compare.js';
import { given, type Inputs } from './inputs.js';
import type { Subject } from './subject.js';

export type Results = ReadonlyMap<string, Result>;

/** The generated class with random weights, on the active backend. The caller disposes it. */
export function generatedModel(subject: Subject, seed: number): SpecModel {
  return perturbedOf(subject.generatedClass, subject.settings, seed);
}

/** Every output of one pass. */
export async function forward(model: SpecModel, inputs: Inputs): Promise<Results> {
  const results = new Map<string, Result>();
  for (const [name, tensor] of Object.entries(model.forward(given(inputs)))) {
    const { shape } = tensor;
    results.set(name, { shape: [...shape], data: await taken(tensor) });
  }
  return results;
}

/** All weights by their paths, in the shapes of the spec. */
export async function weightsOf(model: SpecModel): Promise<ReadonlyMap<string, Float32Array>> {
  const found = new Map<string, Float32Array>();
  for (const [path, variable] of entries(model.weights, '')) {
    found.set(path, Float32Array.from(await read(variable)));
  }
  return found;
}

function entries(tree: object, path: string): [string, tf.Variable][] {
  return Object.entries(tree).flatMap(([label, child]: [string, object]): [string, tf.Variable][] => {
    const at = Array.isArray(tree) ? `${path}[${label}]` : path === '' ? label : `${path}.${label}`;
    return child instanceof tf.Variable ? [[at, child]] : entries(child, at);
  });
}

/** Rows of scores by the sequence and the position in it, as `prefill` and `step` gave them. */
export interface ScoredRow {
  readonly sequence: number;
  /** The row of the full pass that this one must equal. */
  readonly row: number;
  readonly scores: Float32Array;
}

/**
 * A prompt of so many tokens of each sequence, then the others one by one: prompts may have different lengths; a sequence
 * that is over waits.
 */
export async function incremental(
  model: SpecModel,
  subject: Subject,
  inputs: Inputs,
  prompts: readonly number[],
): Promise<ScoredRow[]> {
  const generation = subject.model.generate;
  const growing = inputs.values.find(({ name }) => name === generation?.input);
  if (!generation || !growing) throw new Error(`${subject.title} does not generate`);
  const [batch = 1, length = 1] = growing.shape;
  const token = (b: number, t: number): number => growing.data[b * length + t]!;
  const offset = generation.scores === 'self' ? 0 : -1;
  const prompt = prompts.map((count, b) => Array.from({ length: count }, (_, t) => token(b, t)));
  const { logits, state } = model.prefill(
    { ...given(inputs), [growing.name]: prompt },
    generation.capacity === undefined ? { capacity: length } : {},
  );
  const rows: ScoredRow[] = [];
  const add = (scores: Float32Array, positions: readonly (number | undefined)[]): void => {
    const classes = scores.length / batch;
    positions.forEach((row, sequence) => {
      if (row !== undefined)
        rows.push({ sequence, row, scores: scores.subarray(sequence * classes, (sequence + 1) * classes) });
    });
  };
  try {
    add(
      await taken(logits),
      prompts.map((count) => count + offset),
    );
    for (let i = 0; i < length - Math.min(...prompts); i++) {
      const at = prompts.map((count) => (count + i < length ? count + i : undefined));
      const tokens = at.map((t, b) => (t === undefined ? null : token(b, t)));
      add(
        await taken(model.step(tokens, state)),
        at.map((t) => (t === undefined ? undefined : t + 1 + offset)),
      );
    }
  } finally {
    state.dispose();
  }
  return rows;
}
