import type { ConfigReader } from '../config.js';
import { activations, activationsAmong, type Departure, type Family, type Parameters } from '../family.js';
import { readAgain } from './readagain.js';
import { tokenId } from './shared.js';

/** The token that a target begins with, the one that ends it, and the one that fills up sources. */
function specialTokens(config: ConfigReader, pad: number, bos: number, eos: number): Parameters {
  return {
    pad: Math.max(tokenId(config, 'pad_token_id', pad), 0),
    bos: tokenId(config, 'decoder_start_token_id', bos),
    eos: tokenId(config, 'eos_token_id', eos),
  };
}

interface BartDefaults {
  readonly scaled: boolean;
  readonly pad: number;
  readonly bos: number;
  readonly eos: number;
}

/** What BART, Pegasus and Marian name alike. */
function readBart(config: ConfigReader, defaults: BartDefaults): Parameters & { scaled: boolean } {
  config.only('tie_word_embeddings', true);
  config.harmless('num_hidden_layers', 'gradient_checkpointing', 'static_position_embeddings');
  return {
    vocab: config.number('vocab_size', 50265),
    context: config.number('max_position_embeddings', 1024),
    width: config.number(['d_model', 'hidden_size'], 1024),
    depth: config.number('encoder_layers', 12),
    decoder_depth: config.number('decoder_layers', 12),
    heads: config.number('encoder_attention_heads', 16),
    decoder_heads: config.number('decoder_attention_heads', 16),
    hidden: config.number('encoder_ffn_dim', 4096),
    decoder_hidden: config.number('decoder_ffn_dim', 4096),
    act: config.choice('activation_function', 'gelu', activations),
    scaled: config.flag('scale_embedding', defaults.scaled),
    ...specialTokens(config, defaults.pad, defaults.bos, defaults.eos),
  };
}

export const seq2seqFamilies: readonly Family[] = [
  {
    ...{ type: 'bart', module: 'models/bart', model: 'Bart', usual: 'BartForConditionalGeneration' },
    architectures: {
      BartForConditionalGeneration: ['logits', 'memory'],
      BartModel: ['state', 'memory'],
      BartForSequenceClassification: ['class_logits', 'memory'],
      BartForQuestionAnswering: ['start_logits', 'end_logits', 'memory'],
    },
    departs: ({ config, architecture }) => readAgain(config, architecture),
    read: (config) => {
      config.only('normalize_before', false);
      config.only('add_final_layer_norm', false);
      config.only('normalize_embedding', true);
      config.only('add_bias_logits', false);
      config.harmless('classif_dropout', 'extra_pos_embeddings', 'force_bos_token_to_be_generated');
      return readBart(config, { scaled: false, pad: 1, bos: 2, eos: 2 });
    },
  },
  {
    ...{ type: 'pegasus', module: 'models/bart', model: 'Bart', usual: 'PegasusForConditionalGeneration' },
    architectures: { PegasusForConditionalGeneration: ['logits', 'memory'], PegasusModel: ['state', 'memory'] },
    read: (config) => {
      config.only('normalize_before', true);
      config.only('add_final_layer_norm', true);
      config.only('normalize_embedding', false);
      config.only('add_bias_logits', false);
      config.only('static_position_embeddings', true);
      config.harmless('classif_dropout', 'extra_pos_embeddings', 'force_bos_token_to_be_generated');
      return { ...readBart(config, { scaled: false, pad: 0, bos: 0, eos: 1 }), norm_first: true, sinusoids: true };
    },
  },
  {
    ...{ type: 'marian', module: 'models/transformer', model: 'Transformer', usual: 'MarianMTModel' },
    architectures: { MarianMTModel: [] },
    read: readMarian,
    departs: marianDepartures,
  },
  {
    ...{ type: 't5', module: 'models/t5', model: 'T5', usual: 'T5ForConditionalGeneration' },
    architectures: {
      T5ForConditionalGeneration: ['logits', 'memory'],
      T5WithLMHeadModel: ['logits', 'memory'],
      T5Model: ['state', 'memory'],
      T5EncoderModel: ['encoded'],
      T5ForSequenceClassification: ['class_logits', 'memory'],
    },
    departs: ({ config, architecture }) => readAgain(config, architecture),
    read: readT5,
  },
  {
    ...{ type: 'whisper', module: 'models/whisper', model: 'Whisper', usual: 'WhisperForConditionalGeneration' },
    architectures: { WhisperForConditionalGeneration: ['logits', 'memory'], WhisperModel: ['state', 'memory'] },
    read: readWhisper,
  },
];

