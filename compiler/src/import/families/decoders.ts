import { ConfigReader } from '../config.js';
import { activations, type Family, harmlessFields, type Parameters } from '../family.js';
import { readRope } from '../rope.js';
import { stretchedPart } from '../scaling.js';
import { period } from './gpt.js';
import { causalClasses, eosOf, headClasses, layerPattern, otherGate, turningClasses, wholeShare } from './shared.js';

interface Defaults {
  readonly vocab: number;
  readonly context: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  readonly kvHeads?: number;
  readonly hidden: number;
}

/** The sizes that these families name alike. */
function readSizes(
  config: ConfigReader,
  defaults: Defaults,
): Parameters & { heads: number; width: number; depth: number } {
  const heads = config.number('num_attention_heads', defaults.heads);
  return {
    vocab: config.number('vocab_size', defaults.vocab),
    context: config.number('max_position_embeddings', defaults.context),
    width: config.number('hidden_size', defaults.width),
    depth: config.number('num_hidden_layers', defaults.depth),
    heads,
    kv_heads: config.optional('num_key_value_heads') ?? defaults.kvHeads ?? heads,
    hidden: config.number('intermediate_size', defaults.hidden),
  };
}

/** Which layers see a window: `layer_types`, or else every layer but each n-th. */
function localPattern(config: ConfigReader, depth: number, every: number): readonly boolean[] {
  const written = layerPattern(config, depth);
  return period(written ?? Array.from({ length: depth }, (_, i) => (i + 1) % every !== 0));
}

const contextOf = ({ context }: Parameters): number => Number(context);

