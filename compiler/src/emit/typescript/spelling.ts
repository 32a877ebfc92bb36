import type { Expression, Operator, ValueType } from '../../graph/graph.js';

const INFIX: Partial<Record<Operator, readonly [symbol: string, strength: number]>> = {
  or: ['or', 1],
  and: ['and', 2],
  equal: ['==', 4],
  not_equal: ['!=', 4],
  less: ['<', 4],
  less_equal: ['<=', 4],
  greater: ['>', 4],
  greater_equal: ['>=', 4],
  add: ['+', 5],
  subtract: ['-', 5],
  multiply: ['*', 6],
  divide: ['/', 6],
  modulo: ['%', 6],
  power: ['**', 8],
};

/** An expression as the spec writes it: for comments and messages. */
export function spelled(expression: Expression, least = 0): string {
  if (typeof expression !== 'object') return String(expression);
  switch (expression.kind) {
    case 'constant':
    case 'parameter':
    case 'local':
    case 'dimension':
      return expression.name;
    case 'string':
      return JSON.stringify(expression.value);
    case 'list':
      return `[${expression.items.map((item) => spelled(item)).join(', ')}]`;
    case 'operator':
      return spelledOperator(expression.operator, expression.operands, least);
    case 'apply':
      return `${expression.formula}(${expression.arguments.map((item) => spelled(item)).join(', ')})`;
    case 'lookup':
      return `${expression.value}[${expression.indices.map((item) => spelled(item)).join(', ')}]`;
    case 'axis':
      return { head: 'head', query: 'q', key: 'k' }[expression.axis];
    case 'score':
      return 's';
    case 'vector':
      return expression.of;
    case 'element':
      return `x${expression.index}`;
  }
}

function spelledOperator(operator: Operator, operands: readonly Expression[], least: number): string {
  const [first = 0, second = 0, third = 0] = operands;
  const infix = INFIX[operator];
  const wrap = (text: string, strength: number) => (strength < least ? `(${text})` : text);
  if (infix !== undefined) {
    const [symbol, strength] = infix;
    return wrap(`${spelled(first, strength)} ${symbol} ${spelled(second, strength + 1)}`, strength);
  }
  if (operator === 'negate') return wrap(`-${spelled(first, 7)}`, 7);
  if (operator === 'not') return wrap(`not ${spelled(first, 3)}`, 3);
  if (operator === 'if') return wrap(`if ${spelled(first)} { ${spelled(second)} } else { ${spelled(third)} }`, 0);
  if (operator === 'index') return `${spelled(first, 9)}[${spelled(second)}]`;
  return `${operator}(${operands.map((item) => spelled(item)).join(', ')})`;
}

/** `float[B, T, width]` */
export function spelledType({ dtype, shape }: ValueType): string {
  return `${dtype}${spelledShape(shape)}`;
}

/** `[B, T, width]` */
export function spelledShape(shape: readonly Expression[]): string {
  return `[${shape.map((size) => spelled(size)).join(', ')}]`;
}
