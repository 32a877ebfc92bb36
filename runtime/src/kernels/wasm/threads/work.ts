// What runs in a worker. The functions are given to it as text, so that no bundler and no server has to find a file: they must
// not use anything from outside themselves.

/** What a worker is started with. */
export interface WorkerTask {
  readonly module: WebAssembly.Module;
  /** tfjs's heap. */
  readonly memory: WebAssembly.Memory;
  readonly board: SharedArrayBuffer;
  /** The exports by their number in a job. */
  readonly names: readonly string[];
  /** From 1 on: 0 is the thread that hands out. */
  readonly thread: number;
}

/**
 * The board that threads share: int32 cells, the first ones in lines of the cache of their own (pieces that nobody has taken,
 * pieces that are done, workers that sleep, pieces that failed; from 64 on how many pieces each thread has done so far). From byte
 * 512 on float64 numbers: the job (number of the export, pieces, which argument is scratch or −1, where the scratch of the workers
 * begins, how much each has), then 12 arguments for each piece.
 */
export const board = {
  ...{ waiting: 0, done: 16, sleeping: 32, failed: 48, taken: 64 },
  ...{ job: 512, header: 5, arguments: 12 },
} as const;

export type Export = (...args: number[]) => void;

/**
 * Takes pieces until none is left. A piece belongs to whoever brings the number of waiting ones down; what it reads of the job
 * it reads after that, and no job ends before all its pieces are done: so it does not matter how late a worker comes.
 */
export function takePieces(shared: SharedArrayBuffer, exports: readonly Export[], thread: number): void {
  const cells = new Int32Array(shared, 0, 128);
  const job = new Float64Array(shared, 512);
  for (;;) {
    const waiting = Atomics.load(cells, 0);
    if (waiting === 0) return;
    if (Atomics.compareExchange(cells, 0, waiting, waiting - 1) !== waiting) continue;
    const at = 5 + 12 * (waiting - 1);
    if (thread > 0 && job[2]! >= 0) job[at + job[2]!] = job[3]! + (thread - 1) * job[4]!;
    try {
      exports[job[0]!]!(...job.subarray(at, at + 12));
    } catch {
      Atomics.add(cells, 48, 1);
    }
    const pieces = job[1]!;
    Atomics.add(cells, 64 + thread, 1);
    if (Atomics.add(cells, 16, 1) + 1 === pieces) Atomics.notify(cells, 16);
  }
}

/** A worker's life: it looks for work a few thousand times, which takes some microseconds, then sleeps until it is woken. */
export function work({ module, memory, board: shared, names, thread }: WorkerTask, take: typeof takePieces): never {
  const instance = new WebAssembly.Instance(module, { env: { memory } });
  const exports = names.map((name) => instance.exports[name] as Export);
  const cells = new Int32Array(shared, 0, 64);
  for (let idle = 0; ; idle++) {
    if (Atomics.load(cells, 0) > 0) {
      take(shared, exports, thread);
      idle = 0;
    } else if (idle > 2000) {
      Atomics.add(cells, 32, 1);
      Atomics.wait(cells, 0, 0);
      Atomics.sub(cells, 32, 1);
      idle = 0;
    }
  }
}
