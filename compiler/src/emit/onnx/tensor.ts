import type { ElementType, OnnxTensor } from './model.js';

/** A small tensor that the compiler computes: rows in order. Integers are exact up to 2^53. */
export function tensor(type: ElementType, shape: readonly number[], values: readonly number[]): OnnxTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  if (count !== values.length) throw new Error(`${values.length} values for a tensor of ${count}`);
  const bytes = new Uint8Array(count * width[type]);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    put[type](view, i * width[type], value);
  });
  return { type, shape, bytes };
}

const width: Readonly<Record<ElementType, number>> = { float: 4, double: 8, int32: 4, int64: 8, bool: 1 };

const put: Readonly<Record<ElementType, (view: DataView, at: number, value: number) => void>> = {
  float: (view, at, value) => view.setFloat32(at, value, true),
  double: (view, at, value) => view.setFloat64(at, value, true),
  int32: (view, at, value) => view.setInt32(at, value, true),
  int64: (view, at, value) => view.setBigInt64(at, BigInt(value), true),
  bool: (view, at, value) => view.setUint8(at, value === 0 ? 0 : 1),
};
