import { eachPiece, fillFrom, type HttpOptions, request, retrying, TransientError } from './http-request.js';
import { type ByteSource, memorySource, readError } from './source.js';

/** What opening a file fetches of it, and what reads of a few bytes fetch together, in bytes. */
const WINDOW_BYTES = 4 * 2 ** 20;

/**
 * A file behind a URL. Its parts are fetched with range requests, and where a connection breaks only what is missing is asked for
 * again; a server that ignores ranges sends the whole file, which is then downloaded once and kept.
 * Rejects with `SafetensorsError` TFM5110.
 */
export async function openUrl(url: string, options: HttpOptions): Promise<ByteSource> {
  const source = await findUrl(url, options);
  if (source === undefined) throw readError(url, 'the server answered 404 Not Found');
  return source;
}

/** The same; undefined where the server has no such file. */
export async function findUrl(url: string, options: HttpOptions): Promise<ByteSource | undefined> {
  const first = await retrying(options, () => request(url, options, 0, WINDOW_BYTES));
  if (first === undefined) return undefined;
  const etag = first.headers.get('etag');
  const version = etag === null ? {} : { version: etag };
  if (first.status !== 206) return { ...memorySource(await downloaded(url, options, first), url), ...version };
  const { size, begin } = rangeOf(first);
  if (size === undefined) {
    // The total may be '*', and is hidden from other origins unless the server exposes it.
    await first.body?.cancel();
    return { ...memorySource(await downloaded(url, options), url), ...version };
  }
  const file = { url, size, etag };
  if (begin !== 0) throw readError(url, OTHER_BYTES);
  const bytes = new Uint8Array(Math.min(size, WINDOW_BYTES));
  // Where the connection breaks here, reads ask for the rest.
  const count = (await fillFrom(first, bytes, options.signal)).filled;
  return rangeSource(file, options, bytes.subarray(0, count));
}

/** What the server said of the file when it was opened. */
interface HttpFile {
  readonly url: string;
  readonly size: number;
  readonly etag: string | null;
}

const OTHER_BYTES = 'the server sent other bytes than those that were asked for';

/** `first` holds the first bytes of the file, which came with the answer that told the size. */
function rangeSource(file: HttpFile, options: HttpOptions, first: Uint8Array): ByteSource {
  let window = { begin: 0, bytes: first };
  const { url, size, etag } = file;
  return {
    name: url,
    size,
    ...(etag !== null && { version: etag }),
    async read(begin, end, signal, into) {
      signal?.throwIfAborted();
      if (end > size) throw readError(url, `it ends before byte ${end}`);
      const from = begin - window.begin;
      const here = from >= 0 ? window.bytes.subarray(from, from + end - begin) : new Uint8Array(0);
      if (here.length === end - begin) return here;
      const fetching = { ...options, signal: signal ?? options.signal };
      // Who has memory for the bytes reads on from there; others read small tensors, which come together.
      const length = into === undefined ? Math.min(size - begin, Math.max(end - begin, WINDOW_BYTES)) : end - begin;
      const bytes = into ?? new Uint8Array(length);
      bytes.set(here);
      await fetchRange(file, fetching, begin + here.length, bytes.subarray(here.length));
      if (into === undefined) window = { begin, bytes };
      return bytes.subarray(0, end - begin);
    },
  };
}

/** Fills `to` with the bytes of the file from `begin` on; a connection that breaks is taken up where it broke. */
async function fetchRange(file: HttpFile, options: HttpOptions, begin: number, to: Uint8Array): Promise<void> {
  let filled = 0;
  await retrying(options, async () => {
    const response = await request(file.url, options, begin + filled, begin + to.length);
    if (response === undefined) throw readError(file.url, 'the file is gone');
    await checkSame(file, response, begin + filled);
    const part = await fillFrom(response, to.subarray(filled), options.signal);
    filled += part.filled;
    if (filled === to.length) return;
    const why = part.broken ?? `an answer ended ${to.length - filled} bytes early`;
    throw new TransientError(file.url, why, { progress: part.filled > 0 });
  });
}

/** That the answer is of the file that was opened, and begins where it should. Throws `SafetensorsError` TFM5110. */
async function checkSame({ url, size, etag }: HttpFile, response: Response, begin: number): Promise<void> {
  const range = rangeOf(response);
  const tag = response.headers.get('etag');
  const changed = (range.size ?? size) !== size || (tag !== null && etag !== null && tag !== etag);
  let problem: string | undefined;
  if (changed) problem = 'the file changed while it was read';
  else if (response.status !== 206) problem = 'the server stopped serving parts of the file';
  else if (range.begin !== begin) problem = OTHER_BYTES;
  if (problem === undefined) return;
  await response.body?.cancel();
  throw readError(url, problem);
}

/** `bytes 0-99/1234`; where the header is hidden, the range counts as the one that was asked for. */
function rangeOf(response: Response): { readonly begin: number | undefined; readonly size: number | undefined } {
  const [, begin, size] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? [];
  return {
    begin: begin === undefined ? undefined : Number(begin),
    size: size === '*' || !size ? undefined : Number(size),
  };
}

/** The whole file. A download that breaks begins again: the server serves no parts. */
async function downloaded(url: string, options: HttpOptions, first?: Response): Promise<Uint8Array> {
  let next = first;
  return retrying(options, async () => {
    const response = next ?? (await request(url, options));
    next = undefined;
    if (response === undefined) throw readError(url, 'the file is gone');
    // A compressed answer is longer than its Content-Length says: the length is then unknown.
    const encoded = response.headers.has('content-encoding');
    const totalBytes = encoded ? 0 : Number(response.headers.get('content-length') ?? 0);
    let bytes = new Uint8Array(totalBytes > 0 ? totalBytes : WINDOW_BYTES);
    let loadedBytes = 0;
    const broken = await eachPiece(response, options.signal, (piece) => {
      if (loadedBytes + piece.length > bytes.length) bytes = grown(bytes, loadedBytes + piece.length);
      bytes.set(piece, loadedBytes);
      loadedBytes += piece.length;
      options.onDownload?.({ loadedBytes, totalBytes });
    });
    const short = totalBytes > 0 && loadedBytes !== totalBytes;
    if (broken === undefined && !short) return bytes.subarray(0, loadedBytes);
    const why = broken ?? `the download ended after ${loadedBytes} of ${totalBytes} bytes`;
    throw new TransientError(url, why);
  });
}

function grown(bytes: Uint8Array, least: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(least, 2 * bytes.length));
  larger.set(bytes);
  return larger;
}
