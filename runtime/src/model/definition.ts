import type { Tensor } from '@tensorflow/tfjs';
import type { CheckpointMap } from '../weights/map.js';
import type { Declared } from './weight.js';

/** What the runtime knows of a model beside its forward pass. Generated code makes one for each model. */
export interface ModelDefinition<Config extends object, Weights extends object> {
  readonly name: string;
  /** The spec. */
  readonly source: string;
  configure(given: Partial<Config>): Config;
  weights(config: Config): Declared<Weights>;
  inputs(config: Config): readonly InputDefinition[];
  readonly outputs: readonly string[];
  /** Labels of weights that not all outputs need, with those that do. */
  readonly partial?: Readonly<Record<string, readonly string[]>>;
  readonly generation?: (config: Config) => GenerationDefinition;
  readonly checkpoints?: (config: Config) => Readonly<Record<string, CheckpointMap>>;
}

type InputType = 'token' | 'float' | 'int' | 'bool';

export interface InputDefinition {
  readonly name: string;
  readonly type: InputType;
  readonly shape: readonly InputSize[];
  /** Token ids are 0 … of − 1. */
  readonly of?: number;
  readonly pad?: number;
  readonly start?: number;
  readonly stop?: number;
  /** The value of every element where the input is not given. */
  readonly default?: number | boolean;
  /** Lengths or a mask may come with it. */
  readonly presence?: boolean;
  /** The outputs that need it; absent: all. */
  readonly for?: readonly string[];
}

/** One axis of an input. */
export type InputSize =
  /** A name, bound by what is given; `most` and how the spec writes it. */
  | { readonly name: string; readonly most?: number; readonly mostText?: string }
  /** Known from the configuration, or from the other dimensions. */
  | { readonly text: string; readonly value: number | ((sizes: Readonly<Record<string, number>>) => number) };

export function dimension(name: string, most?: number, mostText?: string): InputSize {
  return { name, ...(most === undefined ? {} : { most }), ...(mostText === undefined ? {} : { mostText }) };
}

export function size(value: number | ((sizes: Readonly<Record<string, number>>) => number), text: string): InputSize {
  return { text, value };
}

export interface GenerationDefinition {
  /** The input that grows and the output that scores its tokens. */
  readonly input: string;
  readonly output: string;
  /** `next`: row j scores token j + 1. `self`: the output has one row more, row j scores token j. */
  readonly scores: 'next' | 'self';
  /** Constant rows in front of the growing ones. */
  readonly prefix: number;
  /** The most rows of the growing input; absent: the caller chooses. */
  readonly capacity?: number;
}

/** The tensors that the forward pass gets for the inputs. */
export type InputTensors<Inputs> = { readonly [Name in keyof Inputs]-?: Tensor };

/** What the forward pass returns: each output, or what computes it on demand. */
export type Computed<Outputs> = { readonly [Name in keyof Outputs]: Outputs[Name] | (() => Outputs[Name]) };

/** Computes a value once, when it is first asked for. */
export function lazily<T extends object>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
