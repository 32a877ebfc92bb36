import type { IToken } from 'chevrotain';
import type { BinaryOperator, Expression, Span, Unary } from './ast.js';

/** A value with the `-` and `not` written before it. */
export interface Operand {
  readonly prefixes: readonly IToken[];
  readonly value: Expression;
}

type Report = (span: Span, message: string, help?: string) => void;

const strengths: Readonly<Record<BinaryOperator, number>> = {
  or: 1,
  and: 2,
  in: 4,
  '==': 4,
  '!=': 4,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
  '**': 8,
};
const comparison = 4;
const prefixStrengths: Readonly<Record<Unary['operator'], number>> = { not: 3, '-': 7 };

/** What a misspelled operator stands for. */
const meanings: Readonly<Record<string, BinaryOperator>> = {
  '===': '==',
  '!==': '!=',
  '<>': '!=',
  '&&': 'and',
  '||': 'or',
  '^': '**',
};

/** How strongly an operator binds: the higher, the tighter. */
export function strengthOf(operator: BinaryOperator): number {
  return strengths[operator];
}

interface Pending {
  readonly strength: number;
  readonly token: IToken;
  readonly prefix: boolean;
}

/**
 * Builds the tree of `a + -b * c` from its operands and the operators between them: by operator precedence and without
 * recursion, so that a long chain cannot exhaust the stack.
 */
export function resolveOperators(
  operands: readonly Operand[],
  operators: readonly IToken[],
  report: Report,
): Expression {
  const values: Expression[] = [];
  const pending: Pending[] = [];
  const reduceTo = (strength: number) => {
    for (let top = pending.at(-1); top && top.strength >= strength; top = pending.at(-1)) {
      pending.pop();
      const right = values.pop();
      const left = top.prefix ? undefined : values.pop();
      if (right) values.push(left ? binary(left, top.token, right) : unary(top.token, right));
    }
  };
  operands.forEach(({ prefixes, value }, place) => {
    for (const token of prefixes) pushPrefix(token, pending, report);
    values.push(value);
    const token = operators[place];
    if (!token) return;
    const strength = strengths[operatorOf(token)];
    // `**` groups to the right, all others to the left.
    reduceTo(strength === strengths['**'] ? strength + 1 : strength);
    const left = values.at(-1);
    if (strength === comparison && left?.kind === 'binary' && strengths[left.operator] === comparison) {
      report(spanOf(token), 'comparisons do not chain', 'join two comparisons with `and`: `a < b and b < c`');
    }
    pending.push({ strength, token, prefix: false });
  });
  reduceTo(0);
  const [tree] = values;
  if (!tree) throw new Error('an operation has at least one operand');
  return tree;
}

function pushPrefix(token: IToken, pending: Pending[], report: Report): void {
  const strength = prefixStrengths[prefixOf(token)];
  const before = pending.at(-1);
  if (before && before.strength > strength && prefixOf(token) === 'not') {
    report(
      spanOf(token),
      `\`not\` cannot follow \`${before.token.image}\` directly`,
      'put the `not` and its condition in parentheses',
    );
  }
  pending.push({ strength, token, prefix: true });
}

const operatorOf = (token: IToken): BinaryOperator => meanings[token.image] ?? (token.image as BinaryOperator);
const prefixOf = (token: IToken): Unary['operator'] => (token.image === '-' ? '-' : 'not');
const spanOf = (token: IToken): Span => ({ start: token.startOffset, end: token.startOffset + token.image.length });

function binary(left: Expression, token: IToken, right: Expression): Expression {
  const span = { start: left.span.start, end: right.span.end };
  return { kind: 'binary', operator: operatorOf(token), operatorSpan: spanOf(token), left, right, span };
}

function unary(token: IToken, operand: Expression): Expression {
  return {
    kind: 'unary',
    operator: prefixOf(token),
    operand,
    span: { start: token.startOffset, end: operand.span.end },
  };
}
