import { children, isFormula, walk } from '../../algebra/walk.js';
import type { Expression, FormulaDeclaration } from '../../graph/graph.js';
import type { FunctionContext } from './context.js';
import { inlined, scalar, substitute } from './expressions.js';
import { type Code, callOf, listOf, objectOf } from './layout.js';
import { camelCase } from './text.js';

type Kind = FormulaDeclaration['kind'];
type Leaf = 'q' | 'k' | 'head' | 's' | 'query' | 'key';

/** Masks, scores and elementwise functions as calls that build the runtime's formulas. */
export class FormulaPrinter {
  readonly #context: FunctionContext;

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

  /** A function of numbers: a rotary frequency. */
  plainFunction(expression: Expression): Code {
    const name = `frequency:${this.#context.values.size}`;
    const variable = this.#context.bind(name, this.#context.names);
    const body = substitute(this.#expanded(expression), (leaf) =>
      leaf.kind === 'element' ? { kind: 'local', name } : undefined,
    );
    return `(${variable}: number) => ${scalar(body, this.#context)}`;
  }

  /** `(n: number) => f.mask(({ q, k }) => …)`, or the formula alone where it has no parameters. */
  declaration({ parameters, expression, kind }: FormulaDeclaration): Code {
    const names = parameters.map(({ name }) => this.#context.bind(name));
    if (kind === 'function') {
      const like = this.#context.model.imports.type('FormulaLike');
      return [`(${names.map((name) => `${name}: ${like}`).join(', ')}) => `, this.#print(expression)];
    }
    const formula = this.#formula(expression, kind);
    return names.length === 0 ? formula : [`(${names.map((name) => `${name}: number`).join(', ')}) => `, formula];
  }

  /** Sums and products of more than two take two at a time. */
  #operator(name: string, operands: readonly Code[]): Code {
    const call = (items: readonly Code[]): Code => callOf(`${this.#f()}.${name}`, items);
    if (!FOLDED.has(name) || operands.length < 3) return call(operands);
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
    const declared = this.#declared(expression);
    if (declared !== undefined) return declared;
    if (isCausal(expression)) return this.#print(expression);
    const leaves = leavesOf(expression, this.#context);
    const parameter = leaves.length === 0 ? '()' : `({ ${leaves.join(', ')} })`;
    return callOf(`${this.#f()}.${kind}`, [[`${parameter} => `, this.#print(expression)]]);
  }

  /** `causal`, `window(128)`: formulas that the file declares by name. */
  #declared(expression: Expression): Code | undefined {
    if (typeof expression !== 'object' || expression.kind !== 'apply') return undefined;
    const name = this.#context.model.formulaNames.get(expression.formula);
    if (name === undefined) return undefined;
    const given = expression.arguments.map((argument) => this.#print(argument));
    const { kind } = this.#context.formula(expression.formula);
    return kind !== 'function' && given.length === 0 ? name : callOf(name, given);
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
        if (!needsFormula(expression, this.#context)) return scalar(expression, this.#context);
        return this.#operator(camelCase(expression.operator), each(expression.operands));
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

const FOLDED = new Set(['add', 'multiply', 'minimum', 'maximum']);

function needsFormula(expression: Expression, context: FunctionContext): boolean {
  if (isFormula(expression)) return true;
  return [...walk(expression)].some(
    (part) => typeof part === 'object' && part.kind === 'apply' && context.formula(part.formula).kind !== 'function',
  );
}

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
    if (part.kind === 'apply' && !context.model.formulaNames.has(part.formula)) {
      visit(context.formula(part.formula).expression);
    }
    for (const child of children(part)) visit(child);
  };
  visit(expression);
  return LEAVES.filter((leaf) => found.has(leaf));
}

/** Whether a formula can stand on its own in the file: it reads nothing but its scalar parameters. */
export function standsAlone(declaration: FormulaDeclaration, formula: (name: string) => FormulaDeclaration): boolean {
  const own = new Set(declaration.parameters.map(({ name }) => name));
  if (declaration.parameters.some(({ kind }) => kind === 'table')) return false;
  return [...walk(declaration.expression)].every((part) => {
    if (typeof part !== 'object') return true;
    if (part.kind === 'local') return own.has(part.name);
    if (part.kind === 'apply') return standsAlone(formula(part.formula), formula);
    return !['parameter', 'dimension', 'lookup', 'element'].includes(part.kind);
  });
}
