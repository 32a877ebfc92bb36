/**
 * The candidate nearest to what was written, if it is near enough to be a likely slip: about one edit for three
 * letters. Of equally near ones the first.
 */
export function suggestion(written: string, candidates: Iterable<string>): string | undefined {
  const most = Math.max(1, Math.floor(written.length / 3));
  const letters = lettersOf(written);
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const name of candidates) {
    if (name === written || Math.abs(name.length - written.length) > most) continue;
    if (lettersApart(letters, lettersOf(name)) > 2 * most) continue;
    const distance = name.toLowerCase() === written.toLowerCase() ? 0.5 : editDistance(written, name);
    // Everything of a name of one or two letters is one edit away from everything.
    if (distance >= Math.max(name.length, written.length) || distance > most) continue;
    if (!best || distance < best.distance) best = { name, distance };
  }
  return best?.name;
}

/** For a help line: the likely name, or all that there are; `undefined` where there is none. */
export function nearestOf(written: string, known: readonly string[], words: string): string | undefined {
  const near = suggestion(written, known);
  if (near !== undefined) return `did you mean ${near}?`;
  return known.length === 0 ? undefined : `${words} ${known.join(', ')}`;
}

/** Which letters a name has, one bit each, upper and lower case alike. */
function lettersOf(name: string): number {
  let bits = 0;
  for (let i = 0; i < name.length; i++) bits |= 1 << (name.charCodeAt(i) & 31);
  return bits;
}

/** How many letters only one of two names has: one edit changes at most two. Far cheaper to know than the distance. */
function lettersApart(a: number, b: number): number {
  let count = 0;
  for (let bits = a ^ b; bits !== 0; bits &= bits - 1) count++;
  return count;
}

/** Damerau–Levenshtein distance (optimal string alignment): insertions, deletions, replacements, swaps of neighbours. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let least = Math.min(replace, last[j]! + 1, row[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, beforeLast[j - 2]! + 1);
      row.push(least);
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length]!;
}
