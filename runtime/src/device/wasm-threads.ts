import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import { threadsOf, type WasmBackend } from '../kernels/wasm/instance.js';
import type { WasmPaths } from './wasm.js';

const simdFile = 'tfjs-backend-wasm-simd.wasm';
/** More than any machine for which wasm is what one would take. */
const mostThreads = 64;

/** @throws TfmError TFM5307 where it is no number of threads. */
export function checkThreads(threads: number | undefined): void {
  if (threads === undefined || (Number.isInteger(threads) && threads >= 1 && threads <= mostThreads)) return;
  throw new TfmError('TFM5307', `threads must be a whole number from 1 to ${mostThreads}, not ${threads}`);
}

/**
 * tfjs's build for one thread, with one bit changed: its memory is shared. Its own code still runs on one thread only; ours
 * runs on the same memory on several. (The build that tfjs has for threads does not start in Node.)
 *
 * @returns URLs for tfjs to fetch it from.
 * @throws TfmError TFM5505 where memory cannot be shared, TFM5501 where the file cannot be read.
 */
export async function sharedPaths(paths: WasmPaths | undefined): Promise<Exclude<WasmPaths, string>> {
  await checkSharing();
  const binary = paths ? await fetched(paths) : readFromPackage();
  shareMemory(binary);
  // Never revoked: tfjs fetches it again where its backend is removed and started anew.
  const url = URL.createObjectURL(new Blob([binary], { type: 'application/wasm' }));
  return { 'tfjs-backend-wasm.wasm': url, [simdFile]: url, 'tfjs-backend-wasm-threaded-simd.wasm': url };
}

/** Gives the active wasm backend so many threads. */
export async function startThreads(threads: number): Promise<void> {
  const backend = tf.backend() as unknown as WasmBackend;
  const pool = threadsOf(backend);
  if (!pool) {
    if (threads === 1) return;
    const first = `call useBackend('wasm', { threads: ${threads} }) before any other call that starts wasm`;
    throw notShared('the wasm backend was started for one thread', first);
  }
  try {
    await pool.resize(threads);
  } catch (cause) {
    const policy = "a content security policy must allow 'worker-src blob:'; without `threads` no worker is needed";
    throw notShared('a thread could not be started', tf.env().get('IS_NODE') ? undefined : policy, cause);
  }
}

async function checkSharing(): Promise<void> {
  const isolated = (globalThis as { readonly crossOriginIsolated?: boolean }).crossOriginIsolated ?? true;
  if (!isolated || typeof SharedArrayBuffer === 'undefined')
    throw notShared(
      'the page is not cross-origin isolated',
      'serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, or leave `threads` out',
    );
  if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')))
    throw notShared('this engine has no WebAssembly SIMD, which the kernels for threads need', 'leave `threads` out');
}

function notShared(why: string, help: string | undefined, cause?: unknown): TfmError {
  return new TfmError('TFM5505', `memory cannot be shared between threads: ${why}`, help, { cause });
}

async function fetched(paths: WasmPaths): Promise<Uint8Array<ArrayBuffer>> {
  const url = typeof paths === 'string' ? `${paths}${simdFile}` : paths[simdFile];
  const response = await fetch(url).catch(() => undefined);
  if (!response?.ok)
    throw new TfmError(
      'TFM5501',
      `the wasm backend did not start: ${url} could not be loaded`,
      `give useBackend('wasm', { wasmPaths }) the URL of the folder with ${simdFile}`,
    );
  return new Uint8Array(await response.arrayBuffer());
}

/** Not an import: bundlers for the browser never see a `node:` module. */
function readFromPackage(): Uint8Array<ArrayBuffer> {
  const { createRequire } = process.getBuiltinModule('node:module');
  const { readFileSync } = process.getBuiltinModule('node:fs');
  const file = createRequire(import.meta.url).resolve(`@tensorflow/tfjs-backend-wasm/dist/${simdFile}`);
  return new Uint8Array(readFileSync(file));
}

/** Sets the bit `shared` beside the bit `maximum` in the section of memories (WebAssembly core specification 5.5.8, 5.3.9). */
function shareMemory(binary: Uint8Array): void {
  const memories = 5;
  for (let at = 8; at < binary.length; ) {
    const id = binary[at++];
    const { value: size, end } = unsigned(binary, at);
    if (id === memories && binary[end] === 1 && binary[end + 1] === 1) {
      binary[end + 1] = 3;
      return;
    }
    at = end + size;
  }
  throw new Error(`${simdFile} has not the memory that is expected: another version than the one in package.json?`);
}

/** A number in LEB128, and where it ends. */
function unsigned(binary: Uint8Array, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = binary[at++] ?? 0;
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return { value, end: at };
  }
}
