import type { TensorEntry } from './safetensors.js';
import { SafetensorsError } from './safetensors-error.js';
import type { ByteSource } from './source.js';

type Shape = readonly number[];

/** One tensor as it stands in a file. */
export interface TensorPlace {
  readonly source: ByteSource;
  readonly entry: TensorEntry;
}

/**
 * A tensor whose numbers have few bits and whose blocks have scales in a tensor beside it; a number is value · scale. Two forms
 * are known by their names: `X_blocks` with `X_scales`, bytes both, are MXFP4 (two numbers of E2M1 in a byte, a scale of E8M0
 * for every 32), where X has its last two axes the other way round; `X` of F8_E4M3 has its scales in `X_scale_inv`.
 */
export interface Quantised {
  readonly format: 'MXFP4' | 'F8_E4M3';
  readonly values: TensorPlace;
  readonly scales: TensorPlace;
  /** Of the numbers, as they lie in the file. */
  readonly shape: Shape;
  /** How many numbers along each axis share a scale. */
  readonly blocks: Shape;
}

/** Numbers that share a scale, and the bytes that they take. */
const MXFP4_BLOCK = 32;
const MXFP4_BYTES = MXFP4_BLOCK / 2;

/**
 * The quantised tensors of a checkpoint by the names of what they hold. Throws {@link SafetensorsError} TFM5117 where scales are
 * missing, or do not fit; bytes that only have the name of blocks are no quantised tensor.
 */
export function quantisedTensors(places: ReadonlyMap<string, TensorPlace>): Map<string, Quantised> {
  const found = new Map<string, Quantised>();
  for (const [name, values] of places) {
    if (values.entry.dtype === 'F8_E4M3') found.set(name, fp8(name, values, places));
    const held = name.replace(/_blocks$/, '');
    const scales = places.get(`${held}_scales`);
    if (held === name || places.has(held) || scales === undefined) continue;
    if (values.entry.dtype === 'U8' && scales.entry.dtype === 'U8') found.set(held, mxfp4(values, scales));
  }
  return found;
}

function mxfp4(values: TensorPlace, scales: TensorPlace): Quantised {
  const { name, shape: packed } = values.entry;
  const outer = packed.slice(0, -1);
  const { name: scalesName, shape: given } = scales.entry;
  if (packed.length < 3 || packed.at(-1) !== MXFP4_BYTES) {
    throw misfit(values, `'${name}' ${text(packed)} is not MXFP4: its last axis has ${MXFP4_BYTES} bytes, a block`);
  }
  if (text(outer) !== text(given)) {
    throw misfit(scales, `'${scalesName}' ${text(given)} has not the scales of '${name}', which are ${text(outer)}`);
  }
  const shape = [...outer.slice(0, -1), (outer.at(-1) ?? 1) * MXFP4_BLOCK];
  const blocks = [...outer.slice(0, -1).map(() => 1), MXFP4_BLOCK];
  return { format: 'MXFP4', values, scales, shape, blocks };
}

function fp8(name: string, values: TensorPlace, places: ReadonlyMap<string, TensorPlace>): Quantised {
  const { shape } = values.entry;
  const scales = places.get(`${name}_scale_inv`);
  if (scales === undefined) {
    const help = 'convert the checkpoint to F32, BF16 or F16 where it has scales of another kind';
    throw misfit(values, `tensor '${name}' is F8_E4M3 without scales: there is no '${name}_scale_inv'`, help);
  }
  const given = scales.entry.shape;
  const count = given.reduce((product, size) => product * size, 1);
  const blocks = count === 1 ? shape : shape.map((size, axis) => blockSize(size, given[axis] ?? 0));
  if ((count !== 1 && given.length !== shape.length) || blocks.includes(0)) {
    const wanted = 'one for each block, whose sides are powers of two';
    const message = `'${scales.entry.name}' ${text(given)} has not the scales of '${name}' ${text(shape)}: ${wanted}`;
    throw misfit(scales, message);
  }
  return { format: 'F8_E4M3', values, scales, shape, blocks };
}

/**
 * The power of two that cuts `size` into `count` blocks, of which the last may be smaller: there is one at most. 0 where there
 * is none.
 */
function blockSize(size: number, count: number): number {
  if (count === 1) return Math.max(1, size);
  let block = 1;
  while (Math.ceil(size / block) > count) block *= 2;
  return Math.ceil(size / block) === count ? block : 0;
}

const SAME_DOWNLOAD = 'are weights and scales of the same download?';

function misfit({ source }: TensorPlace, message: string, help = SAME_DOWNLOAD): SafetensorsError {
  return new SafetensorsError('TFM5117', `${source.name}: ${message}`, help);
}

function text(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}
