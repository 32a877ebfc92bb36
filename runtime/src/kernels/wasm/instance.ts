import * as tf from '@tensorflow/tfjs';
import { Scratch } from './scratch.js';
import { ThreadPool } from './threads/pool.js';
import { splitKernels } from './threads/split.js';

/** What runtime/assembly/index.ts exports; pointers and counts are plain numbers. */
export interface Kernels {
  /** Tasks, their number, scratch; its bytes and about how many products are added say how threads may share them. */
  readonly attention: (...args: Numbers<5>) => void;
  /** Tasks, what they make, then as above, and 1 where no two tasks write the same number. */
  readonly attentionGradient: (...args: Numbers<7>) => void;
  readonly attentionGradientScratch: (width: number, valueWidth: number) => number;
  readonly attentionScratch: (rows: number, keys: number, width: number, valueWidth: number) => number;
  readonly activation: (...args: Numbers<4>) => void;
  readonly arithmetic: (...args: Numbers<7>) => void;
  readonly activationGradient: (...args: Numbers<5>) => void;
  readonly chosenLinear: (...args: Numbers<12>) => void;
  readonly chosenRows: (...args: Numbers<5>) => void;
  readonly columnSums: (...args: Numbers<4>) => void;
  readonly crossEntropy: (...args: Numbers<6>) => void;
  readonly crossEntropyGradient: (...args: Numbers<7>) => void;
  readonly formula: (...args: Numbers<9>) => void;
  readonly formulaScratch: (registers: number) => number;
  readonly gated: (...args: Numbers<5>) => void;
  readonly gatedGradient: (...args: Numbers<7>) => void;
  readonly linear: (...args: Numbers<12>) => void;
  readonly linearScratch: () => number;
  readonly inTop: (...args: Numbers<5>) => void;
  readonly mixedRows: (...args: Numbers<7>) => void;
  readonly product: (...args: Numbers<9>) => void;
  readonly productOfRows: (...args: Numbers<9>) => void;
  readonly layerNorm: (...args: Numbers<7>) => void;
  readonly rmsNorm: (...args: Numbers<6>) => void;
  readonly normGradient: (...args: Numbers<10>) => void;
  readonly routing: (...args: Numbers<5>) => void;
  readonly rotary: (...args: Numbers<10>) => void;
  readonly softmax: (...args: Numbers<4>) => void;
  readonly takeRows: (...args: Numbers<8>) => void;
  readonly writeRows: (...args: Numbers<7>) => void;
}

type Numbers<Count extends number, Found extends number[] = []> = Found['length'] extends Count
  ? Found
  : Numbers<Count, [...Found, number]>;

/** The part of tfjs's wasm backend that is used here. */
export interface WasmBackend {
  readonly wasm: {
    readonly asm?: { readonly memory?: WebAssembly.Memory };
    /** In the build with threads. */
    readonly wasmMemory?: WebAssembly.Memory;
    readonly _malloc: (bytes: number) => number;
    readonly _free: (pointer: number) => void;
  };
  readonly dataIdMap: { get(dataId: object): { readonly memoryOffset: number } };
  makeOutput(shape: number[], dtype: 'float32' | 'bool'): tf.TensorInfo;
  dispose(): void;
}

// One module for each kind of memory and engine; a bundle loads the one that is used.
const modules = {
  simd: () => import('./modules/simd.gen.js'),
  relaxed: () => import('./modules/relaxed.gen.js'),
  'simd-shared': () => import('./modules/simd-shared.gen.js'),
  'relaxed-shared': () => import('./modules/relaxed-shared.gen.js'),
} as const;

const compiled = new Map<keyof typeof modules, WebAssembly.Module>();
const instances = new WeakMap<WasmBackend, Kernels>();
const pools = new WeakMap<WasmBackend, ThreadPool>();

/** Compiles the kernels for the active wasm backend. @returns False where its engine has no SIMD: tfjs's own kernels then serve. */
export async function compileKernels(): Promise<boolean> {
  if (!tf.env().get('WASM_HAS_SIMD_SUPPORT')) return false;
  const name = moduleFor(memoryOf(tf.backend() as unknown as WasmBackend));
  if (!compiled.has(name)) {
    const { kernels } = await modules[name]();
    compiled.set(name, await WebAssembly.compile(decoded(kernels)));
  }
  return true;
}

function decoded(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i); // a hundredth of the time of Uint8Array.from
  return bytes;
}

/** Whether the engine of a backend has SIMD, and so our kernels. */
export function hasKernels(backend: WasmBackend): boolean {
  return instances.has(backend) || compiled.has(moduleFor(memoryOf(backend)));
}

/** The kernels on the memory of a backend. Memory that grows stays the same object, so one instance serves for life. */
export function kernelsOf(backend: WasmBackend): Kernels {
  const known = instances.get(backend);
  if (known) return known;
  const memory = memoryOf(backend);
  const module = compiled.get(moduleFor(memory));
  if (!module)
    throw new Error('the kernels were not compiled for this memory: the backend was not started by useBackend');
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const own = exports as unknown as Kernels;
  const kernels = isShared(memory) ? splitKernels(own, poolFor(backend, module, own)) : own;
  instances.set(backend, kernels);
  return kernels;
}

/** The threads that run the kernels of a backend; `undefined` where its memory is not shared. */
export function threadsOf(backend: WasmBackend): ThreadPool | undefined {
  if (hasKernels(backend)) kernelsOf(backend);
  return pools.get(backend);
}

function poolFor(backend: WasmBackend, module: WebAssembly.Module, kernels: Kernels): ThreadPool {
  const pool = new ThreadPool({ module, memory: memoryOf(backend), kernels, scratch: new Scratch(backend) });
  pools.set(backend, pool);
  const dispose = backend.dispose.bind(backend);
  backend.dispose = () => {
    pool.end();
    dispose();
  };
  return pool;
}

export function memoryOf({ wasm }: WasmBackend): WebAssembly.Memory {
  const memory = wasm.wasmMemory ?? wasm.asm?.memory;
  if (!memory)
    throw new Error('tfjs-backend-wasm does not show its memory: another version than the one in package.json?');
  return memory;
}

function moduleFor(memory: WebAssembly.Memory): keyof typeof modules {
  const simd = hasRelaxedSimd() ? 'relaxed' : 'simd';
  return isShared(memory) ? `${simd}-shared` : simd;
}

function isShared({ buffer }: WebAssembly.Memory): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && (buffer as ArrayBufferLike) instanceof SharedArrayBuffer;
}

/** Whether the engine has relaxed SIMD, a product and a sum in one instruction: not Node 20 and not Safari so far. */
function hasRelaxedSimd(): boolean {
  // (module (func (result v128) (i8x16.relaxed_swizzle (i8x16.splat (i32.const 1)) (i8x16.splat (i32.const 2)))))
  const body = [0, 0x41, 1, 0xfd, 15, 0x41, 2, 0xfd, 15, 0xfd, 0x80, 2, 0x0b];
  const sections = [1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, 10, body.length + 2, 1, body.length, ...body];
  return WebAssembly.validate(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections));
}
