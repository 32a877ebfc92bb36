import type { ScanNode, ValueId } from '../../../graph/graph.js';
import { type Builder, int, ints, type Value, type ValueType } from '../builder.js';
import type { Made } from '../context.js';
import { Ops } from '../ops.js';
import { elementType } from '../scope.js';
import { type Shape, sum } from '../sizes.js';
import type { Pass } from '../state.js';

/** What the lowering of a `scan` reads. */
export interface ScanAround {
  readonly node: ScanNode;
  readonly builder: Builder;
  readonly pass: Pass;
  /** `decoder` */
  readonly path: string;
  readonly statePath: string;
  /** Values in reach of the scan's body. */
  readonly values: ReadonlyMap<ValueId, Made>;
  readonly read: (id: ValueId) => Value;
  /** Builds the body's nodes in the current graph, given its parameters beside the values around. */
  readonly run: (values: ReadonlyMap<ValueId, Made>) => readonly Value[];
}

/** The emitted values stacked along the sequence, then the last states. */
export function lowerScan({ node, builder, pass, path, statePath, values, read, run }: ScanAround): readonly Value[] {
  const ops = new Ops(builder);
  const grows = node.state !== undefined;
  const first = node.states.map((id, i) => {
    const initial = read(id);
    return (grows && pass.pastState(builder, partOf(statePath, i, node.states.length), initial)) || initial;
  });
  const sequences = node.sequences.map(read);
  const { emitted, last } = recurrence(builder, {
    path,
    states: first,
    sequences,
    mayBeEmpty: pass.mayBeEmpty(sequences[0]!.shape[1]!),
    body: (states, rows) => {
      const inner = new Map(values);
      node.region.parameters.forEach((id, i) => {
        inner.set(id, [...states, ...rows][i]!);
      });
      const results = run(inner);
      const next = states.map(({ type }, i) => ops.cast(results[i]!, type));
      return { next, emit: ops.cast(results[states.length]!, elementType[node.outputs[0]!.type.dtype]) };
    },
  });
  if (grows)
    last.forEach((state, i) => {
      pass.present(partOf(statePath, i, last.length), state);
    });
  return [emitted, ...last];
}

/** The name of one of several states of a node. */
export function partOf(path: string, part: number, count: number): string {
  return count === 1 ? path : `${path}.${part}`;
}

/** A recurrence over the sequence axis of [B, T, ..]. */
interface Recurrence {
  readonly path: string;
  /** Before the first row. */
  readonly states: readonly Value[];
  readonly sequences: readonly Value[];
  /** From the last row to the first; emitted values stay with their rows. */
  readonly reverse?: boolean;
  /** There may be no rows at all, which ONNX Runtime does not scan. */
  readonly mayBeEmpty: boolean;
  /** What one row of each sequence makes of the states. */
  readonly body: (states: readonly Value[], rows: readonly Value[]) => RecurrenceStep;
}

interface RecurrenceStep {
  readonly next: readonly Value[];
  readonly emit: Value;
}

interface Recurred {
  /** [B, T, ..] */
  readonly emitted: Value;
  /** The states after the last row. */
  readonly last: readonly Value[];
}

export function recurrence(builder: Builder, given: Recurrence): Recurred {
  return given.mayBeEmpty ? withOneRowMore(builder, given) : scanned(builder, given);
}

/** Behind the others a row that changes no state, and whose emitted value is dropped. */
function withOneRowMore(builder: Builder, given: Recurrence): Recurred {
  const ops = new Ops(builder);
  const length = given.sequences[0]!.shape[1]!;
  const real = ops.compare('Less', ops.range(0, sum(length, 1)), ops.size(length));
  const extended = given.sequences.map((sequence) => {
    const row = ops.expand(ops.scalar(0, sequence.type), [sequence.shape[0]!, 1, ...sequence.shape.slice(2)]);
    return ops.concat([sequence, row], 1);
  });
  const { emitted, last } = scanned(builder, {
    ...given,
    sequences: [...extended, real],
    body: (states, rows) => {
      const { next, emit } = given.body(states, rows.slice(0, -1));
      return { next: next.map((state, i) => ops.where(rows.at(-1)!, state, states[i]!)), emit };
    },
  });
  return { emitted: ops.part(emitted, 1, 0, length), last };
}

/** ONNX's `Scan` over axis 1, or the only one. */
function scanned(builder: Builder, { path, states, sequences, reverse = false, body }: Recurrence): Recurred {
  const length = sequences[0]!.shape[1]!;
  let row: ValueType | undefined;
  const graph = builder.body(path === '' ? 'body' : `${path}/body`, () => {
    const inner = states.map((state) => builder.parameter(`${state.name}/state`, state));
    const rows = sequences.map(({ name, type, shape }) =>
      builder.parameter(`${name}/row`, { type, shape: shape.toSpliced(axisIn(shape), 1) }),
    );
    const { next, emit } = body(inner, rows);
    row = emit;
    return [...next, emit];
  });
  const { type, shape } = row!;
  const emitted = { type, shape: [...shape.slice(0, 1), length, ...shape.slice(1)] };
  const made = builder.nodes('Scan', [...states, ...sequences], [...states.map(typeOf), emitted], {
    body: { kind: 'graph', graph },
    num_scan_inputs: int(sequences.length),
    scan_input_axes: ints(sequences.map((sequence) => axisIn(sequence.shape))),
    scan_output_axes: ints([1]),
    ...(reverse && { scan_input_directions: ints(sequences.map(() => 1)), scan_output_directions: ints([1]) }),
  });
  return { emitted: made.at(-1)!, last: made.slice(0, -1) };
}

const typeOf = ({ type, shape }: Value): ValueType => ({ type, shape });

const axisIn = (shape: Shape): number => (shape.length === 1 ? 0 : 1);
