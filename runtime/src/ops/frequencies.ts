/** Changes a frequency θ^(−2i / n), maybe by how many positions the sequence has so far: scaled and stretched contexts. */
export type FrequencyFunction = (frequency: number, length: number) => number;

/** How fast the pairs of features turn, where that depends on how long the sequence is. */
export interface LengthFrequencies {
  /** Equal for those that are equal at every length. */
  readonly name: string;
  /** What becomes of keys that were turned when the sequence was shorter: computed again, or kept as they are. */
  readonly past: 'again' | 'kept';
  /** Radians for each position, pair by pair. */
  readonly at: (length: number) => readonly number[];
}

/** θ^(−2i / n) of each pair i of n features (Su et al. 2021, section 3.2.2). */
export function frequenciesOf(theta: number, features: number): readonly number[] {
  return Array.from({ length: features / 2 }, (_, i) => theta ** ((-2 * i) / features));
}

/** Whether a function of frequencies reads the length. */
export function readsLength(frequency: FrequencyFunction): boolean {
  return frequency.length > 1;
}

/**
 * The frequencies that a function makes of those of `theta`. The same function gives the same object: what it makes is shared by
 * all layers that turn alike.
 */
export function lengthFrequencies(
  frequency: FrequencyFunction,
  theta: number,
  features: number,
  past: 'again' | 'kept',
): LengthFrequencies {
  const known = made.get(frequency) ?? { id: ++functions, of: new Map<string, LengthFrequencies>() };
  made.set(frequency, known);
  const key = `${theta} ${features} ${past}`;
  const found = known.of.get(key) ?? { name: `${known.id}: ${key}`, past, at: remembering(frequency, theta, features) };
  known.of.set(key, found);
  return found;
}

interface Made {
  readonly id: number;
  readonly of: Map<string, LengthFrequencies>;
}

const made = new WeakMap<FrequencyFunction, Made>();
let functions = 0;

/** The frequencies at a length; those of the last one are remembered, because all tables of a step ask for them. */
function remembering(frequency: FrequencyFunction, theta: number, features: number): LengthFrequencies['at'] {
  const own = frequenciesOf(theta, features);
  let last: { readonly length: number; readonly frequencies: readonly number[] } | undefined;
  return (length) => {
    if (last?.length !== length) last = { length, frequencies: own.map((each) => frequency(each, length)) };
    return last.frequencies;
  };
}

/** Whether rows that were turned for one length are what they would be for another. */
export function turnAlike({ at }: LengthFrequencies, length: number, other: number): boolean {
  if (length === other) return true;
  const frequencies = at(other);
  return at(length).every((each, i) => Object.is(each, frequencies[i]));
}
