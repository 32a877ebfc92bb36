import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import { registerWasmKernels } from '../kernels/wasm/register.js';

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
  /** Use several threads where the page is cross-origin isolated. Default false. */
  readonly wasmThreads?: boolean | undefined;
}

/** Makes the wasm backend the active one. In Node its files are read from the package, without a network. */
export async function startWasm({ wasmPaths, wasmThreads = false }: WasmOptions): Promise<void> {
  const { setWasmPaths } = await import('@tensorflow/tfjs-backend-wasm');
  if (!tf.findBackend('wasm')) {
    if (!wasmThreads) tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
    if (wasmPaths) setWasmPaths(typeof wasmPaths === 'string' ? wasmPaths : { ...wasmPaths });
    else if (!tf.env().get('IS_NODE')) setWasmPaths(bundledPaths(wasmThreads));
  }
  if (await tf.setBackend('wasm')) return registerWasmKernels();
  throw new TfmError(
    'TFM5501',
    'the wasm backend did not start: its .wasm file could not be loaded or compiled',
    "give useBackend('wasm', { wasmPaths }) the URL of the folder with tfjs-backend-wasm-simd.wasm; a content security policy must allow 'wasm-unsafe-eval'",
  );
}

/** Copied here by the build. Written out, because bundlers look for exactly this form. */
function bundledPaths(threads: boolean): Exclude<WasmPaths, string> {
  const plain = new URL('../wasm/tfjs-backend-wasm.wasm', import.meta.url).href;
  const simd = new URL('../wasm/tfjs-backend-wasm-simd.wasm', import.meta.url).href;
  const threaded = new URL('../wasm/tfjs-backend-wasm-threaded-simd.wasm', import.meta.url).href;
  return {
    'tfjs-backend-wasm.wasm': plain,
    'tfjs-backend-wasm-simd.wasm': simd,
    'tfjs-backend-wasm-threaded-simd.wasm': threads ? threaded : simd,
  };
}
