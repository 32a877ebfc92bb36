/**
 * The graph: the contract between the compiler and every target. A JSON document, parametric in the model's
 * configuration: blocks are functions, `repeat`, `if` and `scan` are regions, sizes are expressions of the parameters.
 * Its JSON Schema is `compiler/schemas/graph.schema.json`; a change here is a change there and of `graphVersion`.
 */

import type { Expression, FormulaDeclaration, ValueId } from './expression.js';

export type { Expression, FormulaDeclaration, Operator, ValueId } from './expression.js';

export const graphVersion = 1;

export interface Graph {
  readonly format: 'tfm-graph';
  readonly version: typeof graphVersion;
  /** The spec's path as given to the compiler, with forward slashes, never absolute. */
  readonly source: string;
  readonly models: readonly GraphModel[];
}

/** A place in a spec: a file as imported (`gpt2.tfm`, `std/layers`) and its 1-based line and column. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface GraphModel {
  readonly name: string;
  readonly documentation?: string;
  readonly place: Place;
  readonly parameters: readonly ParameterDeclaration[];
  readonly presets: readonly Preset[];
  /** What a configuration must fulfil: `require` statements, and what the checker could not prove for all values. */
  readonly requirements: readonly Requirement[];
  /** Sizes known only when inputs arrive: `B`, `T`. */
  readonly dimensions: readonly DimensionDeclaration[];
  readonly inputs: readonly InputDeclaration[];
  readonly outputs: readonly OutputDeclaration[];
  /** Named masks, scores and scalar functions of the spec that the functions below use; targets may inline them. */
  readonly formulas: readonly FormulaDeclaration[];
  /** One for each specialisation of a block that the model uses; callees come before their callers. */
  readonly functions: readonly GraphFunction[];
  /** The model's own statements. Its parameters are the inputs, its results the outputs, in their order. */
  readonly main: GraphFunction;
  readonly generate?: Generation;
  readonly train?: Training;
  readonly checkpoints: readonly CheckpointDeclaration[];
}

export interface ParameterDeclaration {
  readonly name: string;
  readonly type: ParameterType;
  /** May use earlier parameters. Absent: the configuration must give it. */
  readonly default?: Expression;
  readonly documentation?: string;
}

/** `integer` is used as a size, a count or an index; `optional-…` has the default `none`. */
export type ParameterType =
  | 'integer'
  | 'number'
  | 'boolean'
  | 'string'
  | 'integers'
  | 'numbers'
  | 'booleans'
  | 'optional-integer'
  | 'optional-number';

export interface Preset {
  readonly name: string;
  readonly documentation?: string;
  /** Parameter name → value; may use other parameters. */
  readonly values: Readonly<Record<string, Expression>>;
  /** The only outputs that this configuration has. Absent: all. */
  readonly outputs?: readonly string[];
}

export interface Requirement {
  readonly condition: Expression;
  /** Text and `{…}` parts already parsed. */
  readonly message: readonly (string | Expression)[];
  readonly place: Place;
}

export interface DimensionDeclaration {
  readonly name: string;
  /** `T <= context` */
  readonly most?: Expression;
}

export type DataType = 'float' | 'token' | 'int' | 'bool';

export interface ValueType {
  readonly dtype: DataType;
  /** Sizes: expressions of parameters, input dimensions and loop indices. */
  readonly shape: readonly Expression[];
}

export interface InputDeclaration {
  readonly name: string;
  readonly documentation?: string;
  readonly type: ValueType;
  /** For tokens: ids are 0 … of − 1. */
  readonly of?: Expression;
  readonly pad?: Expression;
  readonly start?: Expression;
  readonly stop?: Expression;
  readonly default?: Expression;
  /** `present(x)` is used somewhere: callers may give lengths or a mask with this input. */
  readonly presence: boolean;
}

export interface OutputDeclaration {
  readonly name: string;
  readonly documentation?: string;
  readonly type: ValueType;
}

// ------------------------------------------------------------------------------------------------- functions

export interface GraphFunction {
  /** Unique in the model, in the spec's spelling (`attention`, `EncoderLayer`), with `_2`, … for further specialisations. */
  readonly name: string;
  readonly documentation?: string;
  readonly place: Place;
  /** The stream first, then captured values (memory, presence) under their own names. */
  readonly parameters: readonly { readonly id: ValueId; readonly type: ValueType; readonly captured: boolean }[];
  /** Scalars that differ from call to call: loop indices and what is computed from them. */
  readonly scalars: readonly { readonly name: string; readonly type: 'number' | 'boolean' }[];
  /** Named sizes that the body uses, as the block's parameters name them: `d_k = width / heads`. In order. */
  readonly constants: readonly { readonly name: string; readonly value: Expression }[];
  /** Weights that the body makes itself. */
  readonly weights: readonly WeightDeclaration[];
  /** Calls that own the weights of their callee: where in this function's scope they live. */
  readonly scopes: readonly ScopeDeclaration[];
  readonly body: Region;
}

