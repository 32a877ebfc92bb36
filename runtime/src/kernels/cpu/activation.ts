import type { TensorInfo } from '@tensorflow/tfjs';
import type { ActivationAttributes, ActivationName } from '../attributes.js';
import type { CpuBackend, CpuKernel } from './backend.js';

/** activation(x), element by element. */
export const activation: CpuKernel<ActivationAttributes> = ([x], { activation: name }, backend) => {
  const { value } = functions[name];
  return elementwise([x!], (i, [from]) => value(from![i]!), backend);
};

/** [x, dy] → the gradient of x: dy · activation′(x). */
export const activationGradient: CpuKernel<ActivationAttributes> = ([x, dy], { activation: name }, backend) => {
  const { slope } = functions[name];
  return elementwise([x!, dy!], (i, [from, above]) => above![i]! * slope(from![i]!), backend);
};

/** [a, b] → activation(a) ⊙ b, of equal shapes. */
export const gated: CpuKernel<ActivationAttributes> = ([a, b], { activation: name }, backend) => {
  const { value } = functions[name];
  return elementwise([a!, b!], (i, [gate, up]) => value(gate![i]!) * up![i]!, backend);
};

/** [a, b, dy] → the gradients of a and b. */
export const gatedGradient: CpuKernel<ActivationAttributes> = ([a, b, dy], { activation: name }, backend) => {
  const { value, slope } = functions[name];
  return [
    elementwise([a!, b!, dy!], (i, [gate, up, above]) => above![i]! * up![i]! * slope(gate![i]!), backend),
    elementwise([a!, dy!], (i, [gate, above]) => above![i]! * value(gate![i]!), backend),
  ];
};

function elementwise(
  operands: readonly TensorInfo[],
  element: (i: number, values: readonly Float32Array[]) => number,
  backend: CpuBackend,
): TensorInfo {
  const values = operands.map(({ dataId }) => backend.data.get(dataId).values);
  const result = new Float32Array(values[0]!.length);
  for (let i = 0; i < result.length; i++) result[i] = element(i, values);
  return backend.makeTensorInfo([...operands[0]!.shape], 'float32', result);
}

interface Activation {
  readonly value: (x: number) => number;
  readonly slope: (x: number) => number;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const rise = 2 * Math.sqrt(2 / Math.PI);
const inner = (x: number) => rise * x * (1 + 0.044715 * x * x);

const functions: Readonly<Record<ActivationName, Activation>> = {
  none: { value: (x) => x, slope: () => 1 },
  gelu: {
    value: (x) => (x * (1 + erf(x * Math.SQRT1_2))) / 2,
    // Φ(x) + x φ(x)
    slope: (x) => (1 + erf(x * Math.SQRT1_2)) / 2 + (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI),
  },
  geluTanh: {
    value: (x) => x * sigmoid(inner(x)),
    slope: (wide) => {
      const x = Math.min(Math.max(wide, -30), 30); // behind them it is 0 or 1
      const s = sigmoid(inner(x));
      return s * (1 + x * (1 - s) * rise * (1 + 3 * 0.044715 * x * x));
    },
  },
  silu: {
    value: (x) => x * sigmoid(x),
    slope: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
  },
  relu: { value: (x) => Math.max(x, 0), slope: (x) => (x > 0 ? 1 : 0) },
};

/** As a rational function of degree 13/8 on |x| ≤ 4 (as in Eigen), to 5e-7: what the other backends have. */
function erf(wide: number): number {
  const x = Math.min(Math.max(wide, -4), 4);
  const q = x * x;
  const p = of(
    q,
    [
      -2.72614225801306e-10, 2.77068142495902e-8, -2.10102402082508e-6, -5.69250639462346e-5, -7.34990630326855e-4,
      -2.95459980854025e-3, -1.60960333262415e-2,
    ],
  );
  const d = of(
    q,
    [-1.45660718464996e-5, -2.13374055278905e-4, -1.68282697438203e-3, -7.37332916720468e-3, -1.42647390514189e-2],
  );
  return (x * p) / d;
}

/** A polynomial, the highest power first. */
function of(x: number, coefficients: readonly number[]): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}
