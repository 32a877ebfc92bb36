import * as tf from '@tensorflow/tfjs';
import type { InputDefinition } from '../model/definition.js';
import { isPacked } from '../model/numbers.js';

/** The batch and the rows of a prompt as given, without making a tensor; an empty one has the row `start`, if any. */
export function promptSize(inputs: object, growing: InputDefinition): { batch: number; rows: number } {
  const [batch, rows] = sizes(valueOf(inputs, growing.name));
  return rows === 0 ? { batch: 1, rows: growing.start === undefined ? 0 : 1 } : { batch, rows };
}

/** The inputs, without the growing one where it is empty. */
export function withoutEmptyPrompt<Inputs extends object>(inputs: Inputs, growing: InputDefinition): Inputs {
  if (sizes(valueOf(inputs, growing.name))[1] > 0) return inputs;
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => name !== growing.name)) as Inputs;
}

function valueOf(inputs: object, name: string): unknown {
  const given: unknown = new Map<string, unknown>(Object.entries(inputs)).get(name);
  return isPacked(given) ? given.values : given;
}

function sizes(given: unknown): [batch: number, rows: number] {
  if (given === undefined) return [1, 0];
  if (given instanceof tf.Tensor)
    return given.rank === 1 ? [1, given.size] : [given.shape[0] ?? 1, given.shape[1] ?? 0];
  if (ArrayBuffer.isView(given)) return [1, (given as Int32Array).length];
  if (!Array.isArray(given)) return [1, 1];
  const [first] = given as unknown[];
  return Array.isArray(first) ? [given.length, first.length] : [1, given.length];
}
