import type { Tensor } from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import type { Initializer } from './initializers.js';

/** What a weight is before it has values. */
export class WeightSpecification {
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  readonly trained: boolean;

  constructor(shape: readonly number[], initializer: Initializer, trained: boolean) {
    this.shape = shape;
    this.initializer = initializer;
    this.trained = trained;
  }
}

export interface WeightOptions {
  /** False for a weight that training leaves as it is. Default true. */
  readonly trained?: boolean;
}

/** Declares a weight. Throws TFM5301 where the configuration makes a size that is no whole number of at least 0. */
export function weight(
  shape: readonly number[],
  initializer: Initializer,
  { trained = true }: WeightOptions = {},
): WeightSpecification {
  const wrong = shape.find((size) => !Number.isSafeInteger(size) || size < 0);
  if (wrong !== undefined) {
    throw new TfmError(
      'TFM5301',
      `this configuration makes a weight of shape [${shape.join(', ')}]: ${wrong} is no size`,
    );
  }
  return new WeightSpecification(shape, initializer, trained);
}

/** The weights of `count` copies. */
export function times<T>(count: number, copy: (index: number) => T): T[] {
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new TfmError('TFM5301', `this configuration repeats a block ${count} times`);
  }
  return Array.from({ length: count }, (_, index) => copy(index));
}

const oldLabels = new WeakMap<object, string>();

/** Says that checkpoints made before have the weights under another label: `as new was old`. */
export function renamed<T extends object>(was: string, declared: T): T {
  oldLabels.set(declared, was);
  return declared;
}

/** The tree of weights with what they are in place of their values. */
export type Declared<Weights> = Weights extends Tensor
  ? WeightSpecification
  : { readonly [Label in keyof Weights]: Declared<Weights[Label]> };

/** One weight of a declared tree. */
export interface DeclaredWeight {
  readonly path: string;
  readonly weight: WeightSpecification;
  /** The path of checkpoints from before a label was renamed. */
  readonly was: string;
}

/** Every weight of a declared tree, in the order of declaration. */
export function* declaredWeights(tree: object, path = '', was = ''): Generator<DeclaredWeight> {
  if (tree instanceof WeightSpecification) {
    yield { path, weight: tree, was };
    return;
  }
  for (const [label, child] of Object.entries(tree) as [string, object][]) {
    yield* declaredWeights(child, pathOf(tree, path, label), pathOf(tree, was, oldLabels.get(child) ?? label));
  }
}

/** The same tree with a tensor for each weight. `undefined` where there is none: reading it throws TFM5309. */
export function filledTree<Weights>(
  tree: Declared<Weights>,
  tensorOf: (path: string, weight: WeightSpecification) => Tensor | undefined,
): Weights {
  const fill = (node: object, path: string): unknown => {
    if (node instanceof WeightSpecification) return tensorOf(path, node);
    const filled: object = Array.isArray(node) ? [] : {};
    for (const [label, child] of Object.entries(node)) {
      const at = pathOf(node, path, label);
      const value = fill(child as object, at);
      Object.defineProperty(filled, label, value === undefined ? absent(at) : { value, enumerable: true });
    }
    return filled;
  };
  return fill(tree as object, '') as Weights;
}

function absent(path: string): PropertyDescriptor {
  return {
    enumerable: false,
    get: () => {
      throw new TfmError(
        'TFM5309',
        `the weight '${path}' was not loaded: the outputs that were asked for do not need it`,
      );
    },
  };
}

function pathOf(parent: object, path: string, label: string): string {
  if (Array.isArray(parent)) return `${path}[${label}]`;
  return path === '' ? label : `${path}.${label}`;
}
