// A formula of elements: a list of operations on strips of numbers, which stay in the first cache.
import { tanh } from './math';
import { floats, splat } from './simd';
import { exp, log, sigmoid } from './wide-math';

/** Numbers of a strip. */
const STRIP: i32 = 256;
const STRIP_BYTES: usize = 1024;

/** The scratch that a formula with so many registers needs: an address and a strip for each. */
export function formulaScratch(registers: i32): i32 {
  return (registers << 2) + 15 + registers * <i32>STRIP_BYTES;
}

// As in runtime/src/kernels/wasm/formula-program.ts.
const ADD: i32 = 0;
const SUBTRACT: i32 = 1;
const MULTIPLY: i32 = 2;
const DIVIDE: i32 = 3;
const MINIMUM: i32 = 4;
const MAXIMUM: i32 = 5;
const EQUAL: i32 = 6;
const NOT_EQUAL: i32 = 7;
const LESS: i32 = 8;
const LESS_EQUAL: i32 = 9;
const AND: i32 = 10;
const OR: i32 = 11;
const IF: i32 = 12;
const NOT: i32 = 13;
const FLOOR: i32 = 14;
const CEIL: i32 = 15;
const ROUND: i32 = 16;
const SQRT: i32 = 17;
const EXP: i32 = 18;
const LOG: i32 = 19;
const ABS: i32 = 20;
const TANH: i32 = 21;
const SIGMOID: i32 = 22;

/** One operation: what it does, and the registers that it reads and writes. */
@unmanaged
class Operation {
  operator: i32;
  a: i32;
  b: i32;
  c: i32;
  to: i32;
}

/** A tensor: number i of the result reads number ⌊i / each⌋ mod count, or, where `each` is 0, number i. */
@unmanaged
class Operand {
  at: usize;
  each: i32;
  count: i32;
}

/**
 * Numbers [from, to) of y by the operations at `program`. Behind these are the operands, which are the first registers, and constants, which
 * are the next ones. The last operation makes the result.
 */
export function formula(
  program: usize, operations: i32, operands: i32, constants: i32, y: usize, scratch: usize, registers: i32, from: i32, to: i32,
): void {
  const tensors = program + <usize>operations * offsetof<Operation>();
  const numbers = tensors + <usize>operands * offsetof<Operand>();
  const strips = (scratch + floats(registers) + 15) & ~15;
  for (let r = 0; r < registers; r++) store<usize>(scratch + floats(r), strips + <usize>r * STRIP_BYTES);
  for (let k = 0; k < constants; k++)
    fill(load<usize>(scratch + floats(operands + k)), load<f32>(numbers + floats(k)), min(STRIP, (to - from + 3) & ~3));
  const result = changetype<Operation>(tensors - offsetof<Operation>()).to;
  const own = load<usize>(scratch + floats(result));
  for (; from < to; from += STRIP) {
    const count = min(STRIP, to - from);
    // Whole vectors are read and written in their places.
    const isWhole = !(count & 3);
    for (let k = 0; k < operands; k++) {
      const operand = changetype<Operand>(tensors + <usize>k * offsetof<Operand>());
      const strip = strips + <usize>k * STRIP_BYTES;
      if (isWhole && !operand.each) store<usize>(scratch + floats(k), operand.at + floats(from));
      else {
        store<usize>(scratch + floats(k), strip);
        gather(operand, from, count, strip);
      }
    }
    store<usize>(scratch + floats(result), isWhole ? y + floats(from) : own);
    const bytes = floats((count + 3) & ~3);
    for (let at = program; at < tensors; at += offsetof<Operation>()) compute(changetype<Operation>(at), scratch, bytes);
    if (!isWhole) memory.copy(y + floats(from), own, floats(count));
  }
}

function fill(to: usize, value: f32, count: i32): void {
  for (const end = to + floats(count); to < end; to += 4) store<f32>(to, value);
}

/** `count` numbers of an operand, those of the result from `from` on. */
function gather(operand: Operand, from: i32, count: i32, to: usize): void {
  if (!operand.each) return memory.copy(to, operand.at + floats(from), floats(count));
  let place = (from / operand.each) % operand.count;
  let left = operand.each - from % operand.each;
  while (count > 0) {
    // Numbers behind each other, or one of them often.
    const run = min(count, operand.each == 1 ? operand.count - place : left);
    if (operand.each == 1) memory.copy(to, operand.at + floats(place), floats(run));
    else fill(to, load<f32>(operand.at + floats(place)), run);
    to += floats(run);
    count -= run;
    left = operand.each;
    place += operand.each == 1 ? run : 1;
    if (place == operand.count) place = 0;
  }
}

