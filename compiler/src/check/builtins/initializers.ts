import type { Expression, Initializer } from '../../graph/graph.js';
import { failed } from '../values.js';
import { type Builtin, positional } from './builtin.js';

/** An initialiser with its numbers: `normal(0.02)`, `uniform(-0.1, 0.1)`. */
function initializer(
  name: string,
  parameters: Readonly<Record<string, number | undefined>>,
  make: (values: readonly Expression[]) => Initializer,
): Builtin {
  return {
    name,
    operands: 0,
    parameters: positional(...Object.keys(parameters)),
    run: (use) => {
      const values = Object.entries(parameters).map(([n, otherwise]) => use.number(n, otherwise));
      const known = values.flatMap((v) => (v === undefined ? [] : [v]));
      return known.length === values.length ? { kind: 'initializer', initializer: make(known) } : failed;
    },
  };
}

export const initializers: readonly Builtin[] = [
  initializer('normal', { deviation: undefined }, ([deviation = 1]) => ({ kind: 'normal', mean: 0, deviation })),
  initializer('truncated_normal', { deviation: undefined }, ([deviation = 1]) => ({
    kind: 'truncated_normal',
    mean: 0,
    deviation,
  })),
  initializer('uniform', { low: undefined, high: undefined }, ([low = 0, high = 0]) => ({
    kind: 'uniform',
    low,
    high,
  })),
  initializer('xavier_uniform', { gain: 1 }, ([gain = 1]) => ({ kind: 'xavier_uniform', gain })),
  initializer('xavier_normal', { gain: 1 }, ([gain = 1]) => ({ kind: 'xavier_normal', gain })),
  initializer('orthogonal', { gain: 1 }, ([gain = 1]) => ({ kind: 'orthogonal', gain })),
];
