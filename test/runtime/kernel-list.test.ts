// Asks for a GPU that is imagined, before anything else in the process has asked for one.
// @vitest-environment-options { "process": "kernel list" }
import { expect, test } from 'vitest';
import type { ListedClass } from '../../runtime/src/kernel-list/list.js';
import { type KernelRun, listKernels } from '../../runtime/src/node.js';
import { specClass } from '../support/specs.js';

/** Names of the kernels that a model of two layers has more than a model of one, and their number. */
async function kernelsOfLayer(spec: string, name: string, config: object) {
  const Class = (await specClass(spec, name)) as unknown as ListedClass;
  const sizes = { B: 1, T: 16 };
  const [one, two] = [
    await listKernels(Class, { config: { ...config, depth: 1 }, sizes }),
    await listKernels(Class, { config: { ...config, depth: 2 }, sizes }),
  ];
  return { prefill: added(one.prefill, two.prefill), step: added(one.step ?? [], two.step ?? []) };
}

function added(one: readonly KernelRun[], two: readonly KernelRun[]): string[] {
  const rest = two.map(({ kernel }) => kernel);
  for (const { kernel } of [...one].reverse()) rest.splice(rest.lastIndexOf(kernel), 1);
  return rest;
}

const projection = ['linear of many rows', 'linear of many rows', 'linear of many rows'];
const oneRow = ['linear of few rows', 'linear of few rows', 'linear of few rows'];
const fewQueries = ['attention of few queries', 'attention of few queries, all keys together'];

test('a layer is six kernels, and seven in a step, on a device that binds ten arrays', async () => {
  const gpt2 = await kernelsOfLayer('specs/models/gpt2.tfm', 'Gpt2', { vocab: 13, context: 64, width: 32, heads: 2 });
  expect(gpt2.prefill).toEqual(['linear of many rows', 'cache rows', 'attention of many queries', ...projection]);
  expect(gpt2.step).toEqual(['linear of few rows', 'cache rows', ...fewQueries, ...oneRow]);
  const config = { vocab: 13, context: 64, width: 32, heads: 4, kv_heads: 2, hidden: 48 };
  const llama = await kernelsOfLayer('specs/models/llama.tfm', 'Llama', config);
  const turned = 'rotary of queries and keys, cache rows';
  expect(llama.prefill).toEqual(['linear of many rows', turned, 'attention of many queries', ...projection]);
  expect(llama.step).toEqual(['linear of few rows', turned, ...fewQueries, ...oneRow]);
});

test('of a layer of experts a step reads those that are chosen, however many there are', async () => {
  const config = { vocab: 13, context: 64, width: 32, heads: 4, kv_heads: 2, hidden: 48, count: 8, top: 2 };
  const mixtral = await kernelsOfLayer('specs/models/mixtral.tfm', 'Mixtral', config);
  const attention = [
    'linear of few rows',
    'rotary of queries and keys, cache rows',
    ...fewQueries,
    'linear of few rows',
  ];
  const shares = [
    'linear of few rows',
    'SoftmaxProgram',
    'in_top',
    'TileProgram',
    'SelectProgram',
    'ReduceProgram',
    'BinaryOpProgram',
  ];
  const chosen = ['rms_norm', 'routing', 'linear of few slots', 'linear of few slots', 'mixture'];
  expect(mixtral.step).toEqual([...attention, ...shares, ...chosen]);
  const many = await kernelsOfLayer('specs/models/mixtral.tfm', 'Mixtral', { ...config, count: 64 });
  expect(many.step).toEqual(mixtral.step);
  // One workgroup for eight gated outputs, or sixteen, of one of the two experts: none for those that are not chosen.
  const Class = (await specClass('specs/models/mixtral.tfm', 'Mixtral')) as unknown as ListedClass;
  const workgroups = async (count: number) => {
    const { step = [] } = await listKernels(Class, { config: { ...config, count, depth: 1 } });
    return step.filter(({ kernel }) => kernel === 'linear of few slots').map((each) => each.workgroups);
  };
  expect(await workgroups(8)).toEqual([
    [6, 1, 2],
    [2, 1, 2],
  ]);
  expect(await workgroups(64)).toEqual(await workgroups(8));
});

test('of a prompt in pieces only the last one is scored, a norm and its linear layer in one kernel', async () => {
  const Class = (await specClass('specs/models/gpt2.tfm', 'Gpt2')) as unknown as ListedClass;
  const config = { vocab: 1300, context: 64, width: 32, heads: 2, depth: 1 };
  const { prefill } = await listKernels(Class, { config, sizes: { B: 1, T: 7 } });
  const linear = prefill.filter(({ kernel }) => kernel.startsWith('linear'));
  // Four of the layer for each of 4 + 2 + 1 rows.
  expect(linear).toHaveLength(3 * 4 + 1);
  expect(prefill.at(-1)).toMatchObject({ kernel: 'linear of few rows' });
  expect(prefill.filter(({ kernel }) => kernel.includes('norm'))).toEqual([]);
});

test('a formula of the spec is one kernel: the gate of gpt-oss, quick_gelu and the soft cap of logits', async () => {
  const sizes = { vocab: 13, context: 64, width: 32, heads: 4, kv_heads: 2, d_k: 8, hidden: 48 };
  const gptOss = await kernelsOfLayer('specs/models/gpt_oss.tfm', 'GptOss', { ...sizes, count: 8, top: 2 });
  const slots = 'linear of few slots';
  expect(gptOss.step.slice(-5)).toEqual([slots, slots, 'elementwise', slots, 'mixture']);
  const Gemma2 = (await specClass('specs/models/gemma.tfm', 'Gemma2')) as unknown as ListedClass;
  const config = { ...sizes, depth: 1, act: 'quick_gelu', logit_cap: 30 };
  const { step = [] } = await listKernels(Gemma2, { config });
  expect(step.map(({ kernel }) => kernel).filter((kernel) => /elementwise|Unary/.test(kernel))).toEqual([
    'elementwise',
    'elementwise',
  ]);
  expect(step.at(-1)!.kernel).toBe('elementwise');
});
