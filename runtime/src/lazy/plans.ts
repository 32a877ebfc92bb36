import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { ActivationName, RotaryAttributes } from '../kernels/attributes.js';
import {
  fits,
  fusesDispatches,
  type NormOfInput,
  type Projection,
  runLayer,
  runProjection,
} from '../kernels/projection.js';
import { isChosen, runChosen } from './chosen.js';
import { held, numbersOf, Pending, type Plan, type Source, sourceOf } from './tensor.js';

/** `layer_norm` or `rms_norm`: computed by the linear layers that read it. */
export class NormPlan implements Plan {
  readonly sources: readonly [Source];
  readonly norm: NormOfInput;
  readonly #alone: (x: Tensor) => Tensor;

  /** @param alone The norm as a kernel of its own, for other readers. */
  constructor(x: Source, norm: NormOfInput, alone: (x: Tensor) => Tensor) {
    this.sources = [x];
    this.norm = norm;
    this.#alone = alone;
  }

  compute(): Tensor {
    return this.#alone(numbersOf(this.sources[0]));
  }

  /** The same norm of other rows. */
  of(x: Tensor): NormPlan {
    return new NormPlan(sourceOf(x), this.norm, this.#alone);
  }
}

interface Layer {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
}

/** activation(x · weightᵀ + bias): an activation, a sum or a product behind it may become part of it. */
export class LinearPlan implements Plan {
  readonly sources: readonly [Source];
  readonly layer: Layer;
  readonly activation: ActivationName;

  constructor(x: Source, layer: Layer, activation: ActivationName = 'none') {
    this.sources = [x];
    this.layer = layer;
    this.activation = activation;
  }

  /** Whether one kernel can compute both: layers of chosen experts and others have different ones. */
  isLike({ layer }: LinearPlan): boolean {
    return isChosen(this.layer) === isChosen(layer);
  }

  activated(activation: ActivationName): LinearPlan {
    return new LinearPlan(held(this.sources[0]), this.layer, activation);
  }

  compute(): Tensor {
    return project([this])[0]!;
  }
}

/** Linear layers of one input, and a norm of that input where nobody has computed it yet, as few kernels as can be. */
export function project(plans: readonly LinearPlan[], extra: Pick<Projection, 'residual' | 'gated'> = {}): Tensor[] {
  const [first] = plans as [LinearPlan];
  const [source] = first.sources;
  const of = { layers: plans.map(({ layer }) => layer), activation: first.activation, ...extra };
  if (isChosen(first.layer)) return projectOfExperts(plans, extra);
  if (!fusesDispatches()) return [runLayer({ ...of, norm: undefined, x: numbersOf(source) })];
  const plan = source instanceof Pending ? source.plan : undefined;
  if (plan instanceof NormPlan && fits({ ...of, norm: plan.norm }))
    return runProjection({ ...of, norm: plan.norm, x: numbersOf(plan.sources[0]) });
  if (fits({ ...of, norm: undefined })) return runProjection({ ...of, norm: undefined, x: numbersOf(source) });
  return plans.flatMap((each) => project([each]));
}

/** The same of layers that are another one in each row. */
function projectOfExperts(
  plans: readonly LinearPlan[],
  { residual, gated }: Pick<Projection, 'residual' | 'gated'>,
): Tensor[] {
  const [first] = plans as [LinearPlan];
  if (gated)
    return [
      runChosen(
        first.sources[0],
        plans.map(({ layer }) => layer),
        first.activation,
      ),
    ];
  const made = plans.map(({ sources: [source], layer, activation }) => runChosen(source, [layer], activation));
  return residual ? made.map((y) => tf.add(y, residual)) : made;
}

/** The same numbers under another shape. */
export class ViewPlan implements Plan {
  readonly sources: readonly [Source];
  readonly #shape: readonly number[];

  constructor(x: Source, shape: readonly number[]) {
    this.sources = [x];
    this.#shape = shape;
  }

  compute(): Tensor {
    return tf.reshape(numbersOf(this.sources[0]), [...this.#shape]);
  }
}

/** The tables of `rotary`, shared by all that stands at the same positions, and how they are applied. */
export interface Turning extends Pick<RotaryAttributes, 'pairs'> {
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/** `rotary`: queries and keys are turned together, on the keys' way into the cache. */
export class RotaryPlan implements Plan {
  readonly sources: readonly [Source];
  readonly turning: Turning;
  readonly #alone: (x: Tensor) => Tensor;

  constructor(x: Source, turning: Turning, alone: (x: Tensor) => Tensor) {
    this.sources = [x];
    this.turning = turning;
    this.#alone = alone;
  }

  compute(): Tensor {
    return this.#alone(numbersOf(this.sources[0]));
  }
}
