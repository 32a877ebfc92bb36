import type { WeightSource } from '../../emit/onnx/file/index.js';
import type { OnnxBuildOptions } from '../commands/build-options.js';
import type { Context } from '../context.js';
import { checkpointName } from '../run/checkpoint-name.js';
import { importModel } from '../run/model-module.js';
import { weightsSource } from '../run/weights-source.js';
import type { ModelToBuild } from './models.js';

/** Weights to write, and how to give back the files that they come from. */
export interface OpenWeights {
  readonly source: WeightSource;
  readonly close: () => Promise<void>;
}

/**
 * The weights that `tfm run` would load, read as it would read them: from a checkpoint, or made from a seed. They come one
 * after the other; no backend holds them. Those that only outputs need which are not wanted may be missing.
 */
export async function openWeights(
  chosen: ModelToBuild,
  { weights, init = 0, checkpoint }: OnnxBuildOptions,
  { io }: Context,
): Promise<OpenWeights> {
  const { Model, runtime } = await importModel(chosen);
  const config = Object.fromEntries(chosen.configuration);
  const { definition } = new Model(config, {});
  if (weights === undefined) {
    return { source: runtime.initialWeights(definition, config, init), close: () => Promise.resolve() };
  }
  const file = await runtime.openCheckpoint(await weightsSource(weights, io, runtime), { signal: io.signal });
  try {
    const name = checkpointName(chosen, checkpoint, file.names(), runtime.fileForm);
    const source = runtime.checkpointWeights(definition, config, file, { checkpoint: name, outputs: chosen.wanted });
    return { source, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}
