import { print } from '../../algebra/print.js';
import { isFormula } from '../../algebra/walk.js';
import type { Expression, Initializer, ValueType } from '../../graph/graph.js';
import type { OperatorName } from '../../graph/operators.js';
import type { Context } from '../context.js';
import { emit, emitMany } from '../nodes.js';
import { checkSize, shortest, showType } from '../sizes.js';
import {
  type At,
  describe,
  type EmbeddingTable,
  type Segment,
  type Site,
  type TensorValue,
  type Value,
} from '../values.js';

export interface BuiltinParameter {
  readonly name: string;
  /** Only by name: `axis: sequence`. */
  readonly named?: boolean;
  /** The words that it understands; they mean nothing elsewhere. */
  readonly words?: readonly string[];
}

/** A primitive of the language: what it takes and what it makes. */
export interface Builtin {
  readonly name: string;
  /** How many leading values it can take; with none given it is a stage and the stream is the first. */
  readonly operands: number;
  readonly parameters: readonly BuiltinParameter[];
  /** Name of a list of any number of positional arguments: `split(m, n)`. */
  readonly rest?: string;
  /** Its arguments are never the stream, even where they are values: `prepend(class_token)`. */
  readonly streamOnly?: boolean;
  /** `none` may stand for an operand: `attend(none, none, v)`. */
  readonly optionalOperands?: boolean;
  /** Also a function of numbers: `floor(a / b)`. */
  readonly numeric?: boolean;
  /** What it gives has the type of its stream: a use with mistakes goes on with that. */
  readonly preserves?: boolean;
  /** It computes with real numbers: tokens and conditions are no operands. */
  readonly floats?: boolean;
  /** It takes a stage in braces: `experts(8, …) { Expert }`. */
  readonly braces?: boolean;
  /** A construct that comes later: what to say. */
  readonly later?: string;
  readonly run: (use: Use) => Value;
  readonly table?: (use: Use) => EmbeddingTable | undefined;
}

/** Applies the stage in braces behind a builtin to a value, in the function and scope that the site gives. */
export type Braced = (input: TensorValue, inner: Pick<Context, 'builder' | 'home'>) => Value;

export interface Given {
  readonly value: Value;
  readonly at: At;
}

/** One use of a builtin: its operands and arguments, with readers that report what is wrong. */
export class Use {
  readonly builtin: Builtin;
  readonly site: Site;
  readonly operands: readonly (Value | null)[];
  readonly given: ReadonlyMap<string, Given>;
  readonly rest: readonly Given[];
  readonly braced: Braced | undefined;
  readonly #places: readonly At[];

  constructor(
    builtin: Builtin,
    site: Site,
    operands: readonly (Value | null)[],
    given: ReadonlyMap<string, Given>,
    rest: readonly Given[],
    places: readonly At[] = [],
    braced?: Braced,
  ) {
    this.builtin = builtin;
    this.site = site;
    this.operands = operands;
    this.given = given;
    this.rest = rest;
    this.#places = places;
    this.braced = braced;
  }

  /** Where an operand is written; the stream of a stage is what flows into it. */
  atOperand(place: number): At {
    const operand = this.operands[place];
    return this.#places[place] ?? (operand?.kind === 'tensor' ? operand.at : this.at);
  }

  get context(): Site['context'] {
    return this.site.context;
  }

  get checker(): Site['context']['checker'] {
    return this.site.context.checker;
  }

  get at(): At {
    return this.site.at;
  }

  /** The i-th operand as a value of the graph. */
  tensor(place: number): TensorValue | undefined {
    const value = this.operands[place];
    if (value?.kind === 'tensor') return this.isFloat(value) ? value : undefined;
    if (value?.kind !== 'error') this.missing(value ?? undefined);
    return undefined;
  }

  private isFloat({ type, input }: TensorValue): boolean {
    if (!this.builtin.floats || type.dtype === 'float') return true;
    const rows = input?.of === undefined ? undefined : print(input.of);
    const fix = type.dtype === 'token' && rows !== undefined ? `embed them first: embedding(${rows}, …)` : undefined;
    const found = showType(this.checker, type);
    this.checker.report('wrong_dtype', this.at, { callee: this.builtin.name, expected: 'real numbers', found, fix });
    return false;
  }

  private missing(value: Value | undefined): void {
    const callee = this.builtin.name;
    const found = this.operands.filter((o) => o !== null).length;
    if (value)
      this.checker.report('wrong_kind', this.at, { expected: `a value for ${callee}`, found: describe(value) });
    else this.checker.report('missing_operand', this.at, { callee, count: this.builtin.operands, found });
  }

  /** The stream, with at least `rank` axes. */
  stream(rank: number, expected: string): TensorValue | undefined {
    const x = this.tensor(0);
    if (!x || x.type.shape.length >= rank) return x;
    this.checker.report('wrong_rank', this.at, {
      callee: this.builtin.name,
      expected,
      found: showType(this.checker, x.type),
    });
    return undefined;
  }

  /** A number of elements or axes; checked to be whole. `undefined` after a reported mistake. */
  size(name: string, otherwise?: Expression): Expression | undefined {
    const given = this.given.get(name);
    if (!given) return otherwise ?? this.lacking(name);
    return this.asSize(given);
  }

