import { type IToken, tokenMatcher } from 'chevrotain';
import type {
  Checkpoint,
  CheckpointAlias,
  CheckpointEntry,
  CheckpointIgnore,
  CheckpointRule,
  Expression,
  Identifier,
  StringLiteral,
  WeightPath,
  WeightPathSegment,
} from './ast.js';
import type { Rule } from './parser-base.js';
import { StageParser } from './parser-stages.js';
import * as t from './tokens.js';

interface Clauses {
  also: StringLiteral[];
  or: StringLiteral[];
  outputs: Identifier[];
  default?: Expression;
  when?: Expression;
}

/** `checkpoint huggingface { path = "template" -> step … }`. */
export abstract class CheckpointParser extends StageParser {
  protected readonly checkpoint: Rule<Checkpoint> = this.define('checkpoint', () => {
    const start = this.mark();
    const documented = this.documented();
    this.CONSUME(t.Checkpoint);
    const name = this.identifier(this.CONSUME(t.Name));
    const prefix = this.OPTION(() => {
      this.CONSUME(t.PrefixWord);
      const text = this.text(this.CONSUME(t.Text));
      const optional = this.OPTION2(() => this.CONSUME(t.Question)) !== undefined;
      return { text, optional };
    });
    const open = this.CONSUME(t.LeftBrace);
    const rules = this.SUBRULE(this.checkpointRules);
    this.SUBRULE(this.close, { ARGS: [open] });
    return {
      kind: 'checkpoint',
      ...documented,
      name,
      ...(prefix ? { prefix } : {}),
      rules,
      span: this.spanFrom(start),
    };
  });

  protected readonly checkpointRules: Rule<CheckpointEntry[]> = this.define('checkpointRules', () => {
    const rules: CheckpointEntry[] = [];
    this.inRules = true;
    do {
      this.MANY(() =>
        this.attempt('rule', () => {
          this.OR({
            MAX_LOOKAHEAD: 1,
            DEF: [
              {
                GATE: () => this.clauseAhead(),
                ALT: () => rules.push(this.SUBRULE(this.checkpointIgnore)),
                IGNORE_AMBIGUITIES: true,
              },
              {
                GATE: () => this.#aliasAhead(),
                ALT: () => rules.push(this.SUBRULE(this.checkpointAlias)),
                IGNORE_AMBIGUITIES: true,
              },
              { ALT: () => rules.push(this.SUBRULE(this.checkpointRule)) },
            ],
          });
        }),
      );
    } while (this.skipTo('rule'));
    this.inRules = false;
    return rules;
  });

