import { type Formula, f } from '../../runtime/src/index.js';
import { numbers, type StoredTensor } from './onnx.js';

/** A graph of the FlexAttention cases as it is stored: from scores or probabilities [B, H, Tq, Tk] to others. */
export interface StoredGraph {
  readonly inputs: readonly [string];
  readonly outputs: readonly [string];
  readonly initializers: Readonly<Record<string, StoredTensor>>;
  readonly nodes: readonly StoredNode[];
}

interface StoredNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly [string];
}

/** What a graph says, as a score, and a mask where it replaces scores by −∞. */
export interface GraphFormulas {
  readonly score: Formula;
  readonly mask: Formula;
}

/** Numbers of a shape or of a range, or one for each pair. */
type Value = readonly number[] | Formula;

/** The formulas of a graph. @throws Error where a node has no counterpart in a formula. */
export function formulasOf(graph: StoredGraph, shape: readonly number[]): GraphFormulas {
  const values = new Map<string, Value>([[graph.inputs[0], f.score(({ s }) => s)]]);
  for (const [name, stored] of Object.entries(graph.initializers)) values.set(name, numbers(stored));
  const masks: Formula[] = [];
  for (const { op, inputs, outputs } of graph.nodes) {
    const given = inputs.map((name) => values.get(name)!);
    values.set(outputs[0], op === 'Where' ? whereSeen(given, masks) : resultOf(op, given, shape));
  }
  return { score: formulaOf(values.get(graph.outputs[0])!), mask: f.and(...masks) };
}

/** The factor of a graph that multiplies by a number. */
export function factorOf(graph: StoredGraph): number {
  const [node, ...more] = graph.nodes;
  const by = node?.inputs.find((name) => name !== graph.inputs[0]) ?? '';
  if (node?.op !== 'Mul' || more.length > 0 || !graph.initializers[by]) throw new Error('a graph of probabilities');
  return numbers(graph.initializers[by])[0]!;
}

function resultOf(op: string, given: readonly Value[], shape: readonly number[]): Value {
  const [a, b] = given;
  const list = (value: Value | undefined) => value as readonly number[];
  const of = (build: (x: Formula, y: Formula) => Formula) => build(formulaOf(a!), formulaOf(b!));
  if (op === 'Shape') return shape;
  if (op === 'Gather') return list(b).map((i) => list(a)[i]!);
  if (op === 'Range') return Array.from({ length: list(b)[0]! }, (_, i) => i);
  if (op === 'Reshape') return positions(list(b));
  if (op === 'Cast') return a!;
  if (op === 'Tanh') return f.tanh(formulaOf(a!));
  if (op === 'Add') return of(f.add);
  if (op === 'Sub') return of(f.subtract);
  if (op === 'Mul') return of(f.multiply);
  if (op === 'Div') return of(f.divide);
  if (op === 'GreaterOrEqual') return of(f.greaterEqual);
  throw new Error(`${op} in a graph`);
}

/** A range along one of the axes [B, H, Tq, Tk]. */
function positions(shape: readonly number[]): Formula {
  const fromEnd = shape.length - shape.indexOf(-1);
  return f.score(({ k, q, head }) => [k, q, head][fromEnd - 1]!);
}

/** Scores where a condition holds, and else −∞. */
function whereSeen([condition, scores, otherwise]: readonly Value[], masks: Formula[]): Formula {
  if ((otherwise as readonly number[])[0] !== -Infinity) throw new Error('Where in a graph');
  masks.push(formulaOf(condition!));
  return formulaOf(scores!);
}

function formulaOf(value: Value): Formula {
  return 'kind' in value ? value : f.constant(value[0]!);
}
