import { TfmError } from '../../errors.js';
import type { JsonObject } from '../files.js';
import { type FilterName, type ImageLike, type Pixels, resize } from './resample.js';

/** An image as a model reads it: [height, width, channels], float32. */
export interface ProcessedImage {
  readonly values: Float32Array;
  readonly shape: readonly [height: number, width: number, channels: number];
}

export type ImageProcessor = (image: ImageLike) => ProcessedImage;

type Step = (image: Pixels) => Pixels;

/** Pillow's numbers of its filters. */
const filterNames: Readonly<Record<number, FilterName>> = { 1: 'lanczos', 2: 'bilinear', 3: 'bicubic' };

/** Fields that change pixels and have no meaning here. */
const unsupported = [
  'crop_pct',
  'do_pad',
  'do_flip_channel_order',
  'do_color_quantize',
  'do_thumbnail',
  'size_divisor',
];

/**
 * What preprocessor_config.json says: resize, crop from the centre, rescale, normalise, in this order, on RGB. A resize gives
 * the bytes of Pillow. Absent fields have the defaults that most processors of transformers share. Throws TFM5604 for what
 * would change pixels and is not known.
 */
export function createImageProcessor(config: JsonObject): ImageProcessor {
  const refused = unsupported.find(
    (field) => config[field] !== undefined && config[field] !== null && config[field] !== false,
  );
  if (refused !== undefined) throw wrong(refused, config[refused], 'this step is not known');
  const steps: Step[] = [];
  if (flag(config, 'do_resize', true)) steps.push(resizing(config));
  if (flag(config, 'do_center_crop', config.crop_size !== undefined && config.do_center_crop === undefined)) {
    const { height, width } = sidesOf(config.crop_size ?? 224, 'crop_size');
    steps.push((image) => centerCrop(image, width, height));
  }
  const scale = flag(config, 'do_rescale', true) ? number(config, 'rescale_factor', 1 / 255) : 1;
  const normalizes = flag(config, 'do_normalize', true);
  const mean = normalizes ? channels(config, 'image_mean', 0.5) : [0, 0, 0];
  const deviation = normalizes ? channels(config, 'image_std', 0.5) : [1, 1, 1];
  return (image) => {
    const { data, width, height } = steps.reduce((pixels, step) => step(pixels), rgb(image));
    const values = Float32Array.from(data, (x, i) => (x * scale - (mean[i % 3] ?? 0)) / (deviation[i % 3] ?? 1));
    return { values, shape: [height, width, 3] };
  };
}

/** Grey becomes red, green and blue; transparency is dropped. Throws TFM5303. */
function rgb({ data, width, height, channels: given }: ImageLike): Pixels {
  const channels = given ?? data.length / (width * height);
  if (![1, 2, 3, 4].includes(channels) || data.length !== width * height * channels || data.length === 0) {
    throw new TfmError(
      'TFM5303',
      `an image of ${width} × ${height} has ${data.length} numbers`,
      'it has 1 to 4 channels',
    );
  }
  if (channels === 3) return { data, width, height, channels };
  const out = new Uint8ClampedArray(width * height * 3);
  for (let i = 0; i < out.length; i++) {
    out[i] = data[Math.floor(i / 3) * channels + (channels < 3 ? 0 : i % 3)] ?? 0;
  }
  return { data: out, width, height, channels: 3 };
}

function resizing(config: JsonObject): Step {
  const filter = filterNames[number(config, 'resample', 2)];
  if (!filter) throw wrong('resample', config.resample, '1 (lanczos), 2 (bilinear) and 3 (bicubic) are known');
  const { size = 224 } = config;
  const shortest = typeof size === 'number' ? (keepsRatio(config) ? size : undefined) : object(size).shortest_edge;
  if (typeof shortest !== 'number') {
    const { height, width } = sidesOf(size, 'size');
    return (image) => resize(image, width, height, filter);
  }
  if (typeof size === 'object' && 'longest_edge' in object(size))
    throw wrong('size', size, 'longest_edge is not known');
  return (image) => {
    const { width, height } = image;
    const longer = (side: number, other: number): number => Math.trunc((shortest * side) / other);
    if (width <= height) return resize(image, shortest, longer(height, width), filter);
    return resize(image, longer(width, height), shortest, filter);
  };
}

/** Processors for which one number is the length of the shorter side. */
const keepsRatio = ({ image_processor_type: type, feature_extractor_type: older }: JsonObject): boolean =>
  /^(CLIP|Bit|ConvNext)/.test(String(type ?? older ?? ''));

/** A part around the centre; black where the image is smaller. */
function centerCrop(image: Pixels, width: number, height: number): Pixels {
  const { data, channels } = image;
  const left = Math.floor((image.width - width) / 2);
  const top = Math.floor((image.height - height) / 2);
  const out = new Uint8ClampedArray(width * height * channels);
  for (let y = Math.max(0, -top); y < Math.min(height, image.height - top); y++) {
    const first = Math.max(0, -left);
    const last = Math.min(width, image.width - left);
    const from = ((y + top) * image.width + first + left) * channels;
    out.set(data.subarray(from, from + (last - first) * channels), (y * width + first) * channels);
  }
  return { data: out, width, height, channels };
}

/** One number is a square. */
function sidesOf(size: unknown, field: string): { readonly height: number; readonly width: number } {
  const { height, width } = typeof size === 'number' ? { height: size, width: size } : object(size);
  if (isSide(height) && isSide(width)) return { height, width };
  throw wrong(field, size, 'it has a height and a width');
}

const isSide = (side: unknown): side is number => Number.isSafeInteger(side) && (side as number) > 0;
const object = (value: unknown): JsonObject =>
  typeof value === 'object' && value !== null ? (value as JsonObject) : {};

function flag(config: JsonObject, field: string, initial: boolean): boolean {
  const value = config[field] ?? initial;
  if (typeof value === 'boolean') return value;
  throw wrong(field, value, 'it is true or false');
}

function number(config: JsonObject, field: string, initial: number): number {
  const value = config[field] ?? initial;
  if (typeof value === 'number') return value;
  throw wrong(field, value, 'it is a number');
}

/** A number for each of red, green and blue. */
function channels(config: JsonObject, field: string, initial: number): readonly number[] {
  const value = config[field] ?? [initial, initial, initial];
  if (Array.isArray(value) && value.length === 3 && value.every((each) => typeof each === 'number')) return value;
  throw wrong(field, value, 'it has a number for red, green and blue');
}

function wrong(field: string, value: unknown, help: string): TfmError {
  return new TfmError('TFM5604', `${field} of the preprocessor's configuration is ${JSON.stringify(value)}`, help);
}
