import type { Finished } from '../../runtime/src/index.js';

/** The tokens of each sequence of a batch, and why it ended. */
export async function batchOf(generation: AsyncGenerator<(number | null)[], Finished[], undefined>) {
  const rows: number[][] = [];
  for (;;) {
    const { done, value } = await generation.next();
    if (done) return { rows: rows.length > 0 ? rows : value.map(() => []), finished: value as Finished[] };
    (value as (number | null)[]).forEach((token, b) => {
      rows[b] ??= [];
      if (token !== null) rows[b].push(token);
    });
  }
}