function compute(operation: Operation, scratch: usize, bytes: usize): void {
  const a = load<usize>(scratch + floats(operation.a));
  const b = load<usize>(scratch + floats(operation.b));
  const c = load<usize>(scratch + floats(operation.c));
  const to = load<usize>(scratch + floats(operation.to));
  switch (operation.operator) {
    case ADD: return binary<Add>(a, b, to, bytes);
    case SUBTRACT: return binary<Subtract>(a, b, to, bytes);
    case MULTIPLY: return binary<Multiply>(a, b, to, bytes);
    case DIVIDE: return binary<Divide>(a, b, to, bytes);
    case MINIMUM: return binary<Minimum>(a, b, to, bytes);
    case MAXIMUM: return binary<Maximum>(a, b, to, bytes);
    case EQUAL: return binary<Equal>(a, b, to, bytes);
    case NOT_EQUAL: return binary<NotEqual>(a, b, to, bytes);
    case LESS: return binary<Less>(a, b, to, bytes);
    case LESS_EQUAL: return binary<LessEqual>(a, b, to, bytes);
    case AND: return binary<And>(a, b, to, bytes);
    case OR: return binary<Or>(a, b, to, bytes);
    case IF: return choose(a, b, c, to, bytes);
    case NOT: return unary<Not>(a, to, bytes);
    case FLOOR: return unary<Floor>(a, to, bytes);
    case CEIL: return unary<Ceil>(a, to, bytes);
    case ROUND: return unary<Round>(a, to, bytes);
    case SQRT: return unary<Sqrt>(a, to, bytes);
    case EXP: return unary<Exp>(a, to, bytes);
    case LOG: return unary<Log>(a, to, bytes);
    case ABS: return unary<Abs>(a, to, bytes);
    case TANH: return unary<Tanh>(a, to, bytes);
    case SIGMOID: return unary<Sigmoid>(a, to, bytes);
    default: return unary<Sign>(a, to, bytes);
  }
}

// The registers that an operation reads may be the one that it writes.

/** The exit is at the end of the loop, as in activate-rows.ts: functions have many constants. */
@inline function unary<T>(a: usize, to: usize, bytes: usize): void {
  let i: usize = 0;
  do {
    v128.store(to + i, changetype<T>(0).of(v128.load(a + i)));
    i += 16;
  } while (i < bytes);
}

@inline function binary<T>(a: usize, b: usize, to: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16)
    v128.store(to + i, changetype<T>(0).of(v128.load(a + i), v128.load(b + i)));
}

function choose(condition: usize, a: usize, b: usize, to: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16)
    v128.store(to + i, v128.bitselect(v128.load(a + i), v128.load(b + i), isTrue(v128.load(condition + i))));
}

@inline function isTrue(x: v128): v128 {
  return f32x4.ne(x, splat(0));
}

/** 1 where the bits are set, else 0. */
@inline function truth(bits: v128): v128 {
  return v128.and(bits, splat(1));
}

/** 1 with the sign of x; 0 and NaN are their own. */
@inline function sign(x: v128): v128 {
  const one = v128.or(v128.and(x, splat(-0.0)), splat(1));
  return v128.bitselect(one, x, v128.or(f32x4.lt(x, splat(0)), f32x4.gt(x, splat(0))));
}

// Operators as types, so that a loop is compiled for each (see activate-rows.ts).
@unmanaged class Add { @inline of(a: v128, b: v128): v128 { return f32x4.add(a, b); } }
@unmanaged class Subtract { @inline of(a: v128, b: v128): v128 { return f32x4.sub(a, b); } }
@unmanaged class Multiply { @inline of(a: v128, b: v128): v128 { return f32x4.mul(a, b); } }
@unmanaged class Divide { @inline of(a: v128, b: v128): v128 { return f32x4.div(a, b); } }
@unmanaged class Minimum { @inline of(a: v128, b: v128): v128 { return f32x4.min(a, b); } }
@unmanaged class Maximum { @inline of(a: v128, b: v128): v128 { return f32x4.max(a, b); } }
@unmanaged class Equal { @inline of(a: v128, b: v128): v128 { return truth(f32x4.eq(a, b)); } }
@unmanaged class NotEqual { @inline of(a: v128, b: v128): v128 { return truth(f32x4.ne(a, b)); } }
@unmanaged class Less { @inline of(a: v128, b: v128): v128 { return truth(f32x4.lt(a, b)); } }
@unmanaged class LessEqual { @inline of(a: v128, b: v128): v128 { return truth(f32x4.le(a, b)); } }
@unmanaged class And { @inline of(a: v128, b: v128): v128 { return truth(v128.and(isTrue(a), isTrue(b))); } }
@unmanaged class Or { @inline of(a: v128, b: v128): v128 { return truth(v128.or(isTrue(a), isTrue(b))); } }
@unmanaged class Not { @inline of(x: v128): v128 { return truth(v128.not(isTrue(x))); } }
@unmanaged class Floor { @inline of(x: v128): v128 { return f32x4.floor(x); } }
@unmanaged class Ceil { @inline of(x: v128): v128 { return f32x4.ceil(x); } }
@unmanaged class Round { @inline of(x: v128): v128 { return f32x4.nearest(x); } }
@unmanaged class Sqrt { @inline of(x: v128): v128 { return f32x4.sqrt(x); } }
@unmanaged class Exp { @inline of(x: v128): v128 { return exp(x); } }
@unmanaged class Log { @inline of(x: v128): v128 { return log(x); } }
@unmanaged class Abs { @inline of(x: v128): v128 { return f32x4.abs(x); } }
@unmanaged class Tanh { @inline of(x: v128): v128 { return tanh(x); } }
@unmanaged class Sigmoid { @inline of(x: v128): v128 { return sigmoid(x); } }
@unmanaged class Sign { @inline of(x: v128): v128 { return sign(x); } }
