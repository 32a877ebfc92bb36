import type {
  DataType,
  Expression,
  GraphModel,
  Node,
  Operator,
  OperatorNode,
  ValueType,
  WeightDeclaration,
  WeightPath,
} from '../../compiler/src/graph/graph.js';
import { operators } from '../../compiler/src/graph/operators.js';
import type { FormulaLike } from '../../runtime/src/index.js';
import type { OperatorCase } from './cases/case.js';

/**
 * The cases of the runtime's operators as graphs: their `run` is called with stand-ins for tensors and for the runtime's
 * functions, which write down the nodes that they are asked for. A test replaces the runtime by `recorders`.
 */
export interface Traced {
  readonly model: GraphModel;
  /** Inputs of the case that are inputs of the model. */
  readonly inputs: ReadonlyMap<string, number>;
  /** Inputs of the case that are weights of an operator, by path. */
  readonly weights: ReadonlyMap<string, number>;
}

/** Stands for a tensor. */
class Stand {
  readonly id: string;
  readonly dtype: DataType;

  constructor(id: string, dtype: DataType) {
    this.id = id;
    this.dtype = dtype;
  }
}

interface Recording {
  readonly of: OperatorCase;
  nodes: Node[];
  readonly weights: Map<string, number>;
  count: number;
}

let recording: Recording | undefined;

function current(): Recording {
  if (!recording) throw new Error('an operator is called outside of a trace');
  return recording;
}

const place = { file: 'case.tfm', line: 1, column: 1 };
const bools = /^(equal|not_equal|less|less_equal|greater|greater_equal|and|or|not)$/;
const listed: Readonly<Record<string, (attributes: OperatorNode['attributes']) => number>> = {
  split: ({ sizes }) => (typeof sizes === 'object' && sizes.kind === 'list' ? sizes.items.length : 1),
  lstm_cell: () => 2,
};

function made(dtype: DataType): { readonly id: string; readonly type: ValueType } {
  return { id: `v${current().count++}`, type: { dtype, shape: [] } };
}

/** The operator under its name in the runtime. */
function recorder(operator: string): (...given: unknown[]) => Stand | Stand[] {
  const roles: readonly string[] = operators[operator as keyof typeof operators].weights;
  return (...given) => {
    const operands = given.filter((x) => x instanceof Stand || typeof x === 'number').map(operand);
    const rest = given.filter((x): x is object => typeof x === 'object' && !(x instanceof Stand));
    const weights = roles.length > 0 ? weightsOf(operator, roles, rest.shift() ?? {}) : {};
    const { mask, ...options } = (rest.shift() ?? {}) as Readonly<Record<string, unknown>>;
    const masks = mask instanceof Stand ? [mask.id] : [];
    const attributes = Object.fromEntries(
      Object.entries(options).map(([name, value]) => [snakeCase(name), attribute(value)]),
    );
    const inputs = [...operands.map(({ id }) => id), ...masks];
    const dtype = bools.test(operator) ? 'bool' : operator === 'argmax' ? 'int' : 'float';
    const outputs = Array.from({ length: listed[operator]?.(attributes) ?? 1 }, () => made(dtype));
    current().nodes.push({ kind: 'operator', operator, inputs, weights, attributes, outputs, place });
    const stands = outputs.map(({ id }) => new Stand(id, dtype));
    return listed[operator] ? stands : stands[0]!;
  };
}

function operand(x: unknown): Stand {
  if (x instanceof Stand) return x;
  const output = made('float');
  const attributes = { value: Number(x) };
  current().nodes.push({
    kind: 'operator',
    operator: 'scalar',
    inputs: [],
    weights: {},
    attributes,
    outputs: [output],
    place,
  });
  return new Stand(output.id, 'float');
}

function attribute(value: unknown): Expression {
  if (Array.isArray(value)) return { kind: 'list', items: value.map(attribute) };
  if (typeof value === 'string') return { kind: 'string', value };
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  throw new Error(`no attribute: ${String(value)}`);
}

/** The weights by role, `hidden.weight` as `{ hidden: { weight } }`; their inputs of the case become weights of the model. */
function weightsOf(operator: string, roles: readonly string[], given: object): Record<string, WeightPath> {
  const found = roles.flatMap((role): [string, WeightPath][] => {
    const stand = role
      .split('.')
      .reduce<unknown>((tree, key) => (tree as Record<string, unknown> | undefined)?.[key], given);
    if (!(stand instanceof Stand)) return [];
    current().weights.set(`${operator}.${role}`, Number(stand.id.slice('input'.length)));
    return [[role, { root: 'function', segments: [operator, ...role.split('.')] }]];
  });
  return Object.fromEntries(found);
}

/** `scan(states, sequences, body, { reverse })` */
function scan(
  states: readonly Stand[],
  sequences: readonly Stand[],
  body: (states: readonly Stand[], rows: readonly Stand[]) => { readonly next: readonly Stand[]; readonly emit: Stand },
): { emitted: Stand; states: readonly Stand[] } {
  const outer = current().nodes;
  const parameters = [...states, ...sequences].map(({ dtype }) => new Stand(made(dtype).id, dtype));
  current().nodes = [];
  const { next, emit } = body(parameters.slice(0, states.length), parameters.slice(states.length));
  const { nodes } = current();
  current().nodes = outer;
  const outputs = [made('float'), ...states.map(({ dtype }) => made(dtype))];
  outer.push({
    kind: 'scan',
    states: states.map(({ id }) => id),
    sequences: sequences.map(({ id }) => id),
    region: { parameters: parameters.map(({ id }) => id), nodes, results: [...next, emit].map(({ id }) => id) },
    outputs,
    place,
  });
  const [emitted, ...last] = outputs.map(({ id, type }) => new Stand(id, type.dtype));
  return { emitted: emitted!, states: last };
}

