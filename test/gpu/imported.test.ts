import { beforeAll, describe, expect, test } from 'vitest';
import { useBackend } from '../../runtime/src/index.js';
import { compareGeneration, compareWithLibrary, decoders, lengthwise, translators } from '../import/generations.js';
import { folders, worstNumber } from '../import/goldens.js';
import { importAndRunHere } from '../import/here.js';
import { type GoldenRun, readJson } from '../support/golden.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

/** Of the folders that show options of a family, those that run other kernels than the family does; wasm runs them all. */
const ofOtherKernels = /^(deberta_v2|gpt_oss_mxfp4|mpt|swin)$/;

// Most of the time goes into shaders. Here every one is compiled once, for all folders.
describe.each([
  ['test/fixtures/hf-golden', 26, /./],
  ['test/fixtures/hf-families', 4, ofOtherKernels],
] as const)('tfm import, then tfm run: the outputs of transformers, %s', (fixtures, count, chosen) => {
  const names = folders(fixtures).filter((name) => chosen.test(name));

  test('every folder is there', () => {
    expect(names.length).toBeGreaterThanOrEqual(count);
  });

  test.each(names)('%s', async (name) => {
    const { inputs, outputs } = readJson<GoldenRun>(`${fixtures}/${name}/io.json`);
    const found = await importAndRunHere(`${fixtures}/${name}`);
    expect([...found.keys()]).toEqual(expect.arrayContaining(Object.keys(outputs)));
    for (const [output, expected] of Object.entries(outputs)) {
      expect(found.get(output)?.shape, output).toEqual(expected.shape);
      // Products are sums of float32, and tables of sines, the one thing that WGSL computes roughly, are made outside.
      // Seen ≤ 9.5e-6 on SwiftShader, among logits of up to 12.5.
      const worst = worstNumber(name, found.get(output)?.values ?? [], expected, inputs.attention_mask);
      expect(worst, output).toBeLessThan(5e-5);
    }
  });
});

// A window, distances, a memory that an encoder made of sound.
const caches = ['mistral_sliding', 'bloom_alibi', 'whisper'];
// Few rows are a shader for each number of them; these passes are of 16 and more, and of 1.
const prompt = Array.from({ length: 16 }, (_, i) => (5 + 7 * i) % 30);

test.each([...decoders, ...translators].filter(({ name }) => caches.includes(name)))(
  'greedy generation of $name through the cache is the argmax of repeated full passes',
  (of) => compareGeneration(of, prompt),
);

test.each(lengthwise.filter(({ name }) => name !== 'gpt_neox_dynamic'))(
  'generation of $name past the original context is that of the original library through its cache',
  (of) => compareWithLibrary(of),
);
