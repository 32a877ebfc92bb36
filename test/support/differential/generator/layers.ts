import type { Reader } from './choice.js';
import { activation, functionStage } from './functions.js';
import { literal, type Size, times } from './spec.js';
import { blockStage, labelled, type Place, type Stream } from './stream.js';

export function norm(reader: Reader, { spec }: Place): string {
  const text = reader.of(
    'layer_norm',
    'rms_norm',
    'layer_norm(eps: 1e-3)',
    'layer_norm(bias: false)',
    'rms_norm(eps: 1e-5)',
    'layer_norm(affine: false)',
    'rms_norm(affine: false) * 0.7',
    'unit',
  );
  return labelled(spec, text, reader.once(2) && !text.includes('*') ? 'norm' : undefined);
}

/** The width between two layers: written, a multiple, or a setting. */
function hidden(reader: Reader, width: Size, place: Place): Size {
  return reader.weighted<() => Size>([
    [3, () => times(2, width)],
    [2, () => literal(reader.of(6, 10, 4))],
    [1, () => place.spec.size('hidden', 8, 12)],
  ])();
}

const bias = (reader: Reader): string => (reader.once(3) ? ', bias: false' : '');

const init = (reader: Reader): string =>
  reader.once(6)
    ? `, init: ${reader.of('normal(0.1)', 'uniform(-0.2, 0.2)', 'xavier_normal()', 'xavier_uniform(0.5)', 'orthogonal()', 'truncated_normal(0.2)', '0.1')}`
    : '';

/** Two linear layers around an activation, in all the ways it is written. */
export function feedForward(reader: Reader, { width }: Stream, place: Place): string {
  const { spec } = place;
  const inner = hidden(reader, width, place);
  const act = activation(reader, spec);
  return reader.weighted<() => string>([
    [
      4,
      () =>
        labelled(
          spec,
          `${spec.import('FeedForward')}(${inner.text}, ${act}${bias(reader)}${reader.once(5) ? ', drop: 0.1' : ''}${init(reader)})`,
          reader.once(2) ? 'mlp' : undefined,
        ),
    ],
    [
      3,
      () =>
        labelled(
          spec,
          `${spec.import('GatedFeedForward')}(${inner.text}, ${act}${reader.once(3) ? ', bias: true' : ''})`,
          reader.once(2) ? 'gated' : undefined,
        ),
    ],
    [
      2,
      () =>
        `linear(${inner.text}${bias(reader)}) as ${spec.name('up')} -> ${act} -> linear(${width.text}${init(reader)})`,
    ],
    [
      2,
      () =>
        `((linear(${inner.text}) -> ${act}) * linear(${inner.text}${bias(reader)})) -> linear(${width.text}) as ${spec.name('down')}`,
    ],
    [1, () => `linear(${times(3, width).text}) -> maxout(3)`],
    [1, () => splitGate(reader, width, place, act)],
    [1, () => `linear(${width.text}, groups: ${width.value % 2 === 0 ? 2 : 1}${bias(reader)}) -> ${act}`],
  ])();
}

/** Both halves of one product: a gate and what it lets through. */
function splitGate(reader: Reader, width: Size, place: Place, act: string): string {
  const total = times(2, width);
  return blockStage(place, 'Split', (x) => [
    `let (gate, up) = ${x} -> linear(${total.text}) as both -> split(${width.text}, ${width.text})`,
    reader.once(2)
      ? 'return (gate -> sigmoid) * up'
      : `return concat(gate -> ${act}, up) -> linear(${width.text}) as down`,
  ]);
}

/** A stage that acts on every element, or on every row. */
export function elementwise(reader: Reader, stream: Stream, place: Place): string {
  const { spec } = place;
  const { width, presence, flags } = stream;
  const scale = (): string =>
    `weight(${width.text}, init: ${reader.of('0.5', 'normal(0.2)', '1')}) as ${spec.name('scale')}`;
  return reader.weighted<() => string>([
    [4, () => activation(reader, spec)],
    [2, () => functionStage(reader, spec)],
    [2, () => `dropout(${reader.of('0.1', '0.5')})`],
    [2, () => `identity * ${scale()}`],
    [1, () => `identity + ${scale()}`],
    [1, () => `identity / (1 + ${scale()} ** 2)`],
    [1, () => `identity - ${reader.of('0.5', '0.1')}`],
    [1, () => 'softmax'],
    [1, () => 'unit'],
    [1, () => `clamp(${reader.of('-1, 1', 'low: -2, high: 0.5')})`],
    [5, () => smoothSteps(reader)],
    ...(presence === undefined ? [] : [[3, () => `zero(where: not present(${presence}))`] as const]),
    ...(flags === undefined ? [] : [[2, () => `zero(where: ${reader.of(flags, `not ${flags}`)})`] as const]),
    [6, () => chosenByData(reader, stream, place)],
  ])();
}

/** Functions that are not defined everywhere, where they are. */
const smoothSteps = (reader: Reader): string =>
  reader.of(
    'tanh -> exp',
    'abs',
    '(abs + 1) -> log',
    '(identity * identity + 0.5) -> sqrt',
    '(abs + 0.5) ** 1.5',
    '-identity',
  );

/** Numbers chosen by data: `where`, `min`, `max`, and comparisons. */
function chosenByData(reader: Reader, { width }: Stream, place: Place): string {
  const number = reader.of('0', '0.25', '-0.5');
  return blockStage(place, 'Choose', (x) => {
    const other = `${x} -> linear(${width.text}) as other`;
    const compared = reader.of('>', '<', '>=', '<=');
    return reader.of<() => string[]>(
      () => [
        `let other = ${other}`,
        `return where(${x} ${compared} ${number}, ${x} - ${number}, 0) + where(other ${reader.of('>=', '<=')} 0, other, 0.1 * other) / 2`,
      ],
      () => [`let other = ${other}`, `return ${reader.of('max', 'min')}(${x}, other)`],
      () => [`let other = ${other}`, `return max(${x}, ${number}) * (other -> tanh) - min(${number}, ${x})`],
      () => [
        `let high = ${x} > 1 ${reader.of('or', 'and')} not (${x} ${reader.of('<', '!=', '==')} 1)`,
        `return where(high, ${x}, 1)`,
      ],
    )();
  });
}
