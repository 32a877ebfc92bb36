/**
 * Makes the rows of a [rows, columns] matrix orthonormal, in place; rows ≤ columns. Modified Gram–Schmidt, run twice
 * ("twice is enough", Kahan and Parlett), in float64.
 */
export function orthonormalRows(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const row = (i: number): Float64Array => matrix.subarray(i * columns, (i + 1) * columns);
  for (let i = 0; i < rows; i++) {
    const current = row(i);
    for (let time = 0; time < 2; time++) {
      for (let j = 0; j < i; j++) addScaled(current, row(j), -dot(current, row(j)));
    }
    const length = Math.sqrt(dot(current, current));
    for (let c = 0; c < columns; c++) current[c] = (current[c] ?? 0) / length;
  }
  return matrix;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function addScaled(to: Float64Array, from: Float64Array, factor: number): void {
  for (let i = 0; i < to.length; i++) to[i] = (to[i] ?? 0) + factor * (from[i] ?? 0);
}
