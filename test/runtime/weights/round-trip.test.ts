import fs from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { type SourceLike, useBackend } from '../../../runtime/src/index.js';
import { importedClass } from '../../support/imported.js';

// What transformers wrote, loaded and saved again: nothing of ours reads the two files that are compared.

interface Stored {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Buffer;
}

/** The tensors of a safetensors file, by its specification alone. */
function tensorsOf(file: Buffer): Record<string, Stored> {
  const begin = 8 + Number(file.readBigUInt64LE());
  const { __metadata__: _, ...header } = JSON.parse(file.toString('utf8', 8, begin)) as Record<string, never>;
  const entries = Object.entries<{ dtype: string; shape: number[]; data_offsets: [number, number] }>(header);
  const stored = entries.map(([name, { dtype, shape, data_offsets: at }]): [string, Stored] => {
    return [name, { dtype, shape, bytes: file.subarray(begin + at[0], begin + at[1]) }];
  });
  return Object.fromEntries(stored);
}

type Imported = Awaited<ReturnType<typeof importedClass>>;

async function saved({ Model, config }: Imported, from: SourceLike, dtype: 'F32' | 'BF16' = 'F32'): Promise<Buffer> {
  const checkpoint = 'huggingface';
  const model = await Model.load(from, { config, checkpoint });
  const pieces: Uint8Array[] = [];
  for await (const piece of model.save({ checkpoint, dtype })) pieces.push(piece.slice());
  model.dispose();
  return Buffer.concat(pieces);
}

const folders = ['hf-golden', 'hf-families'].flatMap((set) =>
  fs.readdirSync(`test/fixtures/${set}`).flatMap((name) => {
    const folder = `test/fixtures/${set}/${name}`;
    if (!fs.existsSync(`${folder}/model.safetensors`)) return [];
    // Those are written as plain checkpoints: see quantised.test.ts.
    const isQuantised = fs.readFileSync(`${folder}/config.json`, 'utf8').includes('quantization_config');
    return isQuantised ? [] : [[name, folder] as const];
  }),
);

/** Tensors that no output needs, which the original library has but does not read, or that the model computes: not held, not written. */
const unwritten: Readonly<Record<string, readonly string[]>> = {
  bert_untied: ['cls.predictions.bias'],
  clip_classifier: ['vision_model.post_layernorm.bias', 'vision_model.post_layernorm.weight'],
  deberta_untied: ['cls.predictions.bias'],
  dinov2_layerscale: ['dinov2.embeddings.mask_token'],
  dinov2_smaller: ['dinov2.embeddings.mask_token'],
  dinov2_swiglu: ['dinov2.embeddings.mask_token'],
  pegasus: ['model.decoder.embed_positions.weight', 'model.encoder.embed_positions.weight'],
  roberta_untied: ['lm_head.bias'],
};

beforeAll(() => useBackend('wasm'));

test('there are many', () => expect(folders.length).toBeGreaterThan(60));

test.each(folders)('%s', async (name, folder) => {
  const Model = await importedClass(folder);
  const original = fs.readFileSync(`${folder}/model.safetensors`);
  const again = await saved(Model, folder);
  const [expected, found] = [tensorsOf(original), tensorsOf(again)];
  const missing = Object.keys(expected).filter((tensor) => !(tensor in found));
  expect(missing.toSorted()).toEqual(unwritten[name] ?? []);
  expect(Object.keys(found).length).toBe(Object.keys(expected).length - missing.length);
  const different = Object.entries(found).filter(([tensor, { dtype: type, shape: sizes, bytes: own }]) => {
    const { dtype, shape, bytes } = expected[tensor]!;
    return dtype !== type || String(shape) !== String(sizes) || !bytes.equals(own);
  });
  expect(different.map(([tensor]) => tensor)).toEqual([]);
});

test('weights of 16 bits are written as they were', async () => {
  const folder = 'test/fixtures/hf-golden/llama_gqa';
  const Model = await importedClass(folder);
  const half = await saved(Model, folder, 'BF16');
  const again = await saved(Model, new Uint8Array(half), 'BF16');
  expect(Object.values(tensorsOf(half)).every(({ dtype }) => dtype === 'BF16')).toBe(true);
  expect(again.equals(half)).toBe(true);
});
