import type { TensorInfo } from '@tensorflow/tfjs';
import type { NormGradientAttributes } from '../attributes.js';
import type { GpuBackend } from './backend.js';
import { dispatch } from './dispatch.js';
import { elementsOf, present, rowsOf, rowsOperand, vectorType, type WebGpuKernel, workgroupsFor } from './kernel.js';
import { momentsCode, totalCode } from './normalize.js';
import { mainOf64, vectorReader, vectorWriter, workgroupIndex } from './vectors.js';

/**
 * [x, weight?, dy], on the last axis → the gradients of x and, where they are, of weight and bias: a workgroup for each row, then
 * one for each 32 columns, which sums over the rows.
 */
export const normGradient: WebGpuKernel<NormGradientAttributes> = ([x, weight, dy], attributes, backend) => {
  const statistics = backend.makeTensorInfo([rowsOf(x!).rows, 4], 'float32');
  const inputs = { x: x!, weight, dy: dy!, statistics };
  const dx = gradientOfRows(inputs, attributes, backend);
  const ofWeights = weight || attributes.withBias ? gradientsOfWeights(inputs, attributes, backend) : [];
  backend.disposeData(statistics.dataId);
  return [dx, ...ofWeights];
};

interface Inputs {
  readonly x: TensorInfo;
  readonly weight: TensorInfo | undefined;
  readonly dy: TensorInfo;
  /** For each row the mean, in two parts, and what its deviations are multiplied by. */
  readonly statistics: TensorInfo;
}

function gradientOfRows(inputs: Inputs, { eps, centred }: NormGradientAttributes, backend: GpuBackend): TensorInfo {
  const { x, weight, dy, statistics } = inputs;
  const { rows, width } = rowsOf(x);
  const type = vectorType(width);
  const dx = backend.makeTensorInfo(x.shape, 'float32');
  dispatch(backend, {
    name: 'norm, gradient of rows',
    constants: { CENTRED: Number(centred) },
    reads: present({
      x: rowsOperand(x, width),
      weight: weight && rowsOperand(weight, width),
      dy: rowsOperand(dy, width),
    }),
    writes: { dx: rowsOperand(dx, width), statistics: { of: statistics, as: 'vec4f' } },
    integers: { rows, width, step: elementsOf(width, width) },
    floats: { eps },
    workgroups: workgroupsFor(rows),
    code: () =>
      [
        workgroupIndex,
        ...(['x', 'dy', ...(weight ? ['weight'] : [])] as const).map((name) =>
          vectorReader(name, type, 'uniforms.width'),
        ),
        vectorWriter('dx', type, 'uniforms.width'),
        codeOfRows(centred, weight !== undefined),
      ].join('\n'),
  });
  return dx;
}

const codeOfRows = (centred: boolean, weighted: boolean) => `
${totalCode}

${mainOf64}
  let row = workgroupIndex(group, groups);
  if (row >= uniforms.rows) { return; }
  let lane = i32(thread);
  let start = row * uniforms.step;
  ${momentsCode(centred)}
  if (lane == 0) { statistics[row] = vec4f(shift, mean, factor, 0); }

  // With x̂ the normalized row and g = dy · weight: factor · (g − mean(g) − x̂ · mean(g · x̂)). Behind the row's end dy is 0.
  var sum = vec4f(0);
  var products = vec4f(0);
  for (var c = lane; c < vectors; c += 64) {
    let g = dyAt(start, c)${weighted ? ' * weightAt(0, c)' : ''};
    sum += g;
    products += g * (xAt(start, c) - shift - mean) * factor;
  }
  let ofProducts = total(lane, dot(products, vec4f(1))) / width;
  var ofSum = 0.0;
  ${centred ? 'ofSum = total(lane, dot(sum, vec4f(1))) / width;' : ''}
  for (var c = lane; c < vectors; c += 64) {
    let g = dyAt(start, c)${weighted ? ' * weightAt(0, c)' : ''};
    putDx(start, c, factor * (g - ofSum - (xAt(start, c) - shift - mean) * factor * ofProducts));
  }
}
`;

function gradientsOfWeights(
  { x, weight, dy, statistics }: Inputs,
  { withBias }: NormGradientAttributes,
  backend: GpuBackend,
): TensorInfo[] {
  const { rows, width } = rowsOf(x);
  const type = vectorType(width);
  const make = () => backend.makeTensorInfo([width], 'float32');
  const results = { ...(weight ? { dWeight: make() } : {}), ...(withBias ? { dBias: make() } : {}) };
  const writes = Object.entries(results).map(([name, of]) => [name, rowsOperand(of, width)] as const);
  dispatch(backend, {
    name: 'norm, gradient of weights',
    constants: {},
    reads: { x: rowsOperand(x, width), dy: rowsOperand(dy, width), statistics: { of: statistics, as: 'vec4f' } },
    writes: Object.fromEntries(writes),
    integers: { rows, width, step: elementsOf(width, width) },
    workgroups: [Math.ceil(width / 32), 1, 1],
    code: () =>
      [
        ...['x', 'dy'].map((name) => vectorReader(name, type, 'uniforms.width')),
        ...writes.map(([name]) => vectorWriter(name, type, 'uniforms.width')),
        codeOfWeights(weight !== undefined, withBias),
      ].join('\n'),
  });
  return Object.values(results);
}

const codeOfWeights = (withWeight: boolean, withBias: boolean) => `
/** Sums of every 32nd row: [row][vector]. */
var<workgroup> parts: array<vec4f, 256>;

/** The sum over the rows of one of eight vectors. */
fn totalOf(lane: i32, part: vec4f) -> vec4f {
  workgroupBarrier(); // the sum before this one is read
  parts[lane] = part;
  for (var n = 128; n > 4; n /= 2) {
    workgroupBarrier();
    if (lane < n) { parts[lane] += parts[lane + n]; }
  }
  return parts[lane % 8];
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  let lane = i32(thread);
  let c = i32(group.x) * 8 + lane % 8;
  let isInside = 4 * c < uniforms.width;
  var dWeights = vec4f(0);
  var dBiases = vec4f(0);
  for (var row = lane / 8; row < uniforms.rows; row += 32) {
    if (!isInside) { continue; }
    let known = statistics[row];
    let d = dyAt(row * uniforms.step, c);
    dWeights += d * (xAt(row * uniforms.step, c) - known.x - known.y) * known.z;
    dBiases += d;
  }
  let isFirst = isInside && lane < 8;
  ${withWeight ? 'let ofWeight = totalOf(lane, dWeights);\n  if (isFirst) { putDWeight(0, c, ofWeight); }' : ''}
  ${withBias ? 'let ofBias = totalOf(lane, dBiases);\n  if (isFirst) { putDBias(0, c, ofBias); }' : ''}
}
`;
