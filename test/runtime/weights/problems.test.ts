import { expect, it } from 'vitest';
import {
  type CheckpointMap,
  CheckpointMapError,
  type MapRule,
  type ModelWeight,
} from '../../../runtime/src/weights/map.js';
import { resolveMap } from '../../../runtime/src/weights/resolve.js';
import * as maps from './maps.js';

interface Case {
  name: string;
  rules?: MapRule[];
  ignore?: string[];
  weights: ModelWeight[];
  files: Record<string, number[]>;
  problems: string[];
}

const w = (path: string, ...shape: number[]): ModelWeight => ({ path, shape, required: true });
const qkv = {
  kind: 'unpack',
  outer: 1,
  parts: [
    { name: 'q', size: 2 },
    { name: 'k', size: 2 },
  ],
  inner: 1,
} as const;

const cases: Case[] = [
  {
    name: 'a weight that nothing fills, and the name that was meant',
    rules: [{ path: 'norm', template: 'final_norm', at: { file: 'm.tfm', line: 7 } }],
    weights: [w('norm.weight', 4)],
    files: { 'finalnorm.weight': [4] },
    problems: [
      "TFM5201 nothing fills norm.weight [4]: the checkpoint has no 'final_norm.weight' | the nearest tensor that nothing uses is 'finalnorm.weight' [4] | m.tfm:7",
      "TFM5202 nothing uses 'finalnorm.weight' [4] of the checkpoint | the nearest weight that nothing fills is norm.weight [4]",
    ],
  },
  {
    name: 'a tensor that nothing uses',
    weights: [w('a', 1)],
    files: { a: [1], rotary: [8] },
    problems: [
      'TFM5202 nothing uses \'rotary\' [8] of the checkpoint | if the model does not need it: ignore "rotary"',
    ],
  },
  {
    name: 'weights that were quantised',
    rules: [
      { path: 'e[*].up', template: 'experts.up_proj', steps: [{ kind: 'transpose' }] },
      { path: 'out', template: 'out_proj' },
    ],
    weights: [w('e[0].up', 4, 32), w('out.weight', 4, 8)],
    files: { 'experts.up_proj_blocks': [1, 4, 1, 16], 'out_proj.qweight': [1, 4] },
    problems: [
      "TFM5201 nothing fills e[0].up [4, 32]: the checkpoint has no 'experts.up_proj' | 'experts.up_proj_blocks' would hold it as MXFP4, were there 'experts.up_proj_scales', both of format U8",
      "TFM5201 nothing fills out.weight [4, 8]: the checkpoint has no 'out_proj.weight' | 'out_proj.qweight' holds it as GPTQ or AWQ (quantization_config), which is not supported: convert the checkpoint to F32, BF16 or F16",
      "TFM5202 nothing uses 'experts.up_proj_blocks' [1, 4, 1, 16] of the checkpoint | the nearest weight that nothing fills is e[0].up [4, 32]",
      "TFM5202 nothing uses 'out_proj.qweight' [1, 4] of the checkpoint | the nearest weight that nothing fills is out.weight [4, 8]",
    ],
  },
  {
    name: 'a fused tensor that is missing is one problem',
    rules: [{ path: 'l[i].{q, k}', template: 'l.{i}.qk', steps: [qkv] }],
    weights: [w('l[0].q.weight', 2, 3), w('l[0].k.weight', 2, 3)],
    files: {},
    problems: ["TFM5201 nothing fills l[0].q.weight, l[0].k.weight: the checkpoint has no 'l.0.qk.weight'"],
  },
  {
    name: 'a shape that differs',
    weights: [w('a', 2, 3)],
    files: { a: [3, 2] },
    problems: ["TFM5203 a is [2, 3], but 'a' is [3, 2] in the file"],
  },
  {
    name: 'a shape that differs after some steps',
    rules: [{ path: '{q, k}', template: 'qk', steps: [{ kind: 'transpose' }, qkv] }],
    weights: [w('q.weight', 2, 3), w('k.weight', 2, 5)],
    files: { 'qk.weight': [3, 4] },
    problems: [
      "TFM5203 k.weight is [2, 5], but 'qk.weight' is [3, 4] in the file, [4, 3] after transpose, [2, 3] after unpack (k)",
    ],
  },
  {
    name: 'steps that do not fit',
    rules: [
      { path: '{q, k}', template: 'qk', steps: [qkv] },
      { path: 'c', template: 'c', steps: [{ kind: 'transpose' }] },
      { path: 'd', template: 'd', steps: [{ kind: 'reshape', shape: [5] }] },
      { path: 'e', template: 'e', steps: [{ kind: 'rows', begin: 2, end: 9 }] },
      { path: 'f', template: 'f', steps: [{ kind: 'axes', pattern: 'a (b c) -> (a b) c', sizes: { b: 3 } }] },
    ],
    weights: [w('q', 2), w('k', 2), w('c', 2), w('d', 5), w('e', 7), w('f', 4, 2)],
    files: { qk: [5], c: [1, 2, 3], d: [6], e: [8], f: [2, 4] },
    problems: [
      "TFM5203 q is [2], but 'qk' is [5] in the file; unpack (q): [5] should have 1 × (q: 2 + k: 2) × 1 = 4 rows",
      "TFM5203 k is [2], but 'qk' is [5] in the file; unpack (k): [5] should have 1 × (q: 2 + k: 2) × 1 = 4 rows",
      'TFM5203 c is [2], but \'c\' is [1, 2, 3] in the file; transpose: [1, 2, 3] has 3 axes; transpose is for two, use axes("… -> …")',
      "TFM5203 d is [5], but 'd' is [6] in the file; reshape: [6] has 6 elements, [5] has 5",
      "TFM5203 e is [7], but 'e' is [8] in the file; rows: [8] has no rows 2 to 9",
      "TFM5203 f is [4, 2], but 'f' is [2, 4] in the file; axes: 4 is not a multiple of 3 on axis 1 of [2, 4]",
    ],
  },
  {
    name: 'a part that nothing uses',
    rules: [{ path: 'l[i].{q, k}', template: 'l.{i}', steps: [qkv] }],
    weights: [w('l[0].q.weight', 2), w('l[0].k.weight', 2), w('l[0].q.bias', 2)],
    files: { 'l.0.weight': [4], 'l.0.bias': [4] },
    problems: ["TFM5202 nothing uses the part k of 'l.0.bias' [4]; other parts of it are used"],
  },
  {
    name: 'both variants',
    rules: [
      { path: 'a', template: '(t.)?a' },
      { path: 'b', template: 'gamma', or: ['scale'] },
    ],
    weights: [w('a', 1), w('b', 1)],
    files: { 't.a': [1], a: [1], gamma: [1], scale: [1] },
    problems: [
      "TFM5205 a can come from 't.a' or 'a', and the checkpoint has both | keep one of them, or ignore one in the map",
      "TFM5205 b can come from 'gamma' or 'scale', and the checkpoint has both | keep one of them, or ignore one in the map",
    ],
  },
  {
    name: 'tied copies of different shapes',
    rules: [{ path: 'a', template: 'a', also: ['b'] }],
    weights: [w('a', 2)],
    files: { a: [2], b: [3] },
    problems: ["TFM5204 'b' [3] should be a copy of 'a' [2]: their shapes differ"],
  },
  {
    name: 'rules and items that name no weight',
    rules: [
      { path: 'embedd', template: 'e' },
      { path: 'layers[i].{up, gate}', template: 'l.{i}.{up, gate}' },
    ],
    weights: [w('embed.weight', 1), w('layers[0].up.weight', 1)],
    files: { 'e.weight': [1], 'l.0.up.weight': [1] },
    problems: [
      'TFM5201 no rule of the checkpoint map names the weight embed.weight | add a rule: embed = "…"',
      "TFM5206 'embedd' names no weight of the model | the nearest weight is embed.weight",
      "TFM5206 'gate' in 'layers[i].{up, gate}' names no weight of the model | the nearest weight is layers[0].up.weight",
      'TFM5202 nothing uses \'e.weight\' [1] of the checkpoint | if the model does not need it: ignore "e.weight"',
    ],
  },
  {
    name: 'malformed rules',
    rules: [
      { path: 'a', template: 'x.{i}' },
      { path: 'a', template: 'x.{0, 1}' },
      { path: '{a, b}', template: '{x, y, z}' },
      { path: 'a', template: 'x(y)' },
      { path: 'a[', template: 'x' },
      { path: 'a.{x, y}', template: 'x', steps: [qkv] },
      { path: 'a', template: '' },
    ],
    ignore: ['{'],
    weights: [],
    files: {},
    problems: [
      "TFM5207 {i} in 'x.{i}' is not an index of 'a'",
      "TFM5207 'a' has 0 sets to pair with those of 'x.{0, 1}', which has 1",
      'TFM5207 {a, b} and {x, y, z} do not have the same number of items',
      "TFM5207 '(y)' in the template 'x(y)' cannot be read",
      "TFM5207 '[' in the path 'a[' cannot be read",
      "TFM5207 'a.{x, y}' has no set {q, k} for the parts of unpack",
      'TFM5207 the template is empty',
      "TFM5207 '{' in the template '{' cannot be read",
    ],
  },
  {
    name: 'two rules for one weight; a rule for the weight itself beats one for its layer',
    rules: [
      { path: 'a', template: 'x' },
      { path: '{a, b}', template: '{y, z}' },
      { path: 'b.weight', template: 'z.w' },
    ],
    weights: [w('a.weight', 1), w('b.weight', 1)],
    files: { 'z.w': [1] },
    problems: ["TFM5208 a.weight is named by two rules: 'a' and '{a, b}'"],
  },
  {
    name: 'the wrong number of stacked copies',
    rules: [{ path: 'e[*]', template: 'e' }],
    weights: [w('e[0].weight', 2), w('e[1].weight', 2)],
    files: { 'e.weight': [3, 2] },
    problems: ["TFM5203 'e.weight' [3, 2] stacks 3 copies, but the model has 2"],
  },
  {
    name: 'a wrong pattern of axes',
    rules: [
      { path: 'a', template: 'a', steps: [{ kind: 'axes', pattern: 'x y' }] },
      { path: 'b', template: 'b', steps: [{ kind: 'axes', pattern: 'x y -> x z' }] },
      { path: 'c', template: 'c', steps: [{ kind: 'axes', pattern: '(x y) z -> x (y z)' }] },
    ],
    weights: [w('a', 2, 2), w('b', 2, 2), w('c', 2, 2)],
    files: { a: [2, 2], b: [2, 2], c: [2, 2] },
    problems: [
      "TFM5203 a is [2, 2], but 'a' is [2, 2] in the file; axes: 'x y' is not 'axes -> axes'",
      "TFM5203 b is [2, 2], but 'b' is [2, 2] in the file; axes: 'x y -> x z' has the axis 'y' on one side only",
      "TFM5203 c is [2, 2], but 'c' is [2, 2] in the file; axes: the sizes of x and y are not known: write x: … in axes(…)",
    ],
  },
];

