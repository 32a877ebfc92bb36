import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { differences } from '../support/differential/check.js';
import { smallModels } from '../support/differential/small.js';
import { subjectOfFile } from '../support/differential/subject.js';
import { graphOf } from '../support/specs.js';

test('every model of every spec is among them', () => {
  const all = ['specs/models', 'test/fixtures/specs'].flatMap((folder) =>
    readdirSync(folder).flatMap((file) =>
      graphOf(`${folder}/${file}`).models.map(({ name }) => `${folder}/${file} ${name}`),
    ),
  );
  expect(new Set(smallModels.map(({ spec, model }) => `${spec} ${model}`))).toEqual(new Set(all));
});

describe.each(smallModels)('$spec $model $settings', ({ spec, model, settings }) => {
  test.each([
    { seed: 1, lengths: [1, 7] },
    { seed: 2, lengths: [3, 12] },
  ])('with seed $seed, engines agree', async (trial) => {
    expect(await differences(await subjectOfFile(spec, model, settings), trial)).toEqual([]);
  });
});
