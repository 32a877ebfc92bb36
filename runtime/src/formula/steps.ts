import type { Formula, FormulaOperator } from './formula.js';
import { onNumbers } from './numbers.js';

/** What the operators of formulas of elements come down to. Comparisons and logic give 1 or 0. */
export type StepOperator = Exclude<
  FormulaOperator,
  'dot' | 'negate' | 'greater' | 'greaterEqual' | 'log2' | 'relu' | 'leakyRelu' | 'clamp' | 'modulo'
>;

/** One operator of a formula. Its operands are known before it. */
export interface Step {
  readonly operator: StepOperator;
  readonly operands: readonly StepOperand[];
}

/** Argument `index` of the function, a number, or what step `index` gives. */
export type StepOperand =
  | { readonly kind: 'element' | 'step'; readonly index: number }
  | { readonly kind: 'constant'; readonly value: number };

/** A formula of elements as a list: what occurs twice is computed once, and what is known without elements is a number. */
export interface Steps {
  /** Equal for equal lists. */
  readonly key: string;
  /** At least one; the last one is the result. */
  readonly steps: readonly Step[];
}

const known = new Map<string, Steps>();

/**
 * The list of a formula, one object for equal lists; `undefined` where it reads something else than elements, or nothing is to be
 * computed.
 */
export function stepsOf(of: Formula): Steps | undefined {
  const list = new StepList();
  if (list.place(of)?.kind !== 'step') return undefined;
  const key = list.steps.map(keyOf).join('; ');
  const steps = known.get(key) ?? { key, steps: list.steps };
  known.set(key, steps);
  return steps;
}

function keyOf({ operator, operands }: Step): string {
  return `${operator} ${operands.map((of) => (of.kind === 'constant' ? of.value : of.kind + of.index)).join()}`;
}

/** The arguments that a list reads, in ascending order. */
export function elementsOf({ steps }: Steps): number[] {
  const read = steps.flatMap(({ operands }) => operands.flatMap((of) => (of.kind === 'element' ? [of.index] : [])));
  return [...new Set(read)].sort((a, b) => a - b);
}

class StepList {
  readonly steps: Step[] = [];
  readonly #places = new Map<string, StepOperand>();
  /** A function hands an argument on as one object, however often it reads it. */
  readonly #known = new Map<Formula, StepOperand | undefined>();

  /** Where the value of a formula is; `undefined` where it reads something else than elements. */
  place(of: Formula): StepOperand | undefined {
    if (!this.#known.has(of)) this.#known.set(of, this.#add(of));
    return this.#known.get(of);
  }

  #add(of: Formula): StepOperand | undefined {
    if (of.kind === 'constant') return constant(Number(of.value));
    if (of.kind === 'element') return { kind: 'element', index: of.index };
    if (of.kind !== 'operator') return undefined;
    const operands = of.operands.map((operand) => this.place(operand));
    return operands.every((operand) => operand !== undefined) ? this.#operator(of.operator, operands) : undefined;
  }

  #operator(operator: FormulaOperator, operands: readonly StepOperand[]): StepOperand | undefined {
    if (operator === 'dot') return undefined;
    const numbers = operands.flatMap((of) => (of.kind === 'constant' ? [of.value] : []));
    if (numbers.length === operands.length) return constant(onNumbers[operator](...numbers));
    const [a, b, c] = operands as readonly [StepOperand, StepOperand, StepOperand];
    switch (operator) {
      case 'negate':
        return this.#step('multiply', a, constant(-1));
      case 'greater':
        return this.#step('less', b, a);
      case 'greaterEqual':
        return this.#step('lessEqual', b, a);
      case 'log2':
        return this.#step('multiply', this.#step('log', a), constant(Math.LOG2E));
      case 'relu':
        return this.#step('maximum', constant(0), a);
      case 'leakyRelu':
        return this.#step('if', this.#step('less', constant(0), a), a, this.#step('multiply', b, a));
      case 'clamp':
        return this.#step('minimum', this.#step('maximum', a, b), c);
      case 'modulo':
        return this.#step('subtract', a, this.#step('multiply', this.#step('floor', this.#step('divide', a, b)), b));
      case 'power':
        return b.kind === 'constant' ? this.#power(a, b) : this.#step('power', a, b);
      default:
        return this.#step(operator, ...operands);
    }
  }

  /** Small whole powers are products: the power of a shader is by logarithms, and has fewer right digits. */
  #power(x: StepOperand, exponent: StepOperand & { readonly kind: 'constant' }): StepOperand {
    const { value } = exponent;
    if (value === 0.5) return this.#step('sqrt', x);
    if (!Number.isInteger(value) || value === 0 || Math.abs(value) > 8) return this.#step('power', x, exponent);
    const product = this.#product(x, Math.abs(value));
    return value < 0 ? this.#step('divide', constant(1), product) : product;
  }

  #product(x: StepOperand, count: number): StepOperand {
    if (count === 1) return x;
    const half = this.#product(x, Math.floor(count / 2));
    const square = this.#step('multiply', half, half);
    return count % 2 === 0 ? square : this.#step('multiply', square, x);
  }

  #step(operator: StepOperator, ...operands: StepOperand[]): StepOperand {
    const step = { operator, operands };
    const key = keyOf(step);
    const before = this.#places.get(key);
    if (before) return before;
    this.steps.push(step);
    const place: StepOperand = { kind: 'step', index: this.steps.length - 1 };
    this.#places.set(key, place);
    return place;
  }
}

function constant(value: number): StepOperand {
  return { kind: 'constant', value };
}
