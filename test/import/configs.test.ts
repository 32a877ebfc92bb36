import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { families } from '../../compiler/src/import/families/index.js';
import { importConfig, problemText } from '../../compiler/src/import/import.js';
import { compile, memoryHost } from '../../compiler/src/index.js';
import { folderWith, tfm } from '../compiler/cli/tool.js';

const configs = path.resolve('test/fixtures/hf-configs');

/** Parameters of the class that the config names, as the original library counts them. */
const counts: Readonly<Record<string, string>> = {
  'DeepSeek-V3': '671,026,419,200',
  'Llama-2-7b-chat-hf': '6,738,415,616',
  'Llama-3.2-1B-Instruct': '1,235,814,400',
  'Meta-Llama-3.1-8B': '8,030,261,248',
  'Mistral-7B-Instruct-v0.3': '7,248,023,552',
  'Mixtral-8x7B-v0.1': '46,702,792,704',
  'Qwen2.5-7B-Instruct': '7,615,616,512',
  'Qwen3-0.6B': '596,049,920',
  'Qwen3-30B-A3B': '30,532,122,624',
  'Qwen3-8B': '8,190,735,360',
  'bert-base-uncased': '109,483,778',
  bloom: '176,247,271,424',
  'distilbert-base-uncased-distilled-squad': '66,364,418',
  'gpt-oss-20b': '20,914,757,184',
  'mlc-gemma2_2b': '2,614,341,888',
  'mlc-gpt2': '124,439,808',
  'mlc-gpt2_medium': '354,823,168',
  'pythia-410m': '353,825,792',
  't5-small': '60,506,624',
  'vit-base-patch16-224': '86,389,248',
};

/** What is refused, and the field that is to blame. */
const refused: Readonly<Record<string, readonly [code: string, field: RegExp]>> = {
  'Llama-3_3-Nemotron-Super-49B-v1': ['TFM6301', /model_type nemotron-nas/],
  'roberta-base': ['TFM6302', /the field model_type is missing/],
};

