/** An image of 8-bit numbers, row by row, its channels interleaved: what a canvas gives as `ImageData`, with 4 channels. */
export interface ImageLike {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  /** Default: what `data` has for each pixel. */
  readonly channels?: number;
}

/** An image whose channels are known. */
export type Pixels = Required<ImageLike>;

/** A filter by the distance from the centre, zero from `support` on. */
interface Filter {
  readonly support: number;
  readonly weight: (distance: number) => number;
}

export type FilterName = 'lanczos' | 'bilinear' | 'bicubic';

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

const filters: Readonly<Record<FilterName, Filter>> = {
  lanczos: { support: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: bicubic },
};

/** Keys (1981), with a = −1/2. */
function bicubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/** Bits behind the point of a weight: as many as fit 32 with a pixel and a sign (Pillow, Resample.c). */
const BITS = 32 - 8 - 2;

/**
 * Resizes as Pillow does: one axis after the other, first along rows, with weights in fixed point, and the filter as
 * wide as the image shrinks. The same bytes as `Image.resize`.
 */
export function resize(image: Pixels, width: number, height: number, filter: FilterName): Pixels {
  const wide = image.width === width ? image : along(image, width, 'x', filters[filter]);
  return wide.height === height ? wide : along(wide, height, 'y', filters[filter]);
}

function along(image: Pixels, size: number, axis: 'x' | 'y', filter: Filter): Pixels {
  const { data, channels } = image;
  const width = axis === 'x' ? size : image.width;
  const height = axis === 'y' ? size : image.height;
  const step = axis === 'x' ? channels : image.width * channels;
  const windows = windowsOf(axis === 'x' ? image.width : image.height, size, filter);
  const out = new Uint8ClampedArray(width * height * channels);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const { begin, weights } = windows[axis === 'x' ? x : y] ?? { begin: 0, weights: [] };
      const origin = axis === 'x' ? y * image.width * channels : x * channels;
      for (let c = 0; c < channels; c++) {
        let sum = 1 << (BITS - 1);
        let from = origin + begin * step + c;
        for (const weight of weights) {
          sum += (data[from] ?? 0) * weight;
          from += step;
        }
        out[at++] = sum >> BITS;
      }
    }
  }
  return { data: out, width, height, channels };
}

interface Window {
  readonly begin: number;
  /** In fixed point. */
  readonly weights: readonly number[];
}

/** For each place of the output the places of the input that it is made of. */
function windowsOf(from: number, to: number, { support, weight }: Filter): Window[] {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  const reach = support * stretch;
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const begin = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach + 0.5));
    const raw = Array.from({ length: end - begin }, (_each, j) => weight((begin + j - centre + 0.5) / stretch));
    const total = raw.reduce((sum, each) => sum + each, 0);
    return { begin, weights: raw.map((each) => fixed(total === 0 ? each : each / total)) };
  });
}

const fixed = (weight: number): number => Math.trunc(weight * 2 ** BITS + (weight < 0 ? -0.5 : 0.5));
