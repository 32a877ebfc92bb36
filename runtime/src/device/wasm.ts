import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import { registerWasmKernels } from '../kernels/wasm/register.js';
import { checkThreads, sharedPaths, startThreads } from './wasm-threads.js';

/** Where the .wasm files of tfjs are: a folder's URL with a slash at the end, or the URL of each file. */
export type WasmPaths =
  | string
  | {
      readonly 'tfjs-backend-wasm.wasm': string;
      readonly 'tfjs-backend-wasm-simd.wasm': string;
      readonly 'tfjs-backend-wasm-threaded-simd.wasm': string;
    };

export interface WasmOptions {
  /**
   * Only in browsers. Default: the files beside the runtime's own modules, which bundlers (Vite, webpack, Parcel) find
   * through `new URL(…, import.meta.url)` and copy beside the page, and which a server of unbundled modules serves.
   */
  readonly wasmPaths?: WasmPaths | undefined;
  /**
   * How many threads compute, the calling one included, where memory can be shared: in Node, and in pages that are
   * cross-origin isolated. Results are the same, bit for bit. Default 1, or as many as there are already.
   */
  readonly threads?: number | undefined;
}

/** Makes the wasm backend the active one. In Node its files are read from the package, without a network. */
export async function startWasm({ wasmPaths, threads }: WasmOptions): Promise<void> {
  checkThreads(threads);
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  // Not `findBackend`, which begins to start it.
  if (!('wasm' in tf.engine().registry)) {
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false); // for tfjs's own threads; ours need its simpler build
    const paths = wasmPaths ?? (tf.env().get('IS_NODE') ? undefined : bundledPaths());
    if (threads !== undefined && threads > 1) setWasmPaths(await sharedPaths(paths), true);
    else if (paths) setWasmPaths(typeof paths === 'string' ? paths : { ...paths });
  }
  if (!(await tf.setBackend('wasm')))
    throw new TfmError(
      'TFM5501',
      'the wasm backend did not start: its .wasm file could not be loaded or compiled',
      "give useBackend('wasm', { wasmPaths }) the URL of the folder with tfjs-backend-wasm-simd.wasm; a content security policy must allow 'wasm-unsafe-eval'",
    );
  await registerWasmKernels();
  if (threads !== undefined) await startThreads(threads);
}

/** Copied here by the build. Written out, because bundlers look for exactly this form. */
function bundledPaths(): Exclude<WasmPaths, string> {
  const plain = new URL('../wasm/tfjs-backend-wasm.wasm', import.meta.url).href;
  const simd = new URL('../wasm/tfjs-backend-wasm-simd.wasm', import.meta.url).href;
  return {
    'tfjs-backend-wasm.wasm': plain,
    'tfjs-backend-wasm-simd.wasm': simd,
    'tfjs-backend-wasm-threaded-simd.wasm': simd,
  };
}
