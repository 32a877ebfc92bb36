import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { isWatched } from '../replay/tracking.js';
import { runsDirectly } from './fused.js';

/** The part of tfjs's backends that counts who holds numbers. */
interface Holding {
  incRef(dataId: object): void;
}

/**
 * The same numbers under another shape. Where kernels are run directly it is made without what tfjs does around a kernel, which in a
 * small model costs more than some of them: a layer of a transformer has five.
 */
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  const fits = shape.every((size) => size >= 0) && tf.util.sizeFromShape([...shape]) === x.size;
  if (!fits || isWatched() || !runsDirectly()) return tf.reshape(x, [...shape]);
  const engine = tf.engine();
  const { dataId, dtype } = x;
  (engine.backend as unknown as Holding).incRef(dataId);
  return engine.makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype });
}
