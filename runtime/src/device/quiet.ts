import * as tf from '@tensorflow/tfjs';

let silenced = false;

/**
 * Keeps tfjs from recommending tfjs-node on the console. In Node its cpu backend does so at its first tensor, and the cpu
 * backend is the active one until `useBackend` is called; but models run on wasm, on WebGPU or, knowingly, on the cpu, and
 * tfjs-node is none of them. So the first tensor is made here, in the mode in which tfjs gives no advice; every other
 * message still comes.
 */
export function silenceAdvice(): void {
  const environment = tf.env();
  if (silenced || !environment.get('IS_NODE')) return;
  const production = environment.getBool('PROD');
  environment.set('PROD', true);
  tf.tensor1d([0]).dispose();
  environment.set('PROD', production);
  silenced = tf.getBackend() === 'cpu';
}