export const decoderFamilies: readonly Family[] = [
  {
    ...{ type: 'phi3', module: 'models/phi3', model: 'Phi3' },
    ...causalClasses('Phi3', undefined, ({ config, parameters }) => [
      ...stretchedPart(parameters),
      ...otherGate(config),
    ]),
    read: (config) => {
      const sizes = readSizes(config, { vocab: 32064, context: 4096, width: 3072, depth: 32, heads: 32, hidden: 8192 });
      config.harmless('original_max_position_embeddings');
      return {
        ...sizes,
        ...phi3Rope(config, sizes),
        d_k: config.optional('head_dim') ?? sizes.width / sizes.heads,
        eps: config.number('rms_norm_eps', 1e-5),
        near: config.optional('sliding_window'),
        tied: config.flag('tie_word_embeddings', false),
        ...eosOf(config, 1, 32000),
      };
    },
  },
  {
    ...{ type: 'gemma', module: 'models/gemma', model: 'Gemma', ...headClasses('Gemma', true, 'ForCausalLM', {}) },
    read: (config) => {
      const sizes = readSizes(config, gemmaSizes({ width: 3072, depth: 28, heads: 16, kvHeads: 16, hidden: 24576 }));
      config.only('use_bidirectional_attention', false);
      return {
        ...sizes,
        theta: thetaOf(config, sizes),
        d_k: config.number('head_dim', 256),
        act: gemmaActivation(config, 'hidden_activation', 'hidden_act'),
        eps: config.number('rms_norm_eps', 1e-6),
        bias: config.flag('attention_bias', false),
        ...eosOf(config, 2, 1),
      };
    },
  },
  {
    ...{ type: 'gemma2', module: 'models/gemma', model: 'Gemma2', ...headClasses('Gemma2', true, 'ForCausalLM', {}) },
    read: (config) => {
      const read = readGemma2(config, { vocab: 256000, context: 8192, every: 2, softcaps: [50, 30] });
      return { ...read, theta: thetaOf(config, read) };
    },
  },
  {
    ...{ type: 'gemma3_text', module: 'models/gemma', model: 'Gemma2' },
    ...headClasses('Gemma3Text', true),
    usual: 'Gemma3ForCausalLM',
    architectures: {
      ...{ Gemma3ForCausalLM: [], Gemma3TextModel: ['state'] },
      Gemma3TextForSequenceClassification: ['class_logits'],
    },
    read: readGemma3,
  },
  {
    // The model of texts within the one that also sees images.
    ...{ type: 'gemma3', module: 'models/gemma', model: 'Gemma2' },
    ...{ architectures: { Gemma3ForConditionalGeneration: [] }, usual: 'Gemma3ForConditionalGeneration' },
    read: (config) => {
      config.harmless('vision_config', 'mm_tokens_per_image', 'image_token_id', 'image_token_index');
      config.harmless('boi_token_index', 'eoi_token_index', 'boi_token_id', 'eoi_token_id');
      config.only('tie_word_embeddings', true);
      const text = config.object('text_config') ?? new ConfigReader({});
      text.harmless(...harmlessFields);
      text.only('tie_word_embeddings', true);
      return readGemma3(text);
    },
  },
  {
    ...{ type: 'olmo', module: 'models/olmo', model: 'Olmo', ...turningClasses('Olmo', {}, otherGate) },
    read: (config) => {
      const sizes = readSizes(config, {
        vocab: 50304,
        context: 2048,
        width: 4096,
        depth: 32,
        heads: 32,
        hidden: 11008,
      });
      return {
        ...sizes,
        theta: thetaOf(config, sizes),
        bias: config.flag('attention_bias', false),
        clip: config.optional('clip_qkv'),
        tied: config.flag('tie_word_embeddings', false),
        ...eosOf(config, null, 50279),
      };
    },
  },
  {
    ...{
      type: 'olmo2',
      module: 'models/olmo',
      model: 'Olmo2',
      ...causalClasses('Olmo2', undefined, ({ config }) => otherGate(config)),
    },
    read: (config) => readOlmo2(config),
  },
  {
    ...{
      type: 'olmo3',
      module: 'models/olmo',
      model: 'Olmo2',
      ...causalClasses('Olmo3', undefined, ({ config }) => otherGate(config)),
    },
    read: (config) => {
      const common = readOlmo2(config, 500000);
      // Outside of rope_parameters the library gives it to layers without a window only.
      if (!config.has('rope_parameters')) config.only('rope_theta', 500000);
      const near = config.number('sliding_window', 4096);
      return { ...common, near, local: localPattern(config, common.depth, 4) };
    },
  },
  {
    ...{ type: 'phi', module: 'models/phi', model: 'Phi', ...headClasses('Phi', false, 'ForCausalLM', { share: 0.5 }) },
    read: (config) => {
      const sizes = readSizes(config, { vocab: 51200, context: 2048, width: 2048, depth: 24, heads: 32, hidden: 8192 });
      return {
        ...sizes,
        ...thetaAndShare(config, sizes, 0.5),
        act: config.choice('hidden_act', 'gelu_new', activations),
        eps: config.number('layer_norm_eps', 1e-5),
        qk_norm: config.flag('qk_layernorm', false),
        ...eosOf(config, 1, 2),
      };
    },
  },
  {
    ...{
      type: 'stablelm',
      module: 'models/stablelm',
      model: 'StableLm',
      ...turningClasses('StableLm', { share: 0.25 }),
    },
    read: (config) => {
      const defaults = { vocab: 50304, context: 4096, width: 2560, depth: 32, heads: 32, kvHeads: 32, hidden: 6912 };
      const sizes = readSizes(config, defaults);
      return {
        ...sizes,
        qk_norm: config.flag('qk_layernorm', false),
        ...thetaAndShare(config, sizes, 0.25),
        act: config.choice('hidden_act', 'silu', activations),
        eps: config.number('layer_norm_eps', 1e-5),
        bias: config.flag('use_qkv_bias', false),
        parallel: config.flag('use_parallel_residual', false),
        tied: config.flag('tie_word_embeddings', false),
        ...eosOf(config, 0, 0),
      };
    },
  },
  {
    ...{ type: 'starcoder2', module: 'models/starcoder2', model: 'Starcoder2', ...turningClasses('Starcoder2') },
    read: (config) => {
      const defaults = { vocab: 49152, context: 4096, width: 3072, depth: 30, heads: 24, kvHeads: 2, hidden: 12288 };
      const sizes = readSizes(config, defaults);
      config.only('norm_type', 'layer_norm');
      config.only('mlp_type', 'default');
      // The library reads the norms' size from norm_epsilon and the activation from hidden_act.
      config.harmless('activation_function', 'layer_norm_epsilon', 'scale_attn_weights');
      return {
        ...sizes,
        theta: thetaOf(config, sizes),
        act: config.choice('hidden_act', 'gelu_pytorch_tanh', activations),
        eps: config.number('norm_epsilon', 1e-5),
        bias: config.flag('use_bias', true),
        near: config.optional('sliding_window'),
        tied: config.flag('tie_word_embeddings', true),
        ...eosOf(config, 50256, 50256),
      };
    },
  },
  {
    ...{
      type: 'cohere',
      module: 'models/cohere',
      model: 'Cohere',
      ...headClasses('Cohere', true, 'ForCausalLM', { theta: 500000 }, otherGate),
    },
    read: (config) => {
      const sizes = readSizes(config, {
        vocab: 256000,
        context: 8192,
        width: 8192,
        depth: 40,
        heads: 64,
        hidden: 22528,
      });
      return {
        ...sizes,
        theta: thetaOf(config, sizes, 500000),
        eps: config.number('layer_norm_eps', 1e-5),
        bias: config.flag('attention_bias', false),
        qk_norm: config.flag('use_qk_norm', false),
        logit_scale: config.number('logit_scale', 0.0625),
        ...eosOf(config, 5, 255001),
      };
    },
  },
  {
    ...{ type: 'granite', module: 'models/granite', model: 'Granite', ...turningClasses('Granite', {}, otherGate) },
    read: (config) => {
      const sizes = readSizes(config, {
        vocab: 32000,
        context: 2048,
        width: 4096,
        depth: 32,
        heads: 32,
        hidden: 11008,
      });
      return {
        ...sizes,
        d_k: config.optional('head_dim') ?? sizes.width / sizes.heads,
        theta: thetaOf(config, sizes),
        eps: config.number('rms_norm_eps', 1e-6),
        embed_scale: config.number('embedding_multiplier', 1),
        branch_scale: config.number('residual_multiplier', 1),
        scale: config.number('attention_multiplier', 1),
        logit_scale: 1 / config.number('logits_scaling', 1),
        bias: config.flag('attention_bias', false),
        mlp_bias: config.flag('mlp_bias', false),
        tied: config.flag('tie_word_embeddings', false),
        ...eosOf(config, 1, 2),
      };
    },
  },
  {
    ...{
      type: 'smollm3',
      module: 'models/smollm3',
      model: 'SmolLm3',
      ...turningClasses('SmolLM3', { theta: 2000000 }, otherGate),
    },
    read: readSmolLm3,
  },
];

