import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import type { FormulaContext } from '../../formula/context.js';
import { tensorsOf, withTensors } from '../../formula/tensors.js';
import { besideTape, isTapeOn } from '../../kernels/fused.js';
import { startMoved } from '../context.js';
import { range } from '../shapes.js';
import { attendAtOnce, numbersForPairs } from './at-once.js';
import { headsFirst } from './layout.js';
import type { Attention } from './problem.js';

// Numbers of tensors of pairs up to which all queries are computed at once, and those of a tile otherwise. The operators that
// stand for a kernel have thirty such tensors in their gradient and a dozen without one, a kernel one, which the layers of a pass share.
const recordedNumbers = { atOnce: 2 ** 18, tile: 2 ** 16 };
const composedNumbers = { atOnce: 2 ** 19, tile: 2 ** 16 };
const fusedNumbers = { atOnce: 2 ** 22, tile: 2 ** 20 };

/** How many queries to compute at once: all, or fewer where tensors with a number for each query and key would be large. */
export function tileRows(of: Attention, context: FormulaContext): number {
  const { batch, heads, queries, keys, scope } = context;
  if (queries === 1) return 1;
  if (of.scores.length === 0 && batch * heads * queries * keys <= recordedNumbers.atOnce) return queries; // whatever the mask is
  const { fused, numbers } = numbersForPairs(of, context);
  const { atOnce, tile } = fused ? fusedNumbers : isTapeOn() ? recordedNumbers : composedNumbers;
  if (scope?.recording || numbers <= atOnce) return queries;
  return Math.min(queries, Math.max(Math.floor((tile * queries) / numbers), 16));
}

/**
 * Attention some queries at a time, in memory that does not grow with queries · keys: the gradient is made tile by tile too,
 * from the tile computed again. For every mask and score, on every backend.
 */
export function attendInTiles(of: Attention, context: FormulaContext, rows: number): Tensor {
  const { query, memory, sinks } = of;
  const tables = tensorsOf([of.mask, ...of.scores]).filter(({ dtype }) => dtype === 'float32');
  // What is the same for all tiles; the queries are cut.
  const shared = [memory.key, memory.value, sinks, ...tables];
  const present = shared.filter((tensor) => tensor !== undefined);
  const tiles = Array.from({ length: Math.ceil(context.queries / rows) }, (_, i) => {
    const from = i * rows;
    return { from, rows: Math.min(rows, context.queries - from) };
  });
  const run = (tile: Tile, [cut, ...given]: readonly (Tensor | undefined)[]) => {
    const all = shared.map((tensor) => (tensor ? given.shift() : undefined));
    const [key, value, ownSinks, ...ownTables] = all;
    const replaced = new Map(tables.map((table, i) => [table, ownTables[i]!]));
    return attendTile({ ...of, query: cut, sinks: ownSinks }, { key, value: value! }, replaced, context, tile);
  };
  const inputs = query ? [query, ...present] : present;
  const attention = tf.customGrad((...args) => {
    const save = args.pop() as tf.GradSaveFunc;
    const given = args as Tensor[];
    save(given);
    const cuts = (tile: Tile, [first, ...rest]: readonly Tensor[]) =>
      query ? [range(first!, 1, tile.from, tile.rows), ...rest] : [undefined, first!, ...rest];
    const parts = tiles.map((tile) => tf.tidy(() => run(tile, cuts(tile, given))));
    const gradFunc = (dy: Tensor, saved: Tensor[]) => gradientOfTiles(tiles, dy, saved, query !== undefined, run);
    return { value: tf.concat(parts, 1), gradFunc };
  });
  return attention(...inputs);
}

/** Queries from `from` on. */
interface Tile {
  readonly from: number;
  readonly rows: number;
}

type Run = (tile: Tile, given: readonly (Tensor | undefined)[]) => Tensor;

/** [B, rows, H, d_v] */
function attendTile(
  of: Attention,
  { key, value }: { readonly key: Tensor | undefined; readonly value: Tensor },
  tables: ReadonlyMap<Tensor, Tensor>,
  context: FormulaContext,
  { from, rows }: Tile,
): Tensor {
  const { memory, dropout } = of;
  const own = memory.headsFirst
    ? memory
    : { ...memory, key, value, forProducts: () => ({ key: key && headsFirst(key), value: headsFirst(value) }) };
  const tile: Attention = {
    ...of,
    memory: own,
    mask: withTensors(of.mask, tables),
    scores: of.scores.map((score) => withTensors(score, tables)),
    dropout: dropout && { ...dropout, from },
  };
  // Without the scope nothing of a tile is kept to the end of the pass.
  return attendAtOnce(tile, { ...context, queries: rows, start: startMoved(context.start, from), scope: undefined });
}

/** The gradients of the queries, tile beside tile, and of all else, summed over the tiles. */
function gradientOfTiles(tiles: readonly Tile[], dy: Tensor, given: Tensor[], cutsFirst: boolean, run: Run): Tensor[] {
  const ofQueries: Tensor[] = [];
  let sums: Tensor[] | undefined;
  for (const tile of tiles) {
    const before: Tensor[] | undefined = sums;
    const gradients = tf.tidy(() => {
      const [first, ...rest] = given;
      const inputs = cutsFirst ? [range(first!, 1, tile.from, tile.rows), ...rest] : given;
      const of = (...x: Tensor[]) => run(tile, cutsFirst ? x : [undefined, ...x]);
      const found = besideTape(() => tf.grads(of)(inputs, range(dy, 1, tile.from, tile.rows)));
      const [query, ...others] = cutsFirst ? found : [tf.scalar(0), ...found];
      return [query!, ...others.map((gradient, i) => (before ? tf.add(before[i]!, gradient) : gradient))];
    });
    const [query, ...others] = gradients;
    ofQueries.push(query!);
    tf.dispose(before ?? []);
    sums = others;
  }
  return cutsFirst ? [tf.concat(ofQueries, 1), ...sums!] : sums!;
}
