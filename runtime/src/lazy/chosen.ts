import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { ActivationName } from '../kernels/attributes.js';
import { chosenRows, type ExpertLayer, mixedRows, projectChosen, type Routing } from '../kernels/experts.js';
import { fusesDispatches } from '../kernels/projection.js';
import { isLazy, lazyTensor, numbersOf, type Plan, type Source, sourceOf } from './tensor.js';

/** Something else than a linear layer of rows reads what is another weight in each row. */
export class ReadsChosenWeight extends Error {}

/**
 * A weight in the body of a mixture: in each row that of its expert. It has no numbers of its own, and whoever asks for them cannot be run
 * on the rows of all experts at once.
 */
class ChosenWeight extends tf.Tensor {
  /** Of each expert. */
  readonly ofExperts: readonly Tensor[];
  readonly routing: Routing;

  constructor(all: readonly Tensor[], routing: Routing) {
    super([...all[0]!.shape], 'float32', {}, -1);
    this.ofExperts = all;
    this.routing = routing;
  }
}

Object.defineProperty(ChosenWeight.prototype, 'dataId', {
  get() {
    throw new ReadsChosenWeight('the weight is that of another expert in each row');
  },
  set() {}, // by the constructor of tf.Tensor
});

/** The weights of all experts, which are alike, as those of one. */
export function chosenWeights<Own>(own: readonly Own[], routing: Routing): Own {
  return chosenTree(own, routing) as Own;
}

function chosenTree(all: readonly unknown[], routing: Routing): unknown {
  const [first] = all;
  if (first instanceof tf.Tensor) return new ChosenWeight(all as readonly Tensor[], routing);
  const children = Object.keys(first as object).map((label) => {
    const own = all.map((each) => (each as Readonly<Record<string, unknown>>)[label]);
    return [label, chosenTree(own, routing)] as const;
  });
  return Array.isArray(first) ? children.map(([, child]) => child) : Object.fromEntries(children);
}

/** Not by `instanceof`, which asks tfjs's tensors for their data. */
function chosen(weight: Tensor | undefined): ChosenWeight | undefined {
  return weight && 'routing' in weight ? (weight as ChosenWeight) : undefined;
}

/** A linear layer that may be another one in each row. */
interface Layer {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
}

export function isChosen({ weight }: Layer): boolean {
  return chosen(weight) !== undefined;
}

/** The layers of one input, all chosen. */
export function runChosen(source: Source, layers: readonly Layer[], activation: ActivationName): Tensor {
  const { routing } = chosen(layers[0]!.weight)!;
  const plan = 'plan' in source ? source.plan : undefined;
  const gathers = plan instanceof ChosenRowsPlan && plan.routing === routing;
  const x = numbersOf(gathers ? plan.sources[0] : source);
  const shape = gathers ? plan.shape : x.shape;
  if (shape.slice(0, -1).reduce((product, n) => product * n, 1) !== routing.pairs)
    throw new ReadsChosenWeight(`a linear layer reads [${shape.join(', ')}], which are other rows`);
  const made = projectChosen({ x, routing, layers: layers.map(layerOfExperts), gathers, activation });
  return tf.reshape(made, [...shape.slice(0, -1), layers[0]!.weight.shape[0]!]);
}

function layerOfExperts({ weight, bias }: Layer): ExpertLayer {
  const biases = chosen(bias)?.ofExperts;
  if (bias && !biases) throw new ReadsChosenWeight('a bias of all experts');
  return { weights: chosen(weight)!.ofExperts, biases };
}

/** A layer of chosen experts that cannot wait. */
export function linearOfChosen(x: Tensor, layer: Layer): Tensor | undefined {
  return isChosen(layer) ? runChosen(x, [layer], 'none') : undefined;
}

/** The row of each slot: read from those of the mixture where a kernel can. */
class ChosenRowsPlan implements Plan {
  readonly sources: readonly [Source];
  readonly routing: Routing;
  readonly shape: readonly number[];

  constructor(rows: Source, routing: Routing, shape: readonly number[]) {
    this.sources = [rows];
    this.routing = routing;
    this.shape = shape;
  }

  compute(): Tensor {
    return rowsOfSlots(numbersOf(this.sources[0]), this.routing, this.shape);
  }
}

function rowsOfSlots(rows: Tensor, routing: Routing, shape: readonly number[]): Tensor {
  return tf.reshape(chosenRows(rows, routing), [...shape]);
}

/** The rows [rows, width] that the slots have, as `shape`. */
export function takeChosenRows(rows: Tensor, routing: Routing, shape: readonly number[]): Tensor {
  if (!isLazy() || !fusesDispatches()) return rowsOfSlots(rows, routing, shape);
  return lazyTensor(shape, new ChosenRowsPlan(sourceOf(rows), routing, shape));
}

/** What the experts of a row made, mixed by their shares. A sum behind it may become part of it. */
export class MixturePlan implements Plan {
  readonly sources: readonly [Source, Source];
  readonly #routing: Routing;
  readonly #shape: readonly number[];

  constructor(results: Source, routing: Routing, shape: readonly number[]) {
    this.sources = [results, sourceOf(routing.numbers)];
    this.#routing = routing;
    this.#shape = shape;
  }

  compute(residual?: Tensor): Tensor {
    const [results, numbers] = this.sources.map(numbersOf) as [Tensor, Tensor];
    return tf.reshape(mixedRows(results, { ...this.#routing, numbers }, residual), [...this.#shape]);
  }
}

/** Σ share · result of each row, as `shape`: results [pairs, width]. */
export function mixture(results: Tensor, routing: Routing, shape: readonly number[]): Tensor {
  if (!isLazy()) return tf.reshape(mixedRows(results, routing), [...shape]);
  return lazyTensor(shape, new MixturePlan(sourceOf(results), routing, shape));
}
