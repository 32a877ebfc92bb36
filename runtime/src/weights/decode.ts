import { type Dtype, dtypeBytes } from './dtypes.js';
import { decodeE4M3, powerOfE8M0 } from './float8.js';
import { decodeBF16, decodeF16 } from './half.js';
import { SafetensorsError } from './safetensors-error.js';

/** A tensor's values in memory: floats as float32, integers as int32, bool as bytes 0 and 1. */
export type TypedArray = Float32Array | Int32Array | Uint8Array;

/** The formats that JavaScript has an array for, which converts as it copies. */
const VIEWS = {
  F64: Float64Array,
  F32: Float32Array,
  I32: Int32Array,
  I16: Int16Array,
  I8: Int8Array,
  U32: Uint32Array,
  U16: Uint16Array,
  U8: Uint8Array,
} as const;

/** The array that holds `length` values of `dtype` without a needless conversion. */
export function nativeArray(dtype: Dtype, length: number): TypedArray {
  if (dtype === 'BOOL') return new Uint8Array(length);
  if (/^B?F/.test(dtype)) return new Float32Array(length);
  return new Int32Array(length);
}

/**
 * Converts `bytes`, whole elements of `dtype` in little-endian order, into `to` from position `at` on.
 * Into float32 every format converts to the nearest value (exact up to 24 significant bits). Into int32 a value
 * outside its range is TFM5109; integer targets are for integer formats only. `tensor` is for messages.
 */
export function decodeInto(dtype: Dtype, bytes: Uint8Array, to: TypedArray, at: number, tensor: string): void {
  const count = bytes.length / dtypeBytes(dtype);
  const source = aligned(bytes, dtypeBytes(dtype));
  const buffer = source.buffer as ArrayBuffer;
  const { byteOffset } = source;
  if (dtype === 'F16' || dtype === 'BF16') {
    const halves = new Uint16Array(buffer, byteOffset, count);
    if (!(to instanceof Float32Array)) throw new Error(`${dtype} does not convert to ${to.constructor.name}`);
    if (dtype === 'F16') decodeF16(halves, to, at);
    else decodeBF16(halves, to, at);
  } else if (dtype === 'F8_E4M3' || dtype === 'F8_E8M0') {
    if (!(to instanceof Float32Array)) throw new Error(`${dtype} does not convert to ${to.constructor.name}`);
    if (dtype === 'F8_E4M3') decodeE4M3(source, to, at);
    else for (let i = 0; i < count; i++) to[at + i] = powerOfE8M0(source[i]!);
  } else if (dtype === 'I64' || dtype === 'U64') {
    decode64(new Uint32Array(buffer, byteOffset, 2 * count), dtype === 'I64', to, at, tensor);
  } else if (dtype === 'BOOL') {
    decodeBool(source, to, at);
  } else if (dtype === 'U32' && to instanceof Int32Array) {
    decodeU32(new Uint32Array(buffer, byteOffset, count), to, at, tensor);
  } else {
    to.set(new VIEWS[dtype](buffer, byteOffset, count), at);
  }
}

/** A view can only start at a multiple of its element's width; bytes that do not are copied. */
function aligned(bytes: Uint8Array, width: number): Uint8Array {
  const step = Math.min(width, 8);
  return bytes.byteOffset % step === 0 ? bytes : bytes.slice();
}

function decodeU32(from: Uint32Array, to: Int32Array, at: number, tensor: string): void {
  for (let i = 0; i < from.length; i++) {
    const x = from[i]!;
    if (x > 0x7fffffff) throw rangeError(tensor, x);
    to[at + i] = x;
  }
}

/** `words`: low and high halves in turn. Up to 2^53 the value is exact before it is rounded to float32. */
function decode64(words: Uint32Array, signed: boolean, to: TypedArray, at: number, tensor: string): void {
  const toInt = !(to instanceof Float32Array);
  for (let i = 0; 2 * i < words.length; i++) {
    const high = signed ? words[2 * i + 1]! | 0 : words[2 * i + 1]!;
    const x = high * 2 ** 32 + words[2 * i]!;
    if (toInt && (x > 0x7fffffff || x < -0x80000000)) throw rangeError(tensor, x);
    to[at + i] = x;
  }
}

function decodeBool(from: Uint8Array, to: TypedArray, at: number): void {
  for (let i = 0; i < from.length; i++) to[at + i] = from[i] === 0 ? 0 : 1;
}

function rangeError(tensor: string, x: number): SafetensorsError {
  return new SafetensorsError('TFM5109', `tensor '${tensor}' contains ${x}, which does not fit a 32-bit integer`);
}
