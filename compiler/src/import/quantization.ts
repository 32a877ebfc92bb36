import type { ConfigReader } from './config.js';

/** Quantised weights that a load can decode, by `quant_method`. */
const readers: Readonly<Record<string, (config: ConfigReader) => void>> = { mxfp4: readMxfp4, fp8: readFp8 };

/** What `quantization_config` says that a reader of the spec must know, one line each. Weights that cannot be loaded are refused. */
export function readQuantization(config: ConfigReader): readonly string[] {
  const fields = config.any('quantization_config');
  if (fields === undefined || fields === null) return [];
  const known = Object.keys(readers).join(', ');
  const inner = config.object('quantization_config');
  const method = inner?.any('quant_method');
  if (typeof method === 'string' && inner && Object.hasOwn(readers, method)) {
    readers[method]?.(inner);
    return [`The published weights are ${method} (quantization_config): they are decoded as they are read.`];
  }
  inner?.harmless(...Object.keys(fields));
  if (method === undefined) config.unsupported('quantization_config', fields, `those with a quant_method of ${known}`);
  else inner?.unsupported('quant_method', method, known);
  return [];
}

function readMxfp4(config: ConfigReader): void {
  config.harmless('modules_to_not_convert', 'dequantize');
}

/** Scales for blocks of weights; activations stay as they are. */
function readFp8(config: ConfigReader): void {
  config.harmless('modules_to_not_convert', 'ignored_layers', 'dequantize', 'scale_fmt');
  config.only('activation_scheme', 'dynamic');
  config.only('fmt', 'e4m3');
  const sides = config.numbers('weight_block_size');
  // The file has no sizes of blocks, only their number: it tells powers of two.
  if (sides && !(sides.length === 2 && sides.every((side) => side > 0 && Number.isInteger(Math.log2(side))))) {
    config.unsupported('weight_block_size', sides, 'two powers of two');
  }
}
