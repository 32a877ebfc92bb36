/** What {@link noam} depends on. */
export interface NoamOptions {
  /** d_model. */
  readonly width: number;
  /** Steps of linear growth. Default 4000. */
  readonly warmup?: number;
  /** Multiplies every rate. Default 1. */
  readonly factor?: number;
}

/**
 * The learning rate of Vaswani et al. 2017, equation 3: width^−0.5 · min(step^−0.5, step · warmup^−1.5). The first
 * step is 1.
 */
export function noam(step: number, { width, warmup = 4000, factor = 1 }: NoamOptions): number {
  if (!(step >= 1)) throw new RangeError(`the first step is 1, not ${step}`);
  return factor * width ** -0.5 * Math.min(step ** -0.5, step * warmup ** -1.5);
}
