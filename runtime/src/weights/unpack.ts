import type { UnpackStep } from './map.js';
import { elements } from './steps.js';

type Shape = readonly number[];

/** The shape of one part of a tensor of this shape; a text says why there is none. */
export function partShape(step: UnpackStep, part: string, shape: Shape): Shape | string {
  const { outer, inner } = step;
  const total = totalSize(step);
  const size = step.parts.find(({ name }) => name === part)?.size;
  if (size === undefined) return `unpack has no part '${part}'`;
  if (shape[0] !== outer * total * inner) {
    const parts = `${outer} × (${step.parts.map(({ name, size: own }) => `${name}: ${own}`).join(' + ')}) × ${inner}`;
    return `[${shape.join(', ')}] should have ${parts} = ${outer * total * inner} rows`;
  }
  return [outer * size * inner, ...shape.slice(1)];
}

/** The shape of the tensor whose part has this shape; a text says why there is none. */
export function packedShape(step: UnpackStep, part: string, shape: Shape): Shape | string {
  const { outer, inner } = step;
  const size = step.parts.find(({ name }) => name === part)?.size;
  if (size === undefined) return `unpack has no part '${part}'`;
  if (shape[0] !== outer * size * inner) {
    return `[${shape.join(', ')}] should have ${outer} × ${size} × ${inner} = ${outer * size * inner} rows`;
  }
  return [outer * totalSize(step) * inner, ...shape.slice(1)];
}

/** One part of `data`, which has the shape `packed`. A view where the part lies in one piece. */
export function takePart(step: UnpackStep, part: string, data: Float32Array, packed: Shape): Float32Array {
  const { block, stride, begin } = layout(step, part, packed);
  if (step.outer === 1) return data.subarray(begin, begin + block);
  const to = new Float32Array(step.outer * block);
  for (let o = 0; o < step.outer; o++) {
    to.set(data.subarray(o * stride + begin, o * stride + begin + block), o * block);
  }
  return to;
}

/** Undoes {@link takePart}: writes the part into `to`, which has the shape `packed`. */
export function putPart(step: UnpackStep, part: string, data: Float32Array, packed: Shape, to: Float32Array): void {
  const { block, stride, begin } = layout(step, part, packed);
  for (let o = 0; o < step.outer; o++) to.set(data.subarray(o * block, (o + 1) * block), o * stride + begin);
}

/** In elements: the length of the part's blocks, their distance, and where the first begins. */
function layout(step: UnpackStep, part: string, packed: Shape): { block: number; stride: number; begin: number } {
  const row = step.inner * elements(packed.slice(1));
  let begin = 0;
  for (const { name, size } of step.parts) {
    if (name === part) return { block: size * row, stride: totalSize(step) * row, begin: begin * row };
    begin += size;
  }
  throw new Error(`unpack has no part '${part}'`);
}

function totalSize(step: UnpackStep): number {
  return step.parts.reduce((total, { size }) => total + size, 0);
}
