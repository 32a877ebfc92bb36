import type { ConfigReader } from '../config.js';
import { activations, type Family, type Parameters } from '../family.js';
import { readRope } from '../rope.js';
import { causalClasses, eosOf, headClasses, turningClasses, wholeShare } from './shared.js';

const gpt2 = { vocab: 50257, context: 1024, width: 768, depth: 12, heads: 12 };

/** Fields of GPT-2 and of what grew out of it: `n_embd` is `hidden_size`. */
function readGpt(config: ConfigReader, defaults = gpt2): Parameters {
  const width = config.number(['n_embd', 'hidden_size'], defaults.width);
  return {
    vocab: config.number('vocab_size', defaults.vocab),
    context: config.number(['n_positions', 'max_position_embeddings'], defaults.context),
    width,
    depth: config.number(['n_layer', 'num_hidden_layers'], defaults.depth),
    heads: config.number(['n_head', 'num_attention_heads'], defaults.heads),
    hidden: config.optional('n_inner') ?? 4 * width,
    eps: config.number('layer_norm_epsilon', 1e-5),
  };
}

/** Which layers see a window only: `[[["global", "local"], 12]]`. */
function localLayers(config: ConfigReader): boolean[] {
  config.harmless('attention_layers');
  const types = config.any('attention_types') ?? [[['global', 'local'], 12]];
  const groups = Array.isArray(types) ? (types as unknown[]) : [];
  const layers = groups.flatMap((group) => {
    const [names, count] = Array.isArray(group) ? (group as unknown[]) : [];
    if (!Array.isArray(names) || typeof count !== 'number') return [];
    return Array.from({ length: count }, () => names as unknown[]).flat();
  });
  if (layers.length === 0 || layers.some((name) => name !== 'global' && name !== 'local')) {
    config.unsupported('attention_types', types, '[[["global", "local"], n], …]');
  }
  return layers.map((name) => name === 'local');
}

