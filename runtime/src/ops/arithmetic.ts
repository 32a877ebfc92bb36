import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { ArithmeticName } from '../kernels/attributes.js';
import { runDirectly } from '../kernels/fused.js';
import { lazyProduct, lazySum } from '../lazy/operators.js';
import { gatedProduct } from './activations.js';

/** An operand of elementwise arithmetic, whose results are float32; axes broadcast from the right. */
export type Operand = Tensor | number;

export const add = (a: Operand, b: Operand): Tensor =>
  ofTensors(lazySum, a, b) ?? direct('add', a, b) ?? direct('add', b, a) ?? onReals(tf.add, a, b);
export const subtract = (a: Operand, b: Operand): Tensor => direct('subtract', a, b) ?? onReals(tf.sub, a, b);
export const multiply = (a: Operand, b: Operand): Tensor =>
  ofTensors(lazyProduct, a, b) ??
  ofTensors(gatedProduct, a, b) ??
  direct('multiply', a, b) ??
  direct('multiply', b, a) ??
  onReals(tf.mul, a, b);
export const divide = (a: Operand, b: Operand): Tensor => direct('divide', a, b) ?? onReals(tf.div, a, b);
export const power = (a: Operand, b: Operand): Tensor => onReals(tf.pow, a, b);
export const minimum = (a: Operand, b: Operand): Tensor =>
  onReals(broadcasts(a, b) ? choosing(tf.minimum) : tf.minimum, a, b);
export const maximum = (a: Operand, b: Operand): Tensor =>
  onReals(broadcasts(a, b) ? choosing(tf.maximum) : tf.maximum, a, b);
export const negate = (x: Tensor): Tensor => tf.neg(x);

export const exp = (x: Tensor): Tensor => tf.exp(x);
export const log = (x: Tensor): Tensor => tf.log(x);
export const sqrt = (x: Tensor): Tensor => tf.sqrt(x);
export const abs = (x: Tensor): Tensor => tf.abs(x);

/** x, not below `low` and not above `high`; whole numbers stay whole, cut off towards 0. */
export function clamp(x: Tensor, { low, high }: { readonly low: number; readonly high: number }): Tensor {
  // On wasm tfjs reads the bits of int32 as those of float32.
  return tf.tidy(() => tf.cast(tf.clipByValue(real(x), low, high), x.dtype));
}

function ofTensors(compute: (a: Tensor, b: Tensor) => Tensor | undefined, a: Operand, b: Operand): Tensor | undefined {
  return typeof a === 'number' || typeof b === 'number' ? undefined : compute(a, b);
}

/** By the kernel of the active backend, where it has one and b is a number or as large as the last axes of a. */
function direct(operator: ArithmeticName, a: Operand, b: Operand): Tensor | undefined {
  if (typeof a === 'number' || (typeof b !== 'number' && !repeats(b.shape, a.shape))) return undefined;
  const [second, value] = typeof b === 'number' ? [undefined, b] : [b, 0];
  return runDirectly('TfmArithmetic', [a, second], { operator, value })?.[0];
}

/** Whether a tensor fits the last axes of another one, of which it does not stretch any. */
function repeats(shape: readonly number[], over: readonly number[]): boolean {
  const first = shape.findIndex((size) => size !== 1);
  const own = first < 0 ? [] : shape.slice(first);
  return shape.length <= over.length && own.every((size, axis) => size === over[over.length - own.length + axis]);
}

type Arithmetic = (a: Operand, b: Operand) => Tensor;

function onReals(compute: Arithmetic, a: Operand, b: Operand): Tensor {
  return tf.tidy(() => compute(real(a), real(b)));
}

/** tfjs makes int32 of the quotient of two int32 tensors, and bool of the sum of two bool ones. */
export function real<T extends Operand>(x: T): T {
  return (typeof x === 'number' || x.dtype === 'float32' ? x : tf.cast(x, 'float32')) as T;
}

function broadcasts(a: Operand, b: Operand): boolean {
  return typeof a !== 'number' && typeof b !== 'number' && !tf.util.arraysEqual(a.shape, b.shape);
}

/** tfjs's gradient of the smaller or larger of two does not add up over axes that broadcast; addition's does. */
function choosing(choose: Arithmetic): Arithmetic {
  return (a, b) => {
    const zeros = tf.zeros(tf.broadcast_util.assertAndGetBroadcastShape(shape(a), shape(b)));
    return choose(tf.add(a, zeros), tf.add(b, zeros));
  };
}

function shape(x: Operand): number[] {
  return typeof x === 'number' ? [] : x.shape;
}
