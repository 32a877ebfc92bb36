import type {
  Block,
  Body,
  Checkpoint,
  CheckpointAlias,
  CheckpointEntry,
  CheckpointRule,
  Declaration,
  Dimension,
  Expression,
  File,
  Import,
  Model,
  Parameter,
  Preset,
  Statement,
  SyntaxMistake,
  Type,
  WeightPath,
} from './ast.js';
import {
  concat,
  type Document,
  type FillItem,
  fill,
  group,
  hardline,
  indent,
  line,
  render,
  softline,
  text,
} from './document.js';
import { parse } from './parse.js';
import { ExpressionPrinter } from './print-expressions.js';
import { TokenSource } from './print-tokens.js';
import { lexer } from './tokens.js';

const blank = text(' ');

export interface Formatted {
  readonly text: string;
  readonly mistakes: readonly SyntaxMistake[];
}

/**
 * Brings a `.tfm` file into its one form: 120 columns, two blanks of indentation, at most one empty line between
 * statements. Comments stay between the same two tokens. A text with mistakes comes back unchanged.
 */
export function format(source: string): Formatted {
  const { file, mistakes } = parse(source);
  if (mistakes.length > 0) return { text: source, mistakes };
  const { tokens } = lexer.tokenize(source);
  const printer = new FilePrinter(new TokenSource(tokens, file.comments, source));
  return { text: render(printer.file(file)), mistakes };
}

type Line = Declaration | Statement | Import | CheckpointEntry;

class FilePrinter extends ExpressionPrinter {
  file({ imports, declarations }: File): Document {
    const lines = [...imports, ...declarations].sort((a, b) => a.span.start - b.span.start);
    const printed = this.#lines(lines);
    const separator = this.tokens.separator();
    return concat(printed, separator, this.tokens.comments());
  }

  /** Statements, each on its own line. */
  #lines(lines: readonly Line[]): Document {
    return concat(
      ...lines.flatMap((statement, place) => {
        const separator = place === 0 ? hardline : this.tokens.separator();
        return [separator, this.tokens.comments(), this.#line(statement)];
      }),
    );
  }

  #line(statement: Line): Document {
    const { tokens } = this;
    switch (statement.kind) {
      case 'import':
        return this.#import(statement);
      case 'model':
        return this.#model(statement);
      case 'preset':
        return this.#preset(statement);
      case 'block':
        return this.#block(statement);
      case 'fn':
        return concat(this.#head(), this.#parameters(statement.parameters), this.#definition(statement.body));
      case 'mask':
      case 'score':
        return concat(this.#head(), this.#parameters(statement.parameters), this.#definition(statement.value));
      case 'require':
        return concat(
          concat(tokens.take('require'), blank, this.expression(statement.condition)),
          statement.message ? concat(blank, tokens.take(':'), blank, tokens.take()) : concat(),
        );
      case 'input':
        return concat(
          concat(this.#head(), tokens.take(':'), blank, this.#type(statement.type)),
          ...statement.options.map(({ value }) => concat(blank, tokens.take(), blank, this.expression(value))),
        );
      case 'let':
        return concat(
          concat(tokens.take('let'), blank),
          tokens.next === '(' ? this.enclosed('(', statement.names, ')', () => tokens.take()) : tokens.take(),
          this.#definition(statement.value),
        );
      case 'output':
        return concat(
          this.#head(),
          statement.type ? concat(tokens.take(':'), blank, this.#type(statement.type)) : concat(),
          this.#definition(statement.value),
        );
      case 'emit':
        return concat(tokens.take('emit'), blank, this.expression(statement.value));
      case 'generate':
        return concat(this.#head(), blank, tokens.take('from'), blank, tokens.take());
      case 'train':
        return concat(
          this.#head(),
          statement.against
            ? concat(blank, tokens.take('against'), blank, this.expression(statement.against))
            : concat(),
          concat(blank, tokens.take('with'), blank, this.expression(statement.loss)),
        );
      case 'checkpoint':
        return this.#checkpoint(statement);
      case 'rule':
        return this.#rule(statement);
      case 'alias':
        return this.#alias(statement);
      case 'ignore':
        return concat(
          this.#head(),
          statement.when ? concat(blank, tokens.take('when'), blank, this.expression(statement.when)) : concat(),
        );
    }
  }

  /** A keyword and a name. */
  #head(): Document {
    return concat(this.tokens.take(), blank, this.tokens.take());
  }

  #parameters(parameters: readonly Parameter[]): Document {
    const { tokens } = this;
    if (tokens.next !== '(') return concat();
    return this.enclosed('(', parameters, ')', ({ default: value }) =>
      concat(tokens.take(), value ? concat(blank, tokens.take('='), blank, this.expression(value)) : concat()),
    );
  }

  #definition(value: Expression | Body): Document {
    if (value.kind === 'body') return concat(blank, this.body(value));
    return concat(blank, this.tokens.take('='), this.assigned(value));
  }

  #import({ names }: Import): Document {
    const { tokens } = this;
    const name = ({ alias }: Import['names'][number]) =>
      concat(tokens.take(), alias ? concat(blank, tokens.take('as'), blank, tokens.take()) : concat());
    return concat(
      concat(tokens.take('import'), blank, this.enclosed('{', names, '}', name, line)),
      concat(blank, tokens.take('from'), blank, tokens.take()),
    );
  }

