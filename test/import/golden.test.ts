import { describe, expect, test } from 'vitest';
import { type GoldenRun, readJson } from '../support/golden.js';
import { folders, importAndRun, wrongNumbers } from './goldens.js';

describe.each([
  ['test/fixtures/hf-golden', 26],
  ['test/fixtures/hf-families', 72],
] as const)('tfm import, then tfm run: the outputs of transformers, %s', (fixtures, count) => {
  const names = folders(fixtures);

  test('every folder is there', () => {
    expect(names.length).toBeGreaterThanOrEqual(count);
  });

  test.each(names)('%s', async (name) => {
    const { inputs, outputs } = readJson<GoldenRun>(`${fixtures}/${name}/io.json`);
    const found = await importAndRun(`${fixtures}/${name}`);
    expect(Object.keys(outputs).length).toBeGreaterThan(0);
    expect([...found.keys()]).toEqual(expect.arrayContaining(Object.keys(outputs)));
    for (const [output, expected] of Object.entries(outputs)) {
      expect(found.get(output)?.shape, output).toEqual(expected.shape);
      expect(wrongNumbers(name, found.get(output)?.values ?? [], expected, inputs.attention_mask), output).toBe(0);
    }
  });
});
