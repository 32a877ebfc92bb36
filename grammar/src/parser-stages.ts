import type {
  Body,
  Expression,
  Identifier,
  If,
  Labelled,
  Lambda,
  Match,
  MatchArm,
  Repeat,
  Residual,
  Scan,
} from './ast.js';
import type { Rule } from './parser-base.js';
import { ExpressionParser, type Field } from './parser-expressions.js';
import * as t from './tokens.js';

/** Expressions with a word of their own: `if`, `match`, lambdas, `residual`, `repeat` and `scan`. */
export abstract class StageParser extends ExpressionParser {
  protected abstract readonly body: Rule<Body>;

  protected readonly lambda: Rule<Lambda> = this.define('lambda', () => {
    const start = this.mark();
    const parameters: Identifier[] = [];
    this.CONSUME(t.LeftParenthesis);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => parameters.push(this.identifier(this.CONSUME(t.Name))) });
    this.CONSUME(t.RightParenthesis);
    this.CONSUME(t.FatArrow);
    const body = this.OR<Expression | Body>([
      { GATE: () => this.bodyAhead(), ALT: () => this.SUBRULE(this.body), IGNORE_AMBIGUITIES: true },
      { ALT: () => this.SUBRULE(this.stage) },
    ]);
    return { kind: 'lambda', parameters, body, span: this.spanFrom(start) };
  });

  protected readonly choice: Rule<Expression> = this.define('if', () => {
    const start = this.mark();
    this.CONSUME(t.If);
    const condition = this.SUBRULE(this.operation, { ARGS: [true] });
    const braces = this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Then);
          const then = this.SUBRULE(this.stage);
          this.CONSUME(t.Else);
          return { then, else: this.SUBRULE2(this.stage), braces: false };
        },
      },
      {
        ALT: () => {
          const then = this.SUBRULE(this.braced);
          this.CONSUME2(t.Else);
          const otherwise = this.OR2<Expression>([
            { ALT: () => this.SUBRULE2(this.braced) },
            { ALT: () => this.nested(() => this.SUBRULE(this.choice)) },
          ]);
          return { then, else: otherwise, braces: true };
        },
      },
    ]);
    const value: If = { kind: 'if', condition, ...braces, span: this.spanFrom(start) };
    let labelled: Expression = value;
    this.OPTION({
      GATE: () => braces.braces,
      DEF: () => {
        labelled = this.SUBRULE(this.label, { ARGS: [value, start] });
      },
    });
    return labelled;
  });

  protected readonly match: Rule<Expression> = this.define('match', () => {
    const start = this.mark();
    this.CONSUME(t.Match);
    const subject = this.SUBRULE(this.operation, { ARGS: [true] });
    this.CONSUME(t.LeftBrace);
    const arms: MatchArm[] = [];
    this.listed(() => arms.push(this.SUBRULE(this.arm)));
    this.ACTION(
      () => arms.length > 0 || this.report(this.spanOf(this.LA(1)), 'a `match` has at least one arm', 'write `_ => …`'),
    );
    this.CONSUME(t.RightBrace);
    const value: Match = { kind: 'match', subject, arms, span: this.spanFrom(start) };
    let labelled: Expression = value;
    this.OPTION2(() => {
      labelled = this.SUBRULE(this.label, { ARGS: [value, start] });
    });
    return labelled;
  });

  protected readonly arm: Rule<MatchArm> = this.define(
    'arm',
    () => {
      const start = this.mark();
      const patterns: Expression[] = [];
      this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => patterns.push(this.SUBRULE(this.operation)) });
      this.OR([
        { ALT: () => this.CONSUME(t.FatArrow) },
        {
          ALT: () => {
            const arrow = this.CONSUME(t.Arrow);
            this.ACTION(() => this.report(this.spanOf(arrow), 'an arm of a `match` has `=>`, not `->`', 'write `=>`'));
          },
        },
      ]);
      const value = this.SUBRULE(this.expression);
      const [only] = patterns;
      const any = patterns.length === 1 && only?.kind === 'name' && only.name === '_';
      return { patterns: any ? [] : patterns, value, span: this.spanFrom(start) };
    },
    () => {
      const value = this.missing();
      return { patterns: [], value, span: value.span };
    },
  );

  protected readonly residual: Rule<Residual> = this.define('residual', () => {
    const start = this.mark();
    this.CONSUME(t.Residual);
    const body = this.SUBRULE(this.braced);
    return { kind: 'residual', body, span: this.spanFrom(start) };
  });

  protected readonly repeat: Rule<Repeat | Labelled> = this.define('repeat', () => {
    const start = this.mark();
    this.CONSUME(t.Repeat);
    this.CONSUME(t.LeftParenthesis);
    const count = this.SUBRULE(this.expression);
    const index = this.OPTION(() => {
      this.CONSUME(t.Comma);
      return this.identifier(this.CONSUME(t.Name));
    });
    this.CONSUME(t.RightParenthesis);
    const label = this.SUBRULE(this.labelBeforeBrace);
    const body = this.SUBRULE(this.braced);
    const span = this.spanFrom(start);
    const value: Repeat = { kind: 'repeat', count, ...(index ? { index } : {}), body, span };
    return label ? { kind: 'labelled', value, ...label, span } : value;
  });

  protected readonly scan: Rule<Scan | Labelled> = this.define('scan', () => {
    const start = this.mark();
    const bindings: Field[] = [];
    this.CONSUME(t.Scan);
    this.CONSUME(t.LeftParenthesis);
    this.listed(() => bindings.push(this.SUBRULE(this.binding)));
    this.CONSUME(t.RightParenthesis);
    const label = this.SUBRULE(this.labelBeforeBrace);
    const body = this.SUBRULE(this.body);
    const span = this.spanFrom(start);
    const value: Scan = { kind: 'scan', bindings, body, span };
    return label ? { kind: 'labelled', value, ...label, span } : value;
  });

  protected readonly binding: Rule<Field> = this.define(
    'binding',
    () => {
      const name = this.identifier(this.CONSUME(t.Name));
      this.CONSUME(t.Equal);
      return { name, value: this.SUBRULE(this.expression) };
    },
    () => this.missingField(),
  );

  /** `as layers` between the head of a `repeat` or `scan` and its braces. */
  protected readonly labelBeforeBrace: Rule<Pick<Labelled, 'label' | 'was'> | undefined> = this.define(
    'labelBeforeBrace',
    () =>
      this.OPTION(() => {
        const { label, was } = this.SUBRULE(this.label, { ARGS: [this.missing(), this.mark()] });
        return { label, ...(was ? { was } : {}) };
      }),
  );
}
