import type { Value } from '../../builder.js';
import type { OperatorContext } from '../../context.js';
import type { Ops } from '../../ops.js';
import { type Shape, type Size, sum } from '../../sizes.js';

/** Queries, keys and values with all four axes, [B, T, heads, features], and where they are in the sequence. */
export interface AttentionInputs {
  readonly query: Value | undefined;
  readonly key: Value | undefined;
  readonly value: Value;
  /** A logit for each head that reads no value, [H]. */
  readonly sinks: Value | undefined;
  readonly batch: Size;
  /** Heads of the queries; `keyHeads` divides it. */
  readonly heads: number;
  readonly keyHeads: number;
  readonly queries: Size;
  /** Rows of keys that are new in this pass, and all of them. */
  readonly newKeys: Size;
  readonly keys: Size;
  /** Keys and values grow with the queries: earlier ones come in as state. */
  readonly grows: boolean;
  /** The stream has the constant prefix in front. */
  readonly joined: boolean;
  /** Position of the first query. */
  readonly start: Value | 0;
  /** The shape of the result [B, Tq, H, d_v] as the graph has it. */
  readonly resultShape: Shape;
}

/**
 * The forms of `attend`: with heads (rank 4), one head (rank 3), and inside `scan` one query row without its sequence axis
 * ([B, d] or, where the keys have heads, [B, H, d]).
 */
export function attentionInputs(context: OperatorContext): AttentionInputs {
  const { ops, pass } = context;
  const [q, k, sinks] = [context.input(0), context.input(1), context.input(3)];
  const value = withHeads(ops, context.input(2)!);
  const isRow = q !== undefined && (q.shape.length === 2 || (q.shape.length === 3 && k?.shape.length === 4));
  const query = q && (isRow ? withoutSequence(ops, q) : withHeads(ops, q));
  const [batch = 1, newKeys = 1, keyHeads = 1, width = 1] = value.shape;
  const [, queries = 1, heads = 1] = (query ?? value).shape;
  const grows = context.flag('grows');
  const joined = context.attribute('behind') === null;
  return {
    query,
    key: k && withHeads(ops, k),
    value,
    sinks,
    batch,
    heads: Number(heads),
    keyHeads: Number(keyHeads),
    queries,
    newKeys,
    keys: grows ? sum(pass.rowsBefore(joined), newKeys) : newKeys,
    grows,
    joined,
    start: grows || context.flag('query_grows') ? context.position() : 0,
    resultShape: [...(q ?? context.input(2)!).shape.slice(0, -1), width],
  };
}

/** [B, T, d] is one head. */
function withHeads(ops: Ops, x: Value): Value {
  const [batch = 1, rows = 1, width = 1] = x.shape;
  return x.shape.length === 4 ? x : ops.reshape(x, [batch, rows, 1, width]);
}

function withoutSequence(ops: Ops, q: Value): Value {
  const [batch = 1, ...rest] = q.shape;
  return ops.reshape(q, q.shape.length === 2 ? [batch, 1, 1, ...rest] : [batch, 1, ...rest]);
}