  asSize(given: Given): Expression | undefined {
    const { value, at } = given;
    if (value.kind === 'error') return undefined;
    if (value.kind !== 'scalar' || isFormula(value.expression) || this.isFlag(value.expression)) {
      this.checker.report('wrong_kind', at, { expected: 'a size', found: describe(value) });
      return undefined;
    }
    return checkSize(this.checker, value.expression, at) ? shortest(value.expression) : undefined;
  }

  /** A stream with a sequence after its batch: a table of weights has no batch. */
  sequence(expected: string, rank = 2): TensorValue | undefined {
    const x = this.stream(rank, expected);
    if (!x?.constant) return x;
    this.checker.report('not_yet_supported', this.at, { construct: `${this.builtin.name} of a table of weights` });
    return undefined;
  }

  /** A sequence of feature rows, or a table of weights. */
  rows(expected: string): TensorValue | undefined {
    const [x] = this.operands;
    return this.stream(x?.kind === 'tensor' && x.constant === true ? 2 : 3, expected);
  }

  /** What acts along a sequence, on tables of weights too: their rows are the sequence, in a batch of one. */
  alongSequence(inputs: readonly TensorValue[], run: (inputs: readonly TensorValue[]) => TensorValue): TensorValue {
    const [first] = inputs;
    if (!first || inputs.some((x) => x.constant !== true)) return run(inputs);
    const made = run(inputs.map((x) => ({ ...this.reshaped(x, [1, ...x.type.shape]), constant: false })));
    return { ...this.reshaped(made, made.type.shape.slice(1)), constant: true };
  }

  reshaped(x: TensorValue, shape: readonly Expression[], as = shape): TensorValue {
    const attributes = { shape: { kind: 'list', items: as } } as const;
    return emit(this.context, this.at, {
      operator: 'reshape',
      inputs: [x],
      type: { dtype: x.type.dtype, shape },
      attributes,
    });
  }

  number(name: string, otherwise?: Expression): Expression | undefined {
    const given = this.given.get(name);
    if (!given) return otherwise ?? this.lacking(name);
    const { value } = given;
    if (value.kind === 'scalar' && !this.isFlag(value.expression)) return value.expression;
    return this.wrong(given, 'a number');
  }

  flag(name: string, otherwise: boolean): Expression | undefined {
    const given = this.given.get(name);
    if (!given) return otherwise;
    const { value } = given;
    if (value.kind === 'scalar' && typeof value.expression !== 'number') return value.expression;
    return this.wrong(given, 'true or false');
  }

  private isFlag(expression: Expression): boolean {
    return typeof expression === 'boolean' || typeof this.checker.value(expression) === 'boolean';
  }

  /** One of a few words: `axis: sequence`. */
  word(name: string, otherwise: string): string | undefined {
    const given = this.given.get(name);
    if (!given) return otherwise;
    const { value } = given;
    const known = this.builtin.parameters.find((p) => p.name === name)?.words ?? [];
    if (value.kind === 'word' && known.includes(value.word)) return value.word;
    this.wrong(given, known.join(' or '));
    return undefined;
  }

  value(name: string): Value | undefined {
    return this.given.get(name)?.value;
  }

  atArgument(name: string): At {
    return this.given.get(name)?.at ?? this.at;
  }

  initializer(name: string, otherwise: Initializer): Initializer | undefined {
    const given = this.given.get(name);
    if (!given || given.value.kind === 'none') return otherwise;
    const { value } = given;
    if (value.kind === 'initializer') return value.initializer;
    if (value.kind === 'scalar') return { kind: 'constant', value: value.expression };
    this.wrong(given, 'an initialiser, such as normal(0.02), or a number');
    return undefined;
  }

  wrong(given: Given, expected: string): undefined {
    if (given.value.kind === 'error') return undefined;
    this.checker.report('wrong_kind', given.at, { expected, found: describe(given.value) });
    return undefined;
  }

  private lacking(name: string): undefined {
    this.checker.report('missing_argument', this.at, { callee: this.builtin.name, name });
    return undefined;
  }

  emit(
    operator: OperatorName,
    inputs: readonly (TensorValue | null)[],
    type: ValueType,
    more: Partial<Pick<Parameters<typeof emit>[2], 'attributes' | 'weights'>> & {
      segments?: readonly Segment[] | undefined;
    } = {},
  ): TensorValue {
    return emit(this.context, this.at, { operator, inputs, type, label: this.site.label, ...more });
  }

  emitMany(
    operator: OperatorName,
    inputs: readonly TensorValue[],
    types: readonly ValueType[],
    more: Partial<Pick<Parameters<typeof emit>[2], 'attributes' | 'weights'>> = {},
  ): TensorValue[] {
    return emitMany(this.context, this.at, { operator, inputs, types, label: this.site.label, ...more });
  }
}

/** Keeps in a node only the attributes that differ from the operator's defaults. */
export function attributes(
  given: Readonly<Record<string, Expression>>,
  defaults: Readonly<Record<string, Expression>>,
): Record<string, Expression> {
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name])),
  );
}

export const xavierUniform: Initializer = { kind: 'xavier_uniform', gain: 1 };
export const zeros: Initializer = { kind: 'constant', value: 0 };
export const ones: Initializer = { kind: 'constant', value: 1 };

export function named(...names: readonly string[]): BuiltinParameter[] {
  return names.map((name) => ({ name, named: true }));
}

export function positional(...names: readonly string[]): BuiltinParameter[] {
  return names.map((name) => ({ name }));
}
