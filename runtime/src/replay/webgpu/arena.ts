import type { StockBackend } from './backend.js';

/** Where small data of a dispatch lies in the arena of its recording. */
export interface Slot {
  readonly offset: number;
  readonly size: number;
}

const alignment = 256; // of what is bound, on every device

/** The small data of all dispatches of a recording in one buffer, those that are another one at each step behind the others. */
export class Arena {
  readonly #backend: StockBackend;
  readonly buffer: GPUBuffer;
  readonly #changing: Uint8Array<ArrayBuffer>;
  readonly #changingFrom: number;

  /** @param data The small data, in order, with whether it changes. */
  constructor(backend: StockBackend, fixed: readonly ArrayBuffer[], changing: readonly ArrayBuffer[]) {
    this.#backend = backend;
    const { slots: fixedSlots, end: changingFrom } = placed(fixed, 0);
    const { slots: changingSlots, end } = placed(changing, changingFrom);
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    // A power of two: tfjs's pool is keyed by size.
    this.buffer = backend.bufferManager.acquireBuffer(2 ** Math.ceil(Math.log2(Math.max(end, alignment))), usage);
    this.slots = [...fixedSlots, ...changingSlots];
    this.#changingFrom = changingFrom;
    const all = new Uint8Array(end);
    for (const [i, data] of [...fixed, ...changing].entries()) all.set(new Uint8Array(data), this.slots[i]!.offset);
    backend.queue.writeBuffer(this.buffer, 0, all);
    this.#changing = all.slice(changingFrom);
  }

  /** Of the fixed data, then of the changing. */
  readonly slots: readonly Slot[];

  /** Puts changing data into its place, for the next `upload`. @returns False where it has another size. */
  put(slot: Slot, data: ArrayBuffer): boolean {
    if (data.byteLength !== slot.size) return false;
    this.#changing.set(new Uint8Array(data), slot.offset - this.#changingFrom);
    return true;
  }

  upload(): void {
    if (this.#changing.length === 0) return;
    this.#backend.queue.writeBuffer(this.buffer, this.#changingFrom, this.#changing);
  }

  release(): void {
    this.#backend.bufferManager.releaseBuffer(this.buffer);
  }
}

function placed(all: readonly ArrayBuffer[], from: number): { readonly slots: Slot[]; readonly end: number } {
  let end = from;
  const slots = all.map(({ byteLength: size }) => {
    const offset = end;
    end = Math.ceil((offset + size) / alignment) * alignment;
    return { offset, size };
  });
  return { slots, end };
}
