import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Checkpoint, openCheckpoint } from '../../../runtime/src/weights/checkpoint.js';
import { loadWeights, planLoad } from '../../../runtime/src/weights/load.js';
import type { CheckpointMap, FileTensor, ModelWeight } from '../../../runtime/src/weights/map.js';
import { type PlanSaveOptions, planSave, type SaveOptions, saveCheckpoint } from '../../../runtime/src/weights/save.js';
import { errorOf, fixture } from './kit.js';
import * as maps from './maps.js';

type Values = Map<string, Float32Array>;

async function load(
  checkpoint: Checkpoint,
  map: CheckpointMap | undefined,
  weights: readonly ModelWeight[],
): Promise<Values> {
  const values: Values = new Map();
  for await (const { path, data } of loadWeights(checkpoint, planLoad(checkpoint, map, weights)))
    values.set(path, data);
  return values;
}

async function save(
  map: CheckpointMap | undefined,
  weights: readonly ModelWeight[],
  values: Values,
  planOptions?: PlanSaveOptions,
  options?: SaveOptions,
): Promise<Uint8Array> {
  const { plan, problems } = planSave(map, weights, planOptions);
  expect(problems).toBeUndefined();
  const pieces: Uint8Array[] = [];
  const read = (path: string): Float32Array => values.get(path) ?? Float32Array.of();
  for await (const piece of saveCheckpoint(plan ?? { writes: [] }, read, options)) pieces.push(piece.slice());
  return Buffer.concat(pieces);
}

function entries(checkpoint: Checkpoint): FileTensor[] {
  return checkpoint.names().map((name) => ({ name, shape: checkpoint.entry(name).shape }));
}

/** vit's map with axes that can be undone without a file. */
const invertibleVitMap: CheckpointMap = {
  ...maps.vitMap,
  rules: maps.vitMap.rules.map((rule) => {
    const axes = (pattern: string, sizes = {}): typeof rule => ({ ...rule, steps: [{ kind: 'axes', pattern, sizes }] });
    if (rule.path === 'class_token') return axes('1 1 c -> 1 c');
    if (rule.path === 'positions.weight') return axes('1 n c -> n c');
    return rule.path === 'projection' ? axes('out c y x -> out (y x c)', { y: 4, x: 4 }) : rule;
  }),
};

