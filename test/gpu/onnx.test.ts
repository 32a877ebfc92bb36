import { beforeAll, expect, test } from 'vitest';
import { useBackend } from '../../runtime/src/index.js';
import { onnxCases } from '../support/onnx.js';
import { isCovered, onnxOutcome } from '../support/onnx-operators.js';
import { keptAside } from '../support/onnx-variants.js';

beforeAll(async () => {
  expect(await useBackend('webgpu')).toBe('webgpu');
});

test.each([...onnxCases().filter(isCovered), ...keptAside()])('$case', async (of) => {
  const { shape, expected, error, isHalf } = await onnxOutcome(of);
  expect(shape).toEqual(expected);
  expect(error).toBeLessThan(isHalf ? 2e-3 : 1e-4);
});