function phi3Rope(config: ConfigReader, sizes: Parameters & { width: number; heads: number }): Parameters {
  const { theta, share, scaling } = readRope(config, contextOf(sizes), { long: true });
  const width = config.optional('head_dim') ?? sizes.width / sizes.heads;
  const part = wholeShare(config, share, width);
  return { theta, share: part, turning: Math.round(part * width), ...scaling };
}

/** Of families whose scaling is a departure. */
function thetaOf(config: ConfigReader, sizes: Parameters, theta?: number): number {
  return readRope(config, contextOf(sizes), { scaled: true, ...(theta !== undefined && { theta }) }).theta;
}

function thetaAndShare(
  config: ConfigReader,
  sizes: Parameters & { width: number; heads: number },
  share: number,
): Parameters {
  const rope = readRope(config, contextOf(sizes), { share, scaled: true });
  return { theta: rope.theta, share: wholeShare(config, rope.share, sizes.width / sizes.heads) };
}

const gemmaSizes = (sizes: Omit<Defaults, 'vocab' | 'context'>): Defaults => ({
  vocab: 256000,
  context: 8192,
  ...sizes,
});

function gemmaActivation(config: ConfigReader, ...names: readonly [string, ...string[]]): string {
  // Early configs say gelu and mean its approximation; the library has taken it since.
  const table = { ...activations, gelu: 'gelu_tanh' };
  return config.choice(names, 'gelu_pytorch_tanh', table);
}

interface Gemma2Defaults {
  readonly vocab: number;
  readonly context: number;
  /** Each n-th layer sees everything. */
  readonly every: number;
  /** Of scores and of logits. */
  readonly softcaps: readonly [number | null, number | null];
}

