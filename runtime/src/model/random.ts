/**
 * Random numbers by counter: the i-th number of a stream depends on its key and on i, not on what was drawn before,
 * so weights are the same in whatever order, on whatever backend they are made.
 */

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;
const PARITY = 0x1bd11bda;

/** Threefry-2×32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). */
export function threefry(key: readonly [number, number], low: number, high: number, out: Uint32Array): void {
  const [k0, k1] = key;
  const keys = [k0, k1, k0 ^ k1 ^ PARITY] as const;
  let x = (low + k0) | 0;
  let y = (high + k1) | 0;
  for (let round = 0; round < 20; round++) {
    const turn = ROTATIONS[(round & 7) as 0];
    x = (x + y) | 0;
    y = ((y << turn) | (y >>> (32 - turn))) ^ x;
    if ((round & 3) === 3) {
      const block = (round >> 2) + 1;
      x = (x + keys[(block % 3) as 0]) | 0;
      y = (y + keys[((block + 1) % 3) as 0] + block) | 0;
    }
  }
  out[0] = x;
  out[1] = y;
}

/** Two 32-bit hashes of a text (FNV-1a, with two offsets), mixed with a seed: the key of its stream. */
function streamKey(seed: number, text: string): readonly [number, number] {
  let a = 0x811c9dc5;
  let b = 0x9e3779b9;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x85ebca6b);
  }
  const low = seed >>> 0;
  const high = Math.floor(seed / 2 ** 32) >>> 0;
  return [(a ^ low) | 0, (b ^ Math.imul(low, 0x9e3779b1) ^ high) | 0];
}

/** A stream of numbers with random access. */
export class RandomStream {
  readonly #key: readonly [number, number];
  readonly #words = new Uint32Array(2);

  constructor(seed: number, name: string) {
    this.#key = streamKey(seed, name);
  }

  /** Uniform in the open interval (0, 1); `attempt` gives further numbers at the same place. */
  uniform(index: number, attempt = 0): number {
    this.#draw(index, attempt);
    return ((this.#words[0] ?? 0) + 0.5) / 2 ** 32;
  }

  /** Standard normal (Box and Muller 1958). */
  normal(index: number, attempt = 0): number {
    this.#draw(index, attempt);
    const radius = Math.sqrt(-2 * Math.log(((this.#words[0] ?? 0) + 0.5) / 2 ** 32));
    return radius * Math.cos((2 * Math.PI * (this.#words[1] ?? 0)) / 2 ** 32);
  }

  #draw(index: number, attempt: number): void {
    threefry(this.#key, index | 0, (Math.floor(index / 2 ** 32) << 16) | attempt, this.#words);
  }
}
