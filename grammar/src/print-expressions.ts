import type {
  Argument,
  Binary,
  Body,
  Call,
  Expression,
  If,
  Labelled,
  Lambda,
  Match,
  MatchArm,
  Pipe,
  Repeat,
  Scan,
} from './ast.js';
import { concat, type Document, type FillItem, fill, group, indent, line, softline, text } from './document.js';
import { strengthOf } from './operators.js';
import type { TokenSource } from './print-tokens.js';

const blank = text(' ');

/**
 * Prints expressions, token by token in the order of the source: arguments of `concat` and `group` are evaluated from
 * left to right, and each takes the next tokens.
 */
export abstract class ExpressionPrinter {
  protected readonly tokens: TokenSource;

  constructor(tokens: TokenSource) {
    this.tokens = tokens;
  }

  protected abstract body(body: Body): Document;

  /** `ownLine`: when it is broken, the expression begins a line. Comments before it stay outside of its groups. */
  protected expression(expression: Expression, ownLine = false): Document {
    return concat(this.tokens.comments(), this.#bare(expression, ownLine));
  }

  #bare(expression: Expression, ownLine: boolean): Document {
    const { tokens } = this;
    switch (expression.kind) {
      case 'list':
        return this.enclosed('[', expression.items, ']', (item) => this.expression(item));
      case 'record':
        return this.enclosed('{', expression.fields, '}', ({ value }) =>
          concat(tokens.take(), tokens.take(':'), blank, this.expression(value)),
        );
      case 'call':
        return this.#call(expression);
      case 'index':
        return concat(
          this.expression(expression.object),
          this.enclosed('[', expression.indices, ']', (item) => this.expression(item)),
        );
      case 'member':
        return concat(this.expression(expression.object), tokens.take('.'), tokens.take());
      case 'unary':
        return concat(
          tokens.take(),
          expression.operator === 'not' ? blank : concat(),
          this.expression(expression.operand),
        );
      case 'binary':
        return this.#binary(expression, ownLine);
      case 'if':
        return expression.braces ? this.#ifWithBraces(expression) : this.#if(expression);
      case 'match':
        return this.#match(expression);
      case 'lambda':
        return this.#lambda(expression);
      case 'pipe':
        return this.#pipe(expression, ownLine);
      case 'labelled':
        return this.#labelled(expression);
      case 'residual':
        return concat(tokens.take('residual'), blank, this.#braces(expression.body));
      case 'repeat':
        return this.#repeat(expression);
      case 'scan':
        return this.#scan(expression);
      case 'parenthesized':
        return this.enclosed('(', expression.items, ')', (item) =>
          this.expression(item, expression.items.length === 1),
        );
      case 'number':
      case 'string':
      case 'boolean':
      case 'name':
        return tokens.take();
      case 'missing':
        return concat();
    }
  }

  /** ` value` behind `=` or `=>`; what breaks well moves to the next line before it is broken. */
  protected assigned(value: Expression): Document {
    const moves = value.kind === 'pipe' || value.kind === 'binary' || value.kind === 'if';
    if (!moves) return concat(blank, this.expression(value));
    return group(indent(line, this.expression(value, true)));
  }

  /** Items between signs, separated by commas, as many on a line as fit; a last comma is left out. */
  protected enclosed<Item>(
    open: string,
    items: readonly Item[],
    close: string,
    print: (item: Item) => Document,
    padding: Document = softline,
  ): Document {
    const { tokens } = this;
    const start = tokens.take(open);
    const list = items.map((item, place): FillItem => {
      const comments = tokens.comments();
      const content = group(print(item));
      return { content: concat(comments, content, place < items.length - 1 ? tokens.take(',') : tokens.drop(',')) };
    });
    return group(start, indent(padding, fill(list), tokens.comments()), padding, tokens.take(close));
  }

  protected arguments(list: readonly Argument[]): Document {
    return this.enclosed('(', list, ')', ({ name, value }) =>
      name ? concat(this.tokens.take(), this.tokens.take(':'), blank, this.expression(value)) : this.expression(value),
    );
  }

  #braces(stage: Expression): Document {
    return group(this.#stage(stage));
  }

  /** Braces that break with what is around them. */
  #stage(stage: Expression): Document {
    const { tokens } = this;
    return concat(
      tokens.take('{'),
      indent(line, this.expression(stage, true), tokens.comments()),
      line,
      tokens.take('}'),
    );
  }

  #call({ callee, arguments: list, trailing }: Call, label?: Labelled): Document {
    return concat(
      this.expression(callee),
      this.arguments(list),
      label ? this.#label(label) : concat(),
      trailing ? concat(blank, this.#braces(trailing)) : concat(),
    );
  }

