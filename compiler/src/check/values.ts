import type { Block, Fn, Mask as MaskDeclaration, Score, Span } from '@tfm-lang/grammar';
import type { Expression, Initializer, InputDeclaration, ValueId, ValueType } from '../graph/graph.js';
import type { FunctionBuilder } from './builder.js';
import type { Builtin } from './builtins/builtin.js';
import type { Context } from './context.js';
import type { Environment } from './environment.js';
import type { SpecFile } from './files.js';

/** A place in a spec: the file and the characters. */
export interface At {
  readonly file: SpecFile;
  readonly span: Span;
}

/** Part of a sequence axis that masks can name: `text`, `image`; with a grid where rows and columns mean something. */
export interface Segment {
  readonly name?: string;
  readonly length: Expression;
  readonly grid?: { readonly rows: Expression; readonly columns: Expression };
}

/** A value of the graph. */
export interface TensorValue {
  readonly kind: 'tensor';
  readonly id: ValueId;
  readonly builder: FunctionBuilder;
  readonly type: ValueType;
  /** What lies along the sequence axis, where known. */
  readonly segments?: readonly Segment[];
  readonly input?: InputDeclaration;
  /** Made of weights and numbers only: it has no batch axis. */
  readonly constant?: boolean;
  readonly at: At;
}

/** The results of all copies of a labelled `repeat`: `encoder[i]`. */
export interface CopiesValue {
  readonly kind: 'copies';
  readonly id: ValueId;
  readonly builder: FunctionBuilder;
  readonly type: ValueType;
  readonly segments?: readonly Segment[];
  readonly count: Expression;
  /** Called at the first use: the loop then keeps every copy's result. */
  readonly collect: () => void;
}

/** The copies of a `repeat` that was unrolled because shapes change from copy to copy. */
interface TensorsValue {
  readonly kind: 'tensors';
  readonly items: readonly TensorValue[];
}

/** A number or boolean of the configuration, or of a (head, query, key) inside masks and scores. */
export interface ScalarValue {
  readonly kind: 'scalar';
  readonly expression: Expression;
  /** d_k numbers: the query's or key's vector, or a row of a table. */
  readonly vector?: boolean;
  /** q or k itself: `.row`, `.column` and `in` need to know the sequence. */
  readonly position?: { readonly axis: 'query' | 'key'; readonly segments?: readonly Segment[] };
}

interface TextValue {
  readonly kind: 'text';
  readonly value: string;
}

interface ListValue {
  readonly kind: 'list';
  readonly items: readonly Value[];
}

interface RecordValue {
  readonly kind: 'record';
  readonly fields: ReadonlyMap<string, Value>;
}

/** How a stage is used: where its weights live, its label, the code it came from. */
export interface Site {
  readonly context: Context;
  readonly at: At;
  readonly label?: string;
  readonly labelAt?: At;
  readonly was?: string;
  /** The scope in hand is the stage's own already: an instance, or the whole body of a block or of a repeat. */
  readonly inPlace?: boolean;
}

/** A function of a stream; each application makes new weights unless it is an instance. */
export interface StageValue {
  readonly kind: 'stage';
  readonly name: string;
  readonly apply: (input: TensorValue, site: Site) => Value;
  /** The same stage before `as` gave it a label. */
  readonly unlabelled?: StageValue;
  /** An instance of `embedding`, whose table `unembed` shares. */
  readonly table?: (site: Site) => EmbeddingTable | undefined;
}

export interface EmbeddingTable {
  readonly path: import('../graph/graph.js').WeightPath;
  readonly rows: Expression;
  readonly width: Expression;
}

export interface BlockValue {
  readonly kind: 'block';
  readonly declaration: Block;
  readonly file: SpecFile;
  readonly environment: Environment;
}

