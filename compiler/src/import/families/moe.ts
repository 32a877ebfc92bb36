import type { ConfigReader } from '../config.js';
import { activations, type Family, type Parameters } from '../family.js';
import { readRope } from '../rope.js';
import { causalClasses, eosOf, layerPattern, turningClasses } from './shared.js';

/** Fields of training, and those that say which formula a version of the library has. */
const harmless = ['router_aux_loss_coef', 'output_router_logits', 'router_jitter_noise', 'aux_loss_alpha', 'seq_aux'];

interface MoeDefaults {
  readonly vocab: number;
  readonly context: number;
  readonly width: number;
  readonly depth: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly hidden: number;
  readonly eps: number;
}

/** Sizes that all mixtures of experts have, as the library calls them. */
function readSizes(
  config: ConfigReader,
  defaults: MoeDefaults,
): Parameters & { readonly depth: number; context: number } {
  config.harmless(...harmless);
  return {
    vocab: config.number('vocab_size', defaults.vocab),
    context: config.number('max_position_embeddings', defaults.context),
    width: config.number('hidden_size', defaults.width),
    depth: config.number('num_hidden_layers', defaults.depth),
    heads: config.number('num_attention_heads', defaults.heads),
    kv_heads: config.optional('num_key_value_heads') ?? defaults.kvHeads,
    hidden: config.number('intermediate_size', defaults.hidden),
    eps: config.number('rms_norm_eps', defaults.eps),
    tied: config.flag('tie_word_embeddings', false),
  };
}

/** Rotary positions of whole heads. */
function rope(config: ConfigReader, context: number, theta: number): Parameters {
  const found = readRope(config, context, { scaled: true, theta });
  if (found.share !== 1) config.unsupported('partial_rotary_factor', found.share, '1');
  return { theta: found.theta, ...found.scaling };
}

function readMixtral(config: ConfigReader): Parameters {
  const defaults = { vocab: 32000, context: 131072, width: 4096, depth: 32, heads: 32, kvHeads: 8, hidden: 14336 };
  const sizes = readSizes(config, { ...defaults, eps: 1e-5 });
  const { theta } = rope(config, sizes.context, 1e6);
  return {
    ...sizes,
    d_k: config.optional('head_dim') ?? Number(sizes.width) / Number(sizes.heads),
    act: config.choice('hidden_act', 'silu', activations),
    count: config.number(['num_local_experts', 'num_experts'], 8),
    top: config.number('num_experts_per_tok', 2),
    theta: theta ?? 1e6,
    near: config.optional('sliding_window'),
    ...eosOf(config, 1, 2),
  };
}

/** What Qwen2-MoE and Qwen3-MoE call alike. */
function readQwen(
  config: ConfigReader,
  defaults: MoeDefaults,
  experts: readonly [hidden: number, count: number, top: number],
) {
  const sizes = readSizes(config, defaults);
  const [hidden, count, top] = experts;
  const only = config.numbers('mlp_only_layers') ?? [];
  const step = config.number('decoder_sparse_step', 1);
  const layers = Array.from({ length: sizes.depth }, (_, i) => !only.includes(i) && (i + 1) % step === 0);
  return {
    ...sizes,
    ...rope(config, sizes.context, 10000),
    d_k: config.optional('head_dim') ?? Number(sizes.width) / Number(sizes.heads),
    act: config.choice('hidden_act', 'silu', activations),
    expert_hidden: config.number('moe_intermediate_size', hidden),
    count: config.number(['num_experts', 'num_local_experts'], count),
    top: config.number('num_experts_per_tok', top),
    normalise: config.flag('norm_topk_prob', false),
    sparse: layers.every((sparse) => sparse) ? [true] : layers,
    ...eosOf(config, null, null),
  };
}

function readQwen2Moe(config: ConfigReader): Parameters {
  const defaults = { vocab: 151936, context: 32768, width: 2048, depth: 24, heads: 16, kvHeads: 16, hidden: 5632 };
  const common = readQwen(config, { ...defaults, eps: 1e-6 }, [1408, 60, 4]);
  const uses = config.flag('use_sliding_window', false);
  const near = config.optional('sliding_window', 4096);
  const most = config.number('max_window_layers', 28);
  const alternating = Array.from({ length: common.depth }, (_, i) => i % 2 === 0 && i < most);
  const local = layerPattern(config, common.depth) ?? alternating;
  return {
    ...common,
    shared: config.number('shared_expert_intermediate_size', 5632),
    bias: config.flag('qkv_bias', true),
    ...(uses && near !== null && local.includes(true) && { near, local }),
  };
}

function readQwen3Moe(config: ConfigReader): Parameters {
  const defaults = { vocab: 151936, context: 32768, width: 2048, depth: 24, heads: 32, kvHeads: 4, hidden: 6144 };
  const common = readQwen(config, { ...defaults, eps: 1e-6 }, [768, 128, 8]);
  const uses = config.flag('use_sliding_window', false);
  const near = config.optional('sliding_window', 4096);
  const bias = config.flag('attention_bias', false);
  config.harmless('max_window_layers'); // the library gives every layer the window
  return { ...common, qk_norm: true, bias, out_bias: bias, ...(uses && near !== null && { near }) };
}

