import { type ElementwiseAttributes, placementOf } from '../elementwise.js';
import { formulaProgram } from './formula-program.js';
import { countOf, type WasmKernel } from './kernel.js';

/** Any formula of numbers of some tensors, which broadcast. */
export const elementwise: WasmKernel<ElementwiseAttributes> = (tensors, { steps, shape }, heap) => {
  const y = heap.output(shape);
  const { elements, constants, operations, registers } = formulaProgram(steps);
  const operands = elements.flatMap((element) => {
    const tensor = tensors[element]!;
    const { each, count } = placementOf(tensor.shape, shape)!;
    return [heap.pointer(tensor), count === countOf(shape) ? 0 : each, count];
  });
  const integers = operations.length + operands.length;
  const program = heap.room(4 * (integers + constants.length));
  heap.integers(program, integers).set([...operations, ...operands]);
  heap.floats(program + 4 * integers, constants.length).set(constants);
  const [to, count] = [heap.pointer(y), countOf(shape)];
  const counts = [operations.length / 5, elements.length, constants.length] as const;
  heap.repeat(() => {
    const { kernels } = heap;
    const scratch = heap.scratch(kernels.formulaScratch(registers));
    kernels.formula(program, ...counts, to, scratch, registers, 0, count);
  });
  return y;
};
