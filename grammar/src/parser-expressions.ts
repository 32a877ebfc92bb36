import type { IToken } from 'chevrotain';
import type { Argument, Expression, Labelled, List, Parenthesized, RecordLiteral, Span } from './ast.js';
import { type Operand, resolveOperators } from './operators.js';
import type { Rule } from './parser-base.js';
import { RecoveringParser } from './parser-recovery.js';
import * as t from './tokens.js';

/** A name and its value: a field of a record, a binding of a `scan`. */
export type Field = RecordLiteral['fields'][number];

/**
 * Expressions, loosest first: `a -> b`; `if`, `match` and lambdas; operators; `f(x)`, `a[i]`, `a.b`; `as name`.
 *
 * `bare` says that a `{` ahead belongs to what stands around (`if f(x) { … }`) and not to a call (`experts(8) { … }`).
 */
export abstract class ExpressionParser extends RecoveringParser {
  protected abstract readonly lambda: Rule<Expression>;
  protected abstract readonly choice: Rule<Expression>;
  protected abstract readonly match: Rule<Expression>;
  protected abstract readonly residual: Rule<Expression>;
  protected abstract readonly repeat: Rule<Expression>;
  protected abstract readonly scan: Rule<Expression>;

  readonly expression: Rule<Expression, [bare?: boolean]> = this.define(
    'expression',
    (bare = false) => {
      const start = this.mark();
      const first = this.SUBRULE(this.stage, { ARGS: [bare] });
      const parts = [first];
      this.MANY(() => {
        this.CONSUME(t.Arrow);
        parts.push(this.SUBRULE2(this.stage, { ARGS: [bare] }));
      });
      return parts.length === 1 ? first : { kind: 'pipe' as const, parts, span: this.spanFrom(start) };
    },
    () => this.missing(),
  );

  protected readonly stage: Rule<Expression, [bare?: boolean]> = this.define(
    'stage',
    (bare = false) =>
      this.nested(() =>
        this.OR<Expression>({
          MAX_LOOKAHEAD: 1,
          DEF: [
            { GATE: () => this.lambdaAhead(), ALT: () => this.SUBRULE(this.lambda), IGNORE_AMBIGUITIES: true },
            { ALT: () => this.SUBRULE(this.choice) },
            { ALT: () => this.SUBRULE(this.match) },
            { ALT: () => this.SUBRULE(this.operation, { ARGS: [bare] }) },
          ],
        }),
      ),
    () => this.missing(),
  );

  protected readonly operation: Rule<Expression, [bare?: boolean]> = this.define(
    'operation',
    (bare = false) => {
      const operands = [this.SUBRULE(this.operand, { ARGS: [bare] })];
      const operators: IToken[] = [];
      this.MANY(() => {
        operators.push(this.CONSUME(t.Infix));
        operands.push(this.SUBRULE2(this.operand, { ARGS: [bare] }));
      });
      return this.ACTION(() => resolveOperators(operands, operators, (...mistake) => this.report(...mistake)));
    },
    () => this.missing(),
  );

  /** `-` and `not` before a value, which belong to the value only once the operators around are known. */
  protected readonly operand: Rule<Operand, [bare?: boolean]> = this.define(
    'operand',
    (bare = false) => {
      const prefixes: IToken[] = [];
      this.MANY(() => prefixes.push(this.CONSUME(t.Prefix)));
      return { prefixes, value: this.SUBRULE(this.postfix, { ARGS: [bare] }) };
    },
    () => ({ prefixes: [], value: this.missing() }),
  );

  protected readonly postfix: Rule<Expression, [bare?: boolean]> = this.define(
    'postfix',
    (bare = false) => {
      const start = this.mark();
      let value = this.SUBRULE(this.primary);
      this.MANY(() => {
        value = this.OR<Expression>([
          { ALT: () => this.SUBRULE(this.call, { ARGS: [value, start, bare] }) },
          { ALT: () => this.SUBRULE(this.index, { ARGS: [value, start] }) },
          { ALT: () => this.SUBRULE(this.member, { ARGS: [value, start] }) },
        ]);
      });
      this.OPTION({
        GATE: () => value.kind !== 'labelled',
        DEF: () => {
          const labelled = this.SUBRULE(this.label, { ARGS: [value, start] });
          value = labelled;
          this.OPTION2({
            GATE: () => !bare && labelled.value.kind === 'call' && !labelled.value.trailing,
            DEF: () => {
              const trailing = this.SUBRULE(this.braced);
              value = this.ACTION(() => withTrailing(labelled, trailing, this.spanFrom(start)));
            },
          });
        },
      });
      return value;
    },
    () => this.missing(),
  );

  protected readonly label: Rule<Labelled, [value: Expression, start: number]> = this.define(
    'label',
    (value, start) => {
      this.CONSUME(t.As);
      const label = this.identifier(this.CONSUME(t.Word));
      const was = this.OPTION(() => {
        this.CONSUME(t.Was);
        return this.identifier(this.CONSUME2(t.Word));
      });
      return { kind: 'labelled', value, label, ...(was ? { was } : {}), span: this.spanFrom(start) };
    },
  );

