import { describe, expect, it } from 'vitest';
import { type Checkpoint, openCheckpoint } from '../../../runtime/src/weights/checkpoint.js';
import { type TensorToWrite, toSafetensors } from '../../../runtime/src/weights/encode.js';
import { type LoadProgress, loadWeights, planLoad } from '../../../runtime/src/weights/load.js';
import {
  type CheckpointMap,
  CheckpointMapError,
  type MapRule,
  type ModelWeight,
} from '../../../runtime/src/weights/map.js';
import { fixture } from './kit.js';
import * as maps from './maps.js';

/** A checkpoint in memory whose tensors count 0, 1, 2, … from a start that differs from name to name. */
async function checkpointOf(shapes: Record<string, number[]>): Promise<Checkpoint> {
  const tensors = Object.entries(shapes).map(([name, shape], n): TensorToWrite => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 1000 * n + i);
    return { name, dtype: 'F32', shape, data };
  });
  return openCheckpoint(await toSafetensors(tensors));
}

async function load(
  checkpoint: Checkpoint,
  map: CheckpointMap | undefined,
  weights: readonly ModelWeight[],
): Promise<Map<string, { shape: readonly number[]; data: Float32Array }>> {
  const loaded = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for await (const { path, shape, data } of loadWeights(checkpoint, planLoad(checkpoint, map, weights))) {
    expect(loaded.has(path)).toBe(false);
    expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
    loaded.set(path, { shape, data });
  }
  return loaded;
}

const gpt2 = maps.gpt2Weights(96, 64, 32, 2);

describe('maps on real files', () => {
  it.each<[string, CheckpointMap, readonly ModelWeight[]]>([
    ['hf-golden/gpt2', maps.gpt2Map(32), gpt2],
    [
      'hf-golden/llama_gqa',
      maps.untiedLlamaMap,
      [...maps.llamaWeights(96, 32, 16, 48, 2), ...maps.linear('head', 96, 32, false)],
    ],
    ['hf-golden/vit', maps.vitMap, maps.vitWeights],
    ['hf-golden/marian', maps.marianMap, maps.marianWeights],
    ['hf-golden/bert', maps.bertMap, maps.bertWeights],
    ['examples/stories260K', maps.llamaMap, maps.llamaWeights(512, 64, 32, 172, 5)],
  ])('%s fills every weight', async (name, map, weights) => {
    const checkpoint = await openCheckpoint(fixture(name));
    const plan = planLoad(checkpoint, map, weights);
    const loaded = await load(checkpoint, map, weights);
    expect([...loaded.keys(), ...plan.absent].sort()).toEqual(weights.map(({ path }) => path).sort());
    expect(plan.absent).toEqual(name.endsWith('bert') ? ['pooler.weight', 'pooler.bias'] : []);
    await checkpoint.close();
  });

  it('GPT-2: the fused, transposed c_attn becomes query, key and value', async () => {
    const checkpoint = await openCheckpoint(fixture('hf-golden/gpt2'));
    const loaded = await load(checkpoint, maps.gpt2Map(32), gpt2);
    const fused = await checkpoint.readFloat32('transformer.h.1.attn.c_attn.weight');
    const bias = await checkpoint.readFloat32('transformer.h.1.attn.c_attn.bias');
    for (const [part, name] of ['q', 'k', 'v'].entries()) {
      const expected: number[] = [];
      for (let out = 0; out < 32; out++) for (let i = 0; i < 32; i++) expected.push(fused[i * 96 + 32 * part + out]!);
      expect([...loaded.get(`layers[1].attention.${name}.weight`)!.data]).toEqual(expected);
      expect([...loaded.get(`layers[1].attention.${name}.bias`)!.data]).toEqual([
        ...bias.slice(32 * part, 32 * part + 32),
      ]);
    }
    await checkpoint.close();
  });

  it('ViT: the convolution over patches becomes a linear layer over (y x c)', async () => {
    const checkpoint = await openCheckpoint(fixture('hf-golden/vit'));
    const { data } = (await load(checkpoint, maps.vitMap, maps.vitWeights)).get('projection.weight')!;
    const kernel = await checkpoint.readFloat32('vit.embeddings.patch_embeddings.projection.weight');
    for (let out = 0; out < 32; out++) {
      for (let y = 0; y < 4; y++) {
        for (let x = 0; x < 4; x++) {
          for (let c = 0; c < 3; c++) {
            expect(data[out * 48 + (y * 4 + x) * 3 + c]).toBe(kernel[((out * 3 + c) * 4 + y) * 4 + x]);
          }
        }
      }
    }
    await checkpoint.close();
  });

  it('nano-gpt-sort has a head of its own, which a tied model must not take', async () => {
    const checkpoint = await openCheckpoint(fixture('weights/nano-gpt-sort'));
    const weights = maps.gpt2Weights(3, 11, 48, 3);
    await expect(load(checkpoint, maps.gpt2Map(48), weights)).rejects.toThrow(
      /'transformer.wte.weight' and 'lm_head.weight'.*differ/,
    );
    const { rules, ignore } = maps.gpt2Map(48);
    const map = {
      rules: [
        { path: 'head', template: 'lm_head' },
        { path: 'wte', template: 'transformer.wte.weight' },
        ...rules.slice(1),
      ],
      ignore,
    };
    expect((await load(checkpoint, map, [...weights, ...maps.linear('head', 3, 48, false)])).size).toBe(
      weights.length + 1,
    );
    await checkpoint.close();
  });

  it('reads every tensor once and reports all bytes', async () => {
    const checkpoint = await openCheckpoint(fixture('hf-golden/gpt2'));
    const progress: LoadProgress[] = [];
    const plan = planLoad(checkpoint, maps.gpt2Map(32), gpt2);
    for await (const _ of loadWeights(checkpoint, plan, { onProgress: (now) => progress.push(now) }));
    expect([...new Set(progress.map(({ tensor }) => tensor))]).toEqual(checkpoint.names());
    const total = checkpoint.names().reduce((sum, name) => sum + checkpoint.entry(name).bytes, 0);
    expect(progress.at(-1)).toEqual({ loadedBytes: total, totalBytes: total, tensor: checkpoint.names().at(-1) });
    await checkpoint.close();
  });

  it('stops when aborted', async () => {
    const checkpoint = await openCheckpoint(fixture('hf-golden/gpt2'));
    const controller = new AbortController();
    const weights = loadWeights(checkpoint, planLoad(checkpoint, maps.gpt2Map(32), gpt2), {
      signal: controller.signal,
    });
    expect((await weights.next()).done).toBe(false);
    controller.abort(new Error('enough'));
    await expect(
      (async () => {
        for await (const _ of weights);
      })(),
    ).rejects.toThrow('enough');
    await checkpoint.close();
  });
});

