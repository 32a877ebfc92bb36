/**
 * The syntax tree of a `.tfm` file. Every node carries its place in the text; nothing here knows what a name means.
 */

/** A half-open range of character offsets (UTF-16 units) into the text of one file. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

interface Syntax {
  readonly span: Span;
}

/** A name as written. `name` is `''` where error recovery had to invent it. */
export interface Identifier extends Syntax {
  readonly name: string;
}

/** The lines of a `///` comment, without the slashes and one leading space. */
export interface Documentation extends Syntax {
  readonly text: string;
}

export interface Comment extends Syntax {
  /** The comment as written, slashes included. */
  readonly text: string;
}

export interface File extends Syntax {
  readonly imports: readonly Import[];
  readonly declarations: readonly Declaration[];
  /** All comments in source order, documentation included: the formatter puts each back in its place. */
  readonly comments: readonly Comment[];
}

export interface Import extends Syntax {
  readonly kind: 'import';
  readonly names: readonly { readonly name: Identifier; readonly alias?: Identifier }[];
  readonly from: StringLiteral;
}

export type Declaration = Model | Block | Fn | Mask | Score | Preset;

// ---------------------------------------------------------------------------------------------- declarations

export interface Parameter extends Syntax {
  readonly name: Identifier;
  readonly default?: Expression;
}

export interface Model extends Syntax {
  readonly kind: 'model';
  readonly documentation?: Documentation;
  readonly name: Identifier;
  readonly parameters: readonly Parameter[];
  readonly statements: readonly Statement[];
}

/** `block Name(parameters) from x: type = pipeline` or `… { let … return … }`. */
export interface Block extends Syntax {
  readonly kind: 'block';
  readonly documentation?: Documentation;
  readonly name: Identifier;
  readonly parameters: readonly Parameter[];
  /** The stream that the block reads: `from x`, `from x: float[.., width]` or `from float[.., width]`. */
  readonly stream?: Stream;
  readonly body: Expression | Body;
}

export interface Stream extends Syntax {
  readonly name?: Identifier;
  readonly type?: Type;
}

/** `{ statements… return value }`; in a `scan`, also `emit`. */
export interface Body extends Syntax {
  readonly kind: 'body';
  readonly statements: readonly Statement[];
  readonly result: Expression;
}

export interface Fn extends Syntax {
  readonly kind: 'fn';
  readonly documentation?: Documentation;
  readonly name: Identifier;
  readonly parameters: readonly Parameter[];
  readonly body: Expression | Body;
}

/** `mask name(parameters) = (head, q, k) => condition`, or any expression whose value is a mask. */
export interface Mask extends Syntax {
  readonly kind: 'mask';
  readonly documentation?: Documentation;
  readonly name: Identifier;
  readonly parameters: readonly Parameter[];
  readonly value: Expression;
}

/** `score name(parameters) = (s, head, q, k, query, key) => real`, or any expression whose value is a score. */
export interface Score extends Syntax {
  readonly kind: 'score';
  readonly documentation?: Documentation;
  readonly name: Identifier;
  readonly parameters: readonly Parameter[];
  readonly value: Expression;
}

/** `preset Gpt2Medium = Gpt2(width: 1024, …)`, `preset BertTagger = Bert(labels: 9) for tag_logits`. */
export interface Preset extends Syntax {
  readonly kind: 'preset';
  readonly documentation?: Documentation;
  readonly name: Identifier;
  readonly model: Identifier;
  readonly arguments: readonly Argument[];
  /** The only outputs that this configuration has; none: all. */
  readonly outputs: readonly Identifier[];
}

// ------------------------------------------------------------------------------------------------ statements

export type Statement =
  | Require
  | Input
  | Let
  | Output
  | Block
  | Fn
  | Mask
  | Score
  | Emit
  | Generate
  | Train
  | Checkpoint;

export interface Require extends Syntax {
  readonly kind: 'require';
  readonly condition: Expression;
  readonly message?: StringLiteral;
}

export interface Input extends Syntax {
  readonly kind: 'input';
  readonly documentation?: Documentation;
  readonly name: Identifier;
  readonly type: Type;
  /** `pad 0 start 1 stop 2 default 0`, in the order written. */
  readonly options: readonly InputOption[];
}

export interface InputOption extends Syntax {
  readonly name: 'pad' | 'start' | 'stop' | 'default';
  readonly value: Expression;
}

