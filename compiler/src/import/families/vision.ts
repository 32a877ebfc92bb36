import { labelCount } from '../classifier.js';
import { ConfigReader } from '../config.js';
import { activationsAmong, type Departure, type Family, harmlessFields, type Parameters } from '../family.js';

const plain = activationsAmong('gelu', 'gelu_tanh', 'quick_gelu', 'relu', 'silu');

/** What vision transformers name alike. */
function readVit(config: ConfigReader): Parameters & { width: number } {
  const width = config.number('hidden_size', 768);
  return {
    size: config.number('image_size', 224),
    patch: config.number('patch_size', 16),
    channels: config.number('num_channels', 3),
    width,
    depth: config.number('num_hidden_layers', 12),
    heads: config.number('num_attention_heads', 12),
    act: config.choice('hidden_act', 'gelu', plain),
    bias: config.flag('qkv_bias', true),
    classes: labelCount(config),
  };
}

function pooler(config: ConfigReader, width: number): void {
  config.only('pooler_act', 'tanh');
  config.only('pooler_output_size', width);
}

export const visionFamilies: readonly Family[] = [
  {
    ...{ type: 'vit', module: 'models/vit', model: 'Vit', usual: 'ViTModel' },
    architectures: { ViTModel: ['state', 'pooled'], ViTForImageClassification: ['logits'] },
    read: (config) => {
      const common = readVit(config);
      pooler(config, common.width);
      const hidden = config.number('intermediate_size', 3072);
      return { ...common, hidden, eps: config.number('layer_norm_eps', 1e-12) };
    },
  },
  {
    ...{ type: 'deit', module: 'models/deit', model: 'Deit', usual: 'DeiTModel' },
    architectures: {
      DeiTModel: ['state', 'pooled'],
      DeiTForImageClassification: ['class_logits'],
      DeiTForImageClassificationWithTeacher: ['logits', 'cls_logits', 'distillation_logits'],
    },
    read: (config) => {
      const common = readVit(config);
      pooler(config, common.width);
      const hidden = config.number('intermediate_size', 3072);
      return { ...common, hidden, eps: config.number('layer_norm_eps', 1e-12) };
    },
  },
  {
    ...{ type: 'dinov2', module: 'models/dinov2', model: 'Dinov2', usual: 'Dinov2Model' },
    architectures: { Dinov2Model: ['state', 'pooled'], Dinov2ForImageClassification: ['logits'] },
    read: (config) => {
      config.harmless('layerscale_value', 'apply_layernorm', 'reshape_hidden_states', 'use_mask_token', 'stage_names');
      config.harmless('out_features', 'out_indices');
      const common = readVit(config);
      return {
        ...common,
        patch: config.number('patch_size', 14),
        ratio: config.number('mlp_ratio', 4),
        eps: config.number('layer_norm_eps', 1e-6),
        swiglu: config.flag('use_swiglu_ffn', false),
      };
    },
  },
  {
    ...{ type: 'swin', module: 'models/swin', model: 'Swin', usual: 'SwinModel' },
    architectures: { SwinModel: ['state', 'pooled'], SwinForImageClassification: ['logits'] },
    read: readSwin,
    departs: ({ parameters }) => swinStages(parameters),
  },
  {
    ...{ type: 'clip', module: 'models/clip', model: 'Clip', usual: 'CLIPModel', architectures: { CLIPModel: [] } },
    read: (config) => {
      config.harmless('logit_scale_init_value', 'projection_dim', 'text_config_dict', 'vision_config_dict');
      const { text, image } = readTowers(config, {
        context: 77,
        hidden: 2048,
        width: 512,
        heads: 8,
        patch: 32,
        eps: 1e-5,
      });
      const inner = config.object('text_config');
      const stop = inner?.number('eos_token_id', 49407) ?? 49407;
      return { ...text, ...image, joint: config.number('projection_dim', 512), eos: stop };
    },
  },
  {
    ...{ type: 'siglip', module: 'models/siglip', model: 'Siglip', usual: 'SiglipModel' },
    architectures: { SiglipModel: [] },
    read: (config) => {
      const { text, image } = readTowers(config, {
        context: 64,
        hidden: 3072,
        width: 768,
        heads: 12,
        patch: 16,
        eps: 1e-6,
      });
      const inner = config.object('text_config');
      const textWidth = Number(text.text_width);
      return { ...text, ...image, joint: inner?.number('projection_size', textWidth) ?? textWidth };
    },
  },
];