describe('layouts', () => {
  it('Falcon: interleaved groups of queries with their key and value', async () => {
    const [heads, groups, size, width] = [6, 2, 2, 12];
    const checkpoint = await checkpointOf({ 'h.0.qkv.weight': [(heads + 2 * groups) * size, width] });
    const parts = [
      { name: 'q', size: heads / groups },
      { name: 'k', size: 1 },
      { name: 'v', size: 1 },
    ];
    const map: CheckpointMap = {
      rules: [
        {
          path: 'layers[i].attention.{q, k, v}',
          template: 'h.{i}.qkv',
          steps: [{ kind: 'unpack', outer: groups, parts, inner: size }],
        },
      ],
      ignore: [],
    };
    const weights = [
      ...maps.linear('layers[0].attention.q', heads * size, width, false),
      ...maps.linear('layers[0].attention.k', groups * size, width, false),
      ...maps.linear('layers[0].attention.v', groups * size, width, false),
    ];
    const loaded = await load(checkpoint, map, weights);
    // Rows of the file: group 0 has queries 0..2 (rows 0..5), key (6, 7), value (8, 9); group 1 begins at row 10.
    const rows = (name: string): number[] =>
      [...loaded.get(`layers[0].attention.${name}.weight`)!.data]
        .filter((_, i) => i % width === 0)
        .map((x) => x / width);
    expect(rows('q')).toEqual([0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15]);
    expect(rows('k')).toEqual([6, 7, 16, 17]);
    expect(rows('v')).toEqual([8, 9, 18, 19]);
  });

  it('experts stacked on the leading axis, gate and up interleaved', async () => {
    const checkpoint = await checkpointOf({ 'layers.0.gate_up': [3, 2, 8], 'layers.0.gate_up_bias': [3, 8] });
    const parts = [
      { name: 'gate', size: 1 },
      { name: 'up', size: 1 },
    ];
    const unpack = { kind: 'unpack', outer: 4, parts, inner: 1 } as const;
    const map: CheckpointMap = {
      rules: [
        {
          path: 'layers[i].expert[*].{gate, up}.weight',
          template: 'layers.{i}.gate_up',
          steps: [{ kind: 'transpose' }, unpack],
        },
        { path: 'layers[i].expert[*].{gate, up}.bias', template: 'layers.{i}.gate_up_bias', steps: [unpack] },
      ],
      ignore: [],
    };
    const weights = [0, 1, 2].flatMap((j) =>
      ['gate', 'up'].flatMap((name) => maps.linear(`layers[0].expert[${j}].${name}`, 4, 2)),
    );
    const loaded = await load(checkpoint, map, weights);
    // File [expert, in, 2 × hidden]: element (e, i, 2h + part) is 16 e + 8 i + 2 h + part.
    expect([...loaded.get('layers[0].expert[2].up.weight')!.data]).toEqual([33, 41, 35, 43, 37, 45, 39, 47]);
    expect([...loaded.get('layers[0].expert[1].gate.bias')!.data]).toEqual([1008, 1010, 1012, 1014]);
  });

  it('rows, add, sets within names, sets of numbers and two indices', async () => {
    const checkpoint = await checkpointOf({
      'a.0.1.x_proj.weight': [4, 2],
      'b.0.1.y_proj.weight': [3],
      'n.0.scale': [2],
      'n.1.scale': [2],
    });
    const rules: MapRule[] = [
      { path: 's[i].t[j].p', template: 'a.{i}.{j}.x_proj', steps: [{ kind: 'rows', begin: 2, end: 4 }] },
      { path: 's[i].t[j].r', template: 'b.{i}.{j}.y_proj', steps: [{ kind: 'add', value: 1 }] },
      { path: '{first, second}.weight', template: 'n.{0, 1}.scale' },
    ];
    const weights = [
      ...maps.table('s[0].t[1].p.weight', 2, 2),
      { path: 's[0].t[1].r.weight', shape: [3], required: true },
      { path: 'first.weight', shape: [2], required: true },
      { path: 'second.weight', shape: [2], required: true },
    ];
    const loaded = await load(checkpoint, { rules, ignore: [] }, weights);
    expect([...loaded.get('s[0].t[1].p.weight')!.data]).toEqual([4, 5, 6, 7]);
    expect([...loaded.get('s[0].t[1].r.weight')!.data]).toEqual([1001, 1002, 1003]);
    expect([...loaded.get('second.weight')!.data]).toEqual([3000, 3001]);
  });

  it('without a map the paths are the names', async () => {
    const checkpoint = await checkpointOf({ 'layers.0.q.weight': [2, 2], token: [3], 'old.1.x': [1] });
    const weights = [
      ...maps.table('layers[0].q.weight', 2, 2),
      { path: 'token', shape: [3], required: true },
      { path: 'renamed.x', shape: [1], required: true, was: ['old[1].x'] },
    ];
    expect([...(await load(checkpoint, undefined, weights)).keys()]).toEqual([
      'layers[0].q.weight',
      'renamed.x',
      'token',
    ]);
  });
});

