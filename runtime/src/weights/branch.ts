import type { Binding } from './bind.js';
import type { MapStep, SingleStep, UnpackStep } from './map.js';
import { applyStep, elements, shapeAfter, shapeBefore, undoStep } from './steps.js';
import { packedShape, partShape, putPart, takePart } from './unpack.js';

type Shape = readonly number[];

/** One weight that a branch fills. */
export interface WeightUse {
  readonly path: string;
  /** Of the weight, or of one row of it. */
  readonly shape: Shape;
  /** Its part, where the steps unpack. */
  readonly part?: string;
  /** The row that is filled, of so many. */
  readonly row?: RowOf;
}

/** One row of a weight whose rows are tensors of their own. */
export interface RowOf {
  readonly index: number;
  readonly count: number;
}

/** The way from one tensor of a file (or one slice of a stacked one) to the weights that it fills. */
export interface Branch {
  /** The slice along the first axis. */
  readonly copy?: number;
  readonly before: readonly SingleStep[];
  readonly unpack?: UnpackStep;
  /** The steps after `unpack`, done to every part. */
  readonly after: readonly SingleStep[];
  readonly uses: readonly WeightUse[];
}

/** A weight with its values. `data` may be a view, or be shared with another weight: copy it to change it. */
export interface LoadedWeight {
  readonly path: string;
  readonly data: Float32Array;
  readonly shape: Shape;
  readonly row?: RowOf;
}

/** The branches of the bindings of one tensor: those of one rule and one copy go together. */
export function makeBranches(bindings: readonly Binding[]): Branch[] {
  const groups = new Map<string, Binding[]>();
  const rules = [...new Set(bindings.map(({ rule }) => rule))];
  for (const [i, binding] of bindings.entries()) {
    // Without unpack every weight goes its own way.
    const key = `${rules.indexOf(binding.rule)} ${binding.copy} ${binding.part === undefined ? i : ''}`;
    groups.set(key, [...(groups.get(key) ?? []), binding]);
  }
  return [...groups.values()].map((group) => makeBranch(group));
}

function makeBranch(group: readonly Binding[]): Branch {
  const copy = group[0]?.copy;
  const steps: readonly MapStep[] = group[0]?.rule?.steps ?? [];
  const split = steps.findIndex(({ kind }) => kind === 'unpack');
  const unpack = steps[split];
  return {
    ...(copy === undefined ? {} : { copy }),
    before: steps.slice(0, split === -1 ? steps.length : split).filter(isSingle),
    ...(unpack?.kind === 'unpack' ? { unpack } : {}),
    after: split === -1 ? [] : steps.slice(split + 1).filter(isSingle),
    uses: group.map(({ weight, part, row }) => ({
      path: weight.path,
      shape: row === undefined ? weight.shape : weight.shape.slice(1),
      ...(part === undefined ? {} : { part }),
      ...(row === undefined ? {} : { row: { index: row, count: weight.shape[0] ?? 1 } }),
    })),
  };
}

function isSingle(step: MapStep): step is SingleStep {
  return step.kind !== 'unpack';
}

/**
 * Why a tensor of this shape does not become the weight, with the shape after every step; undefined where it does.
 * `shape` is that of the slice, where the tensor is stacked.
 */
export function misfit(branch: Branch, use: WeightUse, shape: Shape): string | undefined {
  const trace = [`[${shape.join(', ')}] in the file`];
  let current: Shape | string = shape;
  const follow = (name: string, next: Shape | string): string | undefined => {
    if (typeof next === 'string') return `${trace.join(', ')}; ${name}: ${next}`;
    current = next;
    trace.push(`[${next.join(', ')}] after ${name}`);
    return undefined;
  };
  for (const step of branch.before) {
    const problem = follow(step.kind, shapeAfter(step, current));
    if (problem !== undefined) return problem;
  }
  if (branch.unpack !== undefined && use.part !== undefined) {
    const problem = follow(`unpack (${use.part})`, partShape(branch.unpack, use.part, current));
    if (problem !== undefined) return problem;
  }
  for (const step of branch.after) {
    const problem = follow(step.kind, shapeAfter(step, current));
    if (problem !== undefined) return problem;
  }
  return sameShape(current, use.shape) ? undefined : trace.join(', ');
}

