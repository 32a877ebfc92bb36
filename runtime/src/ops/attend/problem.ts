import type { Tensor } from '@tensorflow/tfjs';
import type { Formula } from '../../formula/formula.js';
import type { AttentionDropout } from '../../kernels/attributes.js';
import type { Memory } from './memory.js';

/** One attention, whatever computes it. */
export interface Attention {
  /** [B, Tq, H, d_k]; absent where the scores begin at 0. */
  readonly query: Tensor | undefined;
  readonly memory: Memory;
  /** Multiplies q·k. */
  readonly scale: number;
  /** Which keys a query sees; none that a cache does not hold yet. */
  readonly mask: Formula;
  /** From left to right. */
  readonly scores: readonly Formula[];
  /** [H] */
  readonly sinks: Tensor | undefined;
  readonly dropout: AttentionDropout | undefined;
}
