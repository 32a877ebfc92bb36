import type { TensorInfo } from '@tensorflow/tfjs';
import type { NormAttributes } from '../attributes.js';
import type { GpuBackend } from './backend.js';
import { dispatch } from './dispatch.js';
import { elementsOf, present, rowsOf, rowsOperand, vectorType, type WebGpuKernel, workgroupsFor } from './kernel.js';
import { mainOf64, vectorReader, vectorWriter, workgroupIndex } from './vectors.js';

/** [x, weight?, bias?], on the last axis. */
export const layerNorm: WebGpuKernel<NormAttributes> = ([x, weight, bias], { eps }, backend) =>
  normalize({ x: x!, weight, bias, eps, centred: true }, backend);

/** [x, weight?], on the last axis. */
export const rmsNorm: WebGpuKernel<NormAttributes> = ([x, weight], { eps }, backend) =>
  normalize({ x: x!, weight, bias: undefined, eps, centred: false }, backend);

interface Norm extends NormAttributes {
  readonly x: TensorInfo;
  readonly weight: TensorInfo | undefined;
  readonly bias: TensorInfo | undefined;
  /** About the mean. */
  readonly centred: boolean;
}

/** One workgroup for each row. */
function normalize({ x, weight, bias, eps, centred }: Norm, backend: GpuBackend): TensorInfo {
  const { rows, width } = rowsOf(x);
  const type = vectorType(width);
  const y = backend.makeTensorInfo(x.shape, 'float32');
  const reader = (name: string, of: TensorInfo | undefined) => (of ? vectorReader(name, type, 'uniforms.width') : '');
  dispatch(backend, {
    name: centred ? 'layer_norm' : 'rms_norm',
    constants: {},
    reads: present({
      x: rowsOperand(x, width),
      weight: weight && rowsOperand(weight, width),
      bias: bias && rowsOperand(bias, width),
    }),
    writes: { y: rowsOperand(y, width) },
    integers: { rows, width, step: elementsOf(width, width) },
    floats: { eps },
    workgroups: workgroupsFor(rows),
    code: () =>
      [
        workgroupIndex,
        reader('x', x),
        reader('weight', weight),
        reader('bias', bias),
        vectorWriter('y', type, 'uniforms.width'),
        code({ centred, weight: weight !== undefined, bias: bias !== undefined }),
      ].join('\n'),
  });
  return y;
}

const code = (has: { readonly centred: boolean; readonly weight: boolean; readonly bias: boolean }) => `
${totalCode}

${mainOf64}
  let row = workgroupIndex(group, groups);
  if (row >= uniforms.rows) { return; }
  let lane = i32(thread);
  let start = row * uniforms.step;
  ${momentsCode(has.centred)}

  for (var c = lane; c < vectors; c += 64) {
    var v = (xAt(start, c) - shift - mean) * factor;
    ${has.weight ? 'v *= weightAt(0, c);' : ''}
    ${has.bias ? 'v += biasAt(0, c);' : ''}
    putY(start, c, v);
  }
}
`;

/** The sum over the 64 threads of a workgroup. */
export const totalCode = `
var<workgroup> parts: array<f32, 64>;

fn total(lane: i32, part: f32) -> f32 {
  workgroupBarrier(); // the sum before this one is read
  parts[lane] = part;
  for (var n = 32; n > 0; n /= 2) {
    workgroupBarrier();
    if (lane < n) { parts[lane] += parts[lane + n]; }
  }
  workgroupBarrier();
  return parts[0];
}`;

/** Of the row that begins at `start`: the normalized one is (x − shift − mean) · factor. */
export const momentsCode = (centred: boolean) => `
  let width = f32(uniforms.width);
  let vectors = (uniforms.width + 3) / 4;
  let places = vec4i(0, 1, 2, 3);

  // What is subtracted is in two parts: a mean that is a thousand deviations has too few digits in one.
  var shift = 0.0;
  var mean = 0.0;
  ${centred ? meanCode : ''}
  // Of the centred values, for the same reason.
  var squares = vec4f(0);
  for (var c = lane; c < vectors; c += 64) {
    let d = select(vec4f(0), xAt(start, c) - shift - mean, places + 4 * c < vec4i(uniforms.width));
    squares += d * d;
  }
  let factor = inverseSqrt(total(lane, dot(squares, vec4f(1))) / width + uniforms.eps);`;

const meanCode = `
  shift = xAt(start, 0).x;
  var distances = vec4f(0);
  for (var c = lane; c < vectors; c += 64) {
    distances += select(vec4f(0), xAt(start, c) - shift, places + 4 * c < vec4i(uniforms.width));
  }
  mean = total(lane, dot(distances, vec4f(1))) / width;`;