interface AttendGiven {
  readonly sinks?: Stand | null;
  readonly mask?: FormulaLike;
  readonly score?: FormulaLike | readonly FormulaLike[];
  readonly scale?: number;
}

function attend(q: Stand | null, k: Stand | null, v: Stand, given: AttendGiven = {}): Stand {
  const { sinks, mask, score, scale } = given;
  const output = made('float');
  const inputs = [q?.id ?? null, k?.id ?? null, v.id, ...(sinks ? [sinks.id] : [])];
  const attributes = {
    ...(scale !== undefined && { scale }),
    ...(mask !== undefined && { mask: expression(mask) }),
    ...(score !== undefined && { score: scores(score) }),
  };
  current().nodes.push({
    kind: 'operator',
    operator: 'attend',
    inputs,
    weights: {},
    attributes,
    outputs: [output],
    place,
  });
  return new Stand(output.id, 'float');
}

function scores(score: FormulaLike | readonly FormulaLike[]): Expression {
  return Array.isArray(score) ? { kind: 'list', items: score.map(expression) } : expression(score as FormulaLike);
}

function apply(formula: FormulaLike, ...elements: Stand[]): Stand {
  const output = made('float');
  const inputs = elements.map(({ id }) => id);
  const attributes = { formula: expression(formula) };
  current().nodes.push({
    kind: 'operator',
    operator: 'apply',
    inputs,
    weights: {},
    attributes,
    outputs: [output],
    place,
  });
  return new Stand(output.id, 'float');
}

/** A formula of the runtime as an expression of the graph. */
export function expression(formula: FormulaLike): Expression {
  if (typeof formula !== 'object') return formula;
  switch (formula.kind) {
    case 'constant':
      return formula.value;
    case 'operator':
      return {
        kind: 'operator',
        operator: snakeCase(formula.operator) as Operator,
        operands: formula.operands.map(expression),
      };
    case 'lookup': {
      const { id } = formula.tensor as unknown as Stand;
      return { kind: 'lookup', value: id, batched: formula.batched, indices: formula.indices.map(expression) };
    }
    default:
      return formula;
  }
}

/** What stands in for the runtime's functions. */
export const recorders = {
  ...Object.fromEntries(Object.keys(operators).map((operator) => [camelCase(operator), recorder(operator)])),
  scan,
  attend,
  apply,
};

/** Whether the size of an axis of the i-th input is a dimension. */
export type IsOpen = (axis: number, shape: readonly number[], i: number) => boolean;

const isOpen: IsOpen = (axis, { length: rank }) => axis < rank - 1 || rank === 1;

/** `symbolic`: sizes of inputs are dimensions, those of all but the last axis where it is `true`. */
export function trace(of: OperatorCase, symbolic: boolean | IsOpen): Traced {
  const open: IsOpen = typeof symbolic === 'function' ? symbolic : symbolic ? isOpen : () => false;
  recording = { of, nodes: [], weights: new Map(), count: 0 };
  const dtypes = { int32: 'int', bool: 'bool' } as const;
  const types = of.inputs.map(({ shape }, i): ValueType => {
    const dtype = of.dtypes?.[i];
    return {
      dtype: dtype ? dtypes[dtype] : 'float',
      shape: shape.map((size, axis) => (open(axis, shape, i) ? sizeName(size) : size)),
    };
  });
  const stands = types.map(({ dtype }, i) => new Stand(`input${i}`, dtype));
  const result = of.run(...(stands as never[])) as unknown as Stand;
  const { nodes, weights } = recording;
  recording = undefined;
  const weighed = new Set(weights.values());
  const inputs = new Map(stands.flatMap(({ id }, i) => (weighed.has(i) ? [] : [[id, i] as const])));
  return { model: model(of, types, { nodes, inputs, weights, result }), inputs, weights };
}

/** Sizes that are equal have one name. Broadcast axes stay 1. */
function sizeName(size: number): Expression {
  return size === 1 ? size : { kind: 'dimension', name: `D${size}` };
}

function model(
  of: OperatorCase,
  types: readonly ValueType[],
  { nodes, inputs, weights, result }: Omit<Traced, 'model'> & { nodes: readonly Node[]; result: Stand },
): GraphModel {
  const names = new Set(
    types.flatMap(({ shape }) => shape.flatMap((s) => (typeof s === 'object' && 'name' in s ? s.name : []))),
  );
  const declared = [...inputs].map(([name, i]) => ({ name, type: types[i]!, presence: false }));
  const declarations = [...weights].map(
    ([path, i]): WeightDeclaration => ({
      path: { root: 'function', segments: path.split('.') },
      shape: of.inputs[i]!.shape,
      initializer: { kind: 'constant', value: 0 },
      trained: true,
      loops: [],
      place,
    }),
  );
  return {
    name: 'Case',
    place,
    parameters: [],
    presets: [],
    requirements: [],
    dimensions: [...names].map((name) => ({ name })),
    inputs: declared,
    outputs: [{ name: 'result', type: { dtype: result.dtype, shape: [] } }],
    formulas: [],
    functions: [],
    main: {
      name: 'main',
      place,
      parameters: declared.map(({ name, type }) => ({ id: name, type, captured: false })),
      scalars: [],
      constants: [],
      weights: declarations,
      scopes: [],
      body: { parameters: [], nodes, results: [result.id] },
    },
    checkpoints: [],
  };
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
