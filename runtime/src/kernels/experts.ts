import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { ActivationAttributes } from './attributes.js';
import { isTapeOn } from './fused.js';
import { ownName } from './own-name.js';
import { runKernels } from './projection.js';

/**
 * Which experts the rows of a mixture go through, found and kept where the shares are. Each pair of a row and an expert that it chose has a
 * slot; slots stand in the order of experts. The numbers are for kernels of the backend that made them.
 */
export interface Routing {
  readonly numbers: Tensor;
  /** Rows times how many experts each goes through. */
  readonly pairs: number;
  readonly top: number;
}

export interface RoutingAttributes {
  /** How many experts each row goes through. */
  readonly top: number;
}

export interface ChosenRowsAttributes {
  readonly pairs: number;
}

export interface ExpertLayersAttributes {
  readonly experts: number;
}

export interface ChosenLinearAttributes extends ExpertLayersAttributes, ActivationAttributes {
  /** x has the rows of the mixture, not those of the slots. */
  readonly gathers: boolean;
  /** Of two layers: activation(first) ⊙ second. */
  readonly gated: boolean;
  readonly pairs: number;
}

/** A linear layer of every expert. */
export interface ExpertLayer {
  readonly weights: readonly Tensor[];
  readonly biases: readonly Tensor[] | undefined;
}

/** Whether the active backend runs chosen experts alone, without a look at the choice. Their gradients it has not. */
export function routesRows(): boolean {
  return !isTapeOn() && tf.getKernel(ownName('TfmRouting'), tf.getBackend()) !== undefined;
}

/** The `top` largest of shares [.., experts] in each row; of equal ones the first. */
export function route(shares: Tensor, top: number): Routing {
  const [numbers] = runKernels('TfmRouting', [shares], { top });
  return { numbers: numbers!, top, pairs: (shares.size / shares.shape.at(-1)!) * top };
}

/** The row of each slot: [rows, width] → [pairs, width]. */
export function chosenRows(rows: Tensor, { numbers, pairs }: Routing): Tensor {
  return runKernels('TfmChosenRows', [rows, numbers], { pairs })[0]!;
}

/** Σ share · result of each row, plus a residual [.., width]: [pairs, width] → [rows, width]. */
export function mixedRows(results: Tensor, { numbers, top }: Routing, residual?: Tensor): Tensor {
  return runKernels('TfmMixedRows', [results, numbers, residual], { top })[0]!;
}

/** What a chosen layer is computed of. */
interface ChosenProjection extends ActivationAttributes {
  /** A row for each slot, or, where it `gathers`, the rows of the mixture. */
  readonly x: Tensor;
  readonly routing: Routing;
  /** One, or of a gated pair two. */
  readonly layers: readonly ExpertLayer[];
  readonly gathers: boolean;
}

/** Each slot by the layers of its expert: [.., out]. Only the weights of chosen experts are read. */
export function projectChosen({ x, routing, layers, gathers, activation }: ChosenProjection): Tensor {
  const experts = layers[0]!.weights.length;
  const absent = Array<undefined>(experts).fill(undefined);
  const operands = [
    x,
    routing.numbers,
    ...layers.flatMap(({ weights, biases }) => [...weights, ...(biases ?? absent)]),
  ];
  const { pairs } = routing;
  const attributes: ChosenLinearAttributes = { experts, gathers, gated: layers.length === 2, pairs, activation };
  return runKernels('TfmChosenLinear', operands, attributes)[0]!;
}