it.each(cases)('$name', ({ rules, ignore = [], weights, files, problems }) => {
  const map: CheckpointMap | undefined =
    rules === undefined ? undefined : { rules, ignore: ignore.map((glob) => ({ glob })) };
  const tensors = Object.entries(files).map(([name, shape]) => ({ name, shape }));
  const found = resolveMap(map, weights, tensors).problems ?? [];
  const texts = found.map(({ code, message, help, at }) =>
    [`${code} ${message}`, help, at && `${at.file}:${at.line}`].filter((text) => text !== undefined).join(' | '),
  );
  expect(texts).toEqual(problems);
});

it('ignores by glob', () => {
  const names = ['h.0.attn.bias', 'x.h.11.attn.masked_bias', 'layers.61.a.b.c', 'mtp.x.weight', 'mtp.x.y.weight'];
  const ignore = ['(x.)?h.{i}.attn.{bias, masked_bias}', 'layers.61.**', 'mtp.*.weight'].map((glob) => ({ glob }));
  const { problems } = resolveMap(
    { rules: [], ignore },
    [],
    names.map((name) => ({ name, shape: [1] })),
  );
  expect(problems?.map(({ message }) => message)).toEqual(["nothing uses 'mtp.x.y.weight' [1] of the checkpoint"]);
});

