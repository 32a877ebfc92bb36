import { build, count, get, mapRows, type Nd } from './array.js';

export function linear(x: Nd, weight: Nd, bias?: Nd, groups = 1): Nd {
  const [outputs, inputs] = weight.shape as [number, number];
  const perGroup = outputs / groups;
  return mapRows(x, outputs, (row) =>
    Array.from({ length: outputs }, (_, o) => {
      const first = Math.floor(o / perGroup) * inputs;
      let sum = bias ? get(bias, o) : 0;
      for (let i = 0; i < inputs; i++) sum += get(weight, o, i) * row[first + i]!;
      return sum;
    }),
  );
}

export function embedding(ids: Nd, weight: Nd, scale = 1): Nd {
  const width = weight.shape[1]!;
  return build([...ids.shape, width], (...index) => {
    const feature = index.pop()!;
    return scale * get(weight, get(ids, ...index), feature);
  });
}

export function layerNorm(x: Nd, weight: Nd | undefined, bias: Nd | undefined, eps: number): Nd {
  return mapRows(x, x.shape.at(-1)!, (row) => {
    const mean = row.reduce((a, b) => a + b, 0) / row.length;
    const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / row.length;
    return row.map(
      (value, i) =>
        ((value - mean) / Math.sqrt(variance + eps)) * (weight ? get(weight, i) : 1) + (bias ? get(bias, i) : 0),
    );
  });
}

export function rmsNorm(x: Nd, weight: Nd | undefined, eps: number): Nd {
  return mapRows(x, x.shape.at(-1)!, (row) => {
    const square = row.reduce((a, b) => a + b * b, 0) / row.length;
    return row.map((value, i) => (value / Math.sqrt(square + eps)) * (weight ? get(weight, i) : 1));
  });
}

export function softmax(x: Nd): Nd {
  return mapRows(x, x.shape.at(-1)!, (row) => {
    const most = row.reduce((a, b) => Math.max(a, b), -Infinity);
    const powers = row.map((value) => Math.exp(value - most));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => power / sum);
  });
}

export function unit(x: Nd): Nd {
  return mapRows(x, x.shape.at(-1)!, (row) => {
    const norm = Math.sqrt(row.reduce((a, b) => a + b * b, 0));
    return row.map((value) => (norm === 0 ? 0 : value / norm));
  });
}

export function maxout(x: Nd, pieces: number): Nd {
  const features = x.shape.at(-1)! / pieces;
  return mapRows(x, features, (row) =>
    Array.from({ length: features }, (_, f) => Math.max(...row.subarray(f * pieces, (f + 1) * pieces))),
  );
}

export function matmul(a: Nd, b: Nd): Nd {
  const [rows, inner] = a.shape.slice(-2) as [number, number];
  const columns = b.shape.at(-1)!;
  const batch = (a.shape.length >= b.shape.length ? a : b).shape.slice(0, -2);
  const plane = (x: Nd, index: number) => {
    const size = count(x.shape.slice(-2));
    const planes = x.data.length / size;
    return { shape: x.shape.slice(-2), data: x.data.subarray((index % planes) * size, ((index % planes) + 1) * size) };
  };
  return build([...batch, rows, columns], (...index) => {
    const [r, c] = index.splice(-2) as [number, number];
    const flat = index.reduce((sum, i, axis) => sum * batch[axis]! + i, 0);
    const [left, right] = [plane(a, flat), plane(b, flat)];
    let sum = 0;
    for (let i = 0; i < inner; i++) sum += get(left, r, i) * get(right, i, c);
    return sum;
  });
}