function readSwin(config: ConfigReader): Parameters {
  config.harmless('stage_names', 'out_features', 'out_indices', 'path_norm', 'num_layers');
  const width = config.number('embed_dim', 96);
  const depths = config.numbers('depths') ?? [2, 2, 6, 2];
  config.only('hidden_size', width * 2 ** (depths.length - 1));
  const [size, patch, near] = [
    config.number('image_size', 224),
    config.number('patch_size', 4),
    config.number('window_size', 7),
  ];
  const grids = depths.map((_, stage) => size / patch / 2 ** stage);
  if (!grids.every(Number.isInteger)) config.unsupported('image_size', size, 'sizes that every stage halves');
  // The library fills up the last windows with zeros, which then take part.
  const cut = grids.some((grid) => grid > near && grid % near !== 0);
  if (cut) config.unsupported('window_size', near, 'windows that divide the grid of every stage');
  return {
    size,
    patch,
    channels: config.number('num_channels', 3),
    width,
    depths,
    heads: config.numbers(['num_heads', 'num_attention_heads']) ?? [3, 6, 12, 24],
    near,
    ratio: config.number('mlp_ratio', 4),
    act: config.choice('hidden_act', 'gelu', plain),
    eps: config.number('layer_norm_eps', 1e-5),
    bias: config.flag('qkv_bias', true),
    absolute: config.flag('use_absolute_embeddings', false),
    classes: labelCount(config),
  };
}

/** The number of stages is written in the spec, because their shapes differ. */
function swinStages({ depths }: Parameters): readonly Departure[] {
  const stages = Array.isArray(depths) ? depths.length : 4;
  if (stages === 4) return [];
  return [
    ['repeat(4, s)', `repeat(${stages}, s)`],
    ['if s < 3 then', `if s < ${stages - 1} then`],
  ];
}

interface TowerDefaults {
  readonly context: number;
  readonly hidden: number;
  readonly width: number;
  readonly heads: number;
  readonly patch: number;
  readonly eps: number;
}

/** `text_config` and `vision_config`, each with fields of its own. */
function readTowers(config: ConfigReader, defaults: TowerDefaults): { text: Parameters; image: Parameters } {
  const text = config.object('text_config') ?? new ConfigReader({});
  const image = config.object('vision_config') ?? new ConfigReader({});
  for (const tower of [text, image]) tower.harmless(...harmlessFields, 'projection_dim', 'projection_size');
  const act = defaults.eps === 1e-5 ? 'quick_gelu' : 'gelu_pytorch_tanh';
  return {
    text: {
      vocab: text.number('vocab_size', defaults.eps === 1e-5 ? 49408 : 32000),
      context: text.number('max_position_embeddings', defaults.context),
      text_width: text.number('hidden_size', defaults.width),
      text_depth: text.number('num_hidden_layers', 12),
      text_heads: text.number('num_attention_heads', defaults.heads),
      text_hidden: text.number('intermediate_size', defaults.hidden),
      text_act: text.choice('hidden_act', act, plain),
      text_eps: text.number('layer_norm_eps', defaults.eps),
    },
    image: {
      size: image.number('image_size', 224),
      patch: image.number('patch_size', defaults.patch),
      channels: image.number('num_channels', 3),
      width: image.number('hidden_size', 768),
      depth: image.number('num_hidden_layers', 12),
      heads: image.number('num_attention_heads', 12),
      hidden: image.number('intermediate_size', 3072),
      act: image.choice('hidden_act', act, plain),
      eps: image.number('layer_norm_eps', defaults.eps),
    },
  };
}
