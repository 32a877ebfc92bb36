import type { StaticTable } from './static-tensor.js';

/** What `find` finds of a table, looked for once for all layers and passes that have it. */
export function ofTable<Fact>(find: (table: StaticTable) => Fact): (table: StaticTable) => Fact {
  const known = new WeakMap<StaticTable, Fact>();
  return (table) => {
    const fact = known.get(table) ?? find(table);
    known.set(table, fact);
    return fact;
  };
}

export interface Extent {
  readonly low: number;
  readonly high: number;
  readonly areFinite: boolean;
}

/** The least and the largest of a table's numbers. */
export const extentOf = ofTable(({ values }): Extent => {
  let [low, high, areFinite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true];
  for (const value of values) {
    areFinite &&= Number.isFinite(value);
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return { low, high, areFinite };
});
