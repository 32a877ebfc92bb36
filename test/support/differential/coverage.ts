import { walk } from '../../../compiler/src/algebra/walk.js';
import type { Expression, GraphModel, Node, Operator, Region } from '../../../compiler/src/graph/graph.js';

/** How often something occurs in graphs. */
export class Coverage {
  readonly operators = new Map<string, number>();
  /** Of masks. */
  readonly masks = new Map<string, number>();
  /** Of scores. */
  readonly scores = new Map<string, number>();
  /** Of functions on values. */
  readonly functions = new Map<string, number>();
  readonly states = new Map<string, number>();
  /** Kinds of nodes: calls, copies, choices, recurrences. */
  readonly nodes = new Map<string, number>();

  add(model: GraphModel): void {
    const formulas = new Map(model.formulas.map(({ name, expression }) => [name, expression]));
    for (const { body } of [model.main, ...model.functions]) this.#region(body, formulas);
    for (const { kind } of model.generate?.state ?? []) count(this.states, kind);
  }

  #region(region: Region, formulas: ReadonlyMap<string, Expression>): void {
    for (const node of region.nodes) {
      count(this.nodes, node.kind);
      for (const inner of regions(node)) this.#region(inner, formulas);
      if (node.kind !== 'operator') continue;
      count(this.operators, node.operator);
      const { mask, score, formula, frequency } = node.attributes;
      if (mask !== undefined) this.#formula(this.masks, mask, formulas);
      if (score !== undefined) this.#formula(this.scores, score, formulas);
      if (formula !== undefined) this.#formula(this.functions, formula, formulas);
      if (frequency !== undefined) this.#formula(this.functions, frequency, formulas);
    }
  }

  #formula(into: Map<string, number>, expression: Expression, formulas: ReadonlyMap<string, Expression>): void {
    for (const part of walk(expression)) {
      if (typeof part !== 'object') continue;
      count(into, part.kind === 'operator' ? part.operator : part.kind);
      const body = part.kind === 'apply' ? formulas.get(part.formula) : undefined;
      if (body !== undefined) this.#formula(into, body, formulas);
    }
  }
}

const count = (into: Map<string, number>, name: string): void => void into.set(name, (into.get(name) ?? 0) + 1);

function regions(node: Node): readonly Region[] {
  switch (node.kind) {
    case 'repeat':
    case 'experts':
    case 'scan':
      return [node.region];
    case 'if':
      return [node.then, node.else];
    default:
      return [];
  }
}

/** The operators of formulas. */
export const formulaOperators: readonly Operator[] = [
  ...(['add', 'subtract', 'multiply', 'divide', 'modulo', 'power', 'negate'] as const),
  ...(['equal', 'not_equal', 'less', 'less_equal', 'greater', 'greater_equal', 'and', 'or', 'not', 'if'] as const),
  ...([
    'index',
    'length',
    'floor',
    'ceil',
    'round',
    'sqrt',
    'exp',
    'log',
    'log2',
    'abs',
    'sign',
    'sin',
    'cos',
  ] as const),
  ...(['tanh', 'sigmoid', 'relu', 'leaky_relu', 'minimum', 'maximum', 'clamp', 'dot'] as const),
];