export interface Let extends Syntax {
  readonly kind: 'let';
  readonly documentation?: Documentation;
  /** One name, or several for a value with parts: `let (a, b) = x -> split(m, n)`. */
  readonly names: readonly Identifier[];
  readonly value: Expression;
}

export interface Output extends Syntax {
  readonly kind: 'output';
  readonly documentation?: Documentation;
  readonly name: Identifier;
  readonly type?: Type;
  readonly value: Expression;
}

/** `emit value`: what one step of a `scan` adds to its output. */
export interface Emit extends Syntax {
  readonly kind: 'emit';
  readonly value: Expression;
}

/** `generate tokens from logits`. */
export interface Generate extends Syntax {
  readonly kind: 'generate';
  readonly input: Identifier;
  readonly output: Identifier;
}

/** `train logits against labels with cross_entropy(label_smoothing: 0.1)`; `against` may be absent. */
export interface Train extends Syntax {
  readonly kind: 'train';
  readonly output: Identifier;
  readonly against?: Expression;
  readonly loss: Expression;
}

export interface Checkpoint extends Syntax {
  readonly kind: 'checkpoint';
  readonly documentation?: Documentation;
  readonly name: Identifier;
  /** `prefix "transformer."?` */
  readonly prefix?: { readonly text: StringLiteral; readonly optional: boolean };
  readonly rules: readonly CheckpointEntry[];
}

export type CheckpointEntry = CheckpointRule | CheckpointIgnore | CheckpointAlias;

/** `layers[i].attention.{q, k, v} = "h.{i}.attn.c_attn" -> transpose -> unpack({q: width, k: width, v: width})`. */
export interface CheckpointRule extends Syntax {
  readonly kind: 'rule';
  readonly path: WeightPath;
  readonly template: StringLiteral;
  /** Each step is a name or a call: `transpose`, `reshape(1, width)`, `unpack(heads, {q: 1}, d)`. */
  readonly steps: readonly Expression[];
  readonly also: readonly StringLiteral[];
  readonly or: readonly StringLiteral[];
  readonly default?: Expression;
  readonly when?: Expression;
  /** The outputs that alone need these weights: `for pooled, token_logits`. */
  readonly outputs: readonly Identifier[];
}

export interface CheckpointIgnore extends Syntax {
  readonly kind: 'ignore';
  readonly template: StringLiteral;
  readonly when?: Expression;
}

/** `input image = "pixel_values" -> axes("b c y x -> b y x c")`, `input tokens.present = "attention_mask"`, `output logits = "logits"`. */
export interface CheckpointAlias extends Syntax {
  readonly kind: 'alias';
  readonly of: 'input' | 'output';
  readonly name: Identifier;
  /** The part of an input: `present`. */
  readonly member?: Identifier;
  /** What the library that published the weights calls it. */
  readonly theirs: StringLiteral;
  readonly steps: readonly Expression[];
}

export interface WeightPath extends Syntax {
  readonly segments: readonly WeightPathSegment[];
}

/** One dotted part: a name or a set of names, each followed by any number of copy indices: `layers[i]`, `{q, k}`, `expert[*]`. */
export interface WeightPathSegment extends Syntax {
  readonly names: readonly Identifier[];
  /** A name, a number or `*` in brackets. */
  readonly indices: readonly Identifier[];
}

// ----------------------------------------------------------------------------------------------------- types

/** `float[.., T <= context, width]`, `token[B, T] of vocab`, `bool[B, N, N]`. */
export interface Type extends Syntax {
  readonly kind: 'type';
  readonly dtype: Identifier;
  /** `true` where the list begins with `..`: any number of leading dimensions. */
  readonly open: boolean;
  readonly dimensions: readonly Dimension[];
  readonly of?: Expression;
}

export interface Dimension extends Syntax {
  readonly size: Expression;
  /** `T <= context` */
  readonly most?: Expression;
}

// ----------------------------------------------------------------------------------------------- expressions

export type Expression =
  | NumberLiteral
  | StringLiteral
  | BooleanLiteral
  | Name
  | List
  | RecordLiteral
  | Call
  | Index
  | Member
  | Unary
  | Binary
  | If
  | Match
  | Lambda
  | Pipe
  | Labelled
  | Residual
  | Repeat
  | Scan
  | Parenthesized
  | Missing;

export interface NumberLiteral extends Syntax {
  readonly kind: 'number';
  readonly value: number;
  /** As written, so that the formatter keeps `1e-5`. */
  readonly text: string;
}