export const gptFamilies: readonly Family[] = [
  {
    ...{ type: 'gpt2', module: 'models/gpt2', model: 'Gpt2', ...headClasses('GPT2', true, 'LMHeadModel') },
    read: (config) => {
      config.only('scale_attn_weights', true);
      config.only('scale_attn_by_inverse_layer_idx', false);
      config.only('add_cross_attention', false);
      return { ...readGpt(config), act: config.choice('activation_function', 'gelu_new', activations) };
    },
  },
  {
    ...{ type: 'gpt_bigcode', module: 'models/gpt_bigcode', model: 'GptBigCode', ...headClasses('GPTBigCode', true) },
    read: (config) => {
      config.only('add_cross_attention', false);
      config.harmless(
        'num_key_value_heads',
        'inference_runner',
        'max_batch_size',
        'max_sequence_length',
        'pad_key_length',
        'validate_runner_input',
        'pre_allocate_kv_cache',
      );
      const common = readGpt(config);
      const multiQuery = config.flag('multi_query', true);
      const scale = config.flag('scale_attn_weights', true) ? {} : { scale: 1 };
      const act = config.choice('activation_function', 'gelu_pytorch_tanh', activations);
      return {
        ...common,
        kv_heads: multiQuery ? 1 : Number(common.heads),
        act,
        ...scale,
        ...eosOf(config, 50256, 50256),
      };
    },
  },
  {
    ...{ type: 'gpt_neo', module: 'models/gpt_neo', model: 'GptNeo', ...headClasses('GPTNeo', true) },
    read: (config) => {
      const width = config.number('hidden_size', 2048);
      const depth = config.number(['num_layers', 'num_hidden_layers'], 24);
      const local = localLayers(config);
      if (local.length !== depth) config.unsupported('attention_types', local.length, `${depth} layers`);
      return {
        vocab: config.number('vocab_size', 50257),
        context: config.number('max_position_embeddings', 2048),
        width,
        depth,
        heads: config.number(['num_heads', 'num_attention_heads'], 16),
        hidden: config.optional('intermediate_size') ?? 4 * width,
        act: config.choice('activation_function', 'gelu_new', activations),
        eps: config.number('layer_norm_epsilon', 1e-5),
        near: config.number('window_size', 256),
        local: period(local),
        ...eosOf(config, 50256, 50256),
      };
    },
  },
  {
    ...{ type: 'gptj', module: 'models/gptj', model: 'GptJ', ...headClasses('GPTJ', false) },
    read: (config) => {
      config.harmless('rotary', 'scale_attn_weights');
      return {
        ...readGpt(config, { vocab: 50400, context: 2048, width: 4096, depth: 28, heads: 16 }),
        rotary_dim: config.number('rotary_dim', 64),
        act: config.choice('activation_function', 'gelu_new', activations),
        ...eosOf(config, 50256, 50256),
      };
    },
  },
  {
    ...{ type: 'gpt_neox', module: 'models/gpt_neox', model: 'GptNeoX', ...turningClasses('GPTNeoX', { share: 0.25 }) },
    read: (config) => {
      const context = config.number('max_position_embeddings', 2048);
      const width = config.number('hidden_size', 6144);
      const heads = config.number('num_attention_heads', 64);
      const { theta, share } = readRope(config, context, { share: 0.25, scaled: true });
      return {
        vocab: config.number('vocab_size', 50432),
        context,
        width,
        depth: config.number('num_hidden_layers', 44),
        heads,
        hidden: config.number('intermediate_size', 24576),
        act: config.choice('hidden_act', 'gelu', activations),
        // One feature turns together with the next, at the frequency 1.
        ...{
          theta,
          share:
            Math.floor((share * width) / heads) === 1 ? (2 * heads) / width : wholeShare(config, share, width / heads),
        },
        eps: config.number('layer_norm_eps', 1e-5),
        parallel: config.flag('use_parallel_residual', true),
        bias: config.flag('attention_bias', true),
        tied: config.flag('tie_word_embeddings', false),
        ...eosOf(config, 0, 2),
      };
    },
  },
  {
    ...{ type: 'opt', module: 'models/opt', model: 'Opt', ...causalClasses('OPT') },
    read: (config) => {
      const width = config.number('hidden_size', 768);
      const normFirst = config.flag('do_layer_norm_before', true);
      const removed = config.flag('_remove_final_layer_norm', false);
      return {
        vocab: config.number('vocab_size', 50272),
        context: config.number('max_position_embeddings', 2048),
        width,
        depth: config.number('num_hidden_layers', 12),
        heads: config.number('num_attention_heads', 12),
        hidden: config.number('ffn_dim', 3072),
        act: config.choice('activation_function', 'relu', activations),
        embed_width: config.number('word_embed_proj_dim', width),
        norm_first: normFirst,
        last_norm: normFirst && !removed,
        tied: config.flag('tie_word_embeddings', true),
        bias: config.flag('enable_bias', true),
        affine: config.flag('layer_norm_elementwise_affine', true),
        ...eosOf(config, 2, 2),
      };
    },
  },
  {
    ...{ type: 'bloom', module: 'models/bloom', model: 'Bloom', ...headClasses('Bloom', true) },
    read: (config) => {
      config.harmless(
        'offset_alibi',
        'skip_bias_add',
        'skip_bias_add_qkv',
        'hidden_dropout_prob',
        'seq_length',
        'unk_token_id',
      );
      return {
        vocab: config.number('vocab_size', 250880),
        context: config.number('seq_length', 2048),
        width: config.number(['hidden_size', 'n_embed'], 64),
        depth: config.number(['n_layer', 'num_hidden_layers'], 2),
        heads: config.number(['n_head', 'num_attention_heads'], 8),
        eps: config.number('layer_norm_epsilon', 1e-5),
        norm_stream: config.flag('apply_residual_connection_post_layernorm', false),
        ...eosOf(config, 1, 2),
      };
    },
  },
  {
    ...{ type: 'mpt', module: 'models/mpt', model: 'Mpt', ...headClasses('Mpt', true) },
    read: readMpt,
  },
  {
    ...{ type: 'falcon', module: 'models/falcon', model: 'Falcon', ...turningClasses('Falcon') },
    read: readFalcon,
  },
];