  /** `input x = "…"` or `input x.present`, and neither a path nor the statement behind a `}` that is missing. */
  #aliasAhead(): boolean {
    const sign = this.LA(3).image;
    return sign === '.' || (sign === '=' && tokenMatcher(this.LA(4), t.Text));
  }

  protected readonly checkpointAlias: Rule<CheckpointAlias> = this.define('checkpointAlias', () => {
    const start = this.mark();
    const of = this.OR<CheckpointAlias['of']>([
      {
        ALT: () => {
          this.CONSUME(t.Input);
          return 'input';
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Output);
          return 'output';
        },
      },
    ]);
    const name = this.identifier(this.CONSUME(t.Name));
    const member = this.OPTION(() => {
      this.CONSUME(t.Dot);
      return this.identifier(this.CONSUME2(t.Name));
    });
    this.CONSUME(t.Equal);
    const theirs = this.text(this.CONSUME(t.Text));
    const steps: Expression[] = [];
    this.MANY(() => {
      this.CONSUME(t.Arrow);
      steps.push(this.SUBRULE(this.step));
    });
    return { kind: 'alias', of, name, ...(member ? { member } : {}), theirs, steps, span: this.spanFrom(start) };
  });

  protected readonly checkpointIgnore: Rule<CheckpointIgnore> = this.define('checkpointIgnore', () => {
    const start = this.mark();
    this.CONSUME(t.Ignore);
    const template = this.text(this.CONSUME(t.Text));
    const when = this.OPTION({
      GATE: () => this.clauseAhead(),
      DEF: () => {
        this.CONSUME(t.When);
        return this.SUBRULE(this.operation, { ARGS: [true] });
      },
    });
    return { kind: 'ignore', template, ...(when ? { when } : {}), span: this.spanFrom(start) };
  });

  protected readonly checkpointRule: Rule<CheckpointRule> = this.define('checkpointRule', () => {
    const start = this.mark();
    const path = this.SUBRULE(this.weightPath);
    this.CONSUME(t.Equal);
    const template = this.text(this.CONSUME(t.Text));
    const steps: Expression[] = [];
    this.MANY(() => {
      this.CONSUME(t.Arrow);
      steps.push(this.SUBRULE(this.step));
    });
    const clauses: Clauses = { also: [], or: [], outputs: [] };
    this.MANY2({
      GATE: () => this.clauseAhead(),
      DEF: () => this.SUBRULE(this.clause, { ARGS: [clauses] }),
    });
    return { kind: 'rule', path, template, steps, ...clauses, span: this.spanFrom(start) };
  });

  protected readonly clause: Rule<void, [clauses: Clauses]> = this.define('clause', (clauses) => {
    const keyword = this.LA(1);
    const add = (part: Pick<Clauses, 'default'> | Pick<Clauses, 'when'> | Pick<Clauses, 'outputs'>) =>
      this.ACTION(() => this.#addOnce(clauses, part, keyword));
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Also);
          const text = this.text(this.CONSUME(t.Text));
          this.ACTION(() => clauses.also.push(text));
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Or);
          const text = this.text(this.CONSUME2(t.Text));
          this.ACTION(() => clauses.or.push(text));
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Default);
          add({ default: this.SUBRULE(this.operation, { ARGS: [true] }) });
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.When);
          add({ when: this.SUBRULE2(this.operation, { ARGS: [true] }) });
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.For);
          const outputs: Identifier[] = [];
          this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => outputs.push(this.identifier(this.CONSUME(t.Name))) });
          add({ outputs });
        },
      },
    ]);
  });

  #addOnce(clauses: Clauses, part: Partial<Clauses>, keyword: IToken): void {
    const again = Object.keys(part).some((key) => (key === 'outputs' ? clauses.outputs.length > 0 : key in clauses));
    if (again) this.report(this.spanOf(keyword), `a rule has only one \`${keyword.image}\``);
    Object.assign(clauses, part);
  }

  /** A step of a rule: a name or a call. */
  protected readonly step: Rule<Expression> = this.define(
    'step',
    () => {
      const start = this.mark();
      const callee = this.name(this.CONSUME(t.Name));
      return this.OPTION(() => this.SUBRULE(this.call, { ARGS: [callee, start, true] })) ?? callee;
    },
    () => this.missing(),
  );

  protected readonly weightPath: Rule<WeightPath> = this.define('weightPath', () => {
    const start = this.mark();
    const segments: WeightPathSegment[] = [];
    this.AT_LEAST_ONE_SEP({ SEP: t.Dot, DEF: () => segments.push(this.SUBRULE(this.pathSegment)) });
    return { segments, span: this.spanFrom(start) };
  });

  protected readonly pathSegment: Rule<WeightPathSegment> = this.define('pathSegment', () => {
    const start = this.mark();
    const names: Identifier[] = [];
    this.OR([
      { ALT: () => names.push(this.identifier(this.CONSUME(t.Word))) },
      {
        ALT: () => {
          this.CONSUME(t.LeftBrace);
          this.listed(() => names.push(this.identifier(this.CONSUME2(t.Word))));
          this.CONSUME(t.RightBrace);
        },
      },
    ]);
    const indices: Identifier[] = [];
    this.MANY(() => {
      this.CONSUME(t.LeftBracket);
      const index = this.OR2([
        { ALT: () => this.identifier(this.CONSUME(t.Name)) },
        { ALT: () => this.identifier(this.CONSUME(t.Numeral)) },
        { ALT: () => this.identifier(this.CONSUME(t.Star)) },
      ]);
      indices.push(index);
      this.CONSUME(t.RightBracket);
    });
    return { names, indices, span: this.spanFrom(start) };
  });
}
