import type { Expression } from '../../../../graph/graph.js';
import type { OperatorContext } from '../../context.js';
import type { FormulaContext } from '../../formulas/index.js';
import { sameSize } from '../../sizes.js';
import { type AttentionInputs, attentionInputs } from './inputs.js';
import { scoreFormulas } from './scores.js';
import { conjunctsOf, everyQuerySees } from './visibility.js';

/** One attention, as its lowerings read it. */
export interface Attention {
  readonly context: OperatorContext;
  readonly inputs: AttentionInputs;
  readonly scale: number;
  /** Score formulas from left to right. */
  readonly formulas: readonly Expression[];
  /** What must hold where a key is seen. */
  readonly conjuncts: readonly Expression[];
  /** Queries are the last of as many rows as there are keys: each has a key of its own. */
  readonly isAligned: boolean;
  /** The mask is known to show every query some key. */
  readonly everyQuerySees: boolean;
  readonly formula: FormulaContext;
}

export function attentionOf(context: OperatorContext): Attention {
  const inputs = attentionInputs(context);
  const { query, batch, heads, queries, keys, start, grows } = inputs;
  const mask = context.formula('mask');
  const width = Number(query?.shape.at(-1) ?? 1);
  const around = { value: context.value.bind(context), unsupported: context.unsupported.bind(context) };
  const isAligned = grows || (start === 0 && sameSize(queries, keys));
  return {
    context,
    inputs,
    scale: context.attribute('scale') === null ? width ** -0.5 : context.number('scale'),
    formulas: scoreFormulas(context.formula('score')),
    conjuncts: conjunctsOf(mask),
    isAligned,
    everyQuerySees: everyQuerySees(mask, isAligned),
    formula: { ...around, ops: context.ops, batch, heads, queries, keys, start },
  };
}
