import type { Reader } from './choice.js';
import { mask, type Seen } from './masks.js';
import { type HeadSizes, score } from './scores.js';
import { literal, type Size, times } from './spec.js';
import { blockStage, labelled, type Memory, type Place, type Stream } from './stream.js';

/** Whole numbers that divide one another, up to 4. */
const divisors = (value: number): [number, ...number[]] => {
  const others = [2, 3, 4].filter((divisor) => value % divisor === 0);
  return [1, ...others];
};

/** A number of heads: written, or a setting. */
function headCount(reader: Reader, place: Place, value: number): Size {
  const count = reader.of(...(divisors(value).reverse() as [number, ...number[]]));
  return reader.once(3) ? place.spec.size('heads', count) : literal(count);
}

/** Multi-head attention of the standard library, over the stream or over another sequence. */
export function attention(reader: Reader, stream: Stream, place: Place): string {
  const { spec } = place;
  const memory =
    place.memories.length > 0 && reader.once(2) ? reader.of(...(place.memories as [Memory, ...Memory[]])) : undefined;
  const heads = headCount(reader, place, stream.width.value);
  const ownWidth = reader.once(3) || stream.width.value / heads.value < 2;
  const keyWidth = ownWidth ? literal(reader.of(2, 4, 3)) : { text: '', value: stream.width.value / heads.value };
  const kvHeads = reader.once(3) ? literal(reader.of(...divisors(heads.value))) : heads;
  const split =
    kvHeads === heads &&
    stream.width.value % heads.value === 0 &&
    (memory?.width.value ?? 0) % heads.value === 0 &&
    reader.once(8);
  const seen: Seen = memory
    ? { query: stream, key: memory.presence === undefined ? {} : { presence: memory.presence }, itself: false }
    : { query: stream, key: stream, itself: true };
  const fullKeyWidth: Size = ownWidth
    ? keyWidth
    : { text: `(${stream.width.text}) / ${heads.text}`, value: keyWidth.value };
  const sizes: HeadSizes = { heads, kvHeads, keyWidth: fullKeyWidth };
  const given: string[] = [heads.text];
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined) given.push(`${name}: ${value}`);
  };
  if (ownWidth) given.push(keyWidth.text);
  if (ownWidth && reader.once(3)) given.push(reader.of('2', '1', '5'));
  if (kvHeads !== heads) add('kv_heads', kvHeads.text);
  add('over', memory?.text);
  add('mask', mask(reader, seen, place));
  add('score', score(reader, sizes, seen, place));
  if (memory === undefined) add('positions', headPositions(reader, keyWidth.value));
  if (reader.once(5)) {
    const norm = reader.of('rms_norm', 'layer_norm', 'rms_norm(affine: false)', 'unit', 'layer_norm(bias: false)');
    add('query', norm);
    add('key', reader.once(2) ? reader.of('rms_norm(eps: 1e-4)', 'identity * weight(1, init: 1)') : norm);
  }
  if (reader.once(5)) add('scale', reader.of('1', '0.125', `${heads.text} ** -0.5`));
  if (reader.once(6)) add('sinks', `weight(${heads.text}) as ${spec.name('sinks')}`);
  if (reader.once(3))
    add(
      'bias',
      reader.of('false', '{q: true, k: false, v: true, out: true}', '{q: false, k: false, v: false, out: true}'),
    );
  if (reader.once(6)) add('drop', '0.1');
  if (split) add('groups', heads.text);
  if (reader.once(8)) add('init', reader.of('normal(0.2)', 'xavier_normal(0.5)', 'truncated_normal(0.1)'));
  return labelled(spec, `attention(${given.join(', ')})`, reader.once(4) ? 'self_attention' : undefined);
}

/** Positions of queries and keys; the width of a head must be even. */
function headPositions(reader: Reader, width: number): string | undefined {
  if (width % 2 !== 0 || !reader.once(3)) return undefined;
  const given: string[] = [];
  if (reader.once(3)) given.push(`theta: ${reader.of('100', '500000')}`);
  if (width % 4 === 0 && reader.once(3)) given.push('share: 0.5');
  if (reader.once(3)) given.push('pairs: interleaved');
  if (reader.once(4))
    given.push(`frequency: (f) => ${reader.of('f / 8', 'if f < 0.5 then f / 4 else f', 'min(f, 0.5) + f / 2')}`);
  return given.length > 0 ? `rotary(${given.join(', ')})` : 'rotary';
}

/** Attention written over `attend`: one head without an axis for it, heads by hand, or only a score. */
export function attendByHand(reader: Reader, stream: Stream, place: Place): string {
  const { spec } = place;
  const seen: Seen = { query: stream, key: stream, itself: true };
  const heads = literal(reader.of(2, 1, 3));
  const width = literal(reader.of(2, 4, 3));
  const form = reader.below(stream.causal ? 2 : 3);
  return blockStage(place, 'Attend', (x) => {
    const argument = (name: string, value: string | undefined): string =>
      value === undefined ? '' : `, ${name}: ${value}`;
    const out = `linear(${stream.width.text}) as out`;
    if (form === 2) return scoredOnly(reader, stream, place, x, heads, width);
    if (form === 1) {
      const d = literal(reader.of(3, 4));
      const sizes = { heads: literal(1), kvHeads: literal(1), keyWidth: d };
      const [a, b] = [mask(reader, seen, place), score(reader, sizes, seen, place)];
      return [
        `let v = ${x} -> linear(${times(2, d).text}) as v`,
        `return attend(${x} -> linear(${d.text}) as q, ${x} -> linear(${d.text}, bias: false) as k, v${argument('mask', a)}${argument('score', b)}) -> ${out}`,
      ];
    }
    const all = literal(heads.value * width.value);
    const [a, b] = [mask(reader, seen, place), score(reader, { heads, kvHeads: heads, keyWidth: width }, seen, place)];
    const turned = headPositions(reader, width.value);
    const turn = turned === undefined ? '' : ` -> ${turned}`;
    const sinks = reader.once(4) ? `weight(${heads.text}) as ${spec.name('sinks')}` : undefined;
    return [
      `let q = ${x} -> linear(${all.text}) as q -> split_heads(${heads.text})${turn}`,
      `let k = ${x} -> linear(${all.text}) as k -> split_heads(${heads.text})${turn}`,
      `let v = ${x} -> linear(${all.text}) as v -> split_heads(${heads.text})`,
      `return attend(q, k, v${argument('mask', a)}${argument('score', b)}${argument('sinks', sinks)}) -> join_heads -> ${out}`,
    ];
  });
}

/** Graph attention (Veličković et al., 2018): the score looks at what each of the two rows has by itself. */
function scoredOnly(reader: Reader, stream: Stream, place: Place, x: string, heads: Size, width: Size): string[] {
  const seen: Seen = { query: stream, key: stream, itself: true };
  const given = mask(reader, seen, place);
  const slope = reader.of('0.2', '0.1');
  return [
    `let h = ${x} -> linear(${heads.value * width.value}, bias: ${reader.of('false', 'true')}) as project -> split_heads(${heads.text})`,
    `let left = h * weight(${heads.text}, ${width.text}, init: 0.4) as left -> sum`,
    `let right = h * weight(${heads.text}, ${width.text}) as right -> sum(axis: features)`,
    `score additive = (head, q, k) => leaky_relu(left[q, head] + right[k, head], ${slope})`,
    `return attend(none, none, h, score: additive${given === undefined ? '' : `, mask: ${given}`}) -> join_heads -> linear(${stream.width.text}) as out`,
  ];
}