describe('configs of published models', () => {
  test('each is imported or refused', () => {
    const names = fs.readdirSync(configs).map((name) => name.replace(/\.json$/, ''));
    expect([...Object.keys(counts), ...Object.keys(refused)].sort()).toEqual(names.sort());
  });

  test.each(Object.entries(counts))('%s has %s parameters', async (name, count) => {
    const cwd = folderWith({});
    expect(await tfm(['import', path.join(configs, `${name}.json`), '-o', 'm.tfm'], { cwd })).toMatchObject({
      stderr: '',
    });
    const { stdout } = await tfm(['explain', 'm.tfm'], { cwd });
    expect(/^([\d,]+) parameters/m.exec(stdout)?.[1]).toBe(count);
  });

  // As published for classes that the configs at hand do not name.
  test.each([
    ['vit-base-patch16-224', '86,567,656', { architectures: ['ViTForImageClassification'], num_labels: 1000 }],
    ['roberta-base', '124,697,433', { architectures: ['RobertaForMaskedLM'], pad_token_id: 1 }],
    ['bert-base-uncased', '109,482,240', { architectures: ['BertModel'] }],
    ['pythia-410m', '405,334,016', { architectures: ['GPTNeoXForCausalLM'] }],
  ])('%s has %s parameters as %j', async (name, count, more) => {
    const fields = JSON.parse(fs.readFileSync(path.join(configs, `${name}.json`), 'utf8')) as object;
    const cwd = folderWith({ 'config.json': JSON.stringify({ ...fields, ...more }) });
    expect(await tfm(['import', '.', '-o', 'm.tfm'], { cwd })).toMatchObject({ stderr: '' });
    const { stdout } = await tfm(['explain', 'm.tfm'], { cwd });
    expect(/^([\d,]+) parameters/m.exec(stdout)?.[1]).toBe(count);
  });

  test.each(Object.entries(refused))('%s is refused', async (name, [code, field]) => {
    const { exitCode, stdout, stderr } = await tfm(['import', path.join(configs, `${name}.json`)]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(code);
    expect(stderr).toMatch(field);
  });
});

const llama = {
  ...{
    model_type: 'llama',
    architectures: ['LlamaForCausalLM'],
    hidden_size: 64,
    num_attention_heads: 4,
    vocab_size: 100,
  },
  ...{ num_hidden_layers: 2, intermediate_size: 96, max_position_embeddings: 128, rms_norm_eps: 1e-6 },
};
const imported = (more: object) => importConfig({ ...llama, ...more }, { hint: 'tiny-llama' });
const problems = (more: object): string[] => imported(more).problems.map(({ kind, field }) => `${kind} ${field}`);

describe('fields', () => {
  test('what differs from the spec is written, and nothing else', () => {
    expect(imported({}).text).toBe(
      `import { Llama } from "models/llama"

/// LlamaForCausalLM, imported from its config.json.
preset TinyLlama = Llama(vocab: 100, context: 128, width: 64, depth: 2, heads: 4, hidden: 96, eps: 1e-6)
`,
    );
  });

  test.each<[string, object, readonly string[]]>([
    ['harmless ones', { torch_dtype: 'float16', use_cache: false, pad_token_id: 3, attention_dropout: 0.5 }, []],
    ['null is absent', { rope_scaling: null, head_dim: null, some_field: null }, []],
    ['an unknown one', { attention_sinks: 4 }, ['unknown attention_sinks']],
    [
      'an unknown one of a scaling',
      { rope_scaling: { type: 'linear', factor: 2, ramp: 3 } },
      ['unknown rope_scaling.ramp'],
    ],
    [
      'a scaling that no spec has',
      { rope_scaling: { type: 'longrope', factor: 2 } },
      ['unsupported rope_scaling.rope_type', 'unknown rope_scaling.factor'],
    ],
    ['a scaling without its factor', { rope_scaling: { type: 'linear' } }, ['missing rope_scaling.factor']],
    ['another activation', { hidden_act: 'xielu' }, ['unsupported hidden_act']],
    ['a text for a number', { hidden_size: '64' }, ['malformed hidden_size']],
    ['a decoder of an encoder', { add_cross_attention: true }, ['unsupported add_cross_attention']],
    ['another class', { architectures: ['LlamaForMultipleChoice'] }, ['class architectures']],
  ])('%s', (_, more, expected) => {
    expect(problems(more)).toEqual(expected);
    expect(imported(more).text === undefined).toBe(expected.length > 0);
  });

  test.each<[string, object, readonly string[]]>([
    ['fill up the image, windows and merging', { image_size: 29, window_size: 4 }, []],
    ['are no less than a window', { image_size: 29, window_size: 5 }, ['window_size']],
    [
      'have places for whole patches',
      { image_size: 29, window_size: 4, use_absolute_embeddings: true },
      ['image_size'],
    ],
  ])('grids of Swin %s', (_, more, expected) => {
    const sizes = { model_type: 'swin', patch_size: 2, depths: [2, 2, 1], num_heads: [1, 2, 2] };
    expect(importConfig({ ...sizes, ...more }, { hint: 'x' }).problems.map(({ field }) => field)).toEqual(expected);
  });

  test.each<[string, object, string]>([
    ['the crop', { size: { shortest_edge: 256 }, crop_size: { height: 224, width: 224 } }, 'size: 224, trained: 518'],
    [
      'no crop: the size',
      { size: { height: 28, width: 42 }, crop_size: 7, do_center_crop: false },
      'size: 28, columns: 42, trained: 518',
    ],
    ['a number', { size: 280 }, 'size: 280, trained: 518'],
    ['proportions that are kept', { size: { shortest_edge: 256 } }, 'trained: 518'],
    ['images as they are', { size: 280, do_resize: false }, 'trained: 518'],
    ['no file', {}, 'trained: 518'],
  ])('images of another size than those of training, of preprocessor_config.json: %s', (_, preprocessor, expected) => {
    const fields = { model_type: 'dinov2', image_size: 518, num_labels: 1000 };
    expect(importConfig(fields, { hint: 'x', preprocessor: { ...preprocessor } }).text).toContain(
      `Dinov2(${expected}) for state, pooled`,
    );
  });

  test('fields of preprocessor_config.json that cannot be read', () => {
    const told = (preprocessor: object): string[] =>
      importConfig({ model_type: 'vit' }, { hint: 'x', preprocessor: { ...preprocessor } }).problems.map(problemText);
    expect(told({ crop_size: 'large' })).toEqual(['preprocessor_config.crop_size is "large", but must be an object']);
    expect(told({ size: { width: 3 } })).toEqual(['the field preprocessor_config.size.height is missing']);
    expect(told({ size: 3, do_resize: 'no' })).toEqual([
      'preprocessor_config.do_resize is "no", but must be true or false',
    ]);
  });

  test('towers of SigLIP that do not meet, or have no head, are refused by name', () => {
    const told = (text_config: object, vision_config: object, name = 'SiglipModel'): string[] => {
      const fields = { model_type: 'siglip', architectures: [name], text_config, vision_config };
      return importConfig(fields, { hint: 'x' }).problems.map(({ field }) => field);
    };
    expect(told({ projection_size: 512 }, {})).toEqual(['text_config.projection_size']);
    expect(told({ hidden_size: 512 }, { hidden_size: 1024 })).toEqual(['text_config.projection_size']);
    expect(told({ projection_size: 1024 }, { hidden_size: 1024 })).toEqual([]);
    expect(told({}, { vision_use_head: false })).toEqual(['vision_config.vision_use_head']);
    expect(told({ projection_size: 512 }, { vision_use_head: false }, 'SiglipForImageClassification')).toEqual([]);
  });

  test('a class names its family where model_type is left out', () => {
    expect(imported({ model_type: undefined }).text).toContain('= Llama(');
    expect(problems({ model_type: undefined, architectures: ['OtherModel'] })).toEqual(['missing model_type']);
  });

  test('yarn, dynamic and linear scaling, as the library writes them today and before', () => {
    const parameters = (more: object): string =>
      /Llama\((.*?)\)/s.exec(imported(more).text ?? '')?.[1]?.replace(/\s+/g, ' ') ?? '';
    expect(parameters({ rope_parameters: { rope_type: 'linear', factor: 4, rope_theta: 5000 } })).toMatch(
      /theta: 5000.*scaling: "linear", factor: 4/s,
    );
    expect(parameters({ rope_theta: 5000, rope_scaling: { type: 'linear', factor: 4 } })).toMatch(
      /theta: 5000.*scaling: "linear", factor: 4/s,
    );
    expect(parameters({ rope_scaling: { type: 'dynamic', factor: 2.5 } })).toMatch(
      /context: 320,.*"dynamic", factor: 2\.5, original: 128/s,
    );
    expect(parameters({ rope_scaling: { rope_type: 'yarn', factor: 4 } })).toMatch(
      /"yarn", factor: 4.*stretch: 1\.13/s,
    );
  });

  test('dynamic scaling of other families is a departure; where a spec cannot have it, its model ends where that begins', () => {
    const fields = { max_position_embeddings: 100, rope_scaling: { type: 'dynamic', factor: 2 } };
    const text = (type: string) => importConfig({ model_type: type, ...fields }, { hint: 'x', partial: true }).text;
    expect(text('stablelm')).toMatch(/T <= 200.*\(f, length\) => dynamic\(f, length, theta, 20, 2, 100\), past: kept/s);
    expect(text('gpt_oss')).toMatch(/context: 100/);
    expect(text('gpt_oss')).not.toContain('dynamic');
  });

  test('longrope: the factors of the original context and of longer ones', () => {
    const rope = { rope_type: 'longrope', short_factor: [1, 1.25], long_factor: [2, 4] };
    const sizes = { hidden_size: 16, num_attention_heads: 4, max_position_embeddings: 128 };
    const fields = { model_type: 'phi3', ...sizes, original_max_position_embeddings: 32, rope_scaling: rope };
    const { text } = importConfig(fields, { hint: 'x' });
    expect(text?.replace(/\s+/g, ' ')).toMatch(
      /context: 128, .*factors: \[1, 1\.25\], long_factors: \[2, 4\], original: 32, stretch: 1\.18321595/,
    );
    const odd = importConfig({ ...fields, partial_rotary_factor: 0.75 }, { hint: 'x' });
    expect(odd.problems.map(({ field }) => field)).toEqual(['partial_rotary_factor']);
    const partly = importConfig({ ...fields, partial_rotary_factor: 0.5 }, { hint: 'x' });
    expect(partly.text).toMatch(/split\(turning, d_k - turning\)/);
    const without = importConfig({ ...fields, rope_scaling: { type: 'longrope' } }, { hint: 'x' });
    expect(without.problems.map(({ field }) => field)).toEqual([
      'rope_scaling.short_factor',
      'rope_scaling.long_factor',
    ]);
  });

  test('quantised weights that can be decoded are told of in the spec, others are refused', () => {
    const texts = (quantization_config: unknown): string[] =>
      imported({ quantization_config }).problems.map((problem) => problemText(problem));
    for (const file of ['DeepSeek-V3', 'gpt-oss-20b']) {
      const published = JSON.parse(fs.readFileSync(path.join(configs, `${file}.json`), 'utf8')) as object;
      const { text, problems: found } = importConfig({ ...published }, { hint: 'x' });
      expect(found).toEqual([]);
      expect(text).toMatch(/^\/\/\/ The published weights are (mxfp4|fp8) \(quantization_config\): they are decoded/m);
    }
    const field = 'quantization_config';
    const gptq = { quant_method: 'gptq', bits: 4, group_size: 128 };
    expect(texts(gptq)).toEqual([`${field}.quant_method: "gptq" is not supported, only mxfp4, fp8`]);
    expect(texts({ load_in_4bit: true })).toEqual([
      `${field}: {"load_in_4bit":true} is not supported, only those with a quant_method of mxfp4, fp8`,
    ]);
    const fp8 = { quant_method: 'fp8', activation_scheme: 'static', fmt: 'e5m2', weight_block_size: [96, 128], odd: 1 };
    expect(texts(fp8)).toEqual([
      `${field}.activation_scheme: "static" is not supported, only "dynamic"`,
      `${field}.fmt: "e5m2" is not supported, only "e4m3"`,
      `${field}.weight_block_size: [96,128] is not supported, only two powers of two`,
      `the field ${field}.odd (1) is not known, and could change the numbers`,
    ]);
  });

  test('every family reads an empty config: its defaults are those of a spec that compiles', () => {
    for (const { type } of families) {
      const { text, problems: found } = importConfig({ model_type: type }, { hint: 'x', partial: true });
      expect(text, `${type}: ${found.map(({ field }) => field).join(', ')}`).toMatch(/^(preset|model) X\b/m);
    }
  });
});

describe('classifiers on top of decoders', () => {
  const decoders = families.filter(({ architectures }) =>
    Object.values(architectures).some((outputs) => outputs.includes('class_logits') && outputs.length === 1),
  );
  const causal = decoders.filter(({ usual }) => /CausalLM|LMHeadModel/.test(usual));

  test.each(causal.map(({ type }) => type))('%s: a spec without mistakes, warnings and a head of words', (type) => {
    const { architectures } = families.find((family) => family.type === type)!;
    for (const [name, [output]] of Object.entries(architectures).filter(([name]) => name.endsWith('Classification'))) {
      const fields = { model_type: type, architectures: [name], pad_token_id: 3, num_labels: 5 };
      const { text, problems: found } = importConfig(fields, { hint: 'x', partial: true });
      const { graph, diagnostics } = compile(memoryHost({ 'm.tfm': text! }), 'm.tfm');
      expect(diagnostics, `${name} ${found.length}`).toEqual([]);
      expect(graph?.models[0]?.outputs.map((one) => one.name)).toEqual([output]);
    }
  });

  test('a text is judged by its last token that is not padding; by its last row where there is no padding', () => {
    const classifier = { architectures: ['LlamaForSequenceClassification'], num_labels: 3 };
    expect(imported({ ...classifier, pad_token_id: 7 }).text).toContain('LastToken(tokens, pad: 7) -> linear(3, bias');
    expect(imported(classifier).text).toContain('state -> at(-1) -> linear(3, bias: false) as score');
    const opt = { model_type: 'opt', architectures: ['OPTForSequenceClassification'] };
    expect(importConfig(opt, { hint: 'x' }).text).toContain('LastToken(tokens, pad: 1) -> linear(2');
    expect(importConfig({ ...opt, pad_token_id: null }, { hint: 'x' }).text).toContain('at(-1)');
  });
});

describe('the command', () => {
  test('--list: every architecture with its spec', async () => {
    const { stdout } = await tfm(['import', '--list']);
    expect(stdout).toMatch(/^llama +models\/llama +LlamaForCausalLM, LlamaModel, .*, LlamaForQuestionAnswering$/m);
    expect(stdout.trim().split('\n').length).toBe(families.length);
  });

  test('--verbose lists what was read and what changes nothing; --partial marks the gaps', async () => {
    const cwd = folderWith({ 'config.json': JSON.stringify({ ...llama, use_cache: true, odd: 1 }) });
    expect((await tfm(['import', '.'], { cwd })).exitCode).toBe(1);
    const { stdout, stderr, exitCode } = await tfm(['import', '.', '--verbose', '--partial'], { cwd });
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^read: .*hidden_size/m);
    expect(stderr).toMatch(/^no number depends on: .*use_cache/m);
    expect(stdout).toContain('/// NOT IMPORTED: the field odd (1) is not known, and could change the numbers');
  });

  test.each<[string, Record<string, string>, string, string]>([
    ['a folder without a config', { 'a.txt': '' }, '.', 'TFM6001'],
    ['no JSON', { 'config.json': '{' }, 'config.json', 'TFM6101'],
    ['no object', { 'config.json': '[]' }, '.', 'TFM6101'],
  ])('%s', async (_, files, argument, code) => {
    const { exitCode, stderr } = await tfm(['import', argument], { cwd: folderWith(files) });
    expect(exitCode).toBe(1);
    expect(stderr).toContain(code);
  });
});
