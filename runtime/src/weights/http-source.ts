import { type ByteSource, memorySource, type OpenOptions, readError } from './source.js';

/** Small tensors are fetched together: one request brings at least this many bytes, in bytes. */
const WINDOW_BYTES = 4 * 2 ** 20;

/**
 * A file behind a URL. Its parts are fetched with range requests; a server that ignores them sends the whole file,
 * which is then downloaded once and kept. Rejects with `SafetensorsError` TFM5110.
 */
export async function openUrl(url: string, options: OpenOptions): Promise<ByteSource> {
  const response = await request(url, 0, WINDOW_BYTES, options.signal);
  if (response.status !== 206) return memorySource(await download(url, response, options), url);
  // 'bytes 0-99/1234'; the total may be '*', and is hidden from other origins unless the server exposes it.
  const size = Number(/\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(size)) {
    await response.body?.cancel();
    const whole = await request(url, undefined, undefined, options.signal);
    return memorySource(await download(url, whole, options), url);
  }
  return rangeSource(url, size, await body(url, response, Math.min(size, WINDOW_BYTES), options.signal));
}

/** `first` holds the first bytes of the file, which came with the answer that told the size. */
function rangeSource(url: string, size: number, first: Uint8Array): ByteSource {
  let window = { begin: 0, bytes: first };
  const inside = (begin: number, end: number): boolean =>
    begin >= window.begin && end <= window.begin + window.bytes.length;
  const fetchRange = async (begin: number, end: number, signal: AbortSignal | undefined): Promise<Uint8Array> => {
    const response = await request(url, begin, end, signal);
    if (response.status !== 206) throw readError(url, 'the server stopped serving parts of the file');
    return body(url, response, end - begin, signal);
  };
  return {
    name: url,
    size,
    async read(begin, end, signal) {
      signal?.throwIfAborted();
      if (end > size) throw readError(url, `it ends before byte ${end}`);
      if (begin === end) return new Uint8Array(0);
      if (!inside(begin, end)) {
        if (end - begin >= WINDOW_BYTES) return fetchRange(begin, end, signal);
        const bytes = await fetchRange(begin, Math.min(size, begin + WINDOW_BYTES), signal);
        window = { begin, bytes };
        return bytes.subarray(0, end - begin);
      }
      return window.bytes.subarray(begin - window.begin, end - window.begin);
    },
  };
}

async function request(url: string, begin?: number, end?: number, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = end === undefined ? {} : { range: `bytes=${begin}-${end - 1}` };
  const response = await received(url, fetch(url, { headers, signal: signal ?? null }), signal);
  if (response.ok) return response;
  await response.body?.cancel();
  throw readError(url, `the server answered ${response.status} ${response.statusText}`.trimEnd());
}

/** Waits for what comes from the network; its errors become ours, an abort stays what it is. */
async function received<T>(url: string, promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await promise;
  } catch (cause) {
    signal?.throwIfAborted();
    throw readError(url, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

async function body(url: string, response: Response, length: number, signal?: AbortSignal): Promise<Uint8Array> {
  const bytes = new Uint8Array(await received(url, response.arrayBuffer(), signal));
  if (bytes.length !== length) throw readError(url, `${length} bytes were asked for, ${bytes.length} came`);
  return bytes;
}

async function download(url: string, response: Response, options: OpenOptions): Promise<Uint8Array> {
  if (response.body === null) throw readError(url, 'the answer has no body');
  // A compressed answer is longer than its Content-Length says: the length is then unknown.
  const encoded = response.headers.has('content-encoding');
  const totalBytes = encoded ? 0 : Number(response.headers.get('content-length') ?? 0);
  let bytes = new Uint8Array(totalBytes > 0 ? totalBytes : WINDOW_BYTES);
  let loadedBytes = 0;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await received(url, reader.read(), options.signal);
    if (done) break;
    if (loadedBytes + value.length > bytes.length) bytes = grow(bytes, loadedBytes + value.length);
    bytes.set(value, loadedBytes);
    loadedBytes += value.length;
    options.onDownload?.({ loadedBytes, totalBytes });
  }
  if (totalBytes > 0 && loadedBytes !== totalBytes) {
    throw readError(url, `the download ended after ${loadedBytes} of ${totalBytes} bytes`);
  }
  return bytes.subarray(0, loadedBytes);
}

function grow(bytes: Uint8Array, least: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(least, 2 * bytes.length));
  larger.set(bytes);
  return larger;
}