export interface StringLiteral extends Syntax {
  readonly kind: 'string';
  /** Escapes resolved; `{name}` parts of `require` messages and checkpoint templates are left as they are. */
  readonly value: string;
}

export interface BooleanLiteral extends Syntax {
  readonly kind: 'boolean';
  readonly value: boolean;
}

/** A name used as a value, `none`, `self`, `all`, `identity`, `pi` and `inf` included: they are no syntax. */
export interface Name extends Syntax {
  readonly kind: 'name';
  readonly name: string;
}

export interface List extends Syntax {
  readonly kind: 'list';
  readonly items: readonly Expression[];
}

export interface RecordLiteral extends Syntax {
  readonly kind: 'record';
  readonly fields: readonly { readonly name: Identifier; readonly value: Expression }[];
}

export interface Argument extends Syntax {
  readonly name?: Identifier;
  readonly value: Expression;
}

export interface Call extends Syntax {
  readonly kind: 'call';
  readonly callee: Expression;
  readonly arguments: readonly Argument[];
  /** A stage in braces after the arguments: `experts(count, top: 2) { Expert }`. */
  readonly trailing?: Expression;
}

export interface Index extends Syntax {
  readonly kind: 'index';
  readonly object: Expression;
  readonly indices: readonly Expression[];
}

export interface Member extends Syntax {
  readonly kind: 'member';
  readonly object: Expression;
  readonly property: Identifier;
}

export interface Unary extends Syntax {
  readonly kind: 'unary';
  readonly operator: '-' | 'not';
  readonly operand: Expression;
}

export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '**'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'and'
  | 'or'
  | 'in';

export interface Binary extends Syntax {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly operatorSpan: Span;
  readonly left: Expression;
  readonly right: Expression;
}

/** `if c then a else b` or `if c { a } else { b }`. */
export interface If extends Syntax {
  readonly kind: 'if';
  readonly condition: Expression;
  readonly then: Expression;
  readonly else: Expression;
  readonly braces: boolean;
}

/** `match i % 4 { 0, 2 => a, 1 => b, _ => c }`. */
export interface Match extends Syntax {
  readonly kind: 'match';
  readonly subject: Expression;
  readonly arms: readonly MatchArm[];
}

export interface MatchArm extends Syntax {
  /** Empty for `_`. */
  readonly patterns: readonly Expression[];
  readonly value: Expression;
}

/** `(s, q, k) => expression` or `(s, q, k) => { let … return … }`. */
export interface Lambda extends Syntax {
  readonly kind: 'lambda';
  readonly parameters: readonly Identifier[];
  readonly body: Expression | Body;
}

/** `a -> b -> c`: at least two parts. */
export interface Pipe extends Syntax {
  readonly kind: 'pipe';
  readonly parts: readonly Expression[];
}

/** `stage as name`, `stage as name was old_name`. */
export interface Labelled extends Syntax {
  readonly kind: 'labelled';
  readonly value: Expression;
  readonly label: Identifier;
  readonly was?: Identifier;
}

/** `residual { f }`: x + f(x). */
export interface Residual extends Syntax {
  readonly kind: 'residual';
  readonly body: Expression;
}

/** `repeat(n, i) { stage }`; with a label (`repeat(n) as layers { … }`) the parser wraps it in `Labelled`. */
export interface Repeat extends Syntax {
  readonly kind: 'repeat';
  readonly count: Expression;
  readonly index?: Identifier;
  readonly body: Expression;
}

/** `scan(s = start, word = words) { let … emit … return next }`: the first binding is the state, or those that `return (a, b)` names. */
export interface Scan extends Syntax {
  readonly kind: 'scan';
  readonly bindings: readonly { readonly name: Identifier; readonly value: Expression }[];
  readonly body: Body;
}

/** `(e)`, or several values for a `return (a, b)` of a scan with several states. */
export interface Parenthesized extends Syntax {
  readonly kind: 'parenthesized';
  readonly items: readonly Expression[];
}

/** Where an expression was expected and none was found; already reported. */
export interface Missing extends Syntax {
  readonly kind: 'missing';
}

/** A mistake found by the lexer or the parser, before it has a code of the compiler's table. */
export interface SyntaxMistake extends Syntax {
  readonly kind: 'lexical' | 'syntax';
  readonly message: string;
  readonly help?: string;
}

export interface ParseResult {
  readonly file: File;
  readonly mistakes: readonly SyntaxMistake[];
}
