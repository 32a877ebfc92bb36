import { attendByHand, attention } from './attention.js';
import type { Reader } from './choice.js';
import { elementwise, feedForward, norm } from './layers.js';
import { recurrence, scan } from './recurrent.js';
import { literal, times } from './spec.js';
import { blockStage, type Place, type Stream } from './stream.js';

/** A stage that keeps the shape of a sequence: [B, T, width] → [B, T, width]. */
function stage(reader: Reader, stream: Stream, place: Place): string {
  const canNest = reader.left > 0;
  return reader.weighted<() => string>([
    [8, () => residual(reader, stream, place)],
    [3, () => attention(reader, stream, place)],
    [2, () => feedForward(reader, stream, place)],
    [4, () => elementwise(reader, stream, place)],
    [1, () => norm(reader, place)],
    [2, () => recurrence(reader, stream, place)],
    [2, () => scan(reader, stream, place)],
    [2, () => attendByHand(reader, stream, place)],
    ...(canNest
      ? ([
          [3, () => parallel(reader, stream, place)],
          [2, () => chosenBySetting(reader, stream, place)],
          [3, () => copies(reader, stream, place)],
          [2, () => shared(reader, stream, place)],
          [2, () => blockOf(reader, stream, place)],
          [2, () => sideBySide(reader, stream, place)],
        ] as const)
      : []),
  ])();
}

/** Several stages one behind the other; none is `identity`. */
export function pipeline(readers: readonly Reader[], stream: Stream, place: Place): string {
  if (readers.length === 0) return 'identity';
  return readers.map((reader) => stage(reader, stream, place)).join(' -> ');
}

/** What may stand in a residual branch. */
function sublayer(reader: Reader, stream: Stream, place: Place): string {
  return reader.weighted<() => string>([
    [6, () => attention(reader, stream, place)],
    [5, () => feedForward(reader, stream, place)],
    [1, () => recurrence(reader, stream, place)],
    [1, () => attendByHand(reader, stream, place)],
    [1, () => elementwise(reader, stream, place)],
    [1, () => scan(reader, stream, place)],
    ...(reader.left > 0 ? [[1, () => pipeline(reader.rest(), stream, place)] as const] : []),
  ])();
}

/** A residual branch with its norm before it, behind it, or both. */
function residual(reader: Reader, stream: Stream, place: Place): string {
  const where = reader.below(4);
  const inner = sublayer(reader, stream, place);
  const dropped = reader.once(4) ? `${inner} -> dropout(0.1)` : inner;
  switch (where) {
    case 0:
      return `residual { ${norm(reader, place)} -> ${dropped} }`;
    case 1:
      return `residual { ${dropped} } -> ${norm(reader, place)}`;
    case 2:
      return `residual { ${norm(reader, place)} -> ${dropped} -> ${norm(reader, place)} }`;
    default:
      return `residual { ${dropped} }`;
  }
}

/** Branches side by side, joined by arithmetic. */
function parallel(reader: Reader, stream: Stream, place: Place): string {
  const operator = reader.of('+', '+', '*', '-');
  const [first, second] = [reader.part(), reader.part()].map((part) => stage(part, stream, place));
  const joined = `((${first}) ${operator} (${second}))`;
  return reader.once(2) ? `${norm(reader, place)} -> ${joined}` : joined;
}

/** A stage that a setting chooses. */
function chosenBySetting(reader: Reader, stream: Stream, place: Place): string {
  const { spec, index } = place;
  const first = stage(reader.part(), stream, place);
  if (reader.once(4)) {
    const flag = spec.parameter('flag', reader.of('false', 'true'), reader.once(2));
    return `(if ${flag} then (${first}) else identity)`;
  }
  const second = stage(reader.part(), stream, place);
  return reader.weighted<() => string>([
    [
      3,
      () => {
        const flag = spec.parameter('flag', reader.of('false', 'true'), reader.once(2));
        return `(if ${flag} then (${first}) else (${second}))`;
      },
    ],
    [
      1,
      () => {
        const kind = spec.parameter('kind', '"a"', reader.of('a', 'b', 'c'));
        return `(match ${kind} { "a", "b" => (${first}), _ => (${second}) })`;
      },
    ],
    ...(index === undefined
      ? []
      : ([
          [3, () => `(if ${index} ${reader.of('== 0', '% 2 == 1', '> 0')} then (${first}) else (${second}))`],
          [1, () => `(match ${index} % 2 { 0 => (${first}), 1 => (${second}) })`],
        ] as const)),
  ])();
}

/** Copies with weights of their own. */
export function copies(reader: Reader, stream: Stream, place: Place): string {
  const { spec } = place;
  const index = reader.once(2) ? spec.name('i') : undefined;
  const { index: _, ...outer } = place;
  const inner: Place = index === undefined ? outer : { ...outer, index };
  const count = reader.once(3)
    ? String(reader.of(2, 1, 3))
    : spec.parameter('depth', reader.of(2, 1), reader.of(2, 1, 3, 0));
  const label = reader.once(3) ? '' : ` as ${spec.name('layers')}`;
  const readers = reader.rest();
  const body =
    readers.length === 0
      ? `${residual(reader, stream, inner)} -> ${residual(reader, stream, inner)}`
      : pipeline(readers, stream, inner);
  return `repeat(${index === undefined ? count : `${count}, ${index}`})${label} { ${body} }`;
}

/** One instance, used twice. */
function shared(reader: Reader, stream: Stream, place: Place): string {
  const { spec } = place;
  const act = reader.of('gelu', 'tanh', 'silu');
  // A model that generates keeps state by place: an instance with state is used once in each copy.
  const name = spec.name('tied');
  spec.statement(`let ${name} = linear(${stream.width.text})`);
  const [before] = [stage(reader.part(), stream, place)];
  return reader.once(2)
    ? `${name} -> ${act} -> ${before} -> ${name}`
    : `residual { ${name} -> ${act} -> ${name} } -> ${before}`;
}

/** A block of the model with a parameter, used twice. */
function blockOf(reader: Reader, stream: Stream, place: Place): string {
  const { spec } = place;
  const { index: _, ...outside } = place;
  const inner = stage(reader.part(), stream, outside);
  const name = spec.declare('block', 'Part', (own) =>
    reader.of<() => string>(
      () =>
        `${own}(factor, between = gelu) = ${inner} -> residual { linear(factor * 2) as part_up -> between -> linear(${stream.width.text}) as part_down }`,
      () =>
        `${own}(factor, between = gelu) from s: float[.., features] {\n  let h = s -> ${inner}\n  return h + (h -> linear(factor) as part_up -> between -> linear(features) as part_down)\n}`,
    )(),
  );
  const uses = [
    `${name}(${reader.of('2', '3')})`,
    `${name}(factor: 4, between: ${reader.of('relu', 'silu')}) as ${spec.name('second')}`,
  ];
  return reader.once(2) ? uses.join(' -> ') : (uses[0] ?? name);
}

/** Two views of the same rows, their features side by side. */
function sideBySide(reader: Reader, stream: Stream, place: Place): string {
  const inner = stage(reader.part(), stream, place);
  const other = literal(reader.of(3, 5));
  return blockStage(place, 'Beside', (x) => [
    `let (a, b) = ${x} -> linear(${times(2, stream.width).text}) as wide -> split(${stream.width.text}, ${stream.width.text})`,
    `let c = ${x} -> ${inner}`,
    reader.once(2)
      ? `return concat(a, b, c) -> linear(${stream.width.text}) as out`
      : `return concat(a * c, ${x} -> linear(${other.text}) as more) -> linear(${stream.width.text}) as out + b`,
  ]);
}