function readGptOss(config: ConfigReader): Parameters {
  const defaults = { vocab: 201088, context: 131072, width: 2880, depth: 36, heads: 64, kvHeads: 8, hidden: 2880 };
  const sizes = readSizes(config, { ...defaults, eps: 1e-5 });
  config.only('hidden_act', 'silu', 'swish');
  config.only('swiglu_limit', 7);
  config.harmless('initial_context_length', 'experts_per_token');
  const scaled = ['rope_parameters', 'rope_scaling'].some((name) => config.has(name));
  const local = layerPattern(config, sizes.depth) ?? [true, false];
  const near = config.optional('sliding_window', 128);
  if (near === null && local.includes(true)) config.unsupported('sliding_window', null, 'a number');
  return {
    ...sizes,
    ...rope(config, sizes.context, 150000),
    ...(!scaled && { scaling: 'yarn', factor: 32, original: 4096, stretch: 0.1 * Math.log(32) + 1, whole: false }),
    ...(!scaled && { low: 1, high: 32 }),
    d_k: config.optional('head_dim', 64) ?? Number(sizes.width) / Number(sizes.heads),
    count: config.number(['num_local_experts', 'num_experts'], 128),
    top: config.number('num_experts_per_tok', 4),
    bias: config.flag('attention_bias', true),
    ...(near !== null && { near }),
    local: isAlternating(local) ? [true, false] : local,
    ...eosOf(config, null, null),
  };
}

const isAlternating = (local: readonly boolean[]): boolean => local.every((isLocal, i) => isLocal === (i % 2 === 0));

function readDeepSeek(config: ConfigReader): Parameters {
  const defaults = { vocab: 129280, context: 4096, width: 7168, depth: 61, heads: 128, kvHeads: 128, hidden: 18432 };
  const { kv_heads: kvHeads, ...sizes } = readSizes(config, { ...defaults, eps: 1e-6 });
  if (kvHeads !== sizes.heads) config.unsupported('num_key_value_heads', kvHeads, `${sizes.heads}, one for each head`);
  config.only('scoring_func', 'sigmoid');
  config.only('topk_method', 'noaux_tc');
  config.only('moe_layer_freq', 1);
  config.harmless('ep_size', 'num_nextn_predict_layers', 'num_mtp_layers', 'qk_head_dim', 'head_dim');
  return {
    ...sizes,
    ...rope(config, sizes.context, 10000),
    sharpness: sharpness(config),
    q_rank: config.has('q_lora_rank') ? config.number('q_lora_rank') : (config.optional('q_lora_rank', 1536) ?? 0),
    kv_rank: config.number('kv_lora_rank', 512),
    d_nope: config.number('qk_nope_head_dim', 128),
    d_rope: config.number('qk_rope_head_dim', 64),
    d_v: config.number('v_head_dim', 128),
    expert_hidden: config.number('moe_intermediate_size', 2048),
    act: config.choice('hidden_act', 'silu', activations),
    dense: config.number('first_k_dense_replace', 3),
    count: config.number(['n_routed_experts', 'num_local_experts'], 256),
    top: config.number('num_experts_per_tok', 8),
    shared: config.number('n_shared_experts', 1),
    groups: config.number('n_group', 8),
    top_groups: config.number('topk_group', 4),
    normalise: config.flag('norm_topk_prob', true),
    route_scale: config.number('routed_scaling_factor', 2.5),
    bias: config.flag('attention_bias', false),
    interleaved: config.flag('rope_interleave', true),
    ...eosOf(config, 0, 1),
  };
}

/** Scaled frequencies make the scores of attention sharper: (0.1 · mscale_all_dim · ln(factor) + 1)². */
function sharpness(config: ConfigReader): number {
  const inner = config.object('rope_parameters') ?? config.object('rope_scaling');
  const kind = inner?.any(['rope_type', 'type']) ?? 'default';
  const scale = inner?.optional('mscale_all_dim') ?? 0;
  const factor = inner?.optional('factor') ?? 1;
  return kind === 'default' || scale === 0 || factor <= 1 ? 1 : (0.1 * scale * Math.log(factor) + 1) ** 2;
}

export const moeFamilies: readonly Family[] = [
  {
    ...{ type: 'mixtral', module: 'models/mixtral', model: 'Mixtral' },
    ...turningClasses('Mixtral', { theta: 1e6 }),
    read: readMixtral,
  },
  {
    ...{ type: 'qwen2_moe', module: 'models/qwen_moe', model: 'QwenMoe', ...causalClasses('Qwen2Moe') },
    read: readQwen2Moe,
  },
  {
    ...{ type: 'qwen3_moe', module: 'models/qwen_moe', model: 'QwenMoe', ...causalClasses('Qwen3Moe') },
    read: readQwen3Moe,
  },
  { ...{ type: 'gpt_oss', module: 'models/gpt_oss', model: 'GptOss' }, ...causalClasses('GptOss'), read: readGptOss },
  {
    ...{ type: 'deepseek_v3', module: 'models/deepseek_v3', model: 'DeepSeekV3', ...causalClasses('DeepseekV3') },
    read: readDeepSeek,
  },
];