/**
 * Where weights live: labels from the scope of the function (`root: 'function'`) or, for an instance that the model
 * shares with its blocks, from the model's own scope. `['layers', {index}, 'ln_1', 'weight']` prints as `layers[i].ln_1.weight`.
 */
export interface WeightPath {
  readonly root: 'function' | 'model';
  readonly segments: readonly (string | { readonly index: Expression })[];
}

/** One enclosing loop of a declaration: `index` runs over 0 … count − 1. */
export interface Loop {
  readonly index: string;
  readonly count: Expression;
}

export interface WeightDeclaration {
  readonly path: WeightPath;
  readonly shape: readonly Expression[];
  readonly initializer: Initializer;
  readonly trained: boolean;
  /** Loops around it, outermost first; their indices occur in the path. */
  readonly loops: readonly Loop[];
  /** The weight exists only in configurations (and copies) where this holds. */
  readonly when?: Expression;
  /** `as new was old`: the path of older checkpoints. */
  readonly was?: WeightPath;
  readonly place: Place;
}

export interface ScopeDeclaration {
  readonly path: WeightPath;
  readonly function: string;
  /** Values of the callee's scalars. */
  readonly scalars: Readonly<Record<string, Expression>>;
  readonly loops: readonly Loop[];
  readonly when?: Expression;
  readonly was?: WeightPath;
}

export type Initializer =
  | { readonly kind: 'constant'; readonly value: Expression }
  | { readonly kind: 'normal'; readonly mean: Expression; readonly deviation: Expression }
  | { readonly kind: 'truncated_normal'; readonly mean: Expression; readonly deviation: Expression }
  | { readonly kind: 'uniform'; readonly low: Expression; readonly high: Expression }
  /** Glorot and Bengio 2010, with fan-in = last axis and fan-out = first axis of `[out, in]`. */
  | { readonly kind: 'xavier_uniform'; readonly gain: Expression }
  | { readonly kind: 'xavier_normal'; readonly gain: Expression }
  /** Saxe et al. 2014; recurrent matrices. */
  | { readonly kind: 'orthogonal'; readonly gain: Expression };

/** Straight-line code; inner regions may use every value of the regions around them. */
export interface Region {
  readonly parameters: readonly ValueId[];
  readonly nodes: readonly Node[];
  readonly results: readonly ValueId[];
}

export type Node = OperatorNode | CallNode | RepeatNode | ExpertsNode | IfNode | ScanNode;

interface NodeBase {
  /** What the node makes; several for `split`, `lstm_cell`, `scan`. */
  readonly outputs: readonly { readonly id: ValueId; readonly type: ValueType }[];
  /** The spec's label or `let` name: `explain` shows this value under it. */
  readonly label?: string;
  readonly place: Place;
  /** How the value depends on the growing dimension of `generate`; absent where the model does not generate. */
  readonly growth?: Growth;
  /** A constant of generation that a growing node reads: computed once, kept in the state under this name. */
  readonly keep?: string;
}

/**
 * constant: the same at every step. pointwise: row j depends on row j of the input only. causal: on rows ≤ j.
 * Along every growing axis.
 */
export type Growth = 'constant' | 'pointwise' | 'causal';

export interface OperatorNode extends NodeBase {
  readonly kind: 'operator';
  /** A key of the table in `operators.ts`. */
  readonly operator: string;
  /** Values in the operator's order; `null` for an operand that is left out (`attend(none, none, v)`). */
  readonly inputs: readonly (ValueId | null)[];
  /** By role: `weight`, `bias`, … */
  readonly weights: Readonly<Record<string, WeightPath>>;
  /** Only what differs from the operator's defaults. */
  readonly attributes: Readonly<Record<string, Expression>>;
  /** The name of the state that this node keeps between steps (keys and values, recurrent state), relative to the function. */
  readonly state?: string;
}

export interface CallNode extends NodeBase {
  readonly kind: 'call';
  readonly function: string;
  readonly inputs: readonly ValueId[];
  readonly scalars: Readonly<Record<string, Expression>>;
  readonly scope: WeightPath;
}

/** `inputs[0]` is the stream before the first copy; the region maps it from copy to copy. */
export interface RepeatNode extends NodeBase {
  readonly kind: 'repeat';
  readonly count: Expression;
  readonly index: string;
  readonly inputs: readonly [ValueId];
  readonly region: Region;
  /** The second output is the list of every copy's result: `encoder[i]`, read by operator `element`. */
  readonly collects: boolean;
  /** The label, as the scope of the copies. */
  readonly scope: WeightPath;
}

