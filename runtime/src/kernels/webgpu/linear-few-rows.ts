import type { TensorInfo } from '@tensorflow/tfjs';
import type { ProjectionAttributes } from '../projection.js';
import type { GpuBackend } from './backend.js';
import { type ChosenTask, chooseSlot, chosenConstants, chosenIntegers, ofExpert } from './chosen-code.js';
import { dispatch, type Operand } from './dispatch.js';
import { elementsOf, workgroupsFor } from './kernel.js';
import { codeWithSubgroups, foursOfSubgroups } from './linear-few-rows-subgroups.js';
import { inputCode } from './linear-norm.js';
import { mainOf64, workgroupIndex } from './vectors.js';

/** x [rows, width] · weightᵀ [width, outputs] and what stands around it, as linear.ts prepares it. */
export interface LinearTask extends Pick<ProjectionAttributes, 'norm' | 'eps' | 'gated'> {
  readonly rows: number;
  readonly width: number;
  /** Of each layer. */
  readonly outputs: readonly number[];
  /** Where gain, offset and biases begin that are one array. */
  readonly starts: Readonly<Record<string, number>>;
  /** The number of the activation that `code` has. */
  readonly activation: number;
  readonly reads: Readonly<Record<string, Operand>>;
  readonly writes: Readonly<Record<string, Operand & { readonly of: TensorInfo }>>;
  /** Where each row has a layer of its own: its expert's. */
  readonly chosen?: ChosenTask;
  readonly code: () => string;
}

/** What is baked into the code. */
export function linearConstants({ norm, gated, activation, chosen }: LinearTask): Record<string, number> {
  const constants = { ACTIVATION: activation, NORM: ['none', 'layer', 'rms'].indexOf(norm), GATED: Number(gated) };
  return { ...constants, ...chosenConstants(chosen) };
}

/** The uniforms, floats apart. */
export function linearIntegers({ rows, width, outputs, starts, chosen }: LinearTask): Record<string, number> {
  const ofParts = Object.fromEntries(outputs.map((n, i) => [`outputs${i}`, n]));
  return { rows, width, step: elementsOf(width, width), ...ofParts, ...starts, ...chosenIntegers(chosen) };
}

/** Outputs of a workgroup: four of each thread, which have its part of x in common. */
const tile = 16;

/**
 * A product with the weight read once, which is all that it costs: 16 threads for each output, or, where the device has them,
 * subgroups, whose sums need no workgroup memory.
 */
export function linearOfFewRows(task: LinearTask, backend: GpuBackend): void {
  const { outputs, gated, chosen } = task;
  // One shader for one, two, four and eight rows: the last one stands in for those that are not there.
  const rows = 2 ** Math.ceil(Math.log2(task.rows));
  const fours = foursOfSubgroups(backend.device);
  const size = fours === undefined ? tile : 4 * fours;
  const [x, y] = workgroupsFor(Math.ceil(Math.max(...outputs) / (gated ? size / 2 : size)));
  dispatch(backend, {
    name: chosen ? 'linear of few slots' : 'linear of few rows',
    subgroups: fours !== undefined,
    constants: { ROWS: rows, ...(fours === undefined ? {} : { FOURS: fours }), ...linearConstants(task) },
    reads: task.reads,
    writes: task.writes,
    integers: linearIntegers(task),
    floats: task.norm === 'none' ? {} : { eps: task.eps },
    workgroups: [x, y, chosen ? chosen.pairs : gated ? 1 : outputs.length],
    code: () =>
      `${task.code()}\n${inputCode(task, rows, 64 / rows)}\n${(fours === undefined ? code : codeWithSubgroups)({ ...task, rows })}`,
  });
}

/** WGSL of which layer a workgroup computes: by its number on the third axis, where that is not the slot. */
export const partOf = ({ chosen }: LinearTask): string =>
  chosen ? `let part = 0;\n  ${chooseSlot}` : 'let part = i32(group.z);';

/** `sum0`, `sum1`, …: the products of each row with four rows of weights, so far 0. */
export const sumsOf = (rows: number): string => eachRow(rows, (r) => `var sum${r} = vec4f(0);`);

/**
 * Adds to these sums what a thread has of them: every `step`-th vector from `first` on, with the rows of weights that begin at
 * `place`; of a gated pair the first two are of its first layer.
 */
export function productsOf({ rows, outputs, gated }: LinearTask, first: string, step: string): string {
  const products = (one: number, other: number) => `
  for (var c = ${first}; c < (uniforms.width + 3) / 4; c += ${step}) {
    let w0 = weight${one}At(place.x, c);
    let w1 = weight${one}At(place.y, c);
    let w2 = weight${other}At(place.z, c);
    let w3 = weight${other}At(place.w, c);
    ${eachRow(
      rows,
      (r) => `
    let x${r} = inputAt(${r}, ${r === 0 ? '0' : `min(${r}, uniforms.rows - 1)`}, c);
    sum${r} += vec4f(dot(w0, x${r}), dot(w1, x${r}), dot(w2, x${r}), dot(w3, x${r}));`,
    )}
  }`;
  if (gated) return products(0, 1);
  return outputs.map((_, i) => `if (part == ${i}) {${products(i, i)}\n  }`).join(' else ');
}

function eachRow(rows: number, text: (r: number) => string): string {
  return Array.from({ length: rows }, (_, r) => text(r)).join('\n    ');
}

const code = (task: LinearTask) => {
  const { rows, gated } = task;
  return `
${workgroupIndex}

/** Sums of each thread: [row][outputs n, n + 4, n + 8, n + 12][thread]. */
var<workgroup> parts: array<vec4f, 64 * ROWS>;

${mainOf64}
  let lane = i32(thread);
  ${partOf(task)}
  let first = workgroupIndex(group, groups) * ${gated ? tile / 2 : tile};
  if (first >= outputsOf(part)) { return; }
  findNorms(lane, 0);
  // Behind the last output the last one is read again, and not written. Of a gated pair both have the same outputs.
  let places = ${gated ? 'vec4i(0, 4, 0, 4)' : 'vec4i(0, 4, 8, 12)'} + first + lane / 16;
  let place = min(places, vec4i(outputsOf(part) - 1)) * uniforms.step${ofExpert(task)};
  ${sumsOf(rows)}
  ${productsOf(task, 'lane % 16', '16')}
  ${eachRow(rows, (r) => `parts[${64 * r} + lane] = sum${r};`)}
  workgroupBarrier();
  if (lane >= 4 * ROWS) { return; }
  let row = lane / 4;
  var products = vec4f(0);
  for (var i = 0; i < 16; i++) { products += parts[row * 64 + lane % 4 * 16 + i]; }
  for (var j = 0; j < ${gated ? 2 : 4}; j++) {
    let at = first + 4 * j + lane % 4;
    if (at < outputsOf(part) && row < uniforms.rows) { ${gated ? 'finishPair(row, at, products[j], products[j + 2]);' : 'finish(part, row, at, products[j]);'} }
  }
}
`;
};