it('says everything in one error', () => {
  const { problems } = resolveMap(undefined, [w('a', 1), w('b', 2)], [{ name: 'b', shape: [3] }]);
  const error = new CheckpointMapError('model.safetensors', problems ?? []);
  expect(error.code).toBe('TFM5201');
  expect(error.message).toBe(
    `model.safetensors and the model do not fit, 2 problems:
  TFM5201: nothing fills a [1]: the checkpoint has no 'a'
  TFM5203: b is [2], but 'b' is [3] in the file`,
  );
});

it('takes a model of many experts in reasonable time', () => {
  const weights = Array.from({ length: 60 }, (_, i) =>
    Array.from({ length: 128 }, (__, j) =>
      ['gate', 'up', 'down'].flatMap((n) => maps.linear(`l[${i}].e[${j}].${n}`, 2, 2, false)),
    ),
  ).flat(2);
  const rules = [{ path: 'l[i].e[j].{gate, up, down}', template: 'm.{i}.x.{j}.{w1, w3, w2}' }];
  const files = Array.from({ length: 60 * 128 }, (_, n) =>
    ['w1', 'w2', 'w3'].map((name) => ({ name: `m.${Math.floor(n / 128)}.x.${n % 128}.${name}.weight`, shape: [2, 2] })),
  ).flat();
  const start = performance.now();
  expect(resolveMap({ rules, ignore: [] }, weights, files).plan?.reads.length).toBe(weights.length);
  const wrong = resolveMap(
    { rules, ignore: [] },
    weights,
    files.map((file) => ({ ...file, name: `${file.name}s` })),
  );
  expect(wrong.problems?.length).toBe(2 * weights.length);
  const { message } = new CheckpointMapError('x', wrong.problems ?? []);
  expect(message.endsWith(`\n  … and ${2 * weights.length - 40} more`)).toBe(true);
  expect(performance.now() - start).toBeLessThan(10_000);
});
