import { SafetensorsError } from './safetensors-error.js';

/** The number formats that can be read, with their width in bytes. */
const BYTES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  F8_E4M3: 1,
  F8_E8M0: 1,
  BOOL: 1,
} as const;

/** Formats that safetensors files may contain and that are refused by name. */
const REFUSED = /^(F8_|F6_|F4$|C64$|E8M0$)/;

/** The number format of a tensor in a file. */
export type Dtype = keyof typeof BYTES;

/** The width of one element, in bytes. */
export function dtypeBytes(dtype: Dtype): number {
  return BYTES[dtype];
}

/** `name` as a format that can be read. Throws {@link SafetensorsError} TFM5105 for any other. */
export function toDtype(name: string, tensor: string): Dtype {
  if (Object.hasOwn(BYTES, name)) return name as Dtype;
  const known = Object.keys(BYTES).join(', ');
  const refused = REFUSED.test(name);
  throw new SafetensorsError(
    'TFM5105',
    refused
      ? `tensor '${tensor}' has the format ${name}, which is not supported`
      : `tensor '${tensor}' has the unknown format '${name.slice(0, 40)}'`,
    refused ? `convert the file to one of ${known}` : `the formats are ${known}`,
  );
}
