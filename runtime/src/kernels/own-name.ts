import * as tf from '@tensorflow/tfjs';

const copies = Symbol.for('@tfm-lang/runtime copies');

/** Which copy of the runtime on this tfjs this one is, from 1; `undefined` until it is asked for. */
let copy: number | undefined;

/**
 * The name under which tfjs knows a kernel of ours. Copies of the runtime, perhaps of several versions, may share one tfjs: an
 * application and a tool that it loads. Each runs its own kernels, because these know its state, and its attributes.
 */
export function ownName(kernel: string): string {
  copy ??= nextCopy();
  return copy === 1 ? kernel : `${kernel} of copy ${copy}`;
}

function nextCopy(): number {
  const engine = tf.engine() as { [copies]?: number };
  engine[copies] = (engine[copies] ?? 0) + 1;
  return engine[copies];
}
