// Registers kernels of a second copy of the runtime.
// @vitest-environment-options { "process": "copies" }
import { expect, test } from 'vitest';
import { resultsOfTwoCopies } from '../support/copies.js';

test('two copies of the runtime share a device, and neither runs kernels of the other', async () => {
  const { alone, together, gradients } = await resultsOfTwoCopies('webgpu');
  expect(together).toEqual([alone, alone]);
  expect(gradients[1]!.values).toEqual(gradients[0]!.values);
  expect(gradients.map(({ kernels }) => kernels)).toEqual([
    ['TfmLinear', 'TfmProduct'],
    ['TfmLinear of copy 2', 'TfmProduct of copy 2'],
  ]);
});