/** The branch for a tensor of this shape that lies with its last two axes the other way round in the file. */
export function asTransposed(branch: Branch, shape: Shape): Branch {
  const rank = branch.copy === undefined ? shape.length : shape.length - 1;
  const [first, ...others] = branch.before;
  // Two of them are none.
  if (rank === 2 && first?.kind === 'transpose') return { ...branch, before: others };
  const axes = Array.from({ length: rank }, (_, axis) => `a${axis}`);
  const swapped = [...axes.slice(0, -2), ...axes.slice(-2).reverse()];
  const turn: SingleStep = { kind: 'axes', pattern: `${axes.join(' ')} -> ${swapped.join(' ')}` };
  return { ...branch, before: [turn, ...branch.before] };
}

/** The weights that a branch makes of a tensor of this shape. Shapes must have been checked with {@link misfit}. */
export function* applyBranch(branch: Branch, whole: Float32Array, wholeShape: Shape): Generator<LoadedWeight> {
  let shape = branch.copy === undefined ? wholeShape : wholeShape.slice(1);
  let data = branch.copy === undefined ? whole : slice(whole, branch.copy, elements(shape));
  for (const step of branch.before) {
    data = applyStep(step, data, shape);
    shape = known(shapeAfter(step, shape));
  }
  for (const use of branch.uses) {
    let part = data;
    let partial = shape;
    if (branch.unpack !== undefined && use.part !== undefined) {
      part = takePart(branch.unpack, use.part, data, shape);
      partial = known(partShape(branch.unpack, use.part, shape));
    }
    for (const step of branch.after) {
      part = applyStep(step, part, partial);
      partial = known(shapeAfter(step, partial));
    }
    yield { path: use.path, data: part, shape: use.shape, ...(use.row && { row: use.row }) };
  }
}

/** The shape that the tensor (or its slice) must have had; a text says why it is not known. */
export function sourceShape(branch: Branch): Shape | string {
  let shape: Shape | undefined;
  for (const use of branch.uses) {
    let own: Shape | string = use.shape;
    for (const step of branch.after.toReversed()) if (typeof own !== 'string') own = shapeBefore(step, own);
    if (branch.unpack !== undefined && use.part !== undefined && typeof own !== 'string') {
      own = packedShape(branch.unpack, use.part, own);
    }
    for (const step of branch.before.toReversed()) if (typeof own !== 'string') own = shapeBefore(step, own);
    if (typeof own === 'string') return own;
    if (shape !== undefined && !sameShape(shape, own)) return 'its parts do not agree on its shape';
    shape = own;
  }
  return shape ?? 'nothing fills it';
}

/** Undoes {@link applyBranch}: the tensor (or slice) of shape `shape`, from the weights that `read` gives. */
export async function undoBranch(
  branch: Branch,
  shape: Shape,
  read: (path: string) => Float32Array | Promise<Float32Array>,
): Promise<Float32Array> {
  const shapes = follow(branch.before, shape);
  const packed = shapes.at(-1) ?? shape;
  let data = new Float32Array(0);
  if (branch.unpack !== undefined) data = new Float32Array(elements(packed));
  for (const use of branch.uses) {
    const isPart = branch.unpack !== undefined && use.part !== undefined;
    const partial = isPart ? known(partShape(branch.unpack, use.part, packed)) : packed;
    const part = undoAll(branch.after, rowOf(use, await read(use.path)), follow(branch.after, partial));
    if (isPart) putPart(branch.unpack, use.part, part, packed, data);
    else data = part as Float32Array<ArrayBuffer>;
  }
  return undoAll(branch.before, data, shapes);
}

function rowOf({ row, shape }: WeightUse, data: Float32Array): Float32Array {
  return row === undefined ? data : slice(data, row.index, elements(shape));
}

/** The shape before every step and after the last. */
function follow(steps: readonly SingleStep[], shape: Shape): Shape[] {
  const shapes = [shape];
  for (const step of steps) shapes.push(known(shapeAfter(step, shapes.at(-1) ?? shape)));
  return shapes;
}

function undoAll(steps: readonly SingleStep[], data: Float32Array, shapes: readonly Shape[]): Float32Array {
  return steps.reduceRight((current, step, i) => undoStep(step, current, shapes[i] ?? []), data);
}

function slice(data: Float32Array, copy: number, size: number): Float32Array {
  return data.subarray(copy * size, (copy + 1) * size);
}

function known(shape: Shape | string): Shape {
  if (typeof shape === 'string') throw new Error(`a shape that was checked does not fit: ${shape}`);
  return shape;
}

/** Whether two shapes are equal. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}
