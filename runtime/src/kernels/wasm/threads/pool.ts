import type { Kernels } from '../instance.js';
import type { Scratch } from '../scratch.js';
import { board, type Export, takePieces } from './work.js';
import { type RunningWorker, startWorker } from './worker.js';

/** What threads share: the module's instances are their own, its memory is one. */
interface SharedModule {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  /** For the workers. */
  readonly scratch: Scratch;
}

/** Scratch of a job: which argument it is (what is given serves the calling thread), and the bytes that each thread needs. */
export interface JobScratch {
  readonly argument: number;
  readonly bytes: number;
}

const most = 64;
/** Looks before the calling thread sleeps, where it may: about a tenth of a millisecond. */
const spins = 20_000;

/** The threads that run kernels on one shared memory: the one that calls, and workers that wait for pieces of its work. */
export class ThreadPool {
  readonly #shared: SharedModule;
  readonly #names: readonly string[];
  readonly #exports: readonly Export[];
  #board = newBoard();
  readonly #maySleep = maySleep();
  #workers: RunningWorker[] = [];

  constructor(shared: SharedModule) {
    this.#shared = shared;
    const exports = Object.entries(shared.kernels) as [string, Export][];
    this.#names = exports.map(([name]) => name);
    this.#exports = exports.map(([, run]) => run);
  }

  /** How many threads there are, the calling one included. */
  get size(): number {
    return this.#workers.length + 1;
  }

  /** How many pieces each thread has done so far, the calling one first. */
  get taken(): number[] {
    return Array.from({ length: this.size }, (_, thread) => Atomics.load(this.#board.cells, board.taken + thread));
  }

  /** Starts or ends workers. Rejects with the reason where one cannot be started. */
  async resize(threads: number): Promise<void> {
    if (threads === this.size) return;
    this.end();
    const { module, memory } = this.#shared;
    const task = { module, memory, board: this.#board.shared, names: this.#names };
    while (this.size < threads) this.#workers.push(await startWorker({ ...task, thread: this.size }));
  }

  /** Ends the workers; the calling thread goes on alone, with another board, because they may live a little longer. */
  end(): void {
    for (const worker of this.#workers.splice(0)) worker.end();
    this.#board = newBoard();
  }

  /** How many pieces to make of work that takes so many nanoseconds: a few for each thread, none of them tiny. */
  pieces(nanoseconds: number): number {
    if (this.size === 1) return 1;
    return Math.max(1, Math.min(most, 4 * this.size, Math.floor(nanoseconds / 20_000)));
  }

  /** Runs an export with each of the lists of arguments, and returns when all are done. No two may write the same number. */
  run(name: keyof Kernels, pieces: readonly (readonly number[])[], scratch?: JobScratch): void {
    const { shared, cells, job } = this.#board;
    job[0] = this.#names.indexOf(name);
    job[1] = pieces.length;
    job[2] = scratch?.argument ?? -1;
    if (scratch) {
      job[4] = Math.ceil(scratch.bytes / 64) * 64;
      job[3] = this.#shared.scratch.room(job[4] * (this.size - 1));
    }
    pieces.forEach((args, i) => {
      job.set(args, board.header + i * board.arguments);
    });
    Atomics.store(cells, board.done, 0);
    Atomics.store(cells, board.waiting, pieces.length);
    if (Atomics.load(cells, board.sleeping) > 0) Atomics.notify(cells, board.waiting, pieces.length - 1);
    takePieces(shared, this.#exports, 0);
    this.#wait(pieces.length);
    if (Atomics.exchange(cells, board.failed, 0) > 0) throw new Error(`${name} failed in one of its threads`);
  }

  /** Until the pieces that workers have begun are done. */
  #wait(pieces: number): void {
    const { cells } = this.#board;
    for (let turn = 0; ; turn++) {
      const done = Atomics.load(cells, board.done);
      if (done === pieces) return;
      if (turn > spins && this.#maySleep) Atomics.wait(cells, board.done, done, 1);
    }
  }
}

function newBoard() {
  const shared = new SharedArrayBuffer(board.job + 8 * (board.header + board.arguments * most));
  return { shared, cells: new Int32Array(shared, 0, board.job / 4), job: new Float64Array(shared, board.job) };
}

/** The main thread of a page may not sleep. */
function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
    return true;
  } catch {
    return false;
  }
}
