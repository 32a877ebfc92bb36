/** An array of numbers with a shape, row-major, in float64: what the reference computes with. */
export interface Nd {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export function count(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

export function nd(shape: readonly number[], data: ArrayLike<number>): Nd {
  const numbers = Float64Array.from(data);
  if (numbers.length !== count(shape)) throw new Error(`${numbers.length} numbers for the shape [${shape.join()}]`);
  return { shape, data: numbers };
}

/** Every element from its index. */
export function build(shape: readonly number[], element: (...index: number[]) => number): Nd {
  const data = new Float64Array(count(shape));
  const index = shape.map(() => 0);
  for (let i = 0; i < data.length; i++) {
    let rest = i;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    data[i] = element(...index);
  }
  return { shape, data };
}

/** The element at an index. */
export function get(x: Nd, ...index: number[]): number {
  let flat = 0;
  x.shape.forEach((n, axis) => {
    const i = index[axis] ?? 0;
    if (i < 0 || i >= n) throw new Error(`index ${index.join()} outside of [${x.shape.join()}]`);
    flat = flat * n + i;
  });
  return x.data[flat]!;
}

export function map(x: Nd, element: (value: number) => number): Nd {
  return { shape: x.shape, data: x.data.map((value) => element(value)) };
}

/** Elementwise, with axes broadcast from the right. */
export function zip(a: Nd, b: Nd, element: (a: number, b: number) => number): Nd {
  const rank = Math.max(a.shape.length, b.shape.length);
  const wide = (x: Nd) => [...Array<number>(rank - x.shape.length).fill(1), ...x.shape];
  const [left, right] = [wide(a), wide(b)];
  const shape = left.map((n, axis) => Math.max(n, right[axis]!));
  const pick = (x: Nd, own: number[], index: number[]) =>
    get({ shape: own, data: x.data }, ...index.map((i, axis) => (own[axis] === 1 ? 0 : i)));
  return build(shape, (...index) => element(pick(a, left, index), pick(b, right, index)));
}

/** Each vector of the last axis becomes another one. */
export function mapRows(x: Nd, width: number, row: (values: Float64Array, index: number) => ArrayLike<number>): Nd {
  const features = x.shape.at(-1)!;
  const rows = x.data.length / features;
  const data = new Float64Array(rows * width);
  for (let r = 0; r < rows; r++)
    data.set(Array.from(row(x.data.subarray(r * features, (r + 1) * features), r)), r * width);
  return { shape: [...x.shape.slice(0, -1), width], data };
}
