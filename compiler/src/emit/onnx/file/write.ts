import type { Content, Segment, WeightSegment } from './content.js';
import { isWeight } from './content.js';
import type { Sink } from './sinks.js';

/** A weight with its values, in the shape of the spec. `data` may change when the next weight is asked for. */
interface SourceWeight {
  readonly path: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Where weights come from, in the order that is cheapest there. */
export interface WeightSource {
  /** The paths, in the order in which `read` gives the weights. */
  readonly paths: readonly string[];
  /** Gives every weight once. Can be called again. */
  read(options: { readonly signal?: AbortSignal | undefined }): AsyncIterable<SourceWeight> | Iterable<SourceWeight>;
}

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** `writtenBytes` of the `totalBytes` of all files. */
  readonly onProgress?:
    | ((progress: { readonly writtenBytes: number; readonly totalBytes: number }) => void)
    | undefined;
}

export interface Output {
  readonly content: Content;
  readonly sink: Sink;
}

/**
 * Writes files in one pass over the weights; one weight is held at a time. All files take effect at the end, or none does.
 * Rejects with the error of the source or of a sink, or with the signal's reason.
 */
export async function writeFiles(
  outputs: readonly Output[],
  source: WeightSource,
  { signal, onProgress }: WriteOptions = {},
): Promise<void> {
  const totalBytes = outputs.reduce((total, { content }) => total + content.length, 0);
  let writtenBytes = 0;
  const cursors = outputs.map(({ content, sink }) => {
    const write = async (bytes: Uint8Array): Promise<void> => {
      signal?.throwIfAborted();
      await sink.write(bytes);
      writtenBytes += bytes.length;
      onProgress?.({ writtenBytes, totalBytes });
    };
    return new Cursor(content.segments, sink, write);
  });
  try {
    for (const cursor of cursors) await cursor.writeBytes();
    await writeWeights(cursors, source, signal);
    for (const { sink } of outputs) await sink.finish();
    signal?.throwIfAborted();
    for (const { sink } of outputs) await sink.commit();
  } catch (error) {
    for (const { sink } of outputs) await sink.discard();
    throw error;
  }
}

async function writeWeights(
  cursors: readonly Cursor[],
  source: WeightSource,
  signal: AbortSignal | undefined,
): Promise<void> {
  const isDone = (): boolean => cursors.every((cursor) => cursor.wanted === undefined);
  if (isDone()) return;
  for await (const weight of source.read({ signal })) {
    signal?.throwIfAborted();
    const values = new WeightValues(weight);
    for (const cursor of cursors) await cursor.writeWeight(values);
    if (isDone()) return;
  }
  const missing = cursors.find((cursor) => cursor.wanted !== undefined)?.wanted;
  throw new Error(`the source of the weights gave no '${missing?.weight}'`);
}

/** How far a file has come. */
class Cursor {
  readonly #segments: readonly Segment[];
  readonly #sink: Sink;
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  #next = 0;

  constructor(segments: readonly Segment[], sink: Sink, write: (bytes: Uint8Array) => Promise<void>) {
    this.#segments = segments;
    this.#sink = sink;
    this.#write = write;
  }

  /** The weight that the file waits for. */
  get wanted(): WeightSegment | undefined {
    const segment = this.#segments[this.#next];
    return segment === undefined || this.#sink.isDone || !isWeight(segment) ? undefined : segment;
  }

  /** Writes up to the next weight. */
  async writeBytes(): Promise<void> {
    for (; ; this.#next++) {
      const segment = this.#segments[this.#next];
      if (segment === undefined || isWeight(segment)) return;
      if (segment.length > 0 && !this.#sink.isDone) await this.#write(segment);
    }
  }

  /** Writes the weight wherever the file wants it next, and up to the weight after it. */
  async writeWeight(weight: WeightValues): Promise<void> {
    for (let segment = this.wanted; segment?.weight === weight.path; segment = this.wanted) {
      await this.#write(weight.bytesFor(segment));
      this.#next++;
      await this.writeBytes();
    }
  }
}

/** One weight, turned round when a file wants it so. */
class WeightValues {
  readonly path: string;
  readonly #weight: SourceWeight;
  #transposed: Float32Array | undefined;

  constructor(weight: SourceWeight) {
    this.path = weight.path;
    this.#weight = weight;
  }

  bytesFor({ shape, transposed, length }: WeightSegment): Uint8Array {
    const { path, shape: own, data } = this.#weight;
    const expected = transposed ? [...shape].reverse() : shape;
    if (own.join() !== expected.join() || data.byteLength !== length) {
      throw new Error(`the weight '${path}' is [${own.join(', ')}], the model wants [${expected.join(', ')}]`);
    }
    if (transposed) this.#transposed ??= transpose(data, own);
    const { buffer, byteOffset, byteLength } = (transposed ? this.#transposed : undefined) ?? data;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
}

/** `[rows, columns]` as `[columns, rows]`, by blocks that stay in the cache. */
function transpose(values: Float32Array, [rows = 1, columns = 1]: readonly number[]): Float32Array {
  const block = 32;
  const turned = new Float32Array(values.length);
  for (let top = 0; top < rows; top += block) {
    const bottom = Math.min(rows, top + block);
    for (let left = 0; left < columns; left += block) {
      const right = Math.min(columns, left + block);
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++)
          turned[column * rows + row] = values[row * columns + column] ?? 0;
      }
    }
  }
  return turned;
}
