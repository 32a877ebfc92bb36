import type { ConfigReader } from './config.js';

export type ParameterValue = number | boolean | string | null | readonly number[] | readonly boolean[];

/** Values of a spec's parameters; those that equal the spec's default are not written. */
export type Parameters = Readonly<Record<string, ParameterValue>>;

/** A piece of a model's text, and what stands there instead. */
export type Departure = readonly [written: string | RegExp, instead: string];

/** How the configs of one `model_type` become presets of one model of `specs/models`. */
export interface Family {
  /** `model_type` */
  readonly type: string;
  /** The module that imports name: `models/llama`. */
  readonly module: string;
  readonly model: string;
  /** Classes of the original library, and the outputs that each has; all of them where there is none. */
  readonly architectures: Readonly<Record<string, readonly string[]>>;
  /** Class names where the config has none. */
  readonly usual: string;
  /** Parameters that are written where they are the default, too, which another parameter would change. */
  readonly always?: readonly string[];
  readonly read: (config: ConfigReader, architecture: string) => Parameters;
  /** The outputs of a config that has others than its class; `undefined` where it has those. */
  readonly outputs?: (config: ConfigReader) => readonly string[] | undefined;
  /** What must stand otherwise in the model's text, which the imported spec then has in it; absent where a preset will do. */
  readonly departs?: (about: {
    readonly parameters: Parameters;
    readonly config: ConfigReader;
    readonly architecture: string;
  }) => readonly Departure[];
}

/** What `activation` of `std/activations` knows, by the names in the original library. */
export const activations: Readonly<Record<string, string>> = {
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_new: 'gelu_tanh',
  gelu_pytorch_tanh: 'gelu_tanh',
  gelu_fast: 'gelu_tanh',
  quick_gelu: 'quick_gelu',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
  relu2: 'relu2',
  tanh: 'tanh',
  mish: 'mish',
};

/** The activations that a spec offers, by their names in the original library. */
export function activationsAmong(...known: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(activations).filter(([, name]) => known.includes(name)));
}

/** Fields of every config that say how a model was trained, saved or shown, and change no number of a forward pass. */
export const harmlessFields: readonly string[] = [
  ...[
    'architectures',
    'model_type',
    '_name_or_path',
    'name_or_path',
    'transformers_version',
    'auto_map',
    'torch_dtype',
    'dtype',
  ],
  ...[
    'use_cache',
    'return_dict',
    'output_attentions',
    'output_hidden_states',
    'output_past',
    'torchscript',
    'use_bfloat16',
  ],
  ...['initializer_range', 'initializer_factor', 'init_std', 'initializer_cutoff_factor', 'gradient_checkpointing'],
  ...['pad_token_id', 'sep_token_id', 'cls_token_id', 'mask_token_id', 'unk_token_id', 'bos_token_id', 'eos_token_id'],
  ...[
    'decoder_start_token_id',
    'forced_bos_token_id',
    'forced_eos_token_id',
    'suppress_tokens',
    'begin_suppress_tokens',
  ],
  ...[
    'task_specific_params',
    'finetuning_task',
    'problem_type',
    'language',
    'tokenizer_class',
    'prefix',
    'processor_class',
  ],
  ...['id2label', 'label2id', 'num_labels', '_num_labels', 'pruned_heads', 'is_encoder_decoder'],
  ...['chunk_size_feed_forward', 'cache_implementation', '_attn_implementation', 'attn_implementation'],
  ...['max_length', 'min_length', 'num_beams', 'early_stopping', 'length_penalty', 'no_repeat_ngram_size', 'do_sample'],
  ...['temperature', 'top_k', 'top_p', 'repetition_penalty', 'bad_words_ids', 'num_beam_groups', 'diversity_penalty'],
  ...['encoder_no_repeat_ngram_size', 'typical_p', 'remove_invalid_values', 'num_return_sequences', 'add_prefix_space'],
  ...[
    'exponential_decay_length_penalty',
    'tf_legacy_loss',
    'output_scores',
    'return_dict_in_generate',
    'normalize_before',
  ],
  ...[
    'attention_dropout',
    'attention_probs_dropout_prob',
    'hidden_dropout',
    'hidden_dropout_prob',
    'dropout',
    'dropout_rate',
  ],
  ...['resid_pdrop', 'embd_pdrop', 'attn_pdrop', 'resid_dropout', 'embed_dropout', 'emb_pdrop', 'classifier_dropout'],
  ...[
    'activation_dropout',
    'classif_dropout',
    'seq_classif_dropout',
    'qa_dropout',
    'encoder_layerdrop',
    'decoder_layerdrop',
  ],
  ...['layerdrop', 'drop_path_rate', 'embedding_dropout', 'mlp_dropout', 'pooler_dropout', 'residual_dropout'],
  ...['summary_type', 'summary_use_proj', 'summary_activation', 'summary_proj_to_labels', 'summary_first_dropout'],
  ...[
    'pretraining_tp',
    'slow_but_exact',
    'attention_softmax_in_fp32',
    'scale_attention_softmax_in_fp32',
    'init_device',
  ],
  ...['reorder_and_upcast_attn', 'masked_softmax_fusion', 'bias_dropout_fusion', 'ffn_hidden_size_multiplier', 'n_ctx'],
  ...['n_special', 'predict_special_tokens', 'vocab_size_multiple', 'encoder_stride'],
];
