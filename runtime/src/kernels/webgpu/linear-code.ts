import type { TensorInfo } from '@tensorflow/tfjs';
import type { ActivationName } from '../attributes.js';
import type { ProjectionOperands } from '../projection.js';
import type { Operand } from './dispatch.js';
import { activationCode } from './epilogue.js';
import { vectorType } from './kernel.js';
import { vectorReader } from './vectors.js';

/** Gain, offset and biases as a shader reads them: arrays by their names, or one, `vectors`, with a uniform for where each begins. */
export interface Vectors {
  readonly reads: Readonly<Record<string, Operand>>;
  readonly starts: Readonly<Record<string, number>>;
}

/**
 * WGSL that all linear layers share: `xAt`, `weight<part>At`, `outputsOf(part)`, and what becomes of a product,
 * `finish(part, row, output, product)`, or `finishPair(row, output, first, second)` of a gated pair.
 */
export function linearCode(
  width: number,
  activation: ActivationName,
  { gain, offset, residual, parts }: ProjectionOperands<TensorInfo>,
  { reads }: Vectors,
  gated: boolean,
  isChosen = false,
): string {
  const reader = (name: string) => vectorReader(name, vectorType(width), 'uniforms.width');
  const vector = (name: string) => (reads.vectors ? partReader(name) : reader(name));
  const biasAt = (i: number) => {
    if (isChosen) return `bias${i}[expert * uniforms.outputs${i} + output]`;
    return reads.vectors ? `vectors[uniforms.bias${i}From + output]` : `bias${i}[output]`;
  };
  const place = isChosen ? '(slot + row)' : 'row';
  const bias = (i: number) => (parts[i]?.bias ? ` + ${biasAt(i)}` : '');
  const finishPart = (_: unknown, i: number) => `
  if (part == ${i}) {
    let at = ${place} * uniforms.outputs${i} + output;
    y${i}[at] = activate(product${bias(i)})${residual ? ' + residual[at]' : ''};
  }`;
  const finish = `
fn finish(part: i32, row: i32, output: i32, product: f32) {${parts.map(finishPart).join('')}
}`;
  const finishPair = `
fn finishPair(row: i32, output: i32, first: f32, second: f32) {
  y0[${place} * uniforms.outputs0 + output] = activate(first${bias(0)}) * (second${bias(1)});
}`;
  return [
    activationCode(activation),
    reader('x'),
    ...(gain ? [vector('gain')] : []),
    ...(offset ? [vector('offset')] : []),
    ...parts.map((_, i) => reader(`weight${i}`)),
    byPart('fn outputsOf(part: i32) -> i32', parts.length, (i) => `uniforms.outputs${i}`),
    gated ? finishPair : finish,
  ].join('\n');
}

/** What `vectorReader` makes, of a part of `vectors`. */
const partReader = (name: string) => `
fn ${name}At(start: i32, c: i32) -> vec4f {
  var v = vec4f(0);
  for (var i = 0; i < min(4, uniforms.width - 4 * c); i++) { v[i] = vectors[uniforms.${name}From + start + 4 * c + i]; }
  return v;
}`;

/** A function that chooses by `part`. */
export function byPart(head: string, parts: number, value: (part: number) => string): string {
  const others = Array.from({ length: parts - 1 }, (_, i) => `  if (part == ${i + 1}) { return ${value(i + 1)}; }\n`);
  return `${head} {\n${others.join('')}  return ${value(0)};\n}`;
}
