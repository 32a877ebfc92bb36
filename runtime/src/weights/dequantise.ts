import { decodeE2M1, powerOfE8M0 } from './float8.js';
import type { Quantised } from './quantised.js';
import { readSpans, type Span, type SpanPiece } from './span-reader.js';

/** Consecutive elements of a tensor, quantised or not. */
export type AnySpan = Span | QuantisedSpan;

interface QuantisedSpan {
  readonly quantised: Quantised;
  /** In elements. */
  readonly begin: number;
  readonly end: number;
}

/**
 * The values of spans as float32, in their order, as {@link readSpans} gives them; those of quantised tensors times their
 * scales. The scales of one tensor are held at a time, and read once where its spans are neighbours.
 */
export async function* readAnySpans(
  spans: readonly AnySpan[],
  options: { readonly signal?: AbortSignal | undefined },
): AsyncGenerator<SpanPiece> {
  let held: { readonly of: Quantised; readonly scales: Scales } | undefined;
  let scratch = new Float32Array(0);
  for await (const piece of readSpans(spans.map(bytesSpan), options)) {
    const span = spans[piece.span]!;
    if (!('quantised' in span)) {
      yield piece;
      continue;
    }
    const { quantised, begin, end } = span;
    if (held?.of !== quantised) held = { of: quantised, scales: await readScales(quantised, options) };
    let { values } = piece;
    let first = begin + piece.at;
    if (quantised.format === 'MXFP4') {
      if (scratch.length < 2 * values.length) scratch = new Float32Array(2 * values.length);
      decodeE2M1(values, scratch);
      // A span may begin or end in the middle of a byte.
      const from = 2 * (Math.floor(begin / 2) + piece.at);
      first = Math.max(begin, from);
      values = scratch.subarray(first - from, Math.min(end - from, 2 * values.length));
    }
    scaleBlocks(values, first, quantised, held.scales);
    yield { span: piece.span, at: first - begin, values, bytes: values.length * bytesPerNumber(quantised) };
  }
}

/** What a number takes in the file, its share of the scales included. */
function bytesPerNumber({ values, scales, shape }: Quantised): number {
  const bytes = values.entry.end - values.entry.begin + scales.entry.end - scales.entry.begin;
  return bytes / shape.reduce((product, size) => product * size, 1);
}

function bytesSpan(span: AnySpan): Span {
  if (!('quantised' in span)) return span;
  const { quantised, begin, end } = span;
  if (quantised.format !== 'MXFP4') return { ...quantised.values, begin, end };
  return { ...quantised.values, begin: Math.floor(begin / 2), end: Math.ceil(end / 2) };
}

/** The scales of a tensor, in the order of the file. */
interface Scales {
  readonly count: number;
  at(position: number): number;
}

async function readScales(
  { scales }: Quantised,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<Scales> {
  const { dtype, shape } = scales.entry;
  const count = shape.reduce((product, size) => product * size, 1);
  const isPower = dtype === 'U8';
  // There is one for every 32 numbers: as bytes they take little beside what they scale.
  const all = isPower ? new Uint8Array(count) : new Float32Array(count);
  for await (const { at, values } of readSpans([{ ...scales, begin: 0, end: count }], options)) all.set(values, at);
  return { count, at: isPower ? (i) => powerOfE8M0(all[i]!) : (i) => all[i]! };
}

/** Multiplies numbers of a tensor, from its element `first` on, with the scales of their blocks. */
function scaleBlocks(numbers: Float32Array, first: number, { shape, blocks, scales }: Quantised, by: Scales): void {
  const columns = shape.at(-1) ?? 1;
  const block = blocks.at(-1) ?? 1;
  for (let done = 0; done < numbers.length; ) {
    const row = Math.floor((first + done) / columns);
    const begin = first + done - row * columns;
    const end = Math.min(columns, begin + numbers.length - done);
    const base = firstScale(row, shape, blocks, by.count === 1 ? [] : scales.entry.shape);
    for (let column = begin; column < end; ) {
      const index = Math.floor(column / block);
      const scale = by.at(base + index);
      const stop = Math.min(end, (index + 1) * block);
      for (; column < stop; column++) numbers[done++]! *= scale;
    }
  }
}

/** The position of the first scale of a row, where rows are counted through all leading axes. */
function firstScale(
  row: number,
  shape: readonly number[],
  blocks: readonly number[],
  scales: readonly number[],
): number {
  let position = 0;
  let stride = scales.at(-1) ?? 1;
  let rest = row;
  for (let axis = scales.length - 2; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    position += Math.floor((rest % size) / (blocks[axis] ?? 1)) * stride;
    stride *= scales[axis] ?? 1;
    rest = Math.floor(rest / size);
  }
  return position;
}
