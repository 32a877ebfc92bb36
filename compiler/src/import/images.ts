import type { ConfigReader } from './config.js';
import type { Parameters } from './family.js';

/**
 * The size of the images that a model gets, from preprocessor_config.json, where its spec tells it from that of the images of
 * training: the crop's, else that to which images are resized. Nothing where each image keeps its own proportions.
 */
export function usedSize({ trained }: Parameters, preprocessor: ConfigReader): Parameters {
  if (trained === undefined) return {};
  const crops = preprocessor.flag('do_center_crop', true) && preprocessor.has('crop_size');
  const resizes = preprocessor.flag('do_resize', true) && preprocessor.has('size');
  if (!crops && !resizes) return {};
  const field = crops ? 'crop_size' : 'size';
  const value = preprocessor.any(field);
  if (typeof value === 'number') return { size: value };
  const sides = preprocessor.object(field);
  if (!sides || sides.has('shortest_edge')) return {};
  const [height, width] = [sides.number('height'), sides.number('width')];
  return { size: height, ...(width !== height && { columns: width }) };
}