export interface FunctionValue {
  readonly kind: 'function';
  readonly name: string;
  /** The definition as written, for comments. */
  readonly text?: string;
  readonly parameters: readonly string[];
  readonly declaration?: Fn;
  /** The value for these arguments, evaluated with the parameters bound. */
  readonly call: (arguments_: ReadonlyMap<string, Value>, context: Context, at: At) => Value;
  /** The arguments with the defaults of those that are not given. */
  readonly complete?: (given: ReadonlyMap<string, Value>, context: Context) => ReadonlyMap<string, Value>;
  /** Arguments already given: `softcap(30)` as a stage lacks only its first. */
  readonly bound: ReadonlyMap<string, Value>;
}

/** What a mask or score lambda is applied to. */
export interface FormulaSite {
  readonly context: Context;
  readonly at: At;
  readonly query?: readonly Segment[];
  readonly key?: readonly Segment[];
  readonly head: Expression;
  readonly score: Expression;
}

export interface MaskValue {
  readonly kind: 'mask';
  /** Of how many masks it is made by `and` and `or`. */
  readonly parts?: number;
  /** As the user wrote or named it, for messages. */
  readonly text: string;
  readonly resolve: (site: FormulaSite) => Expression | undefined;
}

export interface ScoreValue {
  readonly kind: 'score';
  readonly text: string;
  readonly resolve: (site: FormulaSite) => Expression | undefined;
}

/** `mask name(…)` or `score name(…)` before its arguments are given. */
export interface FormulaTemplate {
  readonly kind: 'template';
  readonly declaration: MaskDeclaration | Score;
  readonly file: SpecFile;
  readonly environment: Environment;
}

interface BuiltinValue {
  readonly kind: 'builtin';
  readonly builtin: Builtin;
}

interface InitializerValue {
  readonly kind: 'initializer';
  readonly initializer: Initializer;
}

/** A word that only some arguments understand: `sequence`, `features`, `halves`. */
interface WordValue {
  readonly kind: 'word';
  readonly word: string;
}

interface NeutralValue {
  readonly kind: 'none' | 'identity' | 'all';
}

/** A mistake already reported: everything that follows from it is silent. */
export interface ErrorValue {
  readonly kind: 'error';
}

export type Value =
  | TensorValue
  | CopiesValue
  | TensorsValue
  | ScalarValue
  | TextValue
  | ListValue
  | RecordValue
  | StageValue
  | BlockValue
  | FunctionValue
  | MaskValue
  | ScoreValue
  | FormulaTemplate
  | BuiltinValue
  | InitializerValue
  | WordValue
  | NeutralValue
  | ErrorValue;

export const failed: ErrorValue = { kind: 'error' };

export function scalar(expression: Expression): ScalarValue {
  return { kind: 'scalar', expression };
}

const kindNames: Record<Value['kind'], string> = {
  tensor: 'a value',
  copies: 'the copies of a repeat',
  tensors: 'several values',
  scalar: 'a number',
  text: 'a text',
  list: 'a list',
  record: 'a record',
  stage: 'a stage',
  block: 'a block',
  function: 'a function',
  mask: 'a mask',
  score: 'a score',
  template: 'a mask or score',
  builtin: 'a stage',
  initializer: 'an initialiser',
  word: 'a word',
  none: '`none`',
  identity: '`identity`',
  all: '`all`',
  error: 'a mistake',
};

/** What a value is, in the user's words: for messages. */
export function describe(value: Value): string {
  switch (value.kind) {
    case 'stage':
      return `the stage \`${value.name}\``;
    case 'block':
      return `the block \`${value.declaration.name.name}\``;
    case 'builtin':
      return `\`${value.builtin.name}\``;
    case 'function':
      return `the function \`${value.name}\``;
    case 'scalar':
      return typeof value.expression === 'boolean' ? 'true or false' : 'a number';
    case 'text':
      return `the text "${value.value}"`;
    case 'word':
      return `\`${value.word}\``;
    default:
      return kindNames[value.kind];
  }
}

/** Whether a value can stand where a stage is wanted. */
export function isStage(value: Value): boolean {
  return ['stage', 'block', 'builtin', 'identity', 'none', 'function'].includes(value.kind);
}
