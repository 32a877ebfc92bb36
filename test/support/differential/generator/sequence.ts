import type { Reader } from './choice.js';
import { literal, type Size, times } from './spec.js';
import { blockStage, labelled, type Place, type Stream, type Written } from './stream.js';

/** Positions that are added to a sequence. */
export function positions(reader: Reader, stream: Stream, place: Place): Written {
  const { spec } = place;
  const { most } = stream.length;
  const none: Written = { text: '', stream };
  const added = (text: string): Written => ({ text: ` -> ${text}`, stream });
  const isEven = stream.width.value % 2 === 0;
  return reader.weighted<() => Written>([
    [2, () => none],
    ...(isEven
      ? ([
          [2, () => added('sinusoidal_positions')],
          [1, () => added(`sinusoidal_positions(layout: halves, base: ${reader.of('10000', '100')})`)],
          [1, () => added('sinusoidal_positions(base: 500)')],
        ] as const)
      : []),
    ...(most === undefined
      ? []
      : ([
          [3, () => added(labelled(spec, `learned_positions(${most.text})`, reader.once(2) ? 'positions' : undefined))],
          [1, () => added(`learned_positions(${most.text}, offset: 2)`)],
          [1, () => added(`learned_positions(${most.text}, trained: false)`)],
          [2, () => axial(reader, stream, most)],
        ] as const)),
  ])();
}

function axial(reader: Reader, stream: Stream, most: Size): Written {
  const rows = literal(reader.of(3, 2, 4));
  const columns = literal(Math.ceil(most.value / rows.value));
  return { text: ` -> axial_positions(${rows.text}, ${columns.text})`, stream: { ...stream, grid: { rows, columns } } };
}

/** Stages that change how long or how wide a sequence is. Not for one that is generated. */
export function reshaping(reader: Reader, stream: Stream, place: Place): Written {
  const { spec } = place;
  const { length, width } = stream;
  // What belongs to the rows of the input does not belong to fewer or more of them.
  const rows = (text: string): Stream => ({
    width,
    causal: false,
    length: { text, ...(length.fixed && { fixed: true }) },
  });
  return reader.weighted<() => Written>([
    [3, () => widened(reader, stream, place)],
    [
      2,
      () => {
        const name = spec.name('extra');
        const count = reader.of(1, 2);
        return {
          text: `prepend(weight(${count}, ${width.text}) as ${name})`,
          stream: rows(`${count} + ${length.text}`),
        };
      },
    ],
    ...(length.dimension === undefined
      ? []
      : ([
          [
            1,
            () => {
              spec.dimensionAtLeast(length.dimension ?? '', 3);
              return reader.of<() => Written>(
                () => ({ text: 'tail(1)', stream: rows(`${length.text} - 1`) }),
                () => ({ text: 'head(2)', stream: rows('2') }),
                () => ({ text: 'tail(1) -> tail(1)', stream: rows(`${length.text} - 2`) }),
              )();
            },
          ],
          [
            1,
            () => ({
              text: blockStage(place, 'Rolled', (x) => [
                `return concat(${x} -> tail(1), ${x} -> head(1), axis: sequence)`,
              ]),
              stream,
            }),
          ],
        ] as const)),
    [
      1,
      () => ({
        text: blockStage(place, 'Twice', (x) => [
          `return concat(${x}, ${x} -> linear(${width.text}) as again, axis: sequence)`,
        ]),
        stream: rows(`2 * (${length.text})`),
      }),
    ],
    ...(length.fixed === true ? [[2, () => mixed(reader, stream)] as const] : []),
    [1, () => similar(stream, place)],
    [1, () => ({ text: neighbours(reader, stream), stream })],
  ])();
}

function widened(reader: Reader, stream: Stream, place: Place): Written {
  const { spec } = place;
  if (reader.once(2)) {
    const count = reader.of(2, 3);
    const index = spec.name('s');
    const text = `repeat(${count}, ${index}) as ${spec.name('stages')} { linear(${reader.of('4', '3')} * (${index} + 1)) -> gelu }`;
    const base = text.includes('linear(4') ? 4 : 3;
    return { text, stream: { ...stream, width: literal(base * count) } };
  }
  const width = reader.of(literal(6), literal(8), times(2, stream.width));
  return {
    text: labelled(spec, `linear(${width.text})`, reader.once(2) ? 'widen' : undefined),
    stream: { ...stream, width },
  };
}

/** A layer over the rows (Tolstikhin et al., 2021): their number must be known. */
function mixed(reader: Reader, stream: Stream): Written {
  const inner = reader.of('gelu', 'tanh');
  return {
    text: `transpose -> linear(${stream.length.text}) -> ${inner} -> transpose`,
    stream,
  };
}

/** Rows with those around them, or with all before them. */
function neighbours(reader: Reader, { width }: Stream): string {
  return reader.of(
    `conv1d(${width.text}, kernel: 3, pad: 1) -> gelu`,
    `running_sum(start: 0.5) -> layer_norm`,
    `windows(3, pad: 1) -> linear(${width.text}, bias: false)`,
  );
}

/** Rows as they resemble one another, by plain products. */
function similar(stream: Stream, place: Place): Written {
  return {
    text: blockStage(place, 'Similar', (x) => [
      `let a = ${x} -> linear(${stream.width.text}) as a -> unit`,
      `let near = matmul(a, ${x} -> unit -> transpose) -> softmax`,
      `return matmul(near, ${x})`,
    ]),
    stream,
  };
}

/** One row for each sequence: [B, T, width] → [B, width]. */
export function pooling(reader: Reader, stream: Stream, place: Place): string {
  const { spec } = place;
  const { dimension } = stream.length;
  return reader.weighted<() => string>([
    [3, () => 'first'],
    [3, () => 'mean(axis: sequence)'],
    [2, () => 'at(-1)'],
    [1, () => 'sum(axis: sequence) -> tanh'],
    ...(dimension === undefined
      ? []
      : [
          [
            1,
            () => {
              spec.dimensionAtLeast(dimension, 3);
              return reader.of('at(1)', 'at(-2)');
            },
          ] as const,
        ]),
  ])();
}
