import type { Tensor } from '@tensorflow/tfjs';
import { count, type Nd, nd } from '../reference/array.js';

/** One operator on one input: what the runtime computes, and what the reference does. */
export interface OperatorCase {
  readonly name: string;
  readonly inputs: readonly Nd[];
  /** Inputs that are token ids or indices (`int32`), or masks (`bool`). Default float32. */
  readonly dtypes?: Readonly<Record<number, 'int32' | 'bool'>>;
  readonly run: (...inputs: Tensor[]) => Tensor;
  readonly reference: (...inputs: Nd[]) => Nd;
  /** Checked against finite differences of the reference, for the float inputs. Small inputs only. Default false. */
  readonly gradient?: boolean;
  /** `run` calls several operators, and what is between them lives until a `tf.tidy` ends. */
  readonly composed?: boolean;
  /** Not on WebGPU in tests: SwiftShader takes minutes. */
  readonly large?: boolean;
  /** Instead of the backend's, with the reason in a comment. */
  readonly tolerance?: number;
}

/** Seeded numbers, exact in float32, roughly normal with the given deviation. */
export function normal(shape: readonly number[], seed: number, deviation = 1): Nd {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 8; i++) uniform();
  const one = () => Math.fround((uniform() + uniform() + uniform() + uniform() - 2) * Math.sqrt(3) * deviation);
  return nd(shape, Array.from({ length: count(shape) }, one));
}

/** Whole numbers 0 … below. */
export function integers(shape: readonly number[], seed: number, below: number): Nd {
  const { data } = normal(shape, seed, 1000);
  return nd(
    shape,
    data.map((value) => Math.abs(Math.trunc(value)) % below),
  );
}
