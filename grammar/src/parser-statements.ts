import type {
  Dimension,
  Emit,
  Generate,
  Identifier,
  Input,
  InputOption,
  Let,
  Output,
  Require,
  Train,
  Type,
} from './ast.js';
import type { Rule } from './parser-base.js';
import { CheckpointParser } from './parser-checkpoint.js';
import * as t from './tokens.js';

/** The statements that are no declarations, and types. */
export abstract class StatementParser extends CheckpointParser {
  protected readonly require: Rule<Require> = this.define('require', () => {
    const start = this.mark();
    this.CONSUME(t.Require);
    const condition = this.value(() => this.SUBRULE(this.expression));
    const message = this.OPTION(() => {
      this.CONSUME(t.Colon);
      return this.text(this.CONSUME(t.Text));
    });
    return { kind: 'require', condition, ...(message ? { message } : {}), span: this.spanFrom(start) };
  });

  protected readonly inputStatement: Rule<Input> = this.define('inputStatement', () => {
    const start = this.mark();
    const documented = this.documented();
    this.CONSUME(t.Input);
    const name = this.identifier(this.CONSUME(t.Name));
    this.CONSUME(t.Colon);
    const type = this.SUBRULE(this.type);
    const options: InputOption[] = [];
    this.MANY(() => options.push(this.SUBRULE(this.inputOption)));
    return { kind: 'input', ...documented, name, type, options, span: this.spanFrom(start) };
  });

  protected readonly inputOption: Rule<InputOption> = this.define('inputOption', () => {
    const start = this.mark();
    const token = this.OR([
      { ALT: () => this.CONSUME(t.Pad) },
      { ALT: () => this.CONSUME(t.Start) },
      { ALT: () => this.CONSUME(t.Stop) },
      { ALT: () => this.CONSUME(t.Default) },
    ]);
    const name = token.image as InputOption['name'];
    const value = this.SUBRULE(this.operation);
    return { name, value, span: this.spanFrom(start) };
  });

  protected readonly let: Rule<Let> = this.define('let', () => {
    const start = this.mark();
    const documented = this.documented();
    const names: Identifier[] = [];
    this.CONSUME(t.Let);
    this.OR([
      { ALT: () => names.push(this.identifier(this.CONSUME(t.Name))) },
      {
        ALT: () => {
          this.CONSUME(t.LeftParenthesis);
          this.listed(() => names.push(this.identifier(this.CONSUME2(t.Name))));
          this.CONSUME(t.RightParenthesis);
        },
      },
    ]);
    this.CONSUME(t.Equal);
    const value = this.value(() => this.SUBRULE(this.expression));
    return { kind: 'let', ...documented, names, value, span: this.spanFrom(start) };
  });

  protected readonly output: Rule<Output> = this.define('output', () => {
    const start = this.mark();
    const documented = this.documented();
    this.CONSUME(t.Output);
    const name = this.identifier(this.CONSUME(t.Name));
    const type = this.OPTION(() => {
      this.CONSUME(t.Colon);
      return this.SUBRULE(this.type);
    });
    this.CONSUME(t.Equal);
    const value = this.value(() => this.SUBRULE(this.expression));
    return { kind: 'output', ...documented, name, ...(type ? { type } : {}), value, span: this.spanFrom(start) };
  });

  protected readonly emit: Rule<Emit> = this.define('emit', () => {
    const start = this.mark();
    this.CONSUME(t.Emit);
    const value = this.value(() => this.SUBRULE(this.expression));
    return { kind: 'emit', value, span: this.spanFrom(start) };
  });

  protected readonly generate: Rule<Generate> = this.define('generate', () => {
    const start = this.mark();
    this.CONSUME(t.Generate);
    const input = this.identifier(this.CONSUME(t.Name));
    this.CONSUME(t.From);
    const output = this.identifier(this.CONSUME2(t.Name));
    return { kind: 'generate', input, output, span: this.spanFrom(start) };
  });

  protected readonly train: Rule<Train> = this.define('train', () => {
    const start = this.mark();
    this.CONSUME(t.Train);
    const output = this.identifier(this.CONSUME(t.Name));
    const against = this.OPTION(() => {
      this.CONSUME(t.Against);
      return this.SUBRULE(this.operation);
    });
    this.CONSUME(t.With);
    const loss = this.value(() => this.SUBRULE(this.expression));
    return { kind: 'train', output, ...(against ? { against } : {}), loss, span: this.spanFrom(start) };
  });

  protected readonly type: Rule<Type> = this.define('type', () => {
    const start = this.mark();
    const dtype = this.identifier(this.CONSUME(t.Name));
    const dimensions: Dimension[] = [];
    let open = false;
    this.OPTION(() => {
      this.CONSUME(t.LeftBracket);
      this.OPTION2(() => {
        open = this.CONSUME(t.DotDot) !== undefined;
        const comma = this.OPTION3(() => this.CONSUME(t.Comma)) !== undefined;
        if (!comma) this.ACTION(() => this.expectComma(t.RightBracket));
      });
      this.listed(() => dimensions.push(this.SUBRULE(this.dimension)));
      this.CONSUME(t.RightBracket);
    });
    const of = this.OPTION4(() => {
      this.CONSUME(t.Of);
      return this.SUBRULE(this.operation, { ARGS: [true] });
    });
    return { kind: 'type', dtype, open, dimensions, ...(of ? { of } : {}), span: this.spanFrom(start) };
  });

  protected readonly dimension: Rule<Dimension> = this.define(
    'dimension',
    () => {
      const size = this.SUBRULE(this.operation);
      const { span } = size;
      return size.kind === 'binary' && size.operator === '<='
        ? { size: size.left, most: size.right, span }
        : { size, span };
    },
    () => {
      const size = this.missing();
      return { size, span: size.span };
    },
  );
}
