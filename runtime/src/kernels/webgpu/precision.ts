/** What workgroup memory holds: numbers of 32 bits, or of 16 in the kernels that have such a form. */
export type Precision = 'float32' | 'float16';

const chosen = new WeakMap<GPUDevice, Precision>();

/** The precision of a device's kernels: float32, unless another one was chosen. */
export function precisionOf(device: GPUDevice): Precision {
  return chosen.get(device) ?? 'float32';
}

/** Chooses it, for what runs from now on. For float16 the device must have the feature `shader-f16`. */
export function choosePrecision(device: GPUDevice, precision: Precision): void {
  chosen.set(device, precision);
}

/**
 * WGSL of what a kernel keeps in workgroup memory, `Stored`, and of `stored`, which makes it of four numbers. Halves take half the
 * memory and half the time to read, and hold 11 bits of what is at most 65,504; products, sums and softmax stay in float32. Numbers in
 * [0, 1] are stored `UNIT` times as large, so that those below 2^-14, which some devices flush to 0, are not lost.
 */
export function storedCode(halves: boolean): string {
  if (!halves) {
    return `
alias Stored = vec4f;
const UNIT = 1.0;
fn stored(v: vec4f) -> Stored { return v; }
`;
  }
  return `
alias Stored = vec4<f16>;
const UNIT = 32768.0;
fn stored(v: vec4f) -> Stored { return Stored(clamp(v, vec4f(-65504), vec4f(65504))); }
`;
}
