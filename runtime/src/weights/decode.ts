import { type Dtype, dtypeBytes } from './dtypes.js';
import { decodeBF16, decodeF16 } from './half.js';
import { SafetensorsError } from './safetensors-error.js';

/** A tensor's values in memory: floats as float32, integers as int32, bool as bytes 0 and 1. */
export type TypedArray = Float32Array | Int32Array | Uint8Array;

/** The array that holds `length` values of `dtype` without a needless conversion. */
export function nativeArray(dtype: Dtype, length: number): TypedArray {
  if (dtype === 'BOOL') return new Uint8Array(length);
  if (/^B?F/.test(dtype)) return new Float32Array(length);
  return new Int32Array(length);
}

/**
 * Converts `bytes`, whole elements of `dtype` in little-endian order, into `to` from position `at` on.
 * Into float32 every format converts to the nearest value (exact up to 24 significant bits). Into int32 a value
 * outside its range is TFM5109, and floats are refused by the types of the callers. `tensor` is for messages.
 */
export function decodeInto(dtype: Dtype, bytes: Uint8Array, to: TypedArray, at: number, tensor: string): void {
  const count = bytes.length / dtypeBytes(dtype);
  const source = aligned(bytes, dtypeBytes(dtype));
  const { buffer, byteOffset } = source;
  if (to instanceof Float32Array) {
    if (dtype === 'F16') return decodeF16(new Uint16Array(buffer, byteOffset, count), to, at);
    if (dtype === 'BF16') return decodeBF16(new Uint16Array(buffer, byteOffset, count), to, at);
  }
  switch (dtype) {
    case 'F32':
      return to.set(new Float32Array(buffer, byteOffset, count), at);
    case 'F64':
      return to.set(new Float64Array(buffer, byteOffset, count), at);
    case 'I8':
      return to.set(new Int8Array(buffer, byteOffset, count), at);
    case 'I16':
      return to.set(new Int16Array(buffer, byteOffset, count), at);
    case 'I32':
      return to.set(new Int32Array(buffer, byteOffset, count), at);
    case 'U8':
      return to.set(source, at);
    case 'U16':
      return to.set(new Uint16Array(buffer, byteOffset, count), at);
    case 'U32':
      return decodeU32(new Uint32Array(buffer, byteOffset, count), to, at, tensor);
    case 'I64':
    case 'U64':
      return decode64(new Uint32Array(buffer, byteOffset, 2 * count), dtype === 'I64', to, at, tensor);
    case 'BOOL':
      return decodeBool(source, to, at);
    default:
      throw new Error(`${dtype} does not convert to ${to.constructor.name}`);
  }
}

/** A view can only start at a multiple of its element's width; bytes that do not are copied. */
function aligned(bytes: Uint8Array, width: number): Uint8Array {
  const step = Math.min(width, 8);
  return bytes.byteOffset % step === 0 ? bytes : bytes.slice();
}

function decodeU32(from: Uint32Array, to: TypedArray, at: number, tensor: string): void {
  if (to instanceof Float32Array) return to.set(from, at);
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