  #label({ was }: Labelled): Document {
    const { tokens } = this;
    return concat(
      concat(blank, tokens.take('as'), blank, tokens.take()),
      was ? concat(blank, tokens.take('was'), blank, tokens.take()) : concat(),
    );
  }

  /** The label stands where the source has it: before the braces or behind them. */
  #labelled(labelled: Labelled): Document {
    const { value, label } = labelled;
    const comments = this.tokens.comments();
    const braces =
      value.kind === 'repeat' || value.kind === 'scan'
        ? value.body
        : value.kind === 'call'
          ? value.trailing
          : undefined;
    if (!braces || label.span.start > braces.span.start)
      return concat(comments, this.#bare(value, false), this.#label(labelled));
    if (value.kind === 'repeat') return concat(comments, this.#repeat(value, labelled));
    if (value.kind === 'scan') return concat(comments, this.#scan(value, labelled));
    return value.kind === 'call' ? concat(comments, this.#call(value, labelled)) : comments;
  }

  #repeat({ count, index, body }: Repeat, label?: Labelled): Document {
    const { tokens } = this;
    const items = [() => this.expression(count), ...(index ? [() => tokens.take()] : [])];
    return concat(
      tokens.take('repeat'),
      this.enclosed('(', items, ')', (print) => print()),
      label ? this.#label(label) : concat(),
      blank,
      this.#braces(body),
    );
  }

  #scan({ bindings, body }: Scan, label?: Labelled): Document {
    const { tokens } = this;
    return concat(
      tokens.take('scan'),
      this.enclosed('(', bindings, ')', ({ value }) =>
        concat(tokens.take(), blank, tokens.take('='), blank, this.expression(value)),
      ),
      label ? this.#label(label) : concat(),
      blank,
      this.body(body),
    );
  }

  /** Stages with braces get lines of their own; the others share lines. */
  #pipe({ parts }: Pipe, ownLine: boolean): Document {
    const { tokens } = this;
    const [first] = parts;
    const items = parts.map((part, place): FillItem => {
      if (place === 0) return { content: this.expression(part) };
      const before = parts[place - 1];
      const alone =
        hasBraces(part) || (before !== undefined && hasBraces(before) && unlabelled(before).kind !== 'residual');
      return { content: concat(tokens.take('->'), blank, this.expression(part)), alone };
    });
    const aligned = ownLine && first !== undefined && unlabelled(first).kind === 'residual';
    return group(fill(items, aligned ? 0 : 2));
  }

  /** A chain of operators that bind alike is one list: `a + b - c`. */
  #binary(binary: Binary, ownLine: boolean): Document {
    const strength = strengthOf(binary.operator);
    const operands: Expression[] = [binary.right];
    let left = binary.left;
    while (left.kind === 'binary' && strengthOf(left.operator) === strength) {
      operands.unshift(left.right);
      left = left.left;
    }
    const first: FillItem = { content: this.expression(left) };
    const rest = operands.map(
      (operand): FillItem => ({
        content: concat(this.tokens.take(), blank, group(this.expression(operand))),
      }),
    );
    return group(fill([first, ...rest], ownLine ? 0 : 2));
  }

  #if(first: If): Document {
    const { tokens } = this;
    const start = this.#condition(first);
    const branches: Document[] = [];
    let otherwise = first.else;
    for (; otherwise.kind === 'if' && !otherwise.braces; otherwise = otherwise.else) {
      branches.push(line, tokens.take('else'), blank, this.#condition(otherwise));
    }
    const last = concat(tokens.take('else'), blank, this.expression(otherwise));
    return group(start, indent(...branches, line, last));
  }

  #condition({ condition, then }: If): Document {
    const { tokens } = this;
    return concat(
      concat(tokens.take('if'), blank, this.expression(condition), blank),
      concat(tokens.take('then'), blank, this.expression(then)),
    );
  }

  /** All braces of a choice break together. */
  #ifWithBraces(first: If): Document {
    const parts: Document[] = [];
    let choice: Expression = first;
    for (; choice.kind === 'if' && choice.braces && this.tokens.next === 'if'; choice = choice.else) {
      parts.push(this.tokens.take('if'), blank, this.expression(choice.condition), blank, this.#stage(choice.then));
      parts.push(blank, this.tokens.take('else'), blank);
    }
    return group(...parts, this.tokens.next === '{' ? this.#stage(choice) : this.expression(choice));
  }

  #match({ subject, arms }: Match): Document {
    const { tokens } = this;
    return group(
      concat(tokens.take('match'), blank, this.expression(subject), blank, tokens.take('{')),
      indent(
        ...arms.flatMap((arm, place) => [
          line,
          this.#arm(arm),
          place < arms.length - 1 ? tokens.take(',') : tokens.drop(','),
        ]),
        tokens.comments(),
      ),
      line,
      tokens.take('}'),
    );
  }

  #arm({ patterns, value }: MatchArm): Document {
    const { tokens } = this;
    const comments = tokens.comments();
    const parts = patterns.flatMap((pattern, place) =>
      place === 0 ? [this.expression(pattern)] : [tokens.take(','), blank, this.expression(pattern)],
    );
    const head = patterns.length === 0 ? tokens.take('_') : concat(...parts);
    return concat(comments, head, blank, tokens.take('=>'), blank, this.expression(value));
  }

  #lambda({ parameters, body }: Lambda): Document {
    const { tokens } = this;
    return concat(
      this.enclosed('(', parameters, ')', () => tokens.take()),
      blank,
      tokens.take('=>'),
      body.kind === 'body' ? concat(blank, this.body(body)) : this.assigned(body),
    );
  }
}

const unlabelled = (stage: Expression): Expression => (stage.kind === 'labelled' ? unlabelled(stage.value) : stage);

function hasBraces(stage: Expression): boolean {
  const value = unlabelled(stage);
  if (value.kind === 'if') return value.braces;
  if (value.kind === 'call') return value.trailing !== undefined;
  return value.kind === 'residual' || value.kind === 'repeat' || value.kind === 'scan' || value.kind === 'match';
}
