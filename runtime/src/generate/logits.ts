import type { Tensor } from '@tensorflow/tfjs';
import { read } from '../device/read.js';

/** The scores of the next token of each sequence, [B, vocab], wherever they are. */
export interface Logits {
  /** As a tensor of their own, the caller's to dispose. */
  tensor(): Tensor;
  /** As plain numbers, row by row, until the next step. */
  read(): Promise<Float32Array>;
  /** Gives them back, where they are not part of something else. */
  dispose(): void;
}

/** Logits that are a tensor of their own. */
export class TensorLogits implements Logits {
  readonly #tensor: Tensor;

  constructor(tensor: Tensor) {
    this.#tensor = tensor;
  }

  tensor(): Tensor {
    return this.#tensor;
  }

  async read(): Promise<Float32Array> {
    return (await read(this.#tensor)) as Float32Array;
  }

  dispose(): void {
    this.#tensor.dispose();
  }
}
