import type { TensorInfo } from '@tensorflow/tfjs';
import type { NormAttributes, NormGradientAttributes } from '../attributes.js';
import type { CpuBackend, CpuKernel } from './backend.js';

/** [x, weight?, bias?], on the last axis. */
export const layerNorm: CpuKernel<NormAttributes> = ([x, weight, bias], { eps }, backend) =>
  normalize(x!, weight, bias, { eps, centred: true }, backend);

/** [x, weight?], on the last axis. */
export const rmsNorm: CpuKernel<NormAttributes> = ([x, weight], { eps }, backend) =>
  normalize(x!, weight, undefined, { eps, centred: false }, backend);

type Norm = Pick<NormGradientAttributes, 'eps' | 'centred'>;

function normalize(
  x: TensorInfo,
  weight: TensorInfo | undefined,
  bias: TensorInfo | undefined,
  norm: Norm,
  backend: CpuBackend,
): TensorInfo {
  const values = (of: TensorInfo | undefined) => of && backend.data.get(of.dataId).values;
  const [input, gain, offset] = [values(x)!, values(weight), values(bias)];
  const width = x.shape.at(-1) ?? 1;
  const y = new Float32Array(input.length);
  for (let start = 0; start < input.length; start += width) {
    const { mean, factor } = moments(input, start, width, norm);
    for (let i = 0; i < width; i++)
      y[start + i] = (input[start + i]! - mean) * factor * (gain ? gain[i]! : 1) + (offset ? offset[i]! : 0);
  }
  return backend.makeTensorInfo([...x.shape], 'float32', y);
}

/**
 * [x, weight?, dy], on the last axis → the gradients of x and, where they are, of weight and bias. With x̂ the normalized row and
 * g = dy · weight that of x is (g − mean(g) − x̂ · mean(g · x̂)) / deviation, without mean(g) where nothing is centred.
 */
export const normGradient: CpuKernel<NormGradientAttributes> = ([x, weight, dy], attributes, backend) => {
  const values = (of: TensorInfo | undefined) => of && backend.data.get(of.dataId).values;
  const [input, gain, above] = [values(x)!, values(weight), values(dy)!];
  const width = x!.shape.at(-1) ?? 1;
  const dx = new Float32Array(input.length);
  const [dWeight, dBias] = [new Float64Array(width), new Float64Array(width)];
  for (let start = 0; start < input.length; start += width) {
    const { mean, factor } = moments(input, start, width, attributes);
    let [sum, products] = [0, 0];
    for (let i = 0; i < width; i++) {
      const normalized = (input[start + i]! - mean) * factor;
      const d = above[start + i]!;
      dWeight[i]! += d * normalized;
      dBias[i]! += d;
      const g = gain ? d * gain[i]! : d;
      sum += g;
      products += g * normalized;
    }
    const ofSum = attributes.centred ? sum / width : 0;
    for (let i = 0; i < width; i++) {
      const g = above[start + i]! * (gain ? gain[i]! : 1);
      dx[start + i] = factor * (g - ofSum - ((input[start + i]! - mean) * factor * products) / width);
    }
  }
  const vector = (numbers: Float64Array) => backend.makeTensorInfo([width], 'float32', Float32Array.from(numbers));
  return [
    backend.makeTensorInfo([...x!.shape], 'float32', dx),
    ...(weight ? [vector(dWeight)] : []),
    ...(attributes.withBias ? [vector(dBias)] : []),
  ];
};

/** The normalized row is (x − mean) · factor. */
function moments(x: Float32Array, start: number, width: number, { eps, centred }: Norm) {
  let mean = 0;
  if (centred) for (let i = start; i < start + width; i++) mean += x[i]! / width;
  let squares = 0;
  for (let i = start; i < start + width; i++) squares += (x[i]! - mean) ** 2;
  return { mean, factor: 1 / Math.sqrt(squares / width + eps) };
}
