import type { GraphModel } from '../graph/graph.js';
import { elements } from './costs.js';
import { type Measure, measureOperator, nothing, rowsOf, type Setting, type WeightShape } from './measure.js';
import { type Configuration, sizeIn } from './scope.js';
import { printType } from './types.js';
import { flatten, type Instance, walk } from './walk.js';
import type { Weight } from './weights.js';

/** One line of `tfm explain`: a layer, a block, or one use of an operator. Figures are those of one copy. */
export interface Row {
  /** The last label, or the name of the block or operator. */
  readonly label: string;
  /** `layers[0].attention.q`; of a group of equal copies, that of the first. */
  readonly path: string;
  /** An operator, the name of a block, `repeat`, `copy` or `scan`. */
  readonly kind: string;
  /** More than one for `split` and the like; sizes are those of the prefill. Empty for copies. */
  readonly outputs: readonly { readonly type: string; readonly shape: readonly number[] }[];
  /** Paths of the weights that this use reads itself. */
  readonly weights: readonly string[];
  /** Elements of weights that no earlier row has counted. */
  readonly parameters: number;
  readonly prefill: Measure;
  /** Absent where the model does not generate. */
  readonly decode?: Measure;
  /** Bytes that one more token adds to the KV cache. */
  readonly cachePerToken: number;
  /** Indices of the equal copies that this row stands for; empty for all but copies. */
  readonly copies: readonly number[];
  readonly rows: readonly Row[];
}

interface Context {
  readonly prefill: Setting;
  readonly decode: Setting | undefined;
  readonly weightShape: WeightShape;
  /** Elements of the weights that no row has counted yet, by path. */
  readonly uncounted: Map<string, number>;
}

/** The rows of a configured model; copies of a repeat that do not differ are one row. */
export function makeRows(
  model: GraphModel,
  configuration: Configuration,
  weights: readonly Weight[],
  settings: { readonly prefill: Setting; readonly decode: Setting | undefined },
): Row[] {
  const shapes = new Map(weights.map(({ path, shape }) => [path, shape]));
  const uncounted = new Map(weights.map(({ path, parameters }) => [path, parameters]));
  return toRows(walk(model, configuration), { ...settings, weightShape: (path) => shapes.get(path), uncounted });
}

/** The sum of what rows take, copies counted as often as there are. */
export function totals(rows: readonly Row[]): Pick<Row, 'parameters' | 'prefill' | 'decode' | 'cachePerToken'> {
  let parameters = 0;
  let cachePerToken = 0;
  let prefill = nothing;
  let decode: Measure | undefined;
  for (const row of rows) {
    const times = Math.max(1, row.copies.length);
    parameters += times * row.parameters;
    cachePerToken += times * row.cachePerToken;
    prefill = plus(prefill, row.prefill, times);
    if (row.decode) decode = plus(decode ?? nothing, row.decode, times);
  }
  return { parameters, prefill, cachePerToken, ...(decode && { decode }) };
}

function plus(a: Measure, b: Measure, times: number): Measure {
  return {
    flops: a.flops + times * b.flops,
    needed: a.needed + times * b.needed,
    activations: a.activations + times * b.activations,
  };
}

/** A choice shows what was chosen, in its own place. */
function toRows(list: readonly Instance[], context: Context): Row[] {
  return list.flatMap((instance) =>
    instance.node.kind === 'if' ? toRows(instance.parts[0] ?? [], context) : [toRow(instance, context)],
  );
}

function toRow(instance: Instance, context: Context): Row {
  const { node, path } = instance;
  const outputs = instance.outputs
    .slice(0, node.kind === 'repeat' ? 1 : undefined)
    .map((output) => ({ type: printType(output), shape: rowsOf(output, context.prefill) }));
  const base = { label: labelOf(instance), path, outputs, weights: Object.values(instance.weights), copies: [] };
  switch (node.kind) {
    case 'operator':
      return { ...base, kind: node.operator, ...measured(instance, context), rows: [] };
    case 'call': {
      const rows = toRows(instance.parts[0] ?? [], context);
      return { ...base, kind: node.function, ...totals(rows), rows };
    }
    case 'scan':
      return { ...base, kind: 'scan', ...scanned(instance, context) };
    case 'repeat': {
      const rows = fold(instance.parts.map((part, i) => copyRow(`${path}[${i}]`, i, toRows(part, context))));
      return { ...base, kind: 'repeat', ...totals(rows), rows };
    }
    case 'experts':
      return { ...base, kind: 'experts', ...mixed(instance, context) };
    case 'if':
      throw new Error('a choice has no row of its own');
  }
}

