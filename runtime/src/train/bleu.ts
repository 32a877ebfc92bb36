/** How {@link corpusBleu} arrived at its score. */
export interface Bleu {
  /** 0 … 100. */
  readonly score: number;
  /** Modified n-gram precisions for n = 1 … 4, in percent. */
  readonly precisions: readonly number[];
  readonly brevityPenalty: number;
  readonly hypothesisLength: number;
  /** Of each sentence the reference nearest in length. */
  readonly referenceLength: number;
}

const ORDER = 4;

/**
 * BLEU of a corpus (Papineni et al. 2002): the geometric mean of the clipped n-gram precisions, n ≤ 4, times the
 * brevity penalty. As sacrebleu computes it without smoothing, with 13a tokenisation unless `tokenize` is given.
 *
 * @param references One or more for each hypothesis.
 */
export function corpusBleu(
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
  tokenize: (text: string) => readonly string[] = tokenize13a,
): Bleu {
  if (hypotheses.length !== references.length) {
    throw new RangeError(`${hypotheses.length} hypotheses and references for ${references.length}`);
  }
  const matches = new Array<number>(ORDER).fill(0);
  const totals = new Array<number>(ORDER).fill(0);
  let hypothesisLength = 0;
  let referenceLength = 0;
  hypotheses.forEach((hypothesis, index) => {
    const words = tokenize(hypothesis);
    const others = (references[index] ?? []).map(tokenize);
    if (others.length === 0) throw new RangeError(`hypothesis ${index} has no reference`);
    hypothesisLength += words.length;
    referenceLength += nearestLength(words.length, others);
    for (let n = 1; n <= ORDER; n++) {
      matches[n - 1] =
        (matches[n - 1] ?? 0) +
        clippedMatches(
          ngrams(words, n),
          others.map((other) => ngrams(other, n)),
        );
      totals[n - 1] = (totals[n - 1] ?? 0) + Math.max(0, words.length - n + 1);
    }
  });
  const precisions = matches.map((count, n) => ((totals[n] ?? 0) === 0 ? 0 : (100 * count) / (totals[n] ?? 1)));
  const brevityPenalty = penalty(hypothesisLength, referenceLength);
  const mean = precisions.some((precision) => precision === 0)
    ? 0
    : Math.exp(precisions.reduce((sum, precision) => sum + Math.log(precision), 0) / ORDER);
  return { score: brevityPenalty * mean, precisions, brevityPenalty, hypothesisLength, referenceLength };
}

/** 1 where the hypotheses are not shorter, else e^(1 − r / c). */
function penalty(hypothesis: number, reference: number): number {
  if (hypothesis >= reference) return 1;
  return hypothesis === 0 ? 0 : Math.exp(1 - reference / hypothesis);
}

/** The nearest of the references' lengths, the shorter of two equally near. */
function nearestLength(length: number, references: readonly (readonly string[])[]): number {
  const lengths = references.map((reference) => reference.length);
  return lengths.reduce((best, each) => {
    const [distance, least] = [Math.abs(each - length), Math.abs(best - length)];
    return distance < least || (distance === least && each < best) ? each : best;
  });
}

function ngrams(words: readonly string[], n: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= words.length; i++) {
    const gram = words.slice(i, i + n).join(' ');
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  return counts;
}

/** Each n-gram counts at most as often as in the reference that has it most often. */
function clippedMatches(own: ReadonlyMap<string, number>, others: readonly ReadonlyMap<string, number>[]): number {
  let matches = 0;
  for (const [gram, count] of own)
    matches += Math.min(count, Math.max(0, ...others.map((other) => other.get(gram) ?? 0)));
  return matches;
}

/** The tokens of NIST's mteval-v13a, as in sacrebleu. */
export function tokenize13a(text: string): readonly string[] {
  const plain = text
    .replaceAll('<skipped>', '')
    .replaceAll('-\n', '')
    .replaceAll('\n', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
  const spaced = ` ${plain} `
    .replace(/([{-~[-` -&(-+:-@/])/g, ' $1 ')
    .replace(/([^0-9])([.,])/g, '$1 $2 ')
    .replace(/([.,])([^0-9])/g, ' $1 $2')
    .replace(/([0-9])(-)/g, '$1 $2 ');
  return spaced.split(/\s+/).filter((word) => word !== '');
}
