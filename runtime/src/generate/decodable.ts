import type { Tensor } from '@tensorflow/tfjs';
import type { GenerationDefinition, InputDefinition } from '../model/definition.js';
import type { PassOptions } from '../scope/scope.js';

/** Checked inputs by name. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** What decoding needs of a model. */
export interface Decodable {
  readonly name: string;
  readonly inputs: readonly InputDefinition[];
  readonly generation: GenerationDefinition;
  readonly growing: InputDefinition;
  /** One pass from checked tensors: the scores. */
  readonly run: (tensors: Tensors, options: PassOptions) => Tensor;
}
