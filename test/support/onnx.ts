import fs from 'node:fs';
import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';

/** A conformance case as it is stored. */
export interface OnnxCase {
  readonly case: string;
  readonly op: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly inputs: Readonly<Record<string, StoredTensor>>;
  readonly outputs: Readonly<Record<string, StoredTensor>>;
}

export interface StoredTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** The format of the base64 bytes. */
  readonly stored: string;
  readonly data: string;
}

const folders = ['onnx-attention', 'onnx-attention-more'].map(
  (name) => new URL(`../fixtures/${name}/`, import.meta.url),
);

export function onnxCases(): OnnxCase[] {
  return folders.flatMap((folder) => {
    const files = fs.readdirSync(folder).filter((file) => file.endsWith('.json'));
    return files.sort().map((file) => JSON.parse(fs.readFileSync(new URL(file, folder), 'utf8')) as OnnxCase);
  });
}

export function numbers({ stored, data }: StoredTensor): number[] {
  const { buffer } = Uint8Array.from(Buffer.from(data, 'base64'));
  if (stored === 'float16') return Array.from(new Uint16Array(buffer), half);
  if (stored === 'bfloat16')
    return Array.from(new Float32Array(Uint32Array.from(new Uint16Array(buffer), (bits) => bits << 16).buffer));
  if (stored === 'float64') return Array.from(new Float64Array(buffer));
  if (stored === 'float32') return Array.from(new Float32Array(buffer));
  if (stored === 'int64') return Array.from(new BigInt64Array(buffer), Number);
  if (stored === 'uint8') return Array.from(new Uint8Array(buffer));
  throw new Error(`no reader for ${stored}`);
}

export function tensor(stored: StoredTensor): Tensor {
  return tf.tensor(
    numbers(stored),
    [...stored.shape],
    stored.dtype === 'bool' ? 'bool' : stored.dtype === 'int64' ? 'int32' : 'float32',
  );
}

/** The number of a half's bits (IEEE 754, binary16). */
function half(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
