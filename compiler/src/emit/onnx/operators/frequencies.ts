import { readsElement } from '../../../algebra/walk.js';
import type { Expression } from '../../../graph/graph.js';
import type { Value } from '../builder.js';
import type { OperatorContext } from '../context.js';
import { as, type FormulaNumber, operatorOn, replaced, scalarOf } from '../formulas/index.js';
import type { Size } from '../sizes.js';

/** How fast the pairs of n features turn. */
export interface Frequencies {
  /** Equal for equal ones, where positions are. */
  readonly key: string;
  /** Known numbers, or [n / 2] in double precision. */
  readonly frequencies: () => readonly number[] | Value;
}

/** θ^(−2i / n) of each pair, changed by the formula where there is one: by the length of the sequence, too, where it reads that. */
export function frequenciesOf(context: OperatorContext, turning: number, start: Value | 0, length: Size): Frequencies {
  const [theta, formula] = [context.number('theta'), context.formula('frequency')];
  const own = Array.from({ length: turning / 2 }, (_, i) => theta ** ((-2 * i) / turning));
  if (typeof formula === 'object' && formula.kind === 'constant' && formula.name === 'none')
    return { key: own.join(), frequencies: () => own };
  if (!readsElement(formula, 1)) {
    const changed = own.map((frequency) => numberOf(formula, frequency, context));
    return { key: changed.join(), frequencies: () => changed };
  }
  if (start !== 0 && context.attribute('past') === 'again') {
    throw context.unsupported(
      'steps of a generation whose rotary frequencies have the past computed again (`past: kept` has not)',
    );
  }
  const { ops } = context;
  const made = (): Value => {
    const rows = start === 0 ? ops.size(length) : ops.add(start, ops.size(length));
    return ops.multiply(
      ops.vector(
        own.map(() => 1),
        'double',
      ),
      as(ops, changed(formula, own, rows, context), 'double'),
    );
  };
  return { key: `${own.join()} ${JSON.stringify(formula)}`, frequencies: made };
}

/** What does not read the length is a number for each pair; the rest is computed in the file. */
function changed(formula: Expression, own: readonly number[], rows: Value, context: OperatorContext): FormulaNumber {
  if (!readsElement(formula, 1)) {
    const numbers = own.map((frequency) => numberOf(formula, frequency, context));
    return numbers.every((number) => number === numbers[0]) ? numbers[0]! : context.ops.vector(numbers, 'double');
  }
  if (typeof formula === 'object' && formula.kind === 'element') return rows;
  if (typeof formula !== 'object' || formula.kind !== 'operator' || formula.operator === 'index')
    throw context.unsupported('a rotary frequency that reads a list by the length of the sequence');
  const operands = formula.operands.map((operand) => changed(operand, own, rows, context));
  return operatorOn(context.ops, formula.operator, operands);
}

function numberOf(formula: Expression, frequency: number, context: OperatorContext): number {
  const value = scalarOf(replaced(formula, { kind: 'element', index: 0 }, frequency));
  if (typeof value === 'boolean') return Number(value);
  if (value === undefined) throw context.unsupported('a rotary frequency that depends on an input');
  return value;
}
