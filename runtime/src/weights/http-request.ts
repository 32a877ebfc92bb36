import { SafetensorsError } from './safetensors-error.js';
import type { OpenOptions } from './source.js';

/** How requests are made. */
export interface HttpOptions extends OpenOptions {
  /** Sent with every request: `authorization`, for example. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly fetch?: typeof fetch | undefined;
}

/** How often a request is made again when nothing of it comes. */
const RETRIES = 4;
/** Before the first repetition, in milliseconds; each further one waits three times as long. */
const FIRST_PAUSE = 100;
/** A server that wants a longer rest than this is not waited for, in milliseconds. */
const LONGEST_PAUSE = 30_000;

/** What may work a moment later: the network failed, or the server is busy. */
export class TransientError extends SafetensorsError {
  /** Whether bytes came: the next attempt is a first one. */
  readonly progress: boolean;
  /** What the server asked for, in milliseconds. */
  readonly pause: number | undefined;

  constructor(url: string, why: string, { progress = false, pause, cause }: TransientDetails = {}) {
    super('TFM5110', `cannot read ${url}: ${why}`, undefined, { cause });
    this.progress = progress;
    this.pause = pause;
  }
}

interface TransientDetails {
  readonly progress?: boolean;
  readonly pause?: number | undefined;
  readonly cause?: unknown;
}

/** Repeats an attempt that fails with a {@link TransientError}, with a rest between. Rejects with the last error. */
export async function retrying<T>({ retries = RETRIES, signal }: HttpOptions, attempt: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TransientError)) throw error;
      failures = error.progress ? 1 : failures + 1;
      const pause = error.pause ?? FIRST_PAUSE * 3 ** (failures - 1);
      if (failures > retries || pause > LONGEST_PAUSE) throw error;
      await resting(pause, signal);
    }
  }
}

async function resting(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Asks for a file, or for its bytes from `begin` up to `end`. Undefined where the server has no such file. */
export async function request(
  url: string,
  { headers, fetch: fetchWith = fetch, signal }: HttpOptions,
  begin?: number,
  end?: number,
): Promise<Response | undefined> {
  const range = end === undefined ? {} : { range: `bytes=${begin}-${end - 1}` };
  let response: Response;
  try {
    response = await fetchWith(url, { headers: { ...headers, ...range }, signal: signal ?? null });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new TransientError(url, messageOf(cause), { cause });
  }
  if (response.ok) return response;
  await response.body?.cancel();
  const { status, statusText } = response;
  if (status === 404 || status === 410) return undefined;
  const why = `the server answered ${status} ${statusText}`.trimEnd();
  if (status === 408 || status === 429 || status >= 500) {
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    throw new TransientError(url, why, { pause: Number.isFinite(seconds) ? 1000 * seconds : undefined });
  }
  const help = status === 401 || status === 403 ? 'is a token needed, or the permission of the owner?' : undefined;
  throw new SafetensorsError('TFM5110', `cannot read ${url}: ${why}`, help);
}

/** Gives the pieces of an answer to `take` as they come, and says why it broke off if it did. Rejects when aborted. */
export async function eachPiece(
  response: Response,
  signal: AbortSignal | undefined,
  take: (piece: Uint8Array) => void,
): Promise<string | undefined> {
  if (response.body === null) return 'the answer has no body';
  const reader = response.body.getReader();
  for (;;) {
    let result: Awaited<ReturnType<typeof reader.read>>;
    try {
      result = await reader.read();
    } catch (cause) {
      signal?.throwIfAborted();
      return messageOf(cause);
    }
    if (result.done) return undefined;
    take(result.value);
  }
}

/** Fills `to` with an answer; `filled` bytes of it came. What is too much is left. */
export async function fillFrom(
  response: Response,
  to: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<{ readonly filled: number; readonly broken: string | undefined }> {
  let filled = 0;
  const broken = await eachPiece(response, signal, (piece) => {
    const some = piece.subarray(0, to.length - filled);
    to.set(some, filled);
    filled += some.length;
  });
  return { filled, broken };
}

/** What fetch says of a failure is in its cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
}
