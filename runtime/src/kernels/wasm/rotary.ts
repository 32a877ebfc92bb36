import type { RotaryAttributes } from '../attributes.js';
import { countOf, type WasmKernel } from './kernel.js';

/** [x [.., T, H, d], cos, sin], both [T, 1, n] for all sequences or [B, T, 1, n]: turns the first n features. */
export const rotary: WasmKernel<RotaryAttributes> = ([x, cos, sin], { pairs, backwards }, heap) => {
  const [length, heads, width] = x!.shape.slice(-3) as [number, number, number];
  const turning = cos!.shape.at(-1)!;
  const y = heap.output(x!.shape);
  const [from, c, s, to] = [x, cos, sin, y].map((tensor) => heap.pointer(tensor)) as [number, number, number, number];
  const sequences = countOf(x!.shape) / (length * heads * width);
  const own = countOf(cos!.shape) > length * turning ? length * turning * 4 : 0;
  for (let b = 0; b < sequences; b++) {
    const offset = b * length * heads * width * 4;
    const how = [Number(pairs === 'interleaved'), backwards ? -1 : 1] as const;
    heap.kernels.rotary(from + offset, c + b * own, s + b * own, to + offset, length, heads, width, turning, ...how);
  }
  return y;
};
