import { mapRows, type Nd, nd } from './array.js';
import { gelu, sigmoid } from './elementwise.js';

/** Gradients of Σ dy · y in float64, from their formulas. */

export interface NormGradients {
  readonly x: Nd;
  readonly weight: Nd;
  readonly bias: Nd;
}

/** With x̂ the normalized row and g = dy · weight: (g − mean(g) − x̂ · mean(g · x̂)) / deviation; of RMS norm without mean(g). */
export function normGradients(x: Nd, weight: Nd | undefined, dy: Nd, eps: number, centred: boolean): NormGradients {
  const width = x.shape.at(-1)!;
  const [dWeight, dBias] = [new Float64Array(width), new Float64Array(width)];
  const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / width;
  const dx = mapRows(x, width, (row, r) => {
    const middle = centred ? mean(row) : 0;
    const deviation = Math.sqrt(mean(row.map((value) => (value - middle) ** 2)) + eps);
    const normalized = row.map((value) => (value - middle) / deviation);
    const above = dy.data.subarray(r * width, (r + 1) * width);
    for (let i = 0; i < width; i++) {
      dWeight[i]! += above[i]! * normalized[i]!;
      dBias[i]! += above[i]!;
    }
    const g = above.map((value, i) => value * (weight ? weight.data[i]! : 1));
    const ofSum = centred ? mean(g) : 0;
    const ofProducts = mean(g.map((value, i) => value * normalized[i]!));
    return g.map((value, i) => (value - ofSum - normalized[i]! * ofProducts) / deviation);
  });
  return { x: dx, weight: nd([width], dWeight), bias: nd([width], dBias) };
}

const rise = 2 * Math.sqrt(2 / Math.PI);

/** The derivatives of the activations. */
export const slopes: Readonly<Record<'gelu' | 'geluTanh' | 'silu' | 'relu', (x: number) => number>> = {
  gelu: (x) => (x === 0 ? 0.5 : gelu(x) / x) + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI),
  geluTanh: (x) => {
    const s = sigmoid(rise * (x + 0.044715 * x ** 3));
    return s + x * s * (1 - s) * rise * (1 + 3 * 0.044715 * x * x);
  },
  silu: (x) => sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x)),
  relu: (x) => (x > 0 ? 1 : 0),
};

/** Of softmax's cross-entropy, with ε of the target spread over all classes: (p − target) · dy, for a dy of each row. */
export function crossEntropyGradient(scores: Nd, ids: readonly number[], dy: readonly number[], epsilon: number): Nd {
  const classes = scores.shape.at(-1)!;
  return mapRows(scores, classes, (row, r) => {
    const most = Math.max(...row);
    const powers = row.map((value) => Math.exp(value - most));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((p, i) => dy[r]! * (p / sum - (i === ids[r] ? 1 - epsilon : 0) - epsilon / classes));
  });
}

/** aᵀ · b over all rows of [.., m] and [.., n]: [m, n]. */
export function productOfRows(a: Nd, b: Nd): Nd {
  const [m, n] = [a.shape.at(-1)!, b.shape.at(-1)!];
  const data = new Float64Array(m * n);
  for (let row = 0; row < a.data.length / m; row++)
    for (let i = 0; i < m; i++) {
      const factor = a.data[row * m + i]!;
      for (let j = 0; j < n; j++) data[i * n + j]! += factor * b.data[row * n + j]!;
    }
  return nd([m, n], data);
}