describe('saveCheckpoint', () => {
  const gpt2 = maps.gpt2Weights(96, 64, 32, 2);
  const head = maps.linear('head', 96, 32, false);
  it.each<[string, CheckpointMap, readonly ModelWeight[], boolean]>([
    ['hf-golden/gpt2', maps.gpt2Map(32), gpt2, false],
    ['hf-golden/llama_gqa', maps.untiedLlamaMap, [...maps.llamaWeights(96, 32, 16, 48, 2), ...head], false],
    ['hf-golden/vit', invertibleVitMap, maps.vitWeights, false],
    ['hf-golden/vit', maps.vitMap, maps.vitWeights, true],
    ['hf-golden/marian', maps.marianMap, maps.marianWeights, true],
    ['examples/stories260K', maps.llamaMap, maps.llamaWeights(512, 64, 32, 172, 5), false],
  ])('%s is written as it was read', async (name, map, weights, needsFile) => {
    const file = await openCheckpoint(fixture(name));
    const values = await load(file, map, weights);
    const saved = await openCheckpoint(await save(map, weights, values, needsFile ? { like: entries(file) } : {}));
    expect(saved.names().toSorted()).toEqual(file.names().toSorted());
    expect(saved.metadata).toEqual(file.metadata);
    for (const tensor of file.names()) {
      expect(saved.entry(tensor)).toEqual(file.entry(tensor));
      const [a, b] = [await saved.readFloat32(tensor), await file.readFloat32(tensor)];
      expect(a.findIndex((x, i) => x !== b[i])).toBe(-1);
    }
    await file.close();
  });

  it('gives the very bytes of the original, whose layout is that of the reference implementation', async () => {
    const file = await openCheckpoint(fixture('hf-golden/gpt2'));
    const saved = await save(maps.gpt2Map(32), gpt2, await load(file, maps.gpt2Map(32), gpt2));
    expect(Buffer.compare(saved, readFileSync(fixture('hf-golden/gpt2/model.safetensors')))).toBe(0);
    await file.close();
  });

  it('writes own names without a map, and half the bytes as F16', async () => {
    const weights = [...maps.linear('layers[0].q', 2, 2, false)];
    const values: Values = new Map([['layers[0].q.weight', Float32Array.of(1, 2, 3, 4)]]);
    const saved = await openCheckpoint(await save(undefined, weights, values, {}, { dtype: 'F16' }));
    expect(saved.entry('layers.0.q.weight')).toEqual({ dtype: 'F16', shape: [2, 2], bytes: 8 });
    expect(await load(saved, undefined, weights)).toEqual(values);
  });

  it('writes tied copies when asked, and optional prefixes as the file to write alike has them', async () => {
    const values: Values = new Map(
      gpt2.map(({ path, shape }) => [path, new Float32Array(shape.reduce((a, b) => a * b, 1))]),
    );
    const names = async (options: PlanSaveOptions): Promise<readonly string[]> =>
      (await openCheckpoint(await save(maps.gpt2Map(32), gpt2, values, options))).names();
    expect(await names({})).not.toContain('lm_head.weight');
    expect(await names({ ties: true })).toEqual(expect.arrayContaining(['lm_head.weight', 'transformer.wte.weight']));
    expect(await names({ like: [{ name: 'wte.weight', shape: [96, 32] }] })).toContain('wte.weight');
  });

  it('puts stacked copies and rows of several rules together', async () => {
    const map: CheckpointMap = {
      rules: [
        { path: 'e[*].w', template: 'stack', steps: [{ kind: 'transpose' }] },
        { path: 'top', template: 'table', steps: [{ kind: 'rows', begin: 0, end: 1 }] },
        { path: 'rest', template: 'table', steps: [{ kind: 'rows', begin: 2, end: 4 }] },
      ],
      ignore: [],
    };
    const weight = (path: string, ...shape: number[]): ModelWeight => ({ path, shape, required: true });
    const weights = [weight('e[0].w', 2, 3), weight('e[1].w', 2, 3), weight('top', 1, 2), weight('rest', 2, 2)];
    const values: Values = new Map([
      ['e[0].w', Float32Array.of(0, 1, 2, 3, 4, 5)],
      ['e[1].w', Float32Array.of(6, 7, 8, 9, 10, 11)],
      ['top', Float32Array.of(1, 2)],
      ['rest', Float32Array.of(3, 4, 5, 6)],
    ]);
    const saved = await openCheckpoint(await save(map, weights, values));
    expect(saved.entry('stack').shape).toEqual([2, 3, 2]);
    expect([...(await saved.read('stack'))]).toEqual([0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11]);
    expect([...(await saved.read('table'))]).toEqual([1, 2, 0, 0, 3, 4, 5, 6]);
    expect(await load(saved, map, weights)).toEqual(values);
  });

  it('refuses two weights that would be one tensor and differ', async () => {
    const map = {
      rules: [
        { path: 'a', template: 'x' },
        { path: 'b', template: 'x' },
      ],
      ignore: [],
    };
    const weights = ['a', 'b'].map((path) => ({ path, shape: [2], required: true }));
    const values: Values = new Map([
      ['a', Float32Array.of(1, 2)],
      ['b', Float32Array.of(1, 3)],
    ]);
    const error = await errorOf(() => save(map, weights, values));
    expect(error.message).toBe("'x' would hold two weights, but they differ: 2 and 3 at 1");
    values.set('b', Float32Array.of(1, 2));
    expect((await openCheckpoint(await save(map, weights, values))).names()).toEqual(['x']);
  });

  it('says what cannot be turned around', () => {
    const { problems } = planSave(maps.vitMap, maps.vitWeights);
    expect(problems?.map(({ code, message }) => `${code} ${message}`)).toEqual([
      expect.stringMatching(
        /^TFM5209 'vit.embeddings.patch_embeddings.projection.weight' cannot .*sizes of y and x and c are not known/,
      ),
      expect.stringMatching(
        /^TFM5209 'vit.embeddings.cls_token' cannot be written from class_token: the shape before reshape/,
      ),
      expect.stringMatching(/^TFM5209 'vit.embeddings.position_embeddings' cannot .*reshape/),
    ]);
    const some = maps.gpt2Weights(96, 64, 32, 1).filter(({ path }) => !path.includes('attention.k'));
    expect(planSave(maps.gpt2Map(32), some).problems?.map(({ message }) => message)).toEqual([
      expect.stringMatching(/c_attn.weight' cannot be written from .*: its part k is missing/),
      expect.stringMatching(/c_attn.bias' cannot be written from .*: its part k is missing/),
    ]);
  });
});

describe('{*}: rows that are tensors of their own', () => {
  const map: CheckpointMap = {
    rules: [{ path: 'layers[i].{q, k}.scale', template: '(m.)?{i}.{q, k}_norm.{*}.weight' }],
    ignore: [],
  };
  const weights = ['q', 'k'].map((name) => ({ path: `layers[0].${name}.scale`, shape: [11, 2], required: true }));
  const values: Values = new Map(
    weights.map(({ path }, w) => [path, Float32Array.from({ length: 22 }, (_, i) => 100 * w + i)]),
  );

  it('each is written under its name, and read back into its place, whatever the order of the file', async () => {
    const bytes = await save(map, weights, values);
    const checkpoint = await openCheckpoint(bytes);
    expect(checkpoint.names().length).toBe(22);
    expect([...(await checkpoint.readFloat32('m.0.k_norm.10.weight'))]).toEqual([120, 121]);
    const reversed: CheckpointMap = { ...map, rules: [{ ...map.rules[0]!, path: 'layers[i].{k, q}.scale' }] };
    expect(await load(checkpoint, map, weights)).toEqual(values);
    const swapped = await load(checkpoint, reversed, weights);
    expect(swapped.get('layers[0].q.scale')).toEqual(values.get('layers[0].k.scale'));
  });

  it('a row that is not there is named', async () => {
    const checkpoint = await openCheckpoint(await save(map, weights, values));
    const longer = weights.map((weight) => ({ ...weight, shape: [12, 2] }));
    expect(() => planLoad(checkpoint, map, longer)).toThrow(
      /nothing fills layers\[0\]\.q\.scale .*'m\.0\.q_norm\.11\.weight'/,
    );
  });
});
