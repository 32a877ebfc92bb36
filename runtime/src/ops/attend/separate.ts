import type { FormulaContext } from '../../formula/context.js';
import {
  type Formula,
  type FormulaOperator,
  formulaKey,
  isStatic,
  usesAnyAxis,
  usesAxis,
} from '../../formula/formula.js';
import { onNumbers } from '../../formula/numbers.js';
import { isOfDistance } from './distances.js';

/** A subexpression that has few values: one for each query, for each key, for each distance between them, or for each head. */
export interface Atom {
  readonly of: Formula;
  readonly byDistance: boolean;
}

/** Operators that a shader computes as they are. */
const joining: ReadonlySet<FormulaOperator> = new Set([
  ...(['add', 'subtract', 'multiply', 'negate', 'minimum', 'maximum', 'clamp', 'abs', 'relu', 'if'] as const),
  ...(['equal', 'notEqual', 'less', 'lessEqual', 'greater', 'greaterEqual', 'and', 'or', 'not'] as const),
]);

/** Formulas for pairs of query and key as expressions of atoms. The same atom of several formulas, or of several places, is one. */
export class Atoms {
  readonly all: Atom[] = [];
  readonly #context: FormulaContext;
  readonly #places = new Map<string, number>();

  constructor(context: FormulaContext) {
    this.#context = context;
  }

  /**
   * A formula in which element i stands for atom i, the largest there are; `undefined` where something in it needs both
   * positions at once (an element of a table of pairs), or what joins atoms is more than a shader computes exactly.
   */
  separate(of: Formula): Formula | undefined {
    if (isStatic(of) && !usesAnyAxis(of)) return { kind: 'constant', value: numberOf(of) };
    if (this.#isByDistance(of)) return this.#element({ of, byDistance: true });
    if (!usesAxis(of, 'query') || !usesAxis(of, 'key')) return this.#element({ of, byDistance: false });
    if (of.kind !== 'operator' || !joining.has(of.operator)) return undefined;
    const operands = of.operands.map((operand) => this.separate(operand));
    return operands.every((operand) => operand !== undefined) ? { ...of, operands } : undefined;
  }

  #isByDistance(of: Formula): boolean {
    return !this.#context.groups && isOfDistance(of);
  }

  #element(atom: Atom): Formula {
    const key = formulaKey(atom.of);
    const index = this.#places.get(key) ?? this.all.push(atom) - 1;
    this.#places.set(key, index);
    return { kind: 'element', index };
  }
}

/** Of a formula without positions. */
function numberOf(of: Formula): number {
  if (of.kind === 'constant') return Number(of.value);
  if (of.kind !== 'operator' || of.operator === 'dot') return Number.NaN;
  return onNumbers[of.operator](...of.operands.map(numberOf));
}
