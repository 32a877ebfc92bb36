import type { Reader } from './choice.js';
import { condition, real, type Terms, whole } from './formulas.js';
import type { Seen } from './masks.js';
import type { Size } from './spec.js';
import type { Place } from './stream.js';

/** The sizes of an attention, which tables must fit. */
export interface HeadSizes {
  readonly heads: Size;
  readonly kvHeads: Size;
  readonly keyWidth: Size;
}

const parameters = '(s, head, q, k)';

/** A score as an argument, `undefined` for none. */
export function score(reader: Reader, sizes: HeadSizes, seen: Seen, place: Place): string | undefined {
  const { spec } = place;
  return reader.weighted<() => string | undefined>([
    [12, () => undefined],
    [2, () => spec.declare('score', 'alibi', (name) => `${name} = ${parameters} => s - 2 ** -(head + 1) * abs(q - k)`)],
    [2, () => capped(reader, place)],
    [3, () => relative(reader, sizes, place)],
    [6, () => general(reader, sizes, seen, place)],
    [2, () => withVectors(reader, sizes, place)],
    ...(place.index === undefined ? [] : [[2, () => byCopy(reader, place)] as const]),
  ])();
}

function capped(reader: Reader, { spec }: Place): string {
  const limit = reader.of('5', '1.5', '30');
  const softcap = spec.import('softcap');
  if (reader.once(2))
    return `${spec.declare('score', 'cap', (name) => `${name}(limit) = (s) => ${softcap}(s, limit)`)}(${limit})`;
  return spec.declare('score', 'cap', (name) => `${name} = (s) => ${softcap}(s, ${spec.parameter('limit', limit)})`);
}

/** A table of biases by distance, made in place or shared by all layers. */
function relative(reader: Reader, { heads }: HeadSizes, { spec }: Place): string {
  const rows = reader.of(3, 5, 1);
  const most = rows - 1;
  const distance = reader.of(
    `clamp(k - q + ${Math.floor(rows / 2)}, 0, ${most})`,
    `min(abs(q - k), ${most})`,
    `(q - k) % ${rows}`,
    `if q > k then min(floor(log(q - k + 1) * 1.3), ${most}) else 0`,
  );
  if (reader.once(2)) {
    const name = spec.declare('score', 'relative', (own) => `${own}(t) = ${parameters} => s + t[${distance}, head]`);
    return `${name}(weight(${rows}, ${heads.text}) as ${spec.name('table')})`;
  }
  const table = spec.name('biases');
  spec.statement(`let ${table} = weight(${rows}, ${heads.text})`);
  return spec.declare('score', 'biased', (own) => `${own} = ${parameters} => s + ${table}[${distance}, head]`);
}

function general(reader: Reader, { heads }: HeadSizes, seen: Seen, { spec }: Place): string {
  const grid = seen.query.grid && seen.key.grid && seen.itself ? ['q.row - k.row', 'q.column - k.column'] : [];
  const slope = spec.name('slope');
  spec.statement(`let ${slope} = weight(${heads.text}, init: 0.3)`);
  const terms: Terms = {
    whole: ['q - k', 'head', 'q', 'k', ...grid],
    real: ['tanh(s)', 's / 2', `${slope}[head]`],
    conditions: [
      ...(seen.key.segments ?? []).map((name) => `k in ${name}`),
      ...(seen.key.flags === undefined ? [] : [`${seen.key.flags}[k]`]),
    ],
  };
  const text = real(reader, terms);
  return spec.declare('score', 'shaped', (name) =>
    reader.of<() => string>(
      () => `${name} = ${parameters} => s + ${slope}[head] + ${text}`,
      () => `${name} = ${parameters} => (if ${condition(reader, terms, 1)} then s else ${text}) - ${slope}[head]`,
      () =>
        `${name} = ${parameters} => {\n  let d = ${whole(reader, terms)}\n  let e = ${text}\n  return s * ${slope}[head] + e - abs(d) / 4\n}`,
    )(),
  );
}

/** Scores that read the vectors of query and key: additive attention, and products with tables of vectors. */
function withVectors(reader: Reader, { heads, keyWidth }: HeadSizes, { spec }: Place): string {
  const v = spec.name('v');
  const made = (sizes: string): void => spec.statement(`let ${v} = weight(${sizes}, init: normal(0.3))`);
  const names = '(s, query, key, head, q, k)';
  switch (reader.below(4)) {
    case 0:
      made(keyWidth.text);
      return spec.declare('score', 'additive', (name) => `${name} = (query, key) => dot(${v}, tanh(query + key))`);
    case 1:
      made(`${heads.text}, ${keyWidth.text}`);
      return spec.declare('score', 'talking', (name) => `${name} = ${names} => s + dot(query, ${v}[head]) / 4`);
    case 2:
      made(`3, ${heads.text}, ${keyWidth.text}`);
      return spec.declare(
        'score',
        'placed',
        (name) =>
          `${name} = ${names} => s + (dot(query, ${v}[clamp(q - k, 0, 2), head]) + dot(key, ${v}[k % 3, head])) / 4`,
      );
    default:
      made(keyWidth.text);
      return spec
        .declare(
          'score',
          'products',
          (name) => `${name}(a) = ${names} => a * s + dot(query * ${v}, key) / 4 - dot(sigmoid(query), relu(key)) / 8`,
        )
        .concat('(0.5)');
  }
}

function byCopy(reader: Reader, { spec, index }: Place): string {
  const slopes = spec.parameter('slopes', '[0.5, 0.25, 0.125]');
  const name = spec.declare(
    'score',
    'tilted',
    (own) => `${own}(a) = ${parameters} => s - a * ${reader.of('abs(q - k)', 'sqrt(abs(q - k))', '(q - k) ** 2 / 8')}`,
  );
  return `${name}(${slopes}[${reader.of(`${index} % 3`, `min(${index}, 2)`)}])`;
}