describe('what may be missing', () => {
  const one = (over: Partial<ModelWeight> = {}): ModelWeight => ({ path: 'w', shape: [2], required: true, ...over });

  it('a default fills', async () => {
    const map = { rules: [{ path: 'w', template: 'w', default: 0.5 }], ignore: [] };
    expect([...(await load(await checkpointOf({}), map, [one()])).get('w')!.data]).toEqual([0.5, 0.5]);
  });

  it('a tied copy serves for the tensor itself, and NaN ties with NaN', async () => {
    const rules = [{ path: 'w', template: 'w', also: ['x', 'y'] }];
    const data = Float32Array.of(1, Number.NaN);
    const tensors = ['x', 'y'].map((name): TensorToWrite => ({ name, dtype: 'F32', shape: [2], data }));
    const loaded = await load(await openCheckpoint(await toSafetensors(tensors)), { rules, ignore: [] }, [one()]);
    expect([...loaded.get('w')!.data]).toEqual([1, Number.NaN]);
  });

  it('the weights of outputs that nobody wants', async () => {
    const checkpoint = await checkpointOf({});
    const map = { rules: [{ path: 'w', template: 'w', for: ['pooled'] }], ignore: [] };
    expect(planLoad(checkpoint, map, [one()]).absent).toEqual(['w']);
    expect(planLoad(checkpoint, map, [one()], { outputs: ['logits'] }).absent).toEqual(['w']);
    expect(() => planLoad(checkpoint, map, [one()], { outputs: ['pooled'] })).toThrow(CheckpointMapError);
    expect(planLoad(checkpoint, undefined, [one({ required: false })]).absent).toEqual(['w']);
  });

  it('a rule whose condition does not hold', async () => {
    const map = {
      rules: [
        { path: 'w', template: 'a', when: false },
        { path: 'w', template: 'b', when: true },
      ],
      ignore: [],
    };
    expect((await load(await checkpointOf({ b: [2] }), map, [one()])).size).toBe(1);
  });
});