  #model({ parameters, statements }: Model): Document {
    const head = concat(this.#head(), this.#parameters(parameters), blank);
    return concat(head, this.#inBraces(statements));
  }

  #preset({ arguments: list, outputs }: Preset): Document {
    const { tokens } = this;
    const head = concat(this.#head(), blank, tokens.take('='), blank, tokens.take(), this.arguments(list));
    return outputs.length > 0 ? concat(head, blank, tokens.take('for'), blank, this.#names(outputs.length)) : head;
  }

  #block({ parameters, stream, body }: Block): Document {
    const { tokens } = this;
    const head = concat(this.#head(), this.#parameters(parameters));
    if (!stream) return concat(head, this.#definition(body));
    const from = concat(blank, tokens.take('from'), blank);
    const name = stream.name ? tokens.take() : concat();
    const colon = stream.name && stream.type ? concat(tokens.take(':'), blank) : concat();
    const type = stream.type ? this.#type(stream.type) : concat();
    return concat(head, from, name, colon, type, this.#definition(body));
  }

  protected body({ statements, result }: Body): Document {
    const { tokens } = this;
    const open = tokens.take('{');
    const lines = this.#lines(statements);
    const separator = statements.length > 0 ? tokens.separator() : hardline;
    const returned = concat(tokens.comments(), tokens.take('return'), blank, this.expression(result));
    return concat(open, indent(lines, separator, returned, tokens.comments()), hardline, tokens.take('}'));
  }

  /** Lines in braces; `{}` when there are none. */
  #inBraces(lines: readonly Line[]): Document {
    const { tokens } = this;
    const open = tokens.take('{');
    if (lines.length === 0) return group(open, indent(softline, tokens.comments()), softline, tokens.take('}'));
    return concat(open, indent(this.#lines(lines), tokens.comments()), hardline, tokens.take('}'));
  }

  #checkpoint({ prefix, rules }: Checkpoint): Document {
    const { tokens } = this;
    const head = this.#head();
    const text = prefix ? concat(blank, tokens.take('prefix'), blank, tokens.take()) : concat();
    const optional = prefix?.optional ? tokens.take('?') : concat();
    return concat(head, text, optional, blank, this.#inBraces(rules));
  }

  #rule(rule: CheckpointRule): Document {
    const { tokens } = this;
    const path = this.#path(rule.path);
    const equal = concat(blank, tokens.take('='));
    const items: FillItem[] = [{ content: concat(tokens.comments(), tokens.take()) }];
    for (const step of rule.steps) items.push({ content: concat(tokens.take('->'), blank, this.expression(step)) });
    while (tokens.offset < rule.span.end) items.push({ content: this.#clause(rule) });
    return concat(path, equal, group(indent(line, group(fill(items, 2)))));
  }

  /** `also "…"`, `or "…"`, `default 0`, `when gated` or `for logits`, in the order written. */
  #clause({ default: value, when, outputs }: CheckpointRule): Document {
    const { tokens } = this;
    const word = tokens.next;
    const keyword = concat(tokens.take(), blank);
    if (word === 'default' && value) return concat(keyword, this.expression(value));
    if (word === 'when' && when) return concat(keyword, this.expression(when));
    if (word !== 'for') return concat(keyword, tokens.take());
    return concat(keyword, this.#names(outputs.length));
  }

  /** Names between commas. */
  #names(count: number): Document {
    const { tokens } = this;
    const names = Array.from({ length: count }, (_, place) =>
      place === 0 ? [tokens.take()] : [tokens.take(','), blank, tokens.take()],
    );
    return concat(...names.flat());
  }

  #alias({ member, steps }: CheckpointAlias): Document {
    const { tokens } = this;
    const name = concat(this.#head(), member ? concat(tokens.take('.'), tokens.take()) : concat());
    const equal = concat(blank, tokens.take('='));
    const items: FillItem[] = [{ content: concat(tokens.comments(), tokens.take()) }];
    for (const step of steps) items.push({ content: concat(tokens.take('->'), blank, this.expression(step)) });
    return concat(name, equal, group(indent(line, group(fill(items, 2)))));
  }

  #path({ segments }: WeightPath): Document {
    const { tokens } = this;
    return concat(
      ...segments.map(({ names, indices }, place) =>
        concat(
          place > 0 ? tokens.take('.') : concat(),
          tokens.next === '{' ? this.enclosed('{', names, '}', () => tokens.take()) : tokens.take(),
          ...indices.map(() => concat(tokens.take('['), tokens.take(), tokens.take(']'))),
        ),
      ),
    );
  }

  #type({ open, dimensions, of }: Type): Document {
    const { tokens } = this;
    const dtype = tokens.take();
    const items: (Dimension | undefined)[] = open ? [undefined, ...dimensions] : [...dimensions];
    const list = tokens.next === '[' ? this.enclosed('[', items, ']', (item) => this.#dimension(item)) : concat();
    return concat(dtype, list, of ? concat(blank, tokens.take('of'), blank, this.expression(of)) : concat());
  }

  /** Without a dimension: `..`. */
  #dimension(dimension: Dimension | undefined): Document {
    const { tokens } = this;
    if (!dimension) return tokens.take('..');
    const size = this.expression(dimension.size);
    return dimension.most ? concat(size, blank, tokens.take('<='), blank, this.expression(dimension.most)) : size;
  }
}
