import { modelScope, sizeIn } from '../../../compiler/src/explain/scope.js';
import type { DataType, Expression, InputDeclaration } from '../../../compiler/src/graph/graph.js';
import { type Random, random } from './random.js';
import type { Subject } from './subject.js';

/** What every engine is given for one input. */
export interface InputValue {
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly data: Int32Array | Float32Array | Uint8Array;
  /** [B, T], 1 where a row is real; absent where nobody asks. */
  readonly present?: Uint8Array;
  /** The declared default; the generated code is not given the input. */
  readonly omitted: boolean;
}

export interface Inputs {
  readonly sizes: ReadonlyMap<string, number>;
  readonly values: readonly InputValue[];
}

/** Dimensions of a batch: those that some input has as its first axis. */
function batchDimensions({ model }: Subject): ReadonlySet<string> {
  const names = model.inputs.flatMap(({ type }) => {
    const [first] = type.shape;
    return isDimension(first) ? [first.name] : [];
  });
  return new Set(names);
}

function isDimension(size: Expression | undefined): size is { readonly kind: 'dimension'; readonly name: string } {
  return typeof size === 'object' && size.kind === 'dimension';
}

/** Sizes of the input dimensions: batches of 1 to 3, and sequences of about `length` rows, as short and as long as allowed. */
export function chooseSizes(subject: Subject, length: number, seed: number): ReadonlyMap<string, number> {
  const chance = random(seed);
  const batches = batchDimensions(subject);
  const scope = modelScope(subject.model, subject.configuration);
  return new Map(
    subject.model.dimensions.map(({ name, most }, i) => {
      const wanted = batches.has(name) ? 1 + chance.below(3) : i % 2 === 0 ? length : 1 + chance.below(length + 2);
      const longest = most === undefined ? Number.POSITIVE_INFINITY : sizeIn(most, scope);
      return [name, Math.min(Math.max(wanted, subject.shortest[name] ?? 1), longest)];
    }),
  );
}

/** Random inputs of these sizes; some rows are padding where the model asks, in any place. */
export function randomInputs(subject: Subject, sizes: ReadonlyMap<string, number>, seed: number): Inputs {
  const scope = modelScope(subject.model, subject.configuration);
  const chance = random(seed + 7);
  const size = (expression: Expression): number => sizeIn(expression, scope, sizes);
  const values = subject.model.inputs.map((input): InputValue => {
    const shape = input.type.shape.map(size);
    const omitted = input.default !== undefined && chance.chance(0.3);
    const fill = omitted && input.default !== undefined ? Number(size(input.default)) : undefined;
    const data = numbers(input, shape, input.of === undefined ? 0 : size(input.of), fill, chance);
    const present = input.presence ? presence(shape, chance) : undefined;
    return { name: input.name, dtype: input.type.dtype, shape, data, omitted, ...(present && { present }) };
  });
  return { sizes, values };
}

function numbers(
  { type }: InputDeclaration,
  shape: readonly number[],
  vocabulary: number,
  fill: number | undefined,
  chance: Random,
): InputValue['data'] {
  const length = shape.reduce((product, each) => product * each, 1);
  const made = (one: () => number): number[] => Array.from({ length }, () => fill ?? one());
  switch (type.dtype) {
    case 'token':
      return Int32Array.from(made(() => chance.below(vocabulary)));
    case 'int':
      return Int32Array.from(made(() => chance.below(5) - 2));
    case 'bool':
      return Uint8Array.from(made(() => Number(chance.chance(0.6))));
    case 'float':
      return Float32Array.from(made(() => 4 * chance.uniform() - 2));
  }
}

/** Padding at the end, holes in the middle, nothing at all in a sequence, or no padding. */
function presence([batch = 1, length = 1]: readonly number[], chance: Random): Uint8Array {
  const rows = Array.from({ length: batch }, () => {
    const kind = chance.below(8);
    const real = chance.below(length + 1);
    return Array.from({ length }, (_, t) => {
      if (kind <= 2) return 1;
      if (kind <= 5) return Number(t < Math.max(real, 1));
      if (kind === 6) return Number(chance.chance(0.6));
      return Number(t < real);
    });
  });
  return Uint8Array.from(rows.flat());
}

/** As `forward` of the generated class takes them. */
export function given({ values }: Inputs): Record<string, unknown> {
  return Object.fromEntries(
    values
      .filter(({ omitted }) => !omitted)
      .map(({ name, data, shape, present }) => [
        name,
        { values: data, shape, ...(present && { present: nested(present, shape[1] ?? 1) }) },
      ]),
  );
}

function nested(present: Uint8Array, length: number): boolean[][] {
  const rows = Array.from({ length: present.length / length }, (_, b) =>
    present.subarray(b * length, (b + 1) * length),
  );
  return rows.map((row) => Array.from(row, (flag) => flag === 1));
}
