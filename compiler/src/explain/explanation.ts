import type { Value } from '../algebra/operators.js';
import type { GraphModel } from '../graph/graph.js';
import { type CacheSize, cacheSize } from './cache.js';
import type { Measure, Setting } from './measure.js';
import { makeRows, type Row, totals } from './rows.js';
import { type Configuration, type Dimensions, modelScope, sizeIn } from './scope.js';
import { countParameters, listWeights, type Weight } from './weights.js';

/** Everything that `tfm explain` tells of a configured model. Plain data: it can be written as JSON. */
export interface Explanation {
  readonly model: string;
  readonly configuration: Readonly<Record<string, Value>>;
  /** The sizes that the prefill figures hold for. */
  readonly dimensions: Readonly<Record<string, number>>;
  /** Tokens before the decode step; absent where the model does not generate. */
  readonly past?: number;
  readonly rows: readonly Row[];
  readonly weights: readonly Weight[];
  readonly totals: {
    readonly parameters: number;
    readonly trained: number;
    readonly weightBytes: number;
    readonly prefill: Measure;
    readonly decode?: Measure;
    readonly cache?: CacheSize;
  };
}

const USUAL_ROWS = 128;

/**
 * What a configured model takes, as `tfm explain` tells it: shapes, weights, FLOPs of a prefill and of one decode step,
 * bytes of activations and of the KV cache.
 *
 * @param configuration From `instantiate`.
 * @param given Sizes of input dimensions, `B → 1`; those not given are as {@link usualDimensions} says.
 */
export function explain(model: GraphModel, configuration: Configuration, given: Dimensions = new Map()): Explanation {
  const dimensions = new Map([...usualDimensions(model, configuration), ...given]);
  const prefill: Setting = { dimensions };
  const decode = decodeSetting(model, configuration, dimensions);
  const weights = listWeights(model, configuration);
  const rows = makeRows(model, configuration, weights, { prefill, decode });
  const sums = totals(rows);
  const { trained, fixed } = countParameters(weights);
  const cache = cacheSize(model, configuration, dimensions);
  return {
    model: model.name,
    configuration: Object.fromEntries(configuration),
    dimensions: Object.fromEntries(dimensions),
    ...(decode?.step && { past: decode.step.past }),
    rows,
    weights,
    totals: {
      parameters: trained + fixed,
      trained,
      weightBytes: weights.reduce((bytes, weight) => bytes + weight.bytes, 0),
      prefill: sums.prefill,
      ...(sums.decode && { decode: sums.decode }),
      ...(cache && { cache }),
    },
  };
}

/** One in a batch (the first size of an input); of every other dimension 128, or fewer where the spec allows no more. */
function usualDimensions(model: GraphModel, configuration: Configuration): Map<string, number> {
  const scope = modelScope(model, configuration);
  const batches = model.inputs.map(({ type: { shape } }) => {
    const [first] = shape;
    return typeof first === 'object' && first.kind === 'dimension' ? first.name : undefined;
  });
  const sizes = new Map<string, number>();
  for (const { name, most } of model.dimensions) {
    if (most !== undefined) sizes.set(name, Math.min(USUAL_ROWS, sizeIn(most, scope, sizes)));
    else sizes.set(name, batches.includes(name) ? 1 : USUAL_ROWS);
  }
  return sizes;
}

/** A step behind the rows of the prefill, or behind one row fewer where these already fill the context. */
function decodeSetting(model: GraphModel, configuration: Configuration, dimensions: Dimensions): Setting | undefined {
  const { generate } = model;
  if (!generate) return undefined;
  const scope = modelScope(model, configuration);
  const most = generate.capacity === undefined ? Infinity : sizeIn(generate.capacity, scope, dimensions) - 1;
  const past = Math.max(0, Math.min(dimensions.get(generate.dimension) ?? 0, most));
  return { dimensions, step: { dimension: generate.dimension, past } };
}
