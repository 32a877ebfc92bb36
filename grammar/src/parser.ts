import type {
  Block,
  Body,
  Declaration,
  Expression,
  File,
  Fn,
  Identifier,
  Import,
  Mask,
  Model,
  Parameter,
  Preset,
  Score,
  Statement,
  Stream,
} from './ast.js';
import type { ParserOptions, Rule } from './parser-base.js';
import { StatementParser } from './parser-statements.js';
import * as t from './tokens.js';

type Declarations = Pick<File, 'imports' | 'declarations'>;

/** Files, declarations and bodies. */
export class TfmParser extends StatementParser {
  readonly file: Rule<Declarations> = this.define(
    'file',
    () => this.SUBRULE(this.declarations),
    () => ({ imports: [], declarations: [] }),
  );

  protected readonly declarations: Rule<Declarations> = this.define('declarations', () => {
    const imports: Import[] = [];
    const declarations: Declaration[] = [];
    do {
      this.MANY(() =>
        this.attempt('declaration', () => {
          this.OR([
            { ALT: () => imports.push(this.SUBRULE(this.import)) },
            { ALT: () => declarations.push(this.SUBRULE(this.declaration)) },
          ]);
        }),
      );
    } while (this.skipTo('declaration'));
    return { imports, declarations };
  });

  protected readonly import: Rule<Import> = this.define('import', () => {
    const start = this.mark();
    const names: { name: Identifier; alias?: Identifier }[] = [];
    this.CONSUME(t.Import);
    this.CONSUME(t.LeftBrace);
    this.listed(() => {
      const name = this.identifier(this.CONSUME(t.Name));
      const alias = this.OPTION(() => {
        this.CONSUME(t.As);
        return this.identifier(this.CONSUME2(t.Name));
      });
      names.push({ name, ...(alias ? { alias } : {}) });
    });
    this.CONSUME(t.RightBrace);
    this.CONSUME(t.From);
    const from = this.text(this.CONSUME(t.Text));
    return { kind: 'import', names, from, span: this.spanFrom(start) };
  });

  protected readonly declaration: Rule<Declaration> = this.define('declaration', () =>
    this.OR<Declaration>([
      { ALT: () => this.SUBRULE(this.model) },
      { ALT: () => this.SUBRULE(this.preset) },
      { ALT: () => this.SUBRULE(this.block) },
      { ALT: () => this.SUBRULE(this.fn) },
      { ALT: () => this.SUBRULE(this.mask) },
      { ALT: () => this.SUBRULE(this.score) },
    ]),
  );

  protected readonly model: Rule<Model> = this.define('model', () => {
    const start = this.mark();
    const documented = this.documented();
    this.CONSUME(t.Model);
    const name = this.identifier(this.CONSUME(t.Name));
    const parameters = this.SUBRULE(this.parameters);
    const open = this.CONSUME(t.LeftBrace);
    const statements = this.SUBRULE(this.statements);
    this.SUBRULE(this.close, { ARGS: [open] });
    return { kind: 'model', ...documented, name, parameters, statements, span: this.spanFrom(start) };
  });

