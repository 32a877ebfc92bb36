import type { CrossEntropyAttributes } from '../attributes.js';
import { rowsOf, type WasmKernel } from './kernel.js';

/** [scores [n, classes], class numbers as float32 [n]] → −log p of each row's class [n]. */
export const crossEntropy: WasmKernel<CrossEntropyAttributes> = ([scores, ids], { labelSmoothing }, heap) => {
  const { rows, width } = rowsOf(scores!);
  const losses = heap.output([rows]);
  const [from, of, to] = [heap.pointer(scores), heap.pointer(ids), heap.pointer(losses)];
  heap.kernels.crossEntropy(from, of, to, rows, width, labelSmoothing);
  return losses;
};

/** [scores, class numbers, dy [n]] → the gradient of the scores. */
export const crossEntropyGradient: WasmKernel<CrossEntropyAttributes> = (operands, { labelSmoothing }, heap) => {
  const [scores, ids, dy] = operands;
  const { rows, width } = rowsOf(scores!);
  const dScores = heap.output(scores!.shape);
  const from = [heap.pointer(scores), heap.pointer(ids), heap.pointer(dy)] as const;
  heap.kernels.crossEntropyGradient(...from, heap.pointer(dScores), rows, width, labelSmoothing);
  return dScores;
};
