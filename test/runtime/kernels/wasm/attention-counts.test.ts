import fs from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import asc from 'assemblyscript/asc';
import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../../../runtime/src/index.js';
import { heapOf } from '../../../../runtime/src/kernels/wasm/heap.js';
import { memoryOf, type WasmBackend } from '../../../../runtime/src/kernels/wasm/instance.js';
import {
  type CountedCase,
  countedCases,
  decodeCase,
  heads,
  pairsNeeded,
  run,
  width,
} from '../../../support/attention-counts.js';
import { relativeError } from '../../../support/compare.js';
import { gradientsWithHidden, hidingTensors, resultsWithHidden } from '../../../support/hidden-keys.js';

const folder = 'runtime/assembly';

/** What each of the functions in which all products are computed multiplies and adds. */
const tiles: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'packed-tile.ts': { packedTile: 32, packedTileOfColumns: 32 },
  'row.ts': { rowOfColumns: 8, dots: 4 },
  'gradient-tile.ts': { gradientTile: 32 },
};

const counter = `
let total: f64 = 0;
export function count(products: i32): void { total += <f64>products; }
export function taken(): f64 { const all = total; total = 0; return all; }`;

/** The source of a file, in which the functions above count. */
function counting(name: string): string | null {
  if (name === 'count.ts') return counter;
  const file = path.join(folder, name);
  if (!fs.existsSync(file)) return null;
  let source = fs.readFileSync(file, 'utf8');
  if (name === 'index.ts') return `${source}\nexport { taken } from './count';\n`;
  for (const [of, each] of Object.entries(tiles[name] ?? {})) {
    const head = new RegExp(`export function ${of}\\([^)]*\\binner: i32[^)]*\\): \\w+ \\{`);
    if (!head.test(source)) throw new Error(`${name} has no ${of} with an inner size`);
    source = source.replace(head, (text) => `${text} count(${each} * inner);`);
  }
  return tiles[name] ? `import { count } from './count';\n${source}` : source;
}

let taken: () => number;

beforeAll(async () => {
  await useBackend('wasm');
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const options = ['--baseDir', folder, '--outFile', 'kernels.wasm', '-O1', '--noAssert', '--enable', 'simd'];
  const memory = ['--runtime', 'stub', '--importMemory', '--noExportMemory', '--initialMemory', '1'];
  const { error, stderr } = await asc.main(['index.ts', ...options, ...memory], {
    readFile: (name) => counting(name),
    writeFile: (_, contents) => {
      binary = contents as Uint8Array<ArrayBuffer>;
    },
  });
  if (error || !binary) throw new Error(`the kernels that count: ${stderr.toString()}`);
  const backend = tf.backend() as unknown as WasmBackend;
  const { instance } = await WebAssembly.instantiate(binary, { env: { memory: memoryOf(backend) } });
  taken = instance.exports.taken as () => number;
  Object.assign(heapOf(backend), { kernels: instance.exports });
});

/** Multiply-adds of a run. */
function counted(of: CountedCase, backward: boolean): number {
  taken();
  tf.dispose(run(of, backward));
  return taken();
}

describe('multiply-adds are within 15 % of what the mask needs, in blocks', () => {
  // q·k and the weighted values; of gradients q·k, dy·v and the sums of three gradients.
  test.each(countedCases)('forward, 4 queries and 8 keys: $name', (of) => {
    const needed = 2 * pairsNeeded(of, 4, 8) * heads * width;
    const found = counted(of, false);
    expect(found).toBeGreaterThanOrEqual(2 * pairsNeeded(of, 1, 1) * heads * width);
    expect(found / needed).toBeLessThan(1.15);
  });

  test.each(countedCases)('backward, 32 queries and 8 keys: $name', (of) => {
    const needed = 5 * pairsNeeded(of, 32, 8) * heads * width;
    const found = counted(of, true) - counted(of, false);
    expect(found).toBeGreaterThanOrEqual(5 * pairsNeeded(of, 1, 1) * heads * width);
    expect(found / needed).toBeLessThan(1.15);
  });

  test(`decode: ${decodeCase.name}`, () => {
    const needed = 2 * pairsNeeded(decodeCase, 1, 8) * heads * width;
    const found = counted(decodeCase, false);
    expect(found).toBeGreaterThanOrEqual(needed);
    expect(found / needed).toBeLessThan(1.15);
  });
});

test.each(['wasm', 'cpu'] as const)(
  'NaN in keys behind the last that is seen reaches no gradient on %s',
  async (backend) => {
    await useBackend(backend);
    expect(await gradientsWithHidden(13, true)).toEqual(await gradientsWithHidden(13, false));
  },
);

test.each(['wasm', 'cpu'] as const)('what a tensor hides may be NaN or infinite on %s', async (backend) => {
  await useBackend(backend);
  for (const [name, options] of Object.entries(hidingTensors))
    for (const queries of [1, 3, 37]) {
      const clean = await resultsWithHidden(options(), queries);
      for (const spoiled of [Number.NaN, Infinity]) {
        const found = await resultsWithHidden(options(), queries, spoiled);
        expect(relativeError(found, clean), `${name} ${queries} ${spoiled}`).toBeLessThan(1e-5);
      }
    }
});
