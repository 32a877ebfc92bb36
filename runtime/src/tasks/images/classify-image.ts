import { read } from '../../device/read.js';
import {
  type Classification,
  type ClassifierModel,
  type ClassifyOptions,
  classified,
  notClasses,
} from '../classify-text.js';
import { inputOf, type ModelWith, type OutputName, outputOf } from '../model.js';
import type { ImageProcessor } from './processor.js';
import type { ImageLike } from './resample.js';

/** The classes of an image with their probabilities, the most likely first. Rejects with TFM5602, TFM5303. */
export async function classifyImage<M extends ClassifierModel>(
  model: M,
  processor: ImageProcessor,
  image: ImageLike,
  options: ClassifyOptions<OutputName<M>> = {},
): Promise<Classification[]> {
  const output = outputOf(model, options.output, ['logits', 'class_logits']);
  const { name } = inputOf(model, output, 'float');
  const { values, shape } = processor(image);
  const inputs = { [name]: { values, shape: [1, ...shape] } } as never;
  const scores = (model as ModelWith<string>).forward(inputs, { outputs: [output] })[output];
  if (scores?.rank !== 2) throw notClasses(model.definition.name, output);
  const data = (await read(scores)) as Float32Array;
  scores.dispose();
  return classified(data, options);
}
