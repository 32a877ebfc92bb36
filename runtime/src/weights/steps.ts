import { arrangementFrom, arrangementTo, passesThrough } from './axes.js';
import type { SingleStep } from './map.js';
import { permute } from './permute.js';

type Shape = readonly number[];

/** The number of elements of a tensor of this shape. */
export function elements(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A list whose last two items have changed places: a shape, or axes. */
export function lastTwoSwapped(list: readonly number[]): number[] {
  return [...list.slice(0, -2), ...list.slice(-2).reverse()];
}

/** The shape that a step makes of `shape`; a text says why it cannot. */
export function shapeAfter(step: SingleStep, shape: Shape): Shape | string {
  switch (step.kind) {
    case 'transpose':
      return transposed(shape);
    case 'reshape':
      if (elements(step.shape) === elements(shape)) return step.shape;
      return `[${shape.join(', ')}] has ${elements(shape)} elements, [${step.shape.join(', ')}] has ${elements(step.shape)}`;
    case 'axes': {
      if (passesThrough(step, shape.length, 'before')) return shape;
      const arrangement = arrangementFrom(step, shape);
      return typeof arrangement === 'string' ? arrangement : arrangement.after;
    }
    case 'add':
      return shape;
    case 'rows':
      if (shape[0] !== undefined && step.begin >= 0 && step.begin <= step.end && step.end <= shape[0]) {
        return [step.end - step.begin, ...shape.slice(1)];
      }
      return `[${shape.join(', ')}] has no rows ${step.begin} to ${step.end}`;
  }
}

/** The shape from which a step makes `shape`; a text says why it is not known. */
export function shapeBefore(step: SingleStep, shape: Shape): Shape | string {
  switch (step.kind) {
    case 'transpose':
      return transposed(shape);
    case 'reshape':
      return 'the shape before reshape is not known without a file to write alike (axes keeps it: axes("1 n -> n"))';
    case 'axes': {
      if (passesThrough(step, shape.length, 'after')) return shape;
      const arrangement = arrangementTo(step, shape);
      return typeof arrangement === 'string' ? arrangement : arrangement.before;
    }
    case 'add':
      return shape;
    case 'rows':
      return [step.end, ...shape.slice(1)];
  }
}

/** Applies a step to a tensor of shape `before`, which it fits. May give `data` itself or a view of it. */
export function applyStep(step: SingleStep, data: Float32Array, before: Shape): Float32Array {
  switch (step.kind) {
    case 'transpose':
      return before.length === 2 ? permute(data, before, [1, 0]) : data;
    case 'reshape':
      return data;
    case 'axes': {
      const arrangement = passesThrough(step, before.length, 'before') ? '' : arrangementFrom(step, before);
      return typeof arrangement === 'string' ? data : permute(data, arrangement.sizes, arrangement.order);
    }
    case 'add':
      return data.map((x) => x + step.value);
    case 'rows': {
      const row = elements(before.slice(1));
      return data.subarray(step.begin * row, step.end * row);
    }
  }
}

/** Undoes {@link applyStep}: `before` is the shape of the result. */
export function undoStep(step: SingleStep, data: Float32Array, before: Shape): Float32Array {
  switch (step.kind) {
    case 'transpose':
      return before.length === 2 ? permute(data, [before[1] ?? 1, before[0] ?? 1], [1, 0]) : data;
    case 'reshape':
      return data;
    case 'axes': {
      const arrangement = passesThrough(step, before.length, 'before') ? '' : arrangementFrom(step, before);
      if (typeof arrangement === 'string') return data;
      const { sizes, order } = arrangement;
      const inverse = order.map((_, axis) => order.indexOf(axis));
      return permute(
        data,
        order.map((axis) => sizes[axis] ?? 1),
        inverse,
      );
    }
    case 'add':
      return data.map((x) => x - step.value);
    case 'rows': {
      const whole = new Float32Array(elements(before));
      whole.set(data, step.begin * elements(before.slice(1)));
      return whole;
    }
  }
}

function transposed(shape: Shape): Shape | string {
  if (shape.length === 1) return shape;
  if (shape.length === 2) return [shape[1] ?? 1, shape[0] ?? 1];
  return `[${shape.join(', ')}] has ${shape.length} axes; transpose is for two, use axes("… -> …")`;
}
