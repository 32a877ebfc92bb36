import { labelCount } from '../classifier.js';
import type { ConfigReader } from '../config.js';
import { activations, type Family, type Parameters } from '../family.js';
import { ownDebertaDecoder, ownDecoderBesideBias, ownModernDecoder, ownProjector, ownWords } from '../head.js';
import { period } from './gpt.js';
import { layerPattern } from './shared.js';

/** The heads that encoders of text have in common, and their outputs. */
function heads(prefix: string, base: readonly string[]): Pick<Family, 'architectures' | 'usual'> {
  return {
    architectures: {
      [`${prefix}Model`]: base,
      [`${prefix}ForMaskedLM`]: ['token_logits'],
      [`${prefix}ForSequenceClassification`]: ['class_logits'],
      [`${prefix}ForTokenClassification`]: ['tag_logits'],
      [`${prefix}ForQuestionAnswering`]: ['start_logits', 'end_logits'],
    },
    usual: `${prefix}Model`,
  };
}

/** The sizes that BERT and its relatives name alike. */
function readBert(config: ConfigReader, act: string): Parameters {
  config.only('position_embedding_type', 'absolute');
  return {
    vocab: config.number('vocab_size', 30522),
    context: config.number('max_position_embeddings', 512),
    kinds: config.number('type_vocab_size', 2),
    width: config.number('hidden_size', 768),
    depth: config.number('num_hidden_layers', 12),
    heads: config.number('num_attention_heads', 12),
    hidden: config.number('intermediate_size', 3072),
    act: config.choice('hidden_act', act, activations),
    eps: config.number('layer_norm_eps', 1e-12),
  };
}

const bert = heads('Bert', ['state', 'pooled']);

export const encoderFamilies: readonly Family[] = [
  {
    ...{ type: 'bert', module: 'models/bert', model: 'Bert', usual: bert.usual },
    architectures: {
      ...bert.architectures,
      BertForPreTraining: ['word_logits', 'next_sentence'],
      BertForNextSentencePrediction: ['pair_logits'],
    },
    departs: ownWords(ownDecoderBesideBias),
    read: (config) => {
      // Fields of the first release, which the library never read.
      config.harmless('directionality', 'pooler_fc_size', 'pooler_num_attention_heads', 'pooler_num_fc_layers');
      config.harmless('pooler_size_per_head', 'pooler_type');
      return { ...readBert(config, 'gelu'), classes: labelCount(config) };
    },
  },
  ...['roberta', 'xlm-roberta', 'camembert'].map(robertaOf),
  {
    ...{ type: 'distilbert', module: 'models/distilbert', model: 'DistilBert', ...heads('DistilBert', ['state']) },
    departs: ownWords(ownProjector),
    read: (config) => {
      config.harmless('sinusoidal_pos_embds', 'tie_weights_');
      return {
        vocab: config.number('vocab_size', 30522),
        context: config.number('max_position_embeddings', 512),
        width: config.number(['dim', 'hidden_size'], 768),
        depth: config.number(['n_layers', 'num_hidden_layers'], 6),
        heads: config.number(['n_heads', 'num_attention_heads'], 12),
        hidden: config.number('hidden_dim', 3072),
        act: config.choice('activation', 'gelu', activations),
        classes: labelCount(config),
      };
    },
  },
  {
    ...{ type: 'albert', module: 'models/albert', model: 'Albert', ...heads('Albert', ['state', 'pooled']) },
    departs: ownWords(ownDecoderBesideBias),
    read: (config) => {
      config.only('num_hidden_groups', 1);
      config.only('inner_group_num', 1);
      config.harmless(
        'gap_size',
        'net_structure_type',
        'num_memory_blocks',
        'down_scale_factor',
        'classifier_dropout_prob',
        'layers_to_keep',
      );
      return {
        ...readBert(config, 'gelu_new'),
        vocab: config.number('vocab_size', 30000),
        embed_width: config.number('embedding_size', 128),
        width: config.number('hidden_size', 4096),
        heads: config.number('num_attention_heads', 64),
        hidden: config.number('intermediate_size', 16384),
        classes: labelCount(config),
      };
    },
  },
  {
    ...{ type: 'deberta-v2', module: 'models/deberta_v2', model: 'DebertaV2', ...heads('DebertaV2', ['state']) },
    departs: ownWords(ownDebertaDecoder),
    read: readDeberta,
  },
  {
    ...{ type: 'modernbert', module: 'models/modernbert', model: 'ModernBert', ...heads('ModernBert', ['state']) },
    departs: ownWords(ownModernDecoder),
    read: readModernBert,
  },
];

/** RoBERTa, and what was trained of it on texts in other languages. */
function robertaOf(type: string): Family {
  const prefix = { 'xlm-roberta': 'XLMRoberta', camembert: 'Camembert' }[type] ?? 'Roberta';
  return {
    ...{ type, module: 'models/roberta', model: 'Roberta', ...heads(prefix, ['state', 'pooled']) },
    departs: ownWords(ownDecoderBesideBias),
    read: (config) => {
      const common = readBert(config, 'gelu');
      const pad = config.number('pad_token_id', 1);
      // Rows up to the padding token's id are no positions.
      return { ...common, context: Number(common.context) - pad - 1, pad, classes: labelCount(config) };
    },
  };
}

