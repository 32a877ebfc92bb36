import { type RuntimeErrorCode, TfmError } from '../errors.js';

/**
 * A checkpoint map: how the weights of a model are named and laid out in files that others made. The compiler emits
 * it as plain data, with the configuration substituted: all numbers and conditions are concrete. See "Checkpoint
 * maps" in the language reference.
 */
export interface CheckpointMap {
  readonly rules: readonly MapRule[];
  readonly ignore: readonly IgnoreRule[];
}

/** `path = "template" (also …)* (or …)* (-> step)* default 0 when … for …` */
export interface MapRule {
  /** Weights or instances of the model: `layers[i].attention.{q, k, v}`. `[*]` is every copy, stacked in the file. */
  readonly path: string;
  /** Names in the file: `(transformer.)?h.{i}.attn.c_attn`. */
  readonly template: string;
  /** What to do with the tensor of the file, in order. */
  readonly steps?: readonly MapStep[];
  /** Tied copies: those that are present must be equal. */
  readonly also?: readonly string[];
  /** Other names: exactly one of the template and these must be present. */
  readonly or?: readonly string[];
  /** The value of every element where the file has no such tensor. */
  readonly default?: number;
  /** The rule holds unless this is false. */
  readonly when?: boolean;
  /** The outputs that need these weights; the weights may be missing where none of them is wanted. */
  readonly for?: readonly string[];
  /** Where the rule stands, for messages. */
  readonly at?: SpecPlace;
}

/** `ignore "glob"`: tensors of the file that the model does not need. `*` stays within a name, `**` does not. */
export interface IgnoreRule {
  readonly glob: string;
  readonly at?: SpecPlace;
}

/** A place in a spec; `line` counts from 1. */
export interface SpecPlace {
  readonly file: string;
  readonly line: number;
}

/** One step from the tensor of the file to the weight of the model. Every step can be undone. */
export type MapStep = SingleStep | UnpackStep;

/** A step from one tensor to one tensor. */
export type SingleStep = TransposeStep | ReshapeStep | AxesStep | AddStep | RowsStep;

/** Swaps the two axes; does nothing to a tensor of rank 1, so that it suits a layer's weight and bias. */
export interface TransposeStep {
  readonly kind: 'transpose';
}

export interface ReshapeStep {
  readonly kind: 'reshape';
  readonly shape: readonly number[];
}

/**
 * Rearranges axes as einops does: `out c y x -> out (y x c)`; `1` is an axis of one. Does nothing to a tensor of
 * rank 1 unless the left side has rank 1.
 */
export interface AxesStep {
  readonly kind: 'axes';
  readonly pattern: string;
  readonly sizes?: Readonly<Record<string, number>>;
}

/**
 * Splits the first axis, which is outer × (sum of the parts) × inner: a part of size m becomes outer × m × inner rows.
 * `unpack({q: width, k: width, v: width})` has outer = inner = 1.
 */
export interface UnpackStep {
  readonly kind: 'unpack';
  readonly outer: number;
  readonly parts: readonly { readonly name: string; readonly size: number }[];
  readonly inner: number;
}

/** Adds a constant to every element. */
export interface AddStep {
  readonly kind: 'add';
  readonly value: number;
}

/** Takes the rows from `begin` up to `end`. Where it is undone and nothing fills the other rows, they are 0. */
export interface RowsStep {
  readonly kind: 'rows';
  readonly begin: number;
  readonly end: number;
}

/** A weight of the model, with the path that the language gives it: `layers[0].attention.q.weight`. */
export interface ModelWeight {
  readonly path: string;
  readonly shape: readonly number[];
  /** False when only outputs that nobody asked for need it: then it may be missing. */
  readonly required: boolean;
  /** Earlier paths (`as new was old`), under which own checkpoints may still have it. */
  readonly was?: readonly string[];
}

/** A tensor of a file. */
export interface FileTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** In the file its last two axes lie the other way round. */
  readonly transposed?: true | undefined;
}

/** One thing that does not fit between a model and a checkpoint. */
export interface MapProblem {
  readonly code: RuntimeErrorCode;
  readonly message: string;
  readonly help?: string;
  /** The rule that it comes from. */
  readonly at?: SpecPlace;
}

/** A message stops after this many problems; `problems` has them all. */
const MOST_LINES = 40;

/** All problems between a model and a checkpoint at once. */
export class CheckpointMapError extends TfmError {
  override readonly name = 'CheckpointMapError';
  readonly problems: readonly MapProblem[];

  /** `problems` has at least one element. */
  constructor(checkpoint: string, problems: readonly MapProblem[]) {
    const lines = problems.slice(0, MOST_LINES).map(({ code, message, help, at }) => {
      const place = at === undefined ? '' : ` (${at.file}:${at.line})`;
      return `  ${code}: ${message}${place}${help === undefined ? '' : `\n    = help: ${help}`}`;
    });
    if (problems.length > MOST_LINES) lines.push(`  … and ${problems.length - MOST_LINES} more`);
    const what = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    super(problems[0]?.code ?? 'TFM5201', `${checkpoint} and the model do not fit, ${what}:\n${lines.join('\n')}`);
    this.problems = problems;
  }
}
