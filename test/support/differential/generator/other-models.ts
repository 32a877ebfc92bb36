import { beside, useBeside } from './beside.js';
import { type Making, stages } from './model-parts.js';
import { pooling, positions, reshaping } from './sequence.js';
import { literal } from './spec.js';
import type { Place, Stream } from './stream.js';
import { pipeline } from './structure.js';

/** Pictures: patches of them, with or without a class token, perhaps merged on the way. */
export function vision(making: Making): void {
  const { spec, shape, ends, width } = making;
  const [side, patch, channels] = [literal(shape.of(4, 6)), literal(2), literal(shape.of(1, 3))];
  const across = side.value / patch.value;
  const place: Place = { spec, memories: [] };
  const fits = !shape.once(3);
  // Cut off on one side, filled up on the other.
  const [high, wide] = fits ? [side.value, side.value] : [side.value + 1, side.value - 1];
  spec.statement(`input image: float[B, ${high}, ${wide}, ${channels.text}]`);
  const sized = shape.of('crop_or_pad', 'resize');
  const image = fits ? 'image' : `image -> ${sized}(${side.text}, ${side.text})`;
  const grid = { rows: literal(across), columns: literal(across) };
  const count = literal(across * across);
  let stream: Stream = { width, causal: false, length: { text: count.text, most: count, fixed: true }, grid };
  let text = `${image} -> patches(${patch.text}) -> linear(${width.text}) as ${spec.name('patch')}`;
  if (shape.once(3)) text += ` -> ${learnedGrid(making, across)}`;
  if (shape.once(2)) {
    text += ` -> prepend(weight(1, ${width.text}) as ${spec.name('class_token')})`;
    const rows = literal(count.value + 1);
    stream = { width, causal: false, length: { text: rows.text, most: rows, fixed: true } };
  }
  const placed = positions(ends, stream, place);
  stream = { ...placed.stream, ...(stream.grid && { grid: stream.grid }) };
  text += `${placed.text}\n    -> ${stages(making.body, stream, place, ends)}`;
  if (across % 2 === 0 && stream.grid === grid && placed.stream.grid === grid && ends.once(2)) {
    text += `\n    -> patches(2) -> layer_norm -> linear(${width.text}, bias: false) as ${spec.name('merge')}`;
    stream = { width, causal: false, length: { text: '1', fixed: true } };
  } else if (ends.once(3)) {
    const changed = reshaping(ends, { ...stream, length: { text: stream.length.text, fixed: true } }, place);
    text += ` -> ${changed.text}`;
    stream = changed.stream;
  }
  spec.statement(
    `output logits = ${text}\n    -> ${pooling(ends, { ...stream, length: { text: stream.length.text } }, place)} -> linear(4) as head`,
  );
}

/** Positions that were learned on a grid of another size, or of the same. */
function learnedGrid({ spec, shape, width }: Making, across: number): string {
  const [side, how] = [shape.of(2, 3, 1), shape.of('how: bicubic, ', '')];
  const table = `weight(${side * (side + 1)}, ${width.text}) as ${spec.name('learned')}`;
  return `identity + (${table} -> resize(${across}, ${across}, ${how}from: [${side}, ${side + 1}]))`;
}

