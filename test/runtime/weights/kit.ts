import { fileURLToPath } from 'node:url';
import { SafetensorsError } from '../../../runtime/src/weights/safetensors-error.js';

/** The path of a file under test/fixtures, or of an example: `examples/…`. */
export function fixture(name: string): string {
  const folder = name.startsWith('examples/') ? '../../..' : '../../fixtures';
  return fileURLToPath(new URL(`${folder}/${name}`, import.meta.url));
}

/** A file with this header, given as JSON or as text, and this many bytes of data. */
export function fileWith(header: unknown, dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  for (let i = 0; i < dataBytes; i++) bytes[8 + text.length + i] = (31 * i + 7) % 251;
  return bytes;
}

/** What `work` throws, which must be a SafetensorsError. */
export async function errorOf(work: () => unknown): Promise<SafetensorsError> {
  try {
    await work();
  } catch (error) {
    if (error instanceof SafetensorsError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
