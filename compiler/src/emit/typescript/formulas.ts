import { children, isFormula, walk } from '../../algebra/walk.js';
import type { Expression, FormulaDeclaration } from '../../graph/graph.js';
import type { FunctionContext } from './context.js';
import { condition, inlined, scalar } from './expressions.js';
import { type Code, callOf, listOf, objectOf } from './layout.js';
import type { Statement } from './statement.js';
import { camelCase } from './text.js';

type Kind = FormulaDeclaration['kind'];
type Leaf = 'q' | 'k' | 'head' | 's' | 'query' | 'key';

/** Masks, scores and elementwise functions as calls that build the runtime's formulas. */
export class FormulaPrinter {
  readonly #context: FunctionContext;
  /** Parameters of the function that is printed: each may be a number or a formula. */
  #either: ReadonlySet<string> = new Set();

  constructor(context: FunctionContext) {
    this.#context = context;
  }

  mask(expression: Expression): Code {
    return this.#formula(expression, 'mask');
  }

  score(expression: Expression): Code {
    return this.#formula(expression, 'score');
  }

  /** The function of an `apply` operator: a formula of `f.element(0)`, … */
  elementwise(expression: Expression): Code {
    return this.#print(expression);
  }

  /** `(n: number) => f.mask(({ q, k }) => …)`, or the formula alone where it has no parameters. */
  declaration(formula: FormulaDeclaration): Code {
    const parameters = this.#parameters(formula).map(({ name, type }) => `${name}: ${type}`);
    const code = this.#body(formula.expression, formula.kind);
    return parameters.length === 0 && formula.kind !== 'function' ? code : [`(${parameters.join(', ')}) => `, code];
  }

  /** The same as a method: a choice that the configuration decides is a statement. */
  method(formula: FormulaDeclaration) {
    const parameters = this.#parameters(formula);
    const body: Statement[] = [];
    let rest = formula.expression;
    for (let choice = this.#choice(rest); choice; choice = this.#choice(rest)) {
      const result = this.#body(choice.then, formula.kind);
      body.push({ kind: 'line', code: [`if (${scalar(choice.when, this.#context)}) return `, result] });
      rest = choice.otherwise;
    }
    return {
      parameters,
      body: [...body, { kind: 'line', code: ['return ', this.#body(rest, formula.kind)] } as const],
    };
  }

  #parameters({ parameters, kind }: FormulaDeclaration) {
    const isFunction = kind === 'function' && parameters.length > 0;
    if (isFunction) this.#either = new Set(parameters.map(({ name }) => name));
    const type = isFunction ? this.#context.model.imports.type('FormulaLike') : 'number';
    return parameters.map(({ name }) => ({ name: this.#context.bind(name), type }));
  }

  #body(expression: Expression, kind: Kind): Code {
    if (kind !== 'function') return this.#formula(expression, kind);
    return this.#print(expression);
  }

  #needsFormula(expression: Expression): boolean {
    if (isFormula(expression)) return true;
    return [...walk(expression)].some((part) => {
      if (typeof part !== 'object') return false;
      if (part.kind === 'local') return this.#either.has(part.name);
      return part.kind === 'apply' && this.#context.formula(part.formula).kind !== 'function';
    });
  }

  /** Whether the code of an expression is a formula, also where nothing around it makes a number one. */
  #isWhole(expression: Expression): boolean {
    if (typeof expression !== 'object') return false;
    if (expression.kind === 'apply') return this.#context.formula(expression.formula).kind !== 'function';
    const choice = this.#choice(expression);
    if (choice) return this.#isWhole(choice.then) && this.#isWhole(choice.otherwise);
    return expression.kind === 'operator' && this.#needsFormula(expression);
  }

  /** The parts of a choice whose condition is known when the configuration is. */
  #choice(expression: Expression) {
    if (typeof expression !== 'object' || expression.kind !== 'operator' || expression.operator !== 'if')
      return undefined;
    const [when = false, then = false, otherwise = false] = expression.operands;
    if (this.#needsFormula(when)) return undefined;
    return { when, then, otherwise };
  }

  #operator(name: string, operands: readonly Code[]): Code {
    const call = (items: readonly Code[]): Code => callOf(`${this.#f()}.${name}`, items);
    if (!FOLDED.has(name) || operands.length < 3) return call(operands);
    // Sums and products of more than two take two at a time.
    const [first = '', ...rest] = operands;
    return rest.reduce((left, right) => call([left, right]), first);
  }

  #f(): string {
    return this.#context.model.imports.value('f');
  }

