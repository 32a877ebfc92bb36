import * as ops from '../../../runtime/src/index.js';
import { build, get, type Nd } from '../reference/array.js';
import { normal, type OperatorCase } from './case.js';

/** How much a neighbour at a distance counts: the tent, and the convolution of Keys (1981) with a = −0.75. */
const weightOf = {
  bilinear: (distance: number) => Math.max(0, 1 - distance),
  bicubic: (distance: number) => {
    const [s, a] = [distance, -0.75];
    if (s <= 1) return (a + 2) * s ** 3 - (a + 3) * s ** 2 + 1;
    return s < 2 ? a * s ** 3 - 5 * a * s ** 2 + 8 * a * s - 4 * a : 0;
  },
} as const;

/** Rows, or columns, from `place` − 3 to `place` + 3, those beyond the edge at the edge. */
function neighbours(place: number, size: number): readonly (readonly [index: number, distance: number])[] {
  const first = Math.floor(place) - 3;
  return Array.from({ length: 8 }, (_, i) => {
    return [Math.min(Math.max(first + i, 0), size - 1), Math.abs(first + i - place)] as const;
  });
}

function resized(x: Nd, rows: number, columns: number, how: ops.Interpolation): Nd {
  const [batch = 1, height = 1, width = 1, depth = 1] = x.shape;
  const weight = weightOf[how];
  return build([batch, rows, columns, depth], (b, i, j, c) => {
    let sum = 0;
    for (const [row, down] of neighbours(((i! + 0.5) * height) / rows - 0.5, height))
      for (const [column, across] of neighbours(((j! + 0.5) * width) / columns - 0.5, width))
        sum += weight(down) * weight(across) * get(x, b!, row, column, c!);
    return sum;
  });
}

const x = normal([2, 3, 5, 2], 1);

/** Each by the sum over its neighbours, in float64. */
export const resizeCases: readonly OperatorCase[] = [
  ...(['bilinear', 'bicubic'] as const).flatMap((how) =>
    (
      [
        [7, 4],
        [2, 11],
        [3, 2],
        [6, 5],
      ] as const
    ).map(
      ([rows, columns]): OperatorCase => ({
        name: `resize ${how} to ${rows} × ${columns}`,
        inputs: [x],
        run: (input) => ops.resize(input!, { rows, columns, how }),
        reference: (input) => resized(input!, rows, columns, how),
        gradient: true,
      }),
    ),
  ),
  {
    name: 'resize of a table, bicubic',
    inputs: [normal([15, 4], 2)],
    run: (table) => ops.resize(table!, { rows: 2, columns: 6, how: 'bicubic', from: [3, 5] }),
    reference: (table) => {
      const { data } = resized({ shape: [1, 3, 5, 4], data: table!.data }, 2, 6, 'bicubic');
      return { shape: [12, 4], data };
    },
    gradient: true,
  },
];