function readGemma2(config: ConfigReader, { vocab, context, every, softcaps }: Gemma2Defaults): Parameters {
  const sizes = readSizes(config, { vocab, context, width: 2304, depth: 26, heads: 8, kvHeads: 4, hidden: 9216 });
  config.only('use_bidirectional_attention', false);
  config.harmless('sliding_window_pattern', '_sliding_window_pattern', 'hidden_act');
  const interval = config.number(['sliding_window_pattern', '_sliding_window_pattern'], every);
  return {
    ...sizes,
    d_k: config.number('head_dim', 256),
    act: config.choice('hidden_activation', 'gelu_pytorch_tanh', activations),
    eps: config.number('rms_norm_eps', 1e-6),
    bias: config.flag('attention_bias', false),
    near: config.number('sliding_window', 4096),
    local: localPattern(config, sizes.depth, interval),
    query_scalar: config.number('query_pre_attn_scalar', 256),
    score_cap: config.optional('attn_logit_softcapping', softcaps[0]),
    logit_cap: config.optional('final_logit_softcapping', softcaps[1]),
    ...eosOf(config, 2, 1),
  };
}

function readGemma3(config: ConfigReader): Parameters {
  return {
    ...readGemma2(config, { vocab: 262208, context: 131072, every: 6, softcaps: [null, null] }),
    ...gemma3Rope(config),
    // The library reads the field and computes without it.
    score_cap: null,
    qk_norm: true,
  };
}

/** Gemma 3: frequencies of layers with and without a window, the latter scaled. */
function gemma3Rope(config: ConfigReader): Parameters {
  const now = config.object('rope_parameters');
  const [full, local] = [now?.object('full_attention'), now?.object('sliding_attention')];
  const before = config.object('rope_scaling');
  const scaled = full ?? before;
  scaled?.only(['rope_type', 'type'], 'default', 'linear');
  local?.only('rope_type', 'default');
  const theta = config.number('rope_theta', 1000000);
  const nearTheta = config.number('rope_local_base_freq', 10000);
  return {
    theta: full?.number('rope_theta', theta) ?? theta,
    near_theta: local?.number('rope_theta', nearTheta) ?? nearTheta,
    factor: scaled?.number('factor', 1) ?? 1,
  };
}

function readOlmo2(config: ConfigReader, usualTheta = 10000): Parameters & { depth: number } {
  const sizes = readSizes(config, { vocab: 50304, context: 2048, width: 4096, depth: 32, heads: 32, hidden: 11008 });
  const { theta, scaling } = readRope(config, contextOf(sizes), { scaled: true, theta: usualTheta });
  return {
    ...sizes,
    theta,
    ...scaling,
    eps: config.number('rms_norm_eps', 1e-5),
    bias: config.flag('attention_bias', false),
    tied: config.flag('tie_word_embeddings', false),
    ...eosOf(config, null, 50279),
  };
}

function readSmolLm3(config: ConfigReader): Parameters {
  const defaults = { vocab: 128256, context: 32768, width: 2048, depth: 36, heads: 16, kvHeads: 4, hidden: 11008 };
  const sizes = readSizes(config, defaults);
  config.harmless('max_window_layers');
  const interval = config.number('no_rope_layer_interval', 4);
  const written = config.numbers('no_rope_layers')?.map((turns) => turns === 1);
  const turning = written ?? Array.from({ length: sizes.depth }, (_, i) => (i + 1) % interval !== 0);
  const uses = config.flag('use_sliding_window', false);
  const near = config.optional('sliding_window');
  const local = layerPattern(config, sizes.depth) ?? turning.map(() => uses);
  return {
    ...sizes,
    theta: thetaOf(config, sizes, 2000000),
    d_k: sizes.width / sizes.heads,
    eps: config.number('rms_norm_eps', 1e-6),
    bias: config.flag('attention_bias', false),
    mlp_bias: config.flag('mlp_bias', false),
    turning: period(turning),
    ...(uses && near !== null && { near, local: period(local) }),
    tied: config.flag('tie_word_embeddings', true),
    ...eosOf(config, 128000, 128001),
  };
}
