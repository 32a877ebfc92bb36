/** Long keys by a hash of 106 bits: the keys of expressions that share parts would grow exponentially. */
export function shorten(key: string): string {
  return key.length <= 256 ? key : `#${hash(key, 0x9e3779b9)}${hash(key, 0x85ebca6b)}`;
}

function hash(text: string, seed: number): string {
  let high = seed;
  let low = seed ^ 0xdeadbeef;
  for (let i = 0; i < text.length; i++) {
    const unitCode = text.charCodeAt(i);
    high = Math.imul(high ^ unitCode, 2654435761);
    low = Math.imul(low ^ unitCode, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36).padStart(11, '0');
}
