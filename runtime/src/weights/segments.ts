import { arrangementFrom, passesThrough } from './axes.js';
import type { Branch, WeightUse } from './branch.js';
import type { SingleStep } from './map.js';
import type { TensorRead } from './resolve.js';
import { elements, shapeAfter } from './steps.js';

type Shape = readonly number[];

/** Consecutive elements of a tensor of the file and the weights that they alone fill. */
export interface Segment {
  readonly file: string;
  /** Copies that must be equal. */
  readonly ties: readonly string[];
  /** In elements of the tensor. */
  readonly begin: number;
  readonly end: number;
  /** The elements as a tensor, as `branches` see it. */
  readonly shape: Shape;
  readonly branches: readonly Branch[];
  /** The weight whose values these are as they stand: nothing has to be held to fill it. */
  readonly direct?: WeightUse;
}

/**
 * The parts of a tensor that can be read one after the other without the others: the copies of a stack, the blocks of
 * packed projections, the rows of a table. Where weights share elements it is the whole tensor.
 */
export function segmentsOf({ file, ties, branches }: TensorRead, whole: Shape): Segment[] {
  const own = branches.flatMap((branch) => branchSegments(branch, whole)).sort((a, b) => a.begin - b.begin);
  const overlap = own.some(({ begin }, i) => i > 0 && begin < (own[i - 1]?.end ?? 0));
  if (!overlap) return own.map((segment) => ({ file, ties, ...segment }));
  return [{ file, ties, begin: 0, end: elements(whole), shape: whole, branches }];
}

type Part = Omit<Segment, 'file' | 'ties'>;

function branchSegments({ copy, before, unpack, after, uses }: Branch, whole: Shape): Part[] {
  const slice = copy === undefined ? whole : whole.slice(1);
  const narrowed = narrow(before, { begin: (copy ?? 0) * elements(slice), shape: slice });
  if (unpack === undefined || unpack.outer !== 1 || narrowed.steps.length > 0) {
    const steps = unpack === undefined ? { before: [], after: narrowed.steps } : { before: narrowed.steps, after };
    return [part(narrowed, { ...steps, uses, ...(unpack && { unpack }) })];
  }
  const row = unpack.inner * elements(narrowed.shape.slice(1));
  let { begin } = narrowed;
  return unpack.parts.flatMap(({ name, size }) => {
    const shape = [size * unpack.inner, ...narrowed.shape.slice(1)];
    const place = narrow(after, { begin, shape });
    begin += size * row;
    const used = uses.filter((use) => use.part === name).map(({ part: _, ...use }) => use);
    return used.map((use) => part(place, { before: [], after: place.steps, uses: [use] }));
  });
}

interface Place {
  readonly begin: number;
  readonly shape: Shape;
}

function part({ begin, shape }: Place, branch: Branch): Part {
  const { unpack, before, after, uses } = branch;
  const [only] = uses;
  const isDirect = unpack === undefined && before.length + after.length === 0 && uses.length === 1;
  const end = begin + elements(shape);
  return { begin, end, shape, branches: [branch], ...(isDirect && only && { direct: only }) };
}

/** Follows the steps that only choose consecutive elements, or only say how they are seen; `steps` are the others. */
function narrow(steps: readonly SingleStep[], from: Place): Place & { readonly steps: readonly SingleStep[] } {
  let { begin, shape } = from;
  for (const [i, step] of steps.entries()) {
    const next = shapeAfter(step, shape);
    if (typeof next === 'string' || !(step.kind === 'rows' || keepsOrder(step, shape))) {
      return { begin, shape, steps: steps.slice(i) };
    }
    if (step.kind === 'rows') begin += step.begin * elements(shape.slice(1));
    shape = next;
  }
  return { begin, shape, steps: [] };
}

/** Whether a step leaves every element where it is. */
function keepsOrder(step: SingleStep, shape: Shape): boolean {
  switch (step.kind) {
    case 'reshape':
      return true;
    case 'transpose':
      return shape.length === 1;
    case 'axes': {
      if (passesThrough(step, shape.length, 'before')) return true;
      const arrangement = arrangementFrom(step, shape);
      if (typeof arrangement === 'string') return false;
      const { sizes, order } = arrangement;
      const moving = order.filter((axis) => sizes[axis] !== 1);
      return moving.every((axis, i) => i === 0 || axis > (moving[i - 1] ?? 0));
    }
    default:
      return false;
  }
}