/** Sequences of numbers, with flags and pairs, whose length changes on the way; perhaps two that are joined. */
export function features(making: Making): void {
  const { spec, shape, ends, width } = making;
  const place: Place = { spec, memories: [] };
  const channels = literal(shape.of(3, 5, 1));
  spec.statement(`input series: float[B, T, ${channels.text}]`);
  const more = beside(making);
  const presence = shape.once(3) ? { presence: 'series' } : {};
  let stream: Stream = { width, causal: false, length: { text: 'T', dimension: 'T' }, ...presence, ...more };
  spec.statement(
    `let state = series -> linear(${width.text}) as ${spec.name('project')} -> ${pipeline(making.memory, stream, place)}`,
  );
  useBeside(making, more);
  let text = 'state';
  if (shape.once(3)) {
    spec.statement(`input other: float[B, S, ${channels.text}]`);
    text = `concat(series -> linear(${width.text}) as ${spec.name('left')}, other -> linear(${width.text}) as ${spec.name('right')}, axis: sequence)`;
    spec.statement('output total = state -> sum');
    stream = { width, causal: false, length: { text: 'T + S' }, segments: ['series', 'other'] };
  }
  text += ` -> ${stages(making.body, stream, place, ends)}`;
  for (let changes = ends.below(3); changes > 0; changes--) {
    const changed = reshaping(ends, stream, place);
    text += ` -> ${changed.text}`;
    stream = changed.stream;
  }
  spec.statement(`output y = ${text}`);
  if (ends.once(2)) spec.statement(`output z = y -> ${pooling(ends, { ...stream, length: { text: '' } }, place)}`);
  if (ends.once(3)) spec.statement('output flat = y -> transpose -> mean');
}

/** A constant text, then a picture token by token on its grid (Ramesh et al., 2021). */
export function prefixed(making: Making): void {
  const { spec, shape, ends, width } = making;
  const [words, colours] = [spec.size('words', 7), spec.size('colours', 6, 8)];
  const length = spec.size('length', shape.of(3, 1, 2));
  const grid = spec.size('grid', shape.of(3, 2));
  spec.statement(`input text: token[B, ${length.text}] of ${words.text}`);
  spec.statement(`input image: token[B, N <= ${grid.text} * ${grid.text}] of ${colours.text}`);
  const place: Place = { spec, memories: [] };
  const placed = ends.of(` -> learned_positions(${length.text}) as text_positions`, '', ' -> sinusoidal_positions');
  const onGrid = ends.of(
    ` -> axial_positions(${grid.text}, ${grid.text})`,
    ` -> learned_positions(${grid.text} * ${grid.text})`,
  );
  const stream: Stream = {
    width,
    causal: true,
    length: { text: `${length.text} + N` },
    segments: ['text', 'image'],
    ...(onGrid.includes('axial') && { grid: { rows: grid, columns: grid } }),
  };
  const joined = `concat(\n    text -> embedding(${words.text}, ${width.text}) as text_words${placed},\n    image -> embedding(${colours.text}, ${width.text}) as image_words${onGrid},\n    axis: sequence\n  )`;
  const body = stages(making.body, stream, place, ends);
  spec.statement(
    `output logits: float[B, N + 1, ${colours.text}] =\n  ${joined}\n    -> ${body}\n    -> layer_norm as last -> predict(image) -> linear(${colours.text}) as head`,
  );
  if (!shape.once(4)) spec.statement('generate image from logits');
}

/** Two towers, and how near their results are (Radford et al., 2021). */
export function pair(making: Making): void {
  const { spec, shape, ends, width } = making;
  const place: Place = { spec, memories: [] };
  const vocab = spec.size('vocab', 7);
  spec.statement(`input text: token[N, T] of ${vocab.text}`);
  spec.statement(`input sound: float[M, S, ${shape.of(4, 3)}]`);
  const left: Stream = { width, causal: false, length: { text: 'T', dimension: 'T' } };
  const right: Stream = { width, causal: false, length: { text: 'S', dimension: 'S' } };
  spec.statement(
    `output a = text -> embedding(${vocab.text}, ${width.text}) -> ${stages(making.body, left, place, ends)} -> ${pooling(ends, left, place)} -> linear(5, bias: false) as a_head -> unit`,
  );
  spec.statement(
    `output b = sound -> linear(${width.text}) -> ${stages(making.memory, right, place, ends)} -> ${pooling(ends, right, place)} -> linear(5) as b_head -> unit`,
  );
  spec.statement(
    'output closeness: float[N, M] = exp(weight(init: log(3)) as temperature) * matmul(a, b -> transpose)',
  );
  if (ends.once(2)) spec.statement('output closeness_of_b = closeness -> transpose');
}