function readMpt(config: ConfigReader): Parameters {
  const width = config.number(['d_model', 'hidden_size'], 2048);
  const heads = config.number(['n_heads', 'num_attention_heads'], 16);
  config.only('no_bias', true);
  config.only('norm_type', 'low_precision_layernorm', 'layernorm');
  config.only('logit_scale', null);
  config.only('embedding_fraction', 1);
  config.harmless(
    'learned_pos_emb',
    'verbose',
    'init_config',
    'tokenizer_name',
    'use_pad_tok_in_ffn',
    'expansion_ratio',
  );
  const inner = config.object('attn_config');
  inner?.only('attn_type', 'multihead_attention');
  inner?.only('alibi', true);
  // The library reads this field and computes with 8.
  inner?.only('alibi_bias_max', 8);
  inner?.only('prefix_lm', false);
  inner?.only('qk_ln', false);
  inner?.only('attn_uses_sequence_id', false);
  inner?.harmless('attn_impl', 'attn_pdrop', 'model_type', 'architectures', 'dtype', 'torch_dtype', 'return_dict');
  inner?.harmless(
    'output_hidden_states',
    'output_attentions',
    'chunk_size_feed_forward',
    'is_encoder_decoder',
    'id2label',
  );
  inner?.harmless('label2id', 'problem_type', '_name_or_path', 'transformers_version');
  return {
    vocab: config.number('vocab_size', 50368),
    context: config.number('max_seq_len', 2048),
    width,
    depth: config.number(['n_layers', 'num_hidden_layers'], 24),
    heads,
    clip: inner?.optional('clip_qkv') ?? null,
    scale: inner?.optional('softmax_scale') ?? (width / heads) ** -0.5,
    eps: config.number('layer_norm_epsilon', 1e-5),
    ...eosOf(config, null, null),
  };
}

function readFalcon(config: ConfigReader): Parameters {
  config.only('apply_residual_connection_post_layernorm', false);
  const width = config.number('hidden_size', 4544);
  const heads = config.number(['num_attention_heads', 'n_head'], 71);
  const context = config.number('max_position_embeddings', 2048);
  const grouped = config.flag('new_decoder_architecture', false);
  const multiQuery = config.flag('multi_query', true);
  const { theta } = readRope(config, context, { scaled: true });
  const given = config.optional(['num_kv_heads', 'n_head_kv']) ?? heads;
  const ungrouped = multiQuery ? 1 : heads;
  const parallel = config.flag('parallel_attn', true);
  const norms = config.optional('num_ln_in_parallel_attn') ?? (grouped ? 2 : 1);
  return {
    vocab: config.number('vocab_size', 65024),
    context,
    width,
    depth: config.number(['num_hidden_layers', 'n_layer'], 32),
    heads,
    kv_heads: grouped ? given : ungrouped,
    hidden: config.optional('ffn_hidden_size') ?? 4 * width,
    act: config.choice('activation', 'gelu', activations),
    norms: grouped ? norms : 1,
    parallel: grouped || parallel,
    bias: config.flag('bias', false),
    rotary_positions: !config.flag('alibi', false),
    theta,
    eps: config.number('layer_norm_epsilon', 1e-5),
    tied: config.flag('tie_word_embeddings', true),
    ...eosOf(config, 11, 11),
  };
}

/** The shortest pattern that repeats. */
export function period(pattern: readonly boolean[]): readonly boolean[] {
  const length = pattern.findIndex((_, n) => n > 0 && pattern.every((item, i) => item === pattern[i % n]));
  return length < 0 ? pattern : pattern.slice(0, length);
}
