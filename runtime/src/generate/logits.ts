import type { Tensor } from '@tensorflow/tfjs';
import { read } from '../device/read.js';

/** How tokens are drawn on a device. */
export interface Drawing {
  /** Divides the logits; 0 takes the most likely token. */
  readonly temperature: number;
  /** Only the k most likely; 0: all. */
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  /** Whether log-probabilities are wanted. */
  readonly scored: boolean;
  /** The number of (0, 1) that decides, for each sequence. */
  readonly randoms: readonly number[];
}

/** What was drawn for a sequence. */
export interface Drawn {
  readonly token: number;
  /** By the model's own probabilities; where it is not wanted it means nothing. */
  readonly logProbability: number;
  /** No token is left: all logits are −∞. */
  readonly isForbidden: boolean;
  /** A logit is NaN. */
  readonly isBroken: boolean;
}

/** The scores of the next token of each sequence, [B, vocab], wherever they are. */
export interface Logits {
  /** As a tensor of their own, the caller's to dispose. */
  tensor(): Tensor;
  /** As plain numbers, row by row, until the next step. */
  read(): Promise<Float32Array>;
  /** Draws a token of each sequence where they are; absent where that is not possible. */
  draw?(drawing: Drawing): Promise<readonly Drawn[]>;
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
