import type { Emit, Scan, Expression as Syntax } from '@tfm-lang/grammar';
import type { ScanNode, ValueType } from '../graph/graph.js';
import { runStatement } from './blocks.js';
import { closed } from './builder.js';
import { atSpan, type Context } from './context.js';
import { Environment } from './environment.js';
import { evaluate, type Label } from './expressions.js';
import { enterLabel, tensor } from './nodes.js';
import { sameShape, showType } from './sizes.js';
import { describe, failed, type TensorValue, type Value } from './values.js';

/** A recurrence in the open: `scan(s = start, word = words) { let … emit … return next }` (Bahdanau et al. 2015). */
export function scan(expression: Scan, context: Context, label: Label): Value {
  const at = atSpan(context, expression.span);
  const values = expression.bindings.map((b) => evaluate(b.value, context));
  if (values.some((v) => v.kind === 'error')) return failed;
  const tensors = values.flatMap((v) => (v.kind === 'tensor' ? [v] : []));
  const wrong = values.findIndex((v) => v.kind !== 'tensor');
  if (wrong >= 0) {
    const place = atSpan(context, expression.bindings[wrong]?.value.span ?? expression.span);
    context.checker.report('wrong_kind', place, {
      expected: 'a value to scan over',
      found: describe(values[wrong] ?? failed),
    });
    return failed;
  }
  const results = expression.body.result;
  const next = results.kind === 'parenthesized' ? results.items : [results];
  const states = tensors.slice(0, next.length);
  const sequences = tensors.slice(next.length);
  if (states.length < next.length || sequences.length === 0) {
    context.checker.report('scan_states', atSpan(context, results.span), {
      expected: String(tensors.length - 1),
      found: String(next.length),
    });
    return failed;
  }
  const home = enterLabel({ context, at, ...label }, 'scan');
  return runScan({ expression, states, sequences, next }, { ...context, home }, label);
}

interface Parts {
  readonly expression: Scan;
  readonly states: readonly TensorValue[];
  readonly sequences: readonly TensorValue[];
  readonly next: readonly Syntax[];
}

/** One row of a sequence: its axis 1 dropped. */
function rowOf(type: ValueType): ValueType {
  return { dtype: type.dtype, shape: type.shape.filter((_, i) => i !== 1) };
}

function runScan(parts: Parts, outer: Context, label: Label): Value {
  const { expression, states, sequences } = parts;
  const { builder, checker } = outer;
  const environment = new Environment(outer.environment);
  const context = { ...outer, environment };
  const at = atSpan(outer, expression.span);
  const types = [...states.map((s) => s.type), ...sequences.map((s) => rowOf(s.type))];
  const names = expression.bindings.map((b) => b.name);
  const ids = types.map((_, i) => builder.id(names[i]?.name ?? 'row'));
  const { region, result } = builder.inner(ids, () => {
    types.forEach((type, i) => {
      const name = names[i];
      const id = ids[i];
      if (name && id !== undefined) environment.define(name.name, tensor(context, id, type, at), name.span);
    });
    return bodyOf(parts, context);
  });
  if (!result) return failed;
  const { nexts, emitted } = result;
  const stable = nexts.every((n, i) => {
    const state = states[i];
    if (state && sameShape(checker, state.type, n.type, at)) return true;
    checker.report('scan_state_changes', n.at, {
      expected: state ? showType(checker, state.type) : 'a state',
      found: showType(checker, n.type),
    });
    return false;
  });
  const [first] = sequences;
  if (!stable || !first) return failed;
  const [batch = 1, ...rest] = emitted.type.shape;
  const length = first.type.shape[1] ?? 1;
  const type: ValueType = { dtype: 'float', shape: [batch, length, ...rest] };
  const id = builder.id(label.label ?? 'scanned');
  const node: ScanNode = {
    kind: 'scan',
    states: states.map((s) => builder.use(s)),
    sequences: sequences.map((s) => builder.use(s)),
    region: closed(
      region,
      [...nexts, emitted].map((v) => builder.use(v)),
    ),
    outputs: [{ id, type }, ...states.map((s) => ({ id: builder.id('last'), type: s.type }))],
    ...(label.label !== undefined && { label: label.label }),
    place: checker.place(at),
  };
  builder.add(node);
  return tensor(outer, id, type, at, first.segments);
}

function bodyOf(parts: Parts, context: Context): { nexts: TensorValue[]; emitted: TensorValue } | undefined {
  const { statements, span } = parts.expression.body;
  const emits: Emit[] = [];
  let emitted: Value = failed;
  for (const statement of statements) {
    if (statement.kind === 'emit') {
      emits.push(statement);
      emitted = evaluate(statement.value, context);
    } else runStatement(statement, context);
  }
  const nexts = parts.next.map((n) => evaluate(n, context));
  if (emits.length !== 1) context.checker.report('missing_emit', atSpan(context, span), { count: emits.length });
  const tensors = nexts.flatMap((n) => (n.kind === 'tensor' ? [n] : []));
  if (emitted.kind !== 'tensor' || tensors.length < nexts.length) return undefined;
  return { nexts: tensors, emitted };
}