/**
 * A mixture of experts: Σ share · expert(row) over the `top` experts with the largest shares of each row; of equal ones
 * those with the smaller index. `inputs`: the rows [.., features] and their shares [.., count]. The region maps the rows
 * of one expert, treats each row for itself, and reads no other value; its weights have the index in their paths.
 */
export interface ExpertsNode extends NodeBase {
  readonly kind: 'experts';
  readonly count: Expression;
  readonly top: Expression;
  readonly index: string;
  readonly inputs: readonly [ValueId, ValueId];
  readonly region: Region;
  /** The label, as the scope of the experts. */
  readonly scope: WeightPath;
}

export interface IfNode extends NodeBase {
  readonly kind: 'if';
  readonly condition: Expression;
  readonly then: Region;
  readonly else: Region;
}

/**
 * A recurrence over the sequence axis (axis 1). Region parameters: the states, then one row of each sequence, its
 * sequence axis dropped. Region results: the next states, then the emitted value. Node outputs: the emitted values
 * stacked along axis 1, then the last states.
 */
export interface ScanNode extends NodeBase {
  readonly kind: 'scan';
  readonly states: readonly ValueId[];
  readonly sequences: readonly ValueId[];
  readonly region: Region;
  readonly state?: string;
}

// ------------------------------------------------------------------------------------- generation, training

export interface Generation {
  readonly input: string;
  readonly output: string;
  /** The growing dimension, `T`. */
  readonly dimension: string;
  /** `next`: y has a row for each of x's, row j scores x[j + 1]. `self`: y has one row more, row j scores x[j]. */
  readonly scores: 'next' | 'self';
  /** From `T <= context`; absent: the caller gives it. */
  readonly capacity?: Expression;
  /** Rows of the growing axis before the generated input: a constant prefix (text before image tokens). */
  readonly prefix: Expression;
  readonly state: readonly StateDeclaration[];
}

export interface StateDeclaration {
  /** Where it lives, as a weight path: `layers[i].attention`. */
  readonly path: WeightPath;
  readonly loops: readonly Loop[];
  /** keys_values: one row for each position. kept: a constant. recurrent: overwritten at each step. */
  readonly kind: 'keys_values' | 'kept' | 'recurrent';
  /** Shapes of what is kept, the growing axis as the dimension itself. */
  readonly types: readonly ValueType[];
  /** The mask implies q − k < window: a ring of that many rows is enough. */
  readonly window?: Expression;
}

export interface Training {
  readonly output: string;
  readonly loss: 'cross_entropy' | 'mean_squared_error';
  readonly attributes: Readonly<Record<string, Expression>>;
  /** What the output is compared with: the tokens of this input, moved by one where the output scores the next token. */
  readonly against:
    | { readonly kind: 'shifted'; readonly input: string }
    | { readonly kind: 'labels'; readonly type: ValueType };
}

// ----------------------------------------------------------------------------------------------- checkpoints

export interface CheckpointDeclaration {
  readonly name: string;
  readonly rules: readonly CheckpointRule[];
  readonly ignore: readonly { readonly template: string; readonly when?: Expression; readonly place: Place }[];
  /** What the library that published the weights calls the inputs and outputs, where it calls them otherwise. */
  readonly inputs: readonly CheckpointInput[];
  readonly outputs: readonly { readonly output: string; readonly theirs: string }[];
}

export interface CheckpointInput {
  readonly input: string;
  /** Which rows of the input are real, not the input itself. */
  readonly presence: boolean;
  readonly theirs: string;
  /** From their layout to the model's, as einops writes it: `b c y x -> b y x c`. */
  readonly axes: readonly string[];
}

export interface CheckpointRule {
  /** As written: `layers[i].attention.{q, k, v}`, without spaces. */
  readonly path: string;
  /** With the checkpoint's prefix put in front. */
  readonly template: string;
  readonly steps: readonly CheckpointStep[];
  readonly also: readonly string[];
  readonly or: readonly string[];
  readonly default?: Expression;
  readonly when?: Expression;
  readonly outputs: readonly string[];
  readonly place: Place;
}

export type CheckpointStep =
  | { readonly step: 'transpose' }
  | { readonly step: 'reshape'; readonly shape: readonly Expression[] }
  | { readonly step: 'axes'; readonly pattern: string; readonly sizes: Readonly<Record<string, Expression>> }
  | {
      readonly step: 'unpack';
      readonly outer?: Expression;
      readonly parts: readonly { readonly name: string; readonly size: Expression }[];
      readonly inner?: Expression;
    }
  | { readonly step: 'add'; readonly value: Expression }
  | { readonly step: 'rows'; readonly from: Expression; readonly to: Expression };
