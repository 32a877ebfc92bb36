import type { Reader } from './choice.js';
import { condition, type Terms } from './formulas.js';
import type { Place, Stream } from './stream.js';

/** Which keys a query may see: what both sequences offer to ask. */
export interface Seen {
  readonly query: Stream;
  /** Of the keys; the queries themselves in self-attention. */
  readonly key: Partial<Stream>;
  /** Over itself: positions of queries and keys are of one sequence. */
  readonly itself: boolean;
}

/** A mask as an argument, `undefined` for none. A generated sequence sees its past only. */
export function mask(reader: Reader, seen: Seen, place: Place): string | undefined {
  if (seen.query.causal && seen.itself) {
    if (reader.once(10)) return `causal and ${fromTable(reader, seen, place)}`;
    const others = reader.of(0, 0, 1, 2);
    const parts = Array.from({ length: others }, () => atom(reader, seen, place));
    if (reader.once(8)) return [pastOnly(reader, seen, place), ...parts].join(' and ');
    return ['causal', ...parts].join(' and ');
  }
  return reader.weighted<() => string | undefined>([
    [seen.key.presence === undefined ? 4 : 1, () => undefined],
    [1, () => 'all'],
    ...(seen.key.pairs !== undefined && seen.itself ? [[2, () => seen.key.pairs] as const] : []),
    [3, () => atom(reader, seen, place)],
    [2, () => `${atom(reader, seen, place)} and ${atom(reader, seen, place)}`],
    [2, () => `(${atom(reader, seen, place)} or ${atom(reader, seen, place)})`],
    [1, () => chosen(reader, seen, place)],
    [2, () => withTable(reader, seen, place)],
  ])();
}

/** Beside a table stands nothing that may always hold, or never: the table would not be used. */
function withTable(reader: Reader, seen: Seen, place: Place): string {
  const plain = reader.of('causal', `${place.spec.import('window')}(2)`);
  const asked = seen.key.presence === undefined ? plain : `present(${seen.key.presence})`;
  const table = fromTable(reader, seen, place);
  return reader.of(table, `(${table} or ${asked})`, `${asked} and ${table}`);
}

/** A mask that implies k ≤ q without saying `causal`. */
function pastOnly(reader: Reader, seen: Seen, place: Place): string {
  const more = condition(reader, terms(seen), 1);
  const past = reader.of('k <= q', 'q - k >= 0', 'q >= k and q - k < 4');
  return place.spec.declare('mask', 'past', (name) => `${name} = (head, q, k) => ${past} and (${more} or q == k)`);
}

function atom(reader: Reader, seen: Seen, place: Place): string {
  const { spec } = place;
  const { presence, flags, pairs } = seen.key;
  return reader.weighted<() => string>([
    [1, () => 'causal'],
    ...(presence === undefined ? [] : [[10, () => `present(${presence})`] as const]),
    ...(flags === undefined ? [] : [[6, () => flags] as const]),
    ...(pairs !== undefined && seen.itself
      ? [[6, () => spec.declare('mask', 'edges', (name) => `${name} = (q, k) => ${pairs}[q, k]`)] as const]
      : []),
    [3, () => `${spec.import('window')}(${reader.of('1', '2', '3', '5')})`],
    [6, () => named(reader, seen, place)],
    [3, () => withNumber(reader, seen, place)],
    ...(place.index === undefined ? [] : [[5, () => byCopy(reader, seen, place)] as const]),
    [1, () => `(${chosen(reader, seen, place)})`],
  ])();
}

function terms({ query, key, itself }: Seen): Terms {
  const grids = [
    ...(query.grid ? ['q.row', 'q.column'] : []),
    ...(key.grid ? ['k.row', 'k.column'] : []),
    ...(query.grid && key.grid && itself ? ['q.row - k.row', 'q.column - k.column', 'abs(q.column - k.column)'] : []),
  ];
  const segments = [
    ...(query.segments ?? []).map((name) => `q in ${name}`),
    ...(key.segments ?? []).map((name) => `k in ${name}`),
  ];
  const asked = [
    ...(key.flags === undefined ? [] : [`${key.flags}[k]`]),
    ...(query.flags === undefined ? [] : [`${query.flags}[q]`]),
    ...(key.marks !== undefined && itself ? [`${key.marks}[q] == ${key.marks}[k]`, `${key.marks}[k] > 0`] : []),
    ...(key.pairs !== undefined && itself ? [`${key.pairs}[q, k]`, `${key.pairs}[k, q]`] : []),
  ];
  return { whole: ['q - k', 'q', 'k', 'head', 'k - q', ...grids], real: [], conditions: [...segments, ...asked] };
}

function named(reader: Reader, seen: Seen, { spec }: Place): string {
  const text = condition(reader, terms(seen));
  return spec.declare('mask', 'pattern', (name) =>
    reader.once(3)
      ? `${name} = (head, q, k) => {\n  let near = ${text}\n  return near or q == k\n}`
      : `${name} = (head, q, k) => ${text}`,
  );
}

/** A mask with a number, which is one of the configuration. */
function withNumber(reader: Reader, seen: Seen, { spec }: Place): string {
  const { whole, ...others } = terms(seen);
  const text = condition(reader, { ...others, whole: [...whole, 'n'] }, 1);
  const name = spec.declare(
    'mask',
    'near',
    (own) => `${own}(n) = (head, q, k) => abs(q - k) < n and ${text} or q == k`,
  );
  return reader.once(2) ? `${name}(${reader.of('1', '2', '4')})` : `${name}(n: ${spec.parameter('near_by', 3, 2)})`;
}

/** A table of truth: elements of a weight, compared as they are. */
function fromTable(reader: Reader, { query }: Seen, { spec }: Place): string {
  const table = spec.name('seen');
  const rows = reader.of(2, 3, 5);
  spec.statement(`let ${table} = weight(${rows}, init: uniform(-1, 1))`);
  const place = query.grid ? reader.of('q - k', 'q.row - k', 'q') : reader.of('q - k', 'k', 'q + head');
  const row = reader.once(2) ? `clamp(${place}, 0, ${rows - 1})` : `(${place}) % ${rows}`;
  return spec.declare('mask', 'looked_up', (name) => `${name} = (head, q, k) => ${table}[${row}] > 0`);
}

/** Another mask in every second or third copy. */
function byCopy(reader: Reader, seen: Seen, place: Place): string {
  const { spec, index } = place;
  if (reader.once(6)) {
    const strided = spec.declare('mask', 'strided', (own) => `${own}(i) = (q, k) => (q - k) % (i + 1) == 0`);
    return `${strided}(${index})`;
  }
  const { index: _, ...without } = place;
  const [first, second] = [named(reader, seen, without), named(reader, seen, without)];
  if (reader.once(2)) return `(if ${index} % 2 == 0 then ${first} else ${second})`;
  const name = spec.declare('mask', 'turn', (own) => `${own}(i) = match i % 3 { 0, 2 => ${first}, 1 => ${second} }`);
  return `${name}(${index})`;
}

/** Which mask, a setting says. */
function chosen(reader: Reader, seen: Seen, place: Place): string {
  const flag = place.spec.parameter('sparse', 'false', reader.once(2));
  return `if ${flag} then ${named(reader, seen, place)} else ${named(reader, seen, place)}`;
}
