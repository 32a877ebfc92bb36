import { TfmError } from '../errors.js';

/** A safetensors file, or the index of a sharded one, that cannot be used as it is. */
export class SafetensorsError extends TfmError {
  override readonly name = 'SafetensorsError';
}
