import * as tf from '@tensorflow/tfjs';
import { startWebGpu } from '../device/webgpu.js';
import { TfmError } from '../errors.js';
import { GenerativeModel } from '../generate/generative-model.js';
import type { GpuBackend } from '../kernels/webgpu/backend.js';
import type { InputDefinition, ModelDefinition } from '../model/definition.js';
import { Model } from '../model/model.js';
import { filledTree } from '../model/weight.js';
import { type ImaginedGpu, imaginedGpu, type KernelRun, withWebGpuGlobals } from './imagined-gpu.js';

/** A generated class. */
export interface ListedClass {
  new (config: object, weights: object): { readonly definition: ModelDefinition<object, object> };
}

export interface KernelListOptions {
  /** What differs from the defaults. */
  readonly config?: object;
  /** Sizes of the dimensions of the inputs, by name. Default 1. */
  readonly sizes?: Readonly<Record<string, number>>;
}

/** What one pass through a model runs on WebGPU, in order. */
export interface KernelList {
  /** The prompt, or, of a model that does not generate, all inputs. */
  readonly prefill: readonly KernelRun[];
  /** One more token, of a model that generates. */
  readonly step?: readonly KernelRun[];
}

/**
 * The list of kernels that a model becomes on a WebGPU device of modest limits, without optional features. Nothing is computed, and weights take
 * no memory: the model runs on a device that is only imagined. In a process whose WebGPU backend is in use it throws TFM5501.
 */
export async function listKernels(Class: ListedClass, options: KernelListOptions = {}): Promise<KernelList> {
  if (Object.hasOwn(tf.engine().registry, 'webgpu')) {
    const help = 'list kernels in a process of its own';
    throw new TfmError('TFM5501', 'the WebGPU backend of this process is in use', help);
  }
  const before = tf.getBackend();
  await import('@tensorflow/tfjs-backend-webgpu'); // before it could find a GPU, which it would take for a real one
  return withWebGpuGlobals(async () => {
    const gpu = imaginedGpu();
    await startWebGpu(gpu.adapter);
    try {
      return listOf(Class, options, gpu);
    } finally {
      if (before) await tf.setBackend(before);
      tf.removeBackend('webgpu');
    }
  });
}

function listOf(
  Class: ListedClass,
  { config: given = {}, sizes = {} }: KernelListOptions,
  gpu: ImaginedGpu,
): KernelList {
  const { definition } = new Class({}, {});
  const config = definition.configure(given);
  const model = new Class(config, weightsWithoutNumbers(definition, config));
  if (!(model instanceof Model)) throw new Error(`${definition.name} is of another copy of the runtime`);
  const inputs = Object.fromEntries(model.inputDefinitions.map((input) => [input.name, zeros(input, sizes)]));
  gpu.take();
  try {
    if (!(model instanceof GenerativeModel)) {
      tf.dispose(model.forward(inputs) as tf.TensorContainer);
      return { prefill: gpu.take() };
    }
    const { logits, state } = model.prefill(inputs);
    const prefill = gpu.take();
    const tokens = Array<number>(state.batch).fill(0);
    tf.dispose([logits, model.step(tokens, state)]);
    state.dispose();
    return { prefill, step: gpu.take() };
  } finally {
    model.dispose();
  }
}

function weightsWithoutNumbers<Config extends object>(
  definition: ModelDefinition<Config, object>,
  config: Config,
): object {
  const backend = tf.backend() as unknown as GpuBackend;
  return filledTree<object>(definition.weights(config), (_, { shape, trained }) => {
    const tensor = tf.engine().makeTensorFromTensorInfo(backend.makeTensorInfo(shape, 'float32'));
    const variable = tf.variable(tensor, trained);
    tensor.dispose();
    return variable;
  });
}

function zeros({ shape }: InputDefinition, sizes: Readonly<Record<string, number>>): object {
  const known = new Map(Object.entries(sizes));
  const extents = shape.map((axis) => {
    if ('name' in axis) return known.get(axis.name) ?? 1;
    return typeof axis.value === 'number' ? axis.value : axis.value(Object.fromEntries(known));
  });
  return { values: new Float32Array(extents.reduce((product, extent) => product * extent, 1)), shape: extents };
}