  protected readonly preset: Rule<Preset> = this.define('preset', () => {
    const start = this.mark();
    const documented = this.documented();
    this.CONSUME(t.Preset);
    const name = this.identifier(this.CONSUME(t.Name));
    this.CONSUME(t.Equal);
    const model = this.identifier(this.CONSUME2(t.Name));
    const list = this.SUBRULE(this.arguments);
    const outputs: Identifier[] = [];
    this.OPTION(() => {
      this.CONSUME(t.For);
      this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => outputs.push(this.identifier(this.CONSUME3(t.Name))) });
    });
    return { kind: 'preset', ...documented, name, model, arguments: list, outputs, span: this.spanFrom(start) };
  });

  protected readonly block: Rule<Block> = this.define('block', () => {
    const start = this.mark();
    const documented = this.documented();
    this.CONSUME(t.Block);
    const name = this.identifier(this.CONSUME(t.Name));
    const parameters = this.SUBRULE(this.parameters);
    const stream = this.OPTION(() => this.SUBRULE(this.stream));
    const body = this.SUBRULE(this.definition);
    return {
      ...{ kind: 'block' as const, ...documented, name, parameters },
      ...(stream ? { stream } : {}),
      ...{ body, span: this.spanFrom(start) },
    };
  });

  protected readonly stream: Rule<Stream> = this.define('stream', () => {
    this.CONSUME(t.From);
    const start = this.mark();
    const stream = this.OR<Omit<Stream, 'span'>>([
      {
        GATE: () => this.LA(2).image !== '[',
        ALT: () => {
          const name = this.identifier(this.CONSUME(t.Name));
          const type = this.OPTION(() => {
            this.CONSUME(t.Colon);
            return this.SUBRULE(this.type);
          });
          return { name, ...(type ? { type } : {}) };
        },
        IGNORE_AMBIGUITIES: true,
      },
      { ALT: () => ({ type: this.SUBRULE2(this.type) }) },
    ]);
    return { ...stream, span: this.spanFrom(start) };
  });

  /** What follows the head of a block or function: `= expression` or `{ … return … }`. */
  protected readonly definition: Rule<Expression | Body> = this.define('definition', () =>
    this.OR<Expression | Body>([
      {
        ALT: () => {
          this.CONSUME(t.Equal);
          return this.value(() => this.SUBRULE(this.expression));
        },
      },
      { ALT: () => this.SUBRULE(this.body) },
    ]),
  );

  protected readonly body: Rule<Body> = this.define('body', () => {
    const start = this.mark();
    const open = this.CONSUME(t.LeftBrace);
    const statements = this.SUBRULE(this.statements);
    const result = this.OPTION(() => {
      this.CONSUME(t.Return);
      return this.value(() => this.SUBRULE(this.expression));
    });
    if (this.statementsAfterReturn(result !== undefined)) this.SUBRULE2(this.statements);
    this.SUBRULE(this.close, { ARGS: [open] });
    return { kind: 'body', statements, result: result ?? this.missing(), span: this.spanFrom(start) };
  });

  protected readonly statements: Rule<Statement[]> = this.define('statements', () => {
    const statements: Statement[] = [];
    const read = () => {
      const statement = this.SUBRULE(this.statement);
      if (statement) statements.push(statement);
    };
    do {
      this.nested(() => this.MANY({ GATE: () => this.startsStatement(), DEF: () => this.attempt('statement', read) }));
    } while (this.skipTo('statement'));
    return statements;
  });

  protected readonly statement: Rule<Statement | undefined> = this.define('statement', () =>
    this.OR<Statement | undefined>([
      { ALT: () => this.SUBRULE(this.require) },
      { ALT: () => this.SUBRULE(this.inputStatement) },
      { ALT: () => this.SUBRULE(this.let) },
      { ALT: () => this.SUBRULE(this.output) },
      { ALT: () => this.SUBRULE(this.block) },
      { ALT: () => this.SUBRULE(this.fn) },
      { ALT: () => this.SUBRULE(this.mask) },
      { ALT: () => this.SUBRULE(this.score) },
      { ALT: () => this.SUBRULE(this.emit) },
      { ALT: () => this.SUBRULE(this.generate) },
      { ALT: () => this.SUBRULE(this.train) },
      { ALT: () => this.SUBRULE(this.checkpoint) },
      { ALT: () => this.SUBRULE(this.misplaced) },
    ]),
  );

  /** What stands only at the top of a file: reported, and read over. */
  protected readonly misplaced: Rule<undefined> = this.define('misplaced', () => {
    const found = this.LA(1);
    this.ACTION(() => this.report(this.spanOf(found), `\`${found.image}\` stands outside of models and blocks`));
    this.OR([
      { ALT: () => this.SUBRULE(this.import) },
      { ALT: () => this.SUBRULE(this.model) },
      { ALT: () => this.SUBRULE(this.preset) },
    ]);
    return undefined;
  });

  protected readonly parameters: Rule<Parameter[]> = this.define(
    'parameters',
    () => {
      const parameters: Parameter[] = [];
      this.OPTION(() => {
        this.CONSUME(t.LeftParenthesis);
        this.listed(() => parameters.push(this.SUBRULE(this.parameter)));
        this.CONSUME(t.RightParenthesis);
      });
      return parameters;
    },
    () => [],
  );

  protected readonly parameter: Rule<Parameter> = this.define(
    'parameter',
    () => {
      const start = this.mark();
      const name = this.identifier(this.CONSUME(t.Name));
      const value = this.OPTION(() => {
        this.CONSUME(t.Equal);
        return this.SUBRULE(this.expression);
      });
      return { name, ...(value ? { default: value } : {}), span: this.spanFrom(start) };
    },
    () => {
      const { span } = this.missing();
      return { name: { name: '', span }, span };
    },
  );

  protected readonly fn: Rule<Fn> = this.define('fn', () => {
    const start = this.mark();
    const documented = this.documented();
    this.CONSUME(t.Fn);
    const name = this.identifier(this.CONSUME(t.Name));
    const parameters = this.SUBRULE(this.parameters);
    const body = this.SUBRULE(this.definition);
    return { kind: 'fn', ...documented, name, parameters, body, span: this.spanFrom(start) };
  });

  protected readonly mask: Rule<Mask> = this.define('mask', () => {
    const start = this.mark();
    const documented = this.documented();
    this.CONSUME(t.Mask);
    const name = this.identifier(this.CONSUME(t.Name));
    const parameters = this.SUBRULE(this.parameters);
    this.CONSUME(t.Equal);
    const value = this.value(() => this.SUBRULE(this.expression));
    return { kind: 'mask', ...documented, name, parameters, value, span: this.spanFrom(start) };
  });

  protected readonly score: Rule<Score> = this.define('score', () => {
    const start = this.mark();
    const documented = this.documented();
    this.CONSUME(t.Score);
    const name = this.identifier(this.CONSUME(t.Name));
    const parameters = this.SUBRULE(this.parameters);
    this.CONSUME(t.Equal);
    const value = this.value(() => this.SUBRULE(this.expression));
    return { kind: 'score', ...documented, name, parameters, value, span: this.spanFrom(start) };
  });

  constructor(options: ParserOptions = {}) {
    super(options);
    this.performSelfAnalysis();
  }
}

let shared: TfmParser | undefined;

/** The parser of all files: making one takes 100 ms, so that happens at the first parse, and once. */
export function sharedParser(): TfmParser {
  shared ??= new TfmParser();
  return shared;
}
