import { build, get, type Nd, zip } from './array.js';

export function sinusoidal(
  x: Nd,
  {
    layout = 'interleaved',
    base = 10000,
    start = 0,
  }: { layout?: 'interleaved' | 'halves'; base?: number; start?: number },
): Nd {
  const [length, width] = x.shape.slice(-2) as [number, number];
  const sines = Math.ceil(width / 2);
  const table = build([length, width], (t, f) => {
    const position = start + t;
    if (layout === 'halves')
      return f < sines
        ? Math.sin(position / base ** ((2 * f) / width))
        : Math.cos(position / base ** ((2 * (f - sines)) / width));
    const i = Math.floor(f / 2);
    const angle = position / base ** ((2 * i) / width);
    return f % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
  return zip(x, table, (a, b) => a + b);
}

export interface RotaryReference {
  readonly theta?: number;
  readonly share?: number;
  readonly pairs?: 'halves' | 'interleaved';
  readonly frequency?: (f: number) => number;
  readonly start?: number;
}

/** x [B, T, H, d] */
export function rotary(
  x: Nd,
  { theta = 10000, share = 1, pairs = 'halves', frequency = (f) => f, start = 0 }: RotaryReference,
): Nd {
  const d = x.shape.at(-1)!;
  const n = share * d;
  return build(x.shape, (b, t, h, f) => {
    if (f! >= n) return get(x, b!, t!, h!, f!);
    const i = pairs === 'halves' ? f! % (n / 2) : Math.floor(f! / 2);
    const isFirst = pairs === 'halves' ? f! < n / 2 : f! % 2 === 0;
    const [first, second] = pairs === 'halves' ? [i, i + n / 2] : [2 * i, 2 * i + 1];
    const angle = (start + t!) * frequency(theta ** ((-2 * i) / n));
    const [a, c] = [get(x, b!, t!, h!, first), get(x, b!, t!, h!, second)];
    return isFirst ? a * Math.cos(angle) - c * Math.sin(angle) : a * Math.sin(angle) + c * Math.cos(angle);
  });
}

export function axial(x: Nd, rows: Nd, columns: Nd, start = 0): Nd {
  const across = columns.shape[0]!;
  return build(x.shape, (b, t, f) => {
    const p = start + t!;
    return get(x, b!, t!, f!) + get(rows, Math.floor(p / across), f!) + get(columns, p % across, f!);
  });
}
