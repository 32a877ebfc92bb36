/** More names than this are not compared: the help is not worth the time. */
const MOST_NAMES = 3000;

/** The name that reads most like `name`, or undefined where none is at least half alike. First in order wins. */
export function nearest<T>(name: string, others: readonly T[], nameOf: (other: T) => string): T | undefined {
  let best: T | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const other of others.slice(0, MOST_NAMES)) {
    const text = nameOf(other);
    const limit = Math.min(least, Math.max(name.length, text.length) / 2);
    if (Math.abs(name.length - text.length) >= limit) continue;
    const distance = editDistance(name, text);
    if (distance < limit) {
      least = distance;
      best = other;
    }
  }
  return best;
}

/** The number of letters to insert, delete or replace (Levenshtein 1966). */
function editDistance(a: string, b: string): number {
  let row = Uint16Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = new Uint16Array(b.length + 1);
    next[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1);
      next[j] = Math.min(replaced, row[j]! + 1, next[j - 1]! + 1);
    }
    row = next;
  }
  return row[b.length]!;
}