  #formula(expression: Expression, kind: Kind): Code {
    if (typeof expression === 'boolean' && kind === 'mask') {
      return expression ? `${this.#f()}.all` : callOf(`${this.#f()}.mask`, ['() => false']);
    }
    const leaves = leavesOf(expression, this.#context);
    const code = this.#print(expression);
    if (leaves.length === 0 && this.#isWhole(expression)) return code;
    const parameter = leaves.length === 0 ? '()' : `({ ${leaves.join(', ')} })`;
    return callOf(`${this.#f()}.${kind}`, [[`${parameter} => `, code]]);
  }

  /** `causal`, `window(128)`, `this.row()`: formulas that the file declares by name. */
  #declared(expression: Expression): Code | undefined {
    if (typeof expression !== 'object' || expression.kind !== 'apply') return undefined;
    const { model } = this.#context;
    const named = model.namedFormulas.get(expression.formula);
    if (named === undefined) return undefined;
    model.usedFormulas.add(expression.formula);
    if (named.code === 'causal') return model.imports.value('causal');
    const given = expression.arguments.map((argument) => this.#print(argument));
    const { kind } = this.#context.formula(expression.formula);
    return kind !== 'function' && given.length === 0 && !named.isMethod ? named.code : callOf(named.code, given);
  }

  #expanded(expression: Expression): Expression {
    if (typeof expression !== 'object' || expression.kind !== 'apply') return expression;
    return this.#expanded(inlined(this.#context.formula(expression.formula), expression.arguments));
  }

  #print(expression: Expression): Code {
    if (typeof expression !== 'object') return scalar(expression, this.#context);
    const each = (list: readonly Expression[]): Code[] => list.map((item) => this.#print(item));
    switch (expression.kind) {
      case 'axis':
        return { head: 'head', query: 'q', key: 'k' }[expression.axis];
      case 'score':
        return 's';
      case 'vector':
        return expression.of;
      case 'element':
        return `${this.#f()}.element(${expression.index})`;
      case 'lookup': {
        const table = this.#context.values.get(expression.value) ?? this.#context.local(expression.value);
        const options = expression.batched ? [objectOf([['batched', 'true']])] : [];
        return callOf(`${this.#f()}.lookup`, [table, listOf(each(expression.indices)), ...options]);
      }
      case 'apply':
        return this.#declared(expression) ?? this.#print(this.#expanded(expression));
      case 'operator': {
        if (isCausal(expression)) return this.#context.model.imports.value('causal');
        if (!this.#needsFormula(expression)) return scalar(expression, this.#context);
        const choice = this.#choice(expression);
        if (choice) {
          const when = condition(choice.when, this.#context);
          return [`${when} ? `, this.#print(choice.then), ' : ', this.#print(choice.otherwise)];
        }
        return this.#operator(camelCase(expression.operator), each(flattened(expression)));
      }
      default:
        return scalar(expression, this.#context);
    }
  }
}

/** k ≤ q, which the runtime has by name. */
export function isCausal(expression: Expression): boolean {
  if (typeof expression !== 'object' || expression.kind !== 'operator' || expression.operator !== 'less_equal')
    return false;
  const [key, query] = expression.operands.map((each) =>
    typeof each === 'object' && each.kind === 'axis' ? each.axis : '',
  );
  return key === 'key' && query === 'query';
}

/** `a and b and c` has three operands. */
function flattened({ operator, operands }: Extract<Expression, { kind: 'operator' }>): readonly Expression[] {
  if (operator !== 'and' && operator !== 'or') return operands;
  const [first, ...rest] = operands;
  const nested = typeof first === 'object' && first.kind === 'operator' && first.operator === operator;
  return nested && !isCausal(first) ? [...flattened(first), ...rest] : operands;
}

const FOLDED = new Set(['add', 'multiply', 'minimum', 'maximum']);

const LEAVES: readonly Leaf[] = ['head', 'q', 'k', 's', 'query', 'key'];

/** What the formula reads of attention, also through formulas that are written out in place. */
function leavesOf(expression: Expression, context: FunctionContext): readonly Leaf[] {
  const found = new Set<Leaf>();
  const visit = (part: Expression): void => {
    // `causal` stands for its own leaves.
    if (typeof part !== 'object' || isCausal(part)) return;
    if (part.kind === 'axis') found.add(part.axis === 'head' ? 'head' : part.axis === 'query' ? 'q' : 'k');
    if (part.kind === 'score') found.add('s');
    if (part.kind === 'vector') found.add(part.of);
    if (part.kind === 'apply' && !context.model.namedFormulas.has(part.formula)) {
      visit(context.formula(part.formula).expression);
    }
    for (const child of children(part)) visit(child);
  };
  visit(expression);
  return LEAVES.filter((leaf) => found.has(leaf));
}
