import { describe, expect, test } from 'vitest';
import { differences } from '../support/differential/check.js';
import { derived, modelsBeside } from '../support/differential/derived.js';
import { smallModels } from '../support/differential/small.js';
import { subjectOfFile } from '../support/differential/subject.js';

const trials = [
  { seed: 1, lengths: [1, 7] },
  { seed: 2, lengths: [3, 12] },
];

describe.each(smallModels)('$spec $model $settings', ({ spec, model, settings }) => {
  test.each(trials)('with seed $seed, engines agree', async (trial) => {
    expect(await differences(await subjectOfFile(spec, model, settings), trial)).toEqual([]);
  });
});

// Every other model of every spec, in a configuration made of its parameters.
describe.each(modelsBeside(['specs/models', 'test/fixtures/specs']))('$spec $model', ({ spec, model }) => {
  test.each(trials)('with seed $seed, engines agree', async (trial) => {
    expect(await differences(await subjectOfFile(spec, model, derived(spec, model)), trial)).toEqual([]);
  });
});
