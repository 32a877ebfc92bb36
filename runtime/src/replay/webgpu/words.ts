import type { StepArray, StepData } from '../tracking.js';

/** Numbers as they lie on the device: whole ones and truth values in four bytes each. */
export function wordsOf(
  values: StepArray,
  dtype: StepData['dtype'],
): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
  if (dtype === 'float32')
    return values instanceof Float32Array ? (values as Float32Array<ArrayBuffer>) : Float32Array.from(values);
  return values instanceof Int32Array ? (values as Int32Array<ArrayBuffer>) : Int32Array.from(values);
}
