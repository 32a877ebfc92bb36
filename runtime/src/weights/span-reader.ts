import { decodeInto } from './decode.js';
import { dtypeBytes } from './dtypes.js';
import type { TensorEntry } from './safetensors.js';
import { SafetensorsError } from './safetensors-error.js';
import { type ByteSource, readError } from './source.js';

/** The bytes of one read. Large enough that a read costs nothing, small beside any model that takes time to load. */
const WINDOW_BYTES = 4 * 2 ** 20;
/** Elements that are converted at a time: what they become stays in the second cache. */
const BLOCK = 2 ** 17;

/** Consecutive elements of one tensor. */
export interface Span {
  readonly source: ByteSource;
  readonly entry: TensorEntry;
  /** In elements. */
  readonly begin: number;
  readonly end: number;
}

/** Some values of a span. */
export interface SpanPiece {
  /** Which of the spans. */
  readonly span: number;
  /** Position of the first value in the span. */
  readonly at: number;
  /** A view of memory that the next piece uses again. */
  readonly values: Float32Array;
  /** What they take in the file. */
  readonly bytes: number;
}

export interface SpanOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Bytes that are read at once, and whose they are. */
interface Window {
  readonly source: ByteSource;
  readonly begin: number;
  end: number;
  readonly parts: Part[];
}

interface Part {
  readonly span: number;
  readonly entry: TensorEntry;
  /** In elements of the span. */
  readonly at: number;
  readonly count: number;
  /** In bytes of the window. */
  readonly offset: number;
}

/**
 * The values of spans as float32, in their order. Neighbours are read together, and the next read is under way while the values
 * of the last are used; two windows of a few MiB are all that is held.
 */
export async function* readSpans(spans: readonly Span[], { signal }: SpanOptions): AsyncGenerator<SpanPiece> {
  const scratch = new Float32Array(BLOCK);
  const buffers: Uint8Array[] = [];
  const windows = windowsOf(spans);
  let count = 0;
  const begin = (): { window: Window; bytes: Promise<Uint8Array> } | undefined => {
    const { value: window } = windows.next();
    if (window === undefined) return undefined;
    const size = window.end - window.begin;
    const turn = count++ % 2;
    if ((buffers[turn]?.length ?? 0) < size) buffers[turn] = new Uint8Array(size);
    const bytes = readWindow(window, buffers[turn]?.subarray(0, size), signal);
    bytes.catch(() => undefined); // it may fail before its turn
    return { window, bytes };
  };
  let current = begin();
  let ahead: typeof current;
  try {
    while (current !== undefined) {
      const bytes = await current.bytes;
      ahead = begin();
      for (const part of current.window.parts) yield* decoded(part, bytes, scratch);
      current = ahead;
    }
  } finally {
    // Nothing is read into memory, or from a file, that was given back.
    await ahead?.bytes.catch(() => undefined);
  }
}

/** Consecutive bytes of one source, cut between elements. */
function* windowsOf(spans: readonly Span[]): Generator<Window, undefined> {
  let open: Window | undefined;
  for (const [span, { source, entry, begin, end }] of spans.entries()) {
    const width = dtypeBytes(entry.dtype);
    let at = begin;
    do {
      const position = entry.begin + at * width;
      if (open !== undefined && (open.source !== source || open.end !== position || roomIn(open) < width)) {
        yield open;
        open = undefined;
      }
      open ??= { source, begin: position, end: position, parts: [] };
      const count = Math.min(Math.floor(roomIn(open) / width), end - at);
      open.parts.push({ span, entry, at: at - begin, count, offset: position - open.begin });
      open.end += count * width;
      at += count;
    } while (at < end);
  }
  if (open !== undefined) yield open;
  return undefined;
}

function roomIn({ begin, end }: Window): number {
  return WINDOW_BYTES - (end - begin);
}

async function readWindow(window: Window, into: Uint8Array | undefined, signal?: AbortSignal): Promise<Uint8Array> {
  const { source, begin, end } = window;
  signal?.throwIfAborted();
  if (begin === end) return new Uint8Array(0);
  try {
    const bytes = await source.read(begin, end, signal, into);
    if (bytes.length === end - begin) return bytes;
    throw readError(source.name, `it gave ${bytes.length} of the ${end - begin} bytes from byte ${begin} on`);
  } catch (cause) {
    if (!(cause instanceof SafetensorsError)) throw cause;
    throw new SafetensorsError(cause.code, `${cause.message} (${tensorsIn(window)})`, cause.help, { cause });
  }
}

/** What is lost with the bytes of a window. */
function tensorsIn({ parts }: Window): string {
  const names = [...new Set(parts.map(({ entry }) => `'${entry.name}'`))];
  return names.length > 2 ? `${names[0]} to ${names.at(-1)}` : names.join(' and ');
}

function* decoded(
  { span, entry, at, count, offset }: Part,
  bytes: Uint8Array,
  scratch: Float32Array,
): Generator<SpanPiece> {
  const { dtype, name } = entry;
  const width = dtypeBytes(dtype);
  if (dtype === 'F32' && (bytes.byteOffset + offset) % 4 === 0) {
    // The bytes are the values themselves.
    const values = new Float32Array(bytes.buffer, bytes.byteOffset + offset, count);
    yield { span, at, values, bytes: count * width };
    return;
  }
  let done = 0;
  do {
    const some = Math.min(BLOCK, count - done);
    const from = bytes.subarray(offset + done * width, offset + (done + some) * width);
    decodeInto(dtype, from, scratch, 0, name);
    yield { span, at: at + done, values: scratch.subarray(0, some), bytes: some * width };
    done += some;
  } while (done < count);
}