  protected readonly call: Rule<Expression, [callee: Expression, start: number, bare: boolean]> = this.define(
    'call',
    (callee, start, bare) => {
      const list = this.SUBRULE(this.arguments);
      const trailing = this.OPTION({ GATE: () => !bare, DEF: () => this.SUBRULE(this.braced) });
      return { kind: 'call', callee, arguments: list, ...(trailing ? { trailing } : {}), span: this.spanFrom(start) };
    },
  );

  readonly arguments: Rule<Argument[]> = this.define(
    'arguments',
    () => {
      const list: Argument[] = [];
      this.CONSUME(t.LeftParenthesis);
      this.listed(() => list.push(this.SUBRULE(this.argument)));
      this.CONSUME(t.RightParenthesis);
      return list;
    },
    () => [],
  );

  protected readonly argument: Rule<Argument> = this.define(
    'argument',
    () => {
      const start = this.mark();
      const name = this.OPTION(() => {
        const word = this.identifier(this.CONSUME(t.Word));
        this.CONSUME(t.Colon);
        return word;
      });
      const value = this.SUBRULE(this.expression);
      return { ...(name ? { name } : {}), value, span: this.spanFrom(start) };
    },
    () => {
      const value = this.missing();
      return { value, span: value.span };
    },
  );

  protected readonly index: Rule<Expression, [object: Expression, start: number]> = this.define(
    'index',
    (object, start) => {
      const indices: Expression[] = [];
      this.CONSUME(t.LeftBracket);
      this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => indices.push(this.SUBRULE(this.expression)) });
      this.CONSUME(t.RightBracket);
      return { kind: 'index', object, indices, span: this.spanFrom(start) };
    },
  );

  protected readonly member: Rule<Expression, [object: Expression, start: number]> = this.define(
    'member',
    (object, start) => {
      this.CONSUME(t.Dot);
      const property = this.identifier(this.CONSUME(t.Word));
      return { kind: 'member', object, property, span: this.spanFrom(start) };
    },
  );

  protected readonly primary: Rule<Expression> = this.define(
    'primary',
    () => {
      const _start = this.mark();
      return this.OR<Expression>([
        { ALT: () => this.name(this.CONSUME(t.Name)) },
        { ALT: () => this.number(this.CONSUME(t.Numeral)) },
        { ALT: () => this.text(this.CONSUME(t.Text)) },
        { ALT: () => ({ kind: 'boolean' as const, value: true, span: this.spanOf(this.CONSUME(t.True)) }) },
        { ALT: () => ({ kind: 'boolean' as const, value: false, span: this.spanOf(this.CONSUME(t.False)) }) },
        { ALT: () => this.SUBRULE(this.parenthesized) },
        { ALT: () => this.SUBRULE(this.list) },
        { ALT: () => this.SUBRULE(this.record) },
        { ALT: () => this.SUBRULE(this.residual) },
        { ALT: () => this.SUBRULE(this.repeat) },
        { ALT: () => this.SUBRULE(this.scan) },
      ]);
    },
    () => this.missing(),
  );

  protected readonly parenthesized: Rule<Parenthesized> = this.define('parenthesized', () => {
    const start = this.mark();
    const items: Expression[] = [];
    this.CONSUME(t.LeftParenthesis);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => items.push(this.SUBRULE(this.expression)) });
    this.CONSUME(t.RightParenthesis);
    return { kind: 'parenthesized', items, span: this.spanFrom(start) };
  });

  protected readonly list: Rule<List> = this.define('list', () => {
    const start = this.mark();
    const items: Expression[] = [];
    this.CONSUME(t.LeftBracket);
    this.listed(() => items.push(this.SUBRULE(this.expression)));
    this.CONSUME(t.RightBracket);
    return { kind: 'list', items, span: this.spanFrom(start) };
  });

  protected readonly record: Rule<RecordLiteral> = this.define('record', () => {
    const start = this.mark();
    const fields: Field[] = [];
    this.CONSUME(t.LeftBrace);
    this.listed(() => fields.push(this.SUBRULE(this.field)));
    this.CONSUME(t.RightBrace);
    return { kind: 'record', fields, span: this.spanFrom(start) };
  });

  protected readonly field: Rule<Field> = this.define(
    'field',
    () => {
      const name = this.identifier(this.CONSUME(t.Word));
      this.CONSUME(t.Colon);
      return { name, value: this.SUBRULE(this.expression) };
    },
    () => this.missingField(),
  );

  /** A stage in braces. */
  protected readonly braced: Rule<Expression> = this.define(
    'braced',
    () => {
      this.CONSUME(t.LeftBrace);
      const value = this.SUBRULE(this.expression);
      this.CONSUME(t.RightBrace);
      return value;
    },
    () => this.missing(),
  );

  protected missingField(): Field {
    const value = this.missing();
    return { name: { name: '', span: value.span }, value };
  }
}

/** `experts(8) as expert { stage }`: the braces belong to the call. */
function withTrailing(labelled: Labelled, trailing: Expression, span: Span): Expression {
  const { value } = labelled;
  return value.kind === 'call' ? { ...labelled, value: { ...value, trailing, span }, span } : labelled;
}