function measured(
  instance: Instance,
  context: Context,
): Pick<Row, 'parameters' | 'prefill' | 'decode' | 'cachePerToken'> {
  const { node } = instance;
  let parameters = 0;
  for (const path of Object.values(instance.weights)) {
    parameters += context.uncounted.get(path) ?? 0;
    context.uncounted.delete(path);
  }
  const prefill = measureOperator(instance, context.prefill, context.weightShape);
  if (!context.decode) return { parameters, prefill, cachePerToken: 0 };
  const grows = node.kind === 'operator' && node.operator === 'attend' && node.attributes.grows === true;
  const cached = grows ? instance.inputs.slice(1, 3) : [];
  const { decode: setting } = context;
  const cachePerToken = cached.reduce((sum, value) => sum + (value ? 4 * elements(rowsOf(value, setting)) : 0), 0);
  return { parameters, prefill, decode: measureOperator(instance, setting, context.weightShape), cachePerToken };
}

/** The rows of a scan's body are those of one step; the scan itself takes as many as its sequence has rows. */
function scanned(
  instance: Instance,
  context: Context,
): Omit<Row, 'label' | 'path' | 'kind' | 'outputs' | 'weights' | 'copies'> {
  const rows = toRows(instance.parts[0] ?? [], context);
  const one = totals(rows);
  const { node, inputs } = instance;
  const sequence = node.kind === 'scan' ? inputs[node.states.length] : undefined;
  const steps = (setting: Setting): number => (sequence ? (rowsOf(sequence, setting)[1] ?? 1) : 1);
  const prefill = plus(nothing, one.prefill, steps(context.prefill));
  const { decode: setting } = context;
  if (!setting || !one.decode) return { ...one, prefill, rows };
  return { ...one, prefill, decode: plus(nothing, one.decode, node.growth === 'constant' ? 0 : steps(setting)), rows };
}

/** Each row goes through `top` of the experts: an expert takes its share of what all rows would. */
function mixed(
  { node, path, parts, scope }: Instance,
  context: Context,
): Omit<Row, 'label' | 'path' | 'kind' | 'outputs' | 'weights' | 'copies'> {
  const share = node.kind === 'experts' ? Math.min(1, sizeIn(node.top, scope) / Math.max(1, parts.length)) : 1;
  const copyOf = (part: readonly Instance[], i: number): Row =>
    scaled(copyRow(`${path}[${i}]`, i, toRows(part, context)), share);
  const [first, ...others] = parts;
  // Experts differ in the paths of their weights only: of hundreds of them one is measured.
  const alike = first && !sharesWeights(first, others[0] ?? []);
  const rows = alike ? [{ ...copyOf(first, 0), copies: parts.map((_, i) => i) }] : fold(parts.map(copyOf));
  if (alike) for (const weight of others.flatMap(weightsIn)) context.uncounted.delete(weight);
  return { ...totals(rows), rows };
}

const weightsIn = (part: readonly Instance[]): string[] =>
  [...flatten(part)].flatMap(({ weights }) => Object.values(weights));

function sharesWeights(part: readonly Instance[], other: readonly Instance[]): boolean {
  const own = new Set(weightsIn(part));
  return weightsIn(other).some((weight) => own.has(weight));
}

function scaled(row: Row, share: number): Row {
  return {
    ...row,
    prefill: plus(nothing, row.prefill, share),
    ...(row.decode && { decode: plus(nothing, row.decode, share) }),
    rows: row.rows.map((inner) => scaled(inner, share)),
  };
}

/** A copy that is nothing but one block is that block. */
function copyRow(path: string, index: number, rows: readonly Row[]): Row {
  const [only] = rows;
  const isBlock = only !== undefined && rows.length === 1 && only.path === path && only.rows.length > 0;
  if (isBlock) return { ...only, copies: [index] };
  return { label: path, path, kind: 'copy', outputs: [], weights: [], ...totals(rows), copies: [index], rows };
}

/** One row for each kind of copy, in the order of first appearance. */
function fold(copies: readonly Row[]): Row[] {
  const groups = new Map<string, Row>();
  for (const copy of copies) {
    const key = JSON.stringify(copy, withoutNames);
    const group = groups.get(key);
    groups.set(key, group ? { ...group, copies: [...group.copies, ...copy.copies] } : copy);
  }
  return [...groups.values()];
}

/** Copies that differ in nothing but their index have equal text. */
function withoutNames(name: string, value: unknown): unknown {
  if (name === 'path' || name === 'weights' || name === 'copies') return undefined;
  return name === 'label' && typeof value === 'string' ? value.replaceAll(/\[\d+\]/g, '') : value;
}

/** The spec's label; else where the own weights live, the last part of a block's path, or the operator's name. */
function labelOf({ node, path, weights }: Instance): string {
  if (node.label !== undefined) return node.label;
  if (node.kind === 'repeat' || node.kind === 'experts') return path;
  if (node.kind === 'call') return lastPart(path) || node.function;
  if (node.kind !== 'operator') return node.kind;
  // Its table has the label of the embedding.
  if (node.operator === 'unembed') return node.operator;
  const [first] = Object.entries(weights);
  return (first && lastPart(first[1].slice(0, -first[0].length - 1))) || node.operator;
}

const lastPart = (path: string): string => path.replace(/^.*\./, '');
