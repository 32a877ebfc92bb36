// Numbers of few bits, by the OCP specifications "8-bit Floating Point" (2023) and "Microscaling Formats" (2023).

/** The float32 value of each byte of E4M3: no infinities, S.1111.111 is NaN. */
let e4m3: Float32Array | undefined;

function e4m3Values(): Float32Array {
  e4m3 ??= Float32Array.from({ length: 256 }, (_, code) => {
    const exponent = (code >> 3) & 15;
    const mantissa = code & 7;
    if (exponent === 15 && mantissa === 7) return Number.NaN;
    const magnitude = exponent === 0 ? mantissa * 2 ** -9 : (8 + mantissa) * 2 ** (exponent - 10);
    return code < 128 ? magnitude : -magnitude;
  });
  return e4m3;
}

/** Bytes of E4M3 to float32, exact. */
export function decodeE4M3(from: Uint8Array, to: Float32Array, at: number): void {
  const values = e4m3Values();
  for (let i = 0; i < from.length; i++) to[at + i] = values[from[i]!]!;
}

const POWERS = Float32Array.from({ length: 256 }, (_, code) => (code === 255 ? Number.NaN : 2 ** (code - 127)));

/** A power of two by its byte of E8M0, whose bias is 127; 255 is NaN. */
export function powerOfE8M0(code: number): number {
  return POWERS[code] ?? Number.NaN;
}

/** The sixteen values of E2M1. */
const E2M1 = Float32Array.of(0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6);

/** Pairs of E2M1, one byte each with the first in its low half, to float32. `bytes` holds numbers from 0 to 255. */
export function decodeE2M1(bytes: ArrayLike<number>, to: Float32Array): void {
  for (let i = 0; i < bytes.length; i++) {
    const pair = bytes[i]!;
    to[2 * i] = E2M1[pair & 15]!;
    to[2 * i + 1] = E2M1[pair >> 4]!;
  }
}
