/** Positions in groups, none of which sees another: each group is an entry of the batch, its positions in ascending order. */
export interface Groups {
  /** Equal for equal groups. */
  readonly key: string;
  /** The positions of each group. */
  readonly places: readonly Int32Array[];
  /** Of the largest group; smaller ones have rows behind their end that nobody reads. */
  readonly rows: number;
  /** One behind the other they are all positions as they are, as the rows of a grid. */
  readonly areInOrder: boolean;
  /** How many numbers: what the groups count for in a cache. */
  readonly length: number;
}

/** The positions of a group's rows, those behind its end repeating the last. */
export function placesOf({ places, rows }: Groups, group: number): Int32Array {
  const own = places[group]!;
  return Int32Array.from({ length: rows }, (_, t) => own[Math.min(t, own.length - 1)]!);
}
