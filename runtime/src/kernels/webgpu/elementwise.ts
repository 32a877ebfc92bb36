import type { TensorInfo } from '@tensorflow/tfjs';
import type { StepOperand, Steps } from '../../formula/steps.js';
import { type ElementwiseAttributes, type Placement, placementOf } from '../elementwise.js';
import { dispatch, type Operand } from './dispatch.js';
import { elementwiseFunctions, functionsCode } from './elementwise-functions.js';
import { type CodeType, codeAs, constantCode, type FormulaCode, operatorCode } from './formula-code.js';
import { countOf, type WebGpuKernel, workgroupsFor } from './kernel.js';
import { mainOf64, workgroupIndex } from './vectors.js';

/** How a shader reads an operand: its number or vector i, those of its last axes again and again, or each of its numbers often. */
type Form = 'same' | 'rows' | 'repeated';

interface Read extends Placement {
  readonly of: TensorInfo;
  readonly name: string;
  readonly form: Form;
}

/** Any formula of numbers of some tensors, which broadcast. Four numbers are read and written at once where all tensors allow it. */
export const elementwise: WebGpuKernel<ElementwiseAttributes> = (operands, { steps, shape }, backend) => {
  const y = backend.makeTensorInfo(shape, 'float32');
  const numbers = countOf(shape);
  const reads = operands.flatMap((of, i) => (of ? [readOf(of, i, shape, numbers)] : []));
  const lanes = numbers % 4 === 0 && reads.every(fitsVectors) ? 4 : 1;
  const repeats = reads.filter(({ form }) => form !== 'same');
  const count = numbers / lanes;
  dispatch(backend, {
    name: 'elementwise',
    constants: {},
    reads: Object.fromEntries(reads.map((read) => [read.name, operandOf(read, lanes)])),
    writes: { y: { of: y, as: lanes === 4 ? 'vec4f' : 'f32' } },
    integers: { count, ...Object.fromEntries(repeats.flatMap((read) => integersOf(read, lanes))) },
    workgroups: workgroupsFor(Math.ceil(count / 64)),
    key: [steps.key, ...reads.map(({ name, form }) => `${name} ${form}`)].join('\n'),
    code: () => `${functionsCode}\n${formulaFunction(steps, reads)}\n${main(reads, lanes)}`,
  });
  return y;
};

function readOf(of: TensorInfo, element: number, shape: readonly number[], numbers: number): Read {
  const placement = placementOf(of.shape, shape)!;
  const form = placement.count === numbers ? 'same' : placement.each === 1 ? 'rows' : 'repeated';
  return { of, name: `element${element}`, form, ...placement };
}

function fitsVectors({ form, each, count }: Read): boolean {
  return form === 'same' || (form === 'rows' ? count : each) % 4 === 0;
}

function operandOf({ of, form }: Read, lanes: number): Operand {
  return { of, as: lanes === 4 && form !== 'repeated' ? 'vec4f' : 'f32' };
}

function integersOf({ name, form, each, count }: Read, lanes: number): [string, number][] {
  if (form === 'rows') return [[`${name}Count`, count / lanes]];
  return [
    [`${name}Each`, each / lanes],
    [`${name}Count`, count],
  ];
}

/** `fn formula`: the result of the numbers of all operands. */
function formulaFunction({ steps }: Steps, reads: readonly Read[]): string {
  const made: FormulaCode[] = [];
  const operand = (of: StepOperand, as: CodeType): string => {
    if (of.kind === 'constant') return constantCode(of.value, as);
    if (of.kind === 'element') return codeAs({ type: 'number', text: `x${of.index}` }, as);
    return codeAs(made[of.index]!, as);
  };
  const lines = steps.map(({ operator, operands }, i) => {
    const { type, text } = operatorCode(
      operator,
      operands.length,
      (place, as) => operand(operands[place]!, as),
      elementwiseFunctions,
    );
    made.push({ type, text: `step${i}` });
    return `let step${i} = ${text};`;
  });
  const parameters = reads.map(({ name }) => `${name.replace('element', 'x')}: f32`);
  return `
fn formula(${parameters.join(', ')}) -> f32 {
  ${lines.join('\n  ')}
  return ${codeAs(made.at(-1)!, 'number')};
}`;
}

function main(reads: readonly Read[], lanes: number): string {
  const values = reads.map((read) => `let ${read.name}Of = ${valueCode(read, lanes)};`);
  const call = (lane: string) => `formula(${reads.map(({ name }) => `${name}Of${lane}`).join(', ')})`;
  const result = lanes === 4 ? `vec4f(${['.x', '.y', '.z', '.w'].map(call).join(', ')})` : call('');
  return `
${workgroupIndex}

${mainOf64}
  let i = workgroupIndex(group, groups) * 64 + i32(thread);
  if (i >= uniforms.count) { return; }
  ${values.join('\n  ')}
  y[i] = ${result};
}`;
}

function valueCode({ name, form }: Read, lanes: number): string {
  if (form === 'same') return `${name}[i]`;
  if (form === 'rows') return `${name}[i % uniforms.${name}Count]`;
  const number = `${name}[(i / uniforms.${name}Each) % uniforms.${name}Count]`;
  return lanes === 4 ? `vec4f(${number})` : number;
}
