import { call } from '../../../../algebra/index.js';
import type { Expression } from '../../../../graph/graph.js';
import { readsScore, scalarOf } from '../../formulas/index.js';

/** The score formulas of an `attend`, from left to right. */
export function scoreFormulas(score: Expression): readonly Expression[] {
  if (typeof score === 'object' && score.kind === 'constant' && score.name === 'none') return [];
  return typeof score === 'object' && score.kind === 'list' ? score.items : [score];
}

/** Whether the q·k products matter: the first formula that does not read s makes them needless. */
export const readsProducts = (formulas: readonly Expression[]): boolean => formulas.every(readsScore);

/** cap · tanh(factor · s / cap) + bias, without the cap: factor · s + bias. What ONNX's attention can say. */
export interface LinearScore {
  readonly factor: number;
  readonly softcap: number | undefined;
  /** Terms that do not read s. */
  readonly bias: readonly Expression[];
}

const identity: LinearScore = { factor: 1, softcap: undefined, bias: [] };

/** All formulas together, in this form; `undefined` where they have another. */
export function linearScore(formulas: readonly Expression[]): LinearScore | undefined {
  return formulas.reduce<LinearScore | undefined>((before, formula) => before && applied(formula, before), identity);
}

/** The formula applied to a score of this form. */
function applied(formula: Expression, score: LinearScore): LinearScore | undefined {
  if (typeof formula !== 'object') return undefined;
  if (formula.kind === 'score') return score;
  if (formula.kind !== 'operator') return undefined;
  const { operator, operands } = formula;
  const reading = operands.filter(readsScore);
  const [inner] = reading;
  if (inner === undefined || reading.length > 1) return undefined;
  const others = operands.filter((operand) => operand !== inner);
  const below = (): LinearScore | undefined => applied(inner, score);
  switch (operator) {
    case 'add':
      return plus(below(), others);
    case 'subtract':
      return inner === operands[0]
        ? plus(
            below(),
            others.map((other) => call('negate', other)),
          )
        : undefined;
    case 'multiply':
      return times(inner, productOf(others), score);
    case 'divide': {
      const divisor = productOf(others);
      return inner === operands[0] && divisor ? times(inner, 1 / divisor, score) : undefined;
    }
    case 'tanh':
      return capped(below(), 1);
    default:
      return undefined;
  }
}

function plus(score: LinearScore | undefined, terms: readonly Expression[]): LinearScore | undefined {
  return score && { ...score, bias: [...score.bias, ...terms] };
}

function times(inner: Expression, by: number | undefined, score: LinearScore): LinearScore | undefined {
  if (by === undefined) return undefined;
  if (typeof inner === 'object' && inner.kind === 'operator' && inner.operator === 'tanh')
    return capped(applied(inner.operands[0]!, score), by);
  const below = applied(inner, score);
  if (!below || (below.softcap !== undefined && by !== 1)) return undefined;
  return { ...below, factor: below.factor * by, bias: below.bias.map((term) => call('multiply', by, term)) };
}

/** cap · tanh(score) */
function capped(score: LinearScore | undefined, cap: number): LinearScore | undefined {
  if (!score || score.softcap !== undefined || score.bias.length > 0) return undefined;
  return { factor: score.factor * cap, softcap: cap, bias: [] };
}

function productOf(factors: readonly Expression[]): number | undefined {
  const numbers = factors.map(scalarOf);
  return numbers.every((number) => typeof number === 'number') ? numbers.reduce((a, b) => a * b, 1) : undefined;
}
