// @ts-check
// Weights of a safetensors file as tensors, one by one, for code that arranges them itself.
import fs from 'node:fs';
import * as tf from '@tensorflow/tfjs';
/** @import { Tensor1D } from '@tensorflow/tfjs' */

export class WeightFile {
  /** @type {number} */
  #file;
  /** @type {Record<string, { shape: number[], data_offsets: [number, number] }>} */
  #header;
  #start = 0;

  /** @param {string} file */
  constructor(file) {
    this.#file = fs.openSync(file, 'r');
    const length = Number(this.#bytes(0, 8).readBigUInt64LE());
    this.#start = 8 + length;
    this.#header = JSON.parse(this.#bytes(8, length).toString());
  }

  close() {
    fs.closeSync(this.#file);
  }

  /** How many copies a repeat has. */
  count(/** @type {string} */ label) {
    const copies = Object.keys(this.#header).flatMap((name) => name.match(`^${label}\\.(\\d+)\\.`)?.[1] ?? []);
    if (copies.length === 0) throw new Error(`the weights have no '${label}'`);
    return new Set(copies).size;
  }

  /** @param {string} name */
  tensor(name) {
    const { numbers, shape } = this.#read(name);
    return tf.tensor(numbers, shape, 'float32');
  }

  vector(/** @type {string} */ name) {
    return /** @type {Tensor1D} */ (this.tensor(name));
  }

  /** A matrix [out, in] as [in, out], which products want. */
  transposed(/** @type {string} */ name) {
    return this.#sideBySide([name]);
  }

  /**
   * The weights of a linear layer; those of several side by side.
   * @param {readonly string[]} names
   */
  dense(...names) {
    const bias = tf.tidy(() => tf.concat(names.map((name) => this.vector(`${name}.bias`))));
    return { kernel: this.#sideBySide(names.map((name) => `${name}.weight`)), bias };
  }

  /** @param {string} name */
  norm(name) {
    return { scale: this.vector(`${name}.weight`), shift: this.vector(`${name}.bias`) };
  }

  /**
   * Turned round before tfjs has them: its memory never shrinks again.
   * @param {readonly string[]} names of matrices [out, in]
   */
  #sideBySide(names) {
    const matrices = names.map((name) => this.#read(name));
    const rows = matrices[0]?.shape[1] ?? 0;
    const columns = matrices.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
    const turned = new Float32Array(rows * columns);
    let at = 0;
    for (const { numbers } of matrices)
      for (let from = 0; from < numbers.length; from += rows, at++)
        for (let i = 0; i < rows; i++) turned[i * columns + at] = numbers[from + i] ?? 0;
    return tf.tensor2d(turned, [rows, columns]);
  }

  /** @param {string} name */
  #read(name) {
    const entry = this.#header[name];
    if (!entry) throw new Error(`the weights have no '${name}'`);
    const [from, to] = entry.data_offsets;
    const { buffer, byteOffset, byteLength } = this.#bytes(this.#start + from, to - from);
    return { numbers: new Float32Array(buffer, byteOffset, byteLength / 4), shape: entry.shape };
  }

  /**
   * @param {number} position
   * @param {number} length
   */
  #bytes(position, length) {
    const bytes = Buffer.from(new ArrayBuffer(length));
    fs.readSync(this.#file, bytes, 0, length, position);
    return bytes;
  }
}