/** Marian is the Transformer of 2017, whose decoder may have sizes of its own. */
function readMarian(config: ConfigReader): Parameters {
  config.only('normalize_before', false);
  config.only('normalize_embedding', false);
  config.only('add_final_layer_norm', false);
  config.only('add_bias_logits', false);
  config.only('static_position_embeddings', true);
  config.only('share_encoder_decoder_embeddings', true);
  config.harmless('classif_dropout', 'extra_pos_embeddings', 'force_bos_token_to_be_generated');
  const { vocab, context, width, depth, heads, hidden, pad, bos, eos } = readBart(config, marianDefaults);
  config.only('decoder_vocab_size', vocab);
  const activation = config.choice('activation_function', 'gelu', activationsAmong('gelu', 'relu', 'silu'));
  const values = { vocab, context, width, depth, heads, hidden, pad, bos, eos } as Parameters;
  return { ...values, activation, halves: true, logits_bias: true };
}

const marianDefaults: BartDefaults = { scaled: false, pad: 58100, bos: 58100, eos: 0 };

/** A decoder of other sizes than the encoder's, and embeddings as they are. */
function marianDepartures({ config }: { readonly config: ConfigReader }): readonly Departure[] {
  const read = readBart(config, marianDefaults);
  const { depth, heads, hidden, decoder_depth: layers, decoder_heads: ofDecoder, decoder_hidden: wide } = read;
  return [
    ...(read.scaled ? [] : [[', scale: sqrt(width)', ''] as const]),
    ...(layers === depth ? [] : [['repeat(depth) as decoder', `repeat(${layers}) as decoder`] as const]),
    ...(ofDecoder === heads
      ? []
      : [[/attention\(heads, d_k, d_v(?=, (?:over|mask: causal))/g, `attention(${ofDecoder}`] as const]),
    ...(wide === hidden ? [] : [[/(block DecoderLayer =[\s\S]*?FeedForward\()hidden/, `$1${wide}`] as const]),
  ];
}

function readWhisper(config: ConfigReader): Parameters {
  config.only('tie_word_embeddings', true);
  config.harmless('num_hidden_layers', 'apply_spec_augment', 'median_filter_width', 'use_weighted_layer_sum');
  config.harmless('classifier_proj_size', 'alignment_heads', 'max_initial_timestamp_index', 'forced_decoder_ids');
  // The library reads this field and computes without it.
  config.harmless('scale_embedding');
  for (const axis of ['time', 'feature']) {
    config.harmless(`mask_${axis}_prob`, `mask_${axis}_length`, `mask_${axis}_min_masks`);
  }
  return {
    vocab: config.number('vocab_size', 51865),
    mels: config.number('num_mel_bins', 80),
    frames: 2 * config.number('max_source_positions', 1500),
    context: config.number('max_target_positions', 448),
    width: config.number(['d_model', 'hidden_size'], 384),
    depth: config.number('encoder_layers', 4),
    decoder_depth: config.number('decoder_layers', 4),
    heads: config.number(['encoder_attention_heads', 'num_attention_heads'], 6),
    decoder_heads: config.number('decoder_attention_heads', 6),
    hidden: config.number('encoder_ffn_dim', 1536),
    decoder_hidden: config.number('decoder_ffn_dim', 1536),
    act: config.choice('activation_function', 'gelu', activations),
    bos: tokenId(config, 'decoder_start_token_id', 50257),
    eos: tokenId(config, 'eos_token_id', 50257),
  };
}

function readT5(config: ConfigReader): Parameters {
  const depth = config.number(['num_layers', 'num_hidden_layers'], 6);
  const tied = config.flag('tie_word_embeddings', true);
  const { act, gated } = config.choice('feed_forward_proj', 'relu', {
    relu: { act: 'relu', gated: false },
    gelu: { act: 'gelu', gated: false },
    'gated-gelu': { act: 'gelu_tanh', gated: true },
    'gated-silu': { act: 'silu', gated: true },
    'gated-relu': { act: 'relu', gated: true },
  });
  // They follow from feed_forward_proj, and n_positions from nothing.
  config.harmless('dense_act_fn', 'is_gated_act', 'n_positions');
  return {
    vocab: config.number('vocab_size', 32128),
    width: config.number(['d_model', 'hidden_size'], 512),
    depth,
    decoder_depth: config.optional('num_decoder_layers') ?? depth,
    heads: config.number(['num_heads', 'num_attention_heads'], 8),
    d_k: config.number('d_kv', 64),
    hidden: config.number('d_ff', 2048),
    ...{ act, gated },
    buckets: config.number('relative_attention_num_buckets', 32),
    most: config.number('relative_attention_max_distance', 128),
    eps: config.number('layer_norm_epsilon', 1e-6),
    tied,
    scaled: config.flag('scale_decoder_outputs', tied),
    ...specialTokens(config, 0, 0, 1),
  };
}
