import type { Reader } from './choice.js';
import type { Spec } from './spec.js';

/** A smooth function of `x`, and perhaps of a number `a`, element by element. */
function smooth(reader: Reader, x: string, a: string, depth = 2): string {
  if (depth === 0) return reader.of(x, `${a} * ${x}`, `tanh(${x})`);
  const below = (): string => smooth(reader, x, a, depth - 1);
  return reader.weighted<() => string>([
    [3, () => `${x} * sigmoid(${a} * ${x})`],
    [2, () => `${a} * tanh((${below()}) / ${a})`],
    [2, () => `where(${x} > 0, ${x}, 0.2 * ${x})`],
    [1, () => `(if ${x} ${reader.of('<', '<=', '>=')} 0 then -${x} else ${x} / 2)`],
    [1, () => `clamp(${below()}, -2, 2)`],
    [1, () => `exp(-(${x}) * ${x})`],
    [1, () => `log(1 + exp(-abs(${x}))) + max(${x}, 0)`],
    [1, () => `sqrt(1 + ${x} ** 2) - ${a}`],
    [1, () => `relu(${below()}) ** 2 / 4`],
    [1, () => `min(${below()}, ${a}) + leaky_relu(${x}, 0.1)`],
    [1, () => `(${below()}) - abs(${x}) / 3`],
  ])();
}

/** Declares a function and uses it as a stage. */
export function functionStage(reader: Reader, spec: Spec): string {
  const value = reader.of('1.5', '2', '0.5');
  switch (reader.below(4)) {
    case 0:
      return spec.declare('fn', 'act', (name) => `${name}(x) = ${smooth(reader, 'x', value)}`);
    case 1: {
      const name = spec.declare('fn', 'act', (own) => `${own}(x, a = 2) = ${smooth(reader, 'x', 'a')}`);
      return reader.once(2) ? `${name}(a: ${value})` : name;
    }
    case 2: {
      const name = spec.declare(
        'fn',
        'bump',
        (own) => `${own}(v, a) {\n  let d = v - a / 4\n  return ${smooth(reader, 'd', 'a')}\n}`,
      );
      return `${name}(a: ${spec.parameter('bend', value, reader.once(2) ? 1.25 : undefined)})`;
    }
    default: {
      const inner = spec.declare('fn', 'inner', (name) => `${name}(x, a) = ${smooth(reader, 'x', 'a', 1)}`);
      return spec.declare('fn', 'outer', (name) => `${name}(x) = 0.5 * ${inner}(x, ${value}) + x / 2`);
    }
  }
}

const activations = [
  'relu',
  'gelu',
  'gelu_tanh',
  'silu',
  'tanh',
  'sigmoid',
  'elu',
  'leaky_relu',
  'softplus',
  'elu(0.5)',
  'leaky_relu(slope: 0.2)',
] as const;

/** An activation: of the language, a function of the spec, or chosen by a text of the configuration. */
export function activation(reader: Reader, spec: Spec): string {
  return reader.weighted<() => string>([
    [10, () => reader.of(...activations)],
    [3, () => functionStage(reader, spec)],
    [
      1,
      () => {
        const name = spec.parameter('activation', '"gelu"', reader.of('gelu', 'silu', 'other'));
        return spec.declare(
          'block',
          'Activation',
          (own) => `${own} = match ${name} { "gelu" => gelu, "silu" => silu, _ => ${reader.of(...activations)} }`,
        );
      },
    ],
  ])();
}