function readDeberta(config: ConfigReader): Parameters {
  const context = config.number('max_position_embeddings', 512);
  const kinds = config.number('type_vocab_size', 0);
  const written = config.number('max_relative_positions', -1);
  const most = written < 1 ? context : written;
  const buckets = config.number('position_buckets', -1);
  const width = config.number('hidden_size', 1536);
  if (!config.flag('relative_attention', false)) config.unsupported('relative_attention', false, 'true');
  const kernel = config.number('conv_kernel_size', 0);
  if (kernel > 0 && kernel % 2 === 0) config.unsupported('conv_kernel_size', kernel, 'odd sizes');
  config.only('conv_groups', 1);
  config.only('attention_head_size', width / config.number('num_attention_heads', 24));
  config.only('pooler_hidden_size', width);
  config.harmless('pooler_dropout');
  // Several norms with | between them; one is known.
  const norms = String(config.any('norm_rel_ebd') ?? 'none').toLowerCase();
  return {
    ...readBert(config, 'gelu'),
    vocab: config.number('vocab_size', 128100),
    context,
    kinds: Math.max(kinds, 1),
    typed: kinds > 0,
    width,
    embed_width: config.number('embedding_size', width),
    depth: config.number('num_hidden_layers', 24),
    heads: config.number('num_attention_heads', 24),
    hidden: config.number('intermediate_size', 6144),
    eps: config.number('layer_norm_eps', 1e-7),
    ...readScores(config),
    shared: config.flag('share_att_key', false),
    most,
    buckets: buckets > 0 ? buckets : null,
    span: buckets > 0 ? buckets : most,
    norm_relative: norms.split('|').some((norm) => norm.trim() === 'layer_norm'),
    absolute: config.flag('position_biased_input', true),
    ...(kernel > 0 && { conv: true, reach: (kernel - 1) / 2 }),
    conv_act: config.choice('conv_act', 'tanh', { tanh: 'tanh', gelu: 'gelu', relu: 'relu' }),
    legacy: config.flag('legacy', true),
    pooler_act: config.choice('pooler_hidden_act', 'gelu', { gelu: 'gelu', tanh: 'tanh', relu: 'relu' }),
    classes: labelCount(config),
  };
}

/** `pos_att_type`: a list, or its items with | between them. */
function readScores(config: ConfigReader): Parameters {
  const value = config.any('pos_att_type');
  const items: unknown[] = Array.isArray(value) ? value : String(value ?? '').split('|');
  const names = items.map((item) => String(item).trim().toLowerCase()).filter((name) => name !== '');
  const known = names.length > 0 && names.every((name) => name === 'c2p' || name === 'p2c');
  if (!known) config.unsupported('pos_att_type', value ?? null, 'c2p, p2c or both');
  return { c2p: names.includes('c2p'), p2c: names.includes('p2c') };
}

function readModernBert(config: ConfigReader): Parameters {
  const depth = config.number('num_hidden_layers', 22);
  const every = config.number('global_attn_every_n_layers', 3);
  const local = layerPattern(config, depth) ?? Array.from({ length: depth }, (_, i) => i % every !== 0);
  const rope = config.object('rope_parameters');
  const [full, sliding] = [rope?.object('full_attention'), rope?.object('sliding_attention')];
  for (const kind of [full, sliding]) kind?.only('rope_type', 'default');
  const theta = config.number('global_rope_theta', 160000);
  const nearTheta = config.optional('local_rope_theta', 10000) ?? theta;
  config.harmless('deterministic_flash_attn', 'sparse_prediction', 'sparse_pred_ignore_index', 'reference_compile');
  config.harmless('repad_logits_with_grad');
  return {
    vocab: config.number('vocab_size', 50368),
    context: config.number('max_position_embeddings', 8192),
    width: config.number('hidden_size', 768),
    depth,
    heads: config.number('num_attention_heads', 12),
    hidden: config.number('intermediate_size', 1152),
    act: config.choice('hidden_activation', 'gelu', activations),
    eps: config.number('norm_eps', 1e-5),
    near: Math.floor(config.number('local_attention', 128) / 2),
    local: period(local),
    theta: full?.number('rope_theta', theta) ?? theta,
    near_theta: sliding?.number('rope_theta', nearTheta) ?? nearTheta,
    bias: config.flag('attention_bias', false),
    mlp_bias: config.flag('mlp_bias', false),
    norm_bias: config.flag('norm_bias', false),
    decoder_bias: config.flag('decoder_bias', true),
    head_bias: config.flag('classifier_bias', false),
    head_act: config.choice('classifier_activation', 'gelu', activations),
    pooling: config.choice('classifier_pooling', 'cls', { cls: 'first', mean: 'mean' }),
    classes: labelCount(config),
  };
}
