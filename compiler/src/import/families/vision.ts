import { labelCount } from '../classifier.js';
import { ConfigReader } from '../config.js';
import { activationsAmong, type Departure, type Family, harmlessFields, type Parameters } from '../family.js';

const plain = activationsAmong('gelu', 'gelu_tanh', 'quick_gelu', 'relu', 'silu');

/** What vision transformers name alike. */
function readVit(config: ConfigReader): Parameters & { width: number } {
  const width = config.number('hidden_size', 768);
  return {
    ...readSize(config),
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

/** Of the images of training; preprocessor_config.json may say that others are used. */
function readSize(config: ConfigReader): Parameters {
  const size = config.number('image_size', 224);
  return { size, trained: size };
}

function pooler(config: ConfigReader, width: number): void {
  config.only('pooler_act', 'tanh');
  config.only('pooler_output_size', width);
}

/** The size of the images of training: whoever asks for another one asks for no other table of positions. */
const always = ['trained'];

const bothTowers = ['text_features', 'image_features', 'logits_per_text', 'logits_per_image'];

const clip: TowerDefaults = { context: 77, hidden: 2048, width: 512, heads: 8, patch: 32, eps: 1e-5 };
const siglip: TowerDefaults = { context: 64, hidden: 3072, width: 768, heads: 12, patch: 16, eps: 1e-6 };

export const visionFamilies: readonly Family[] = [
  {
    ...{ type: 'vit', module: 'models/vit', model: 'Vit', usual: 'ViTModel', always },
    architectures: { ViTModel: ['state', 'pooled'], ViTForImageClassification: ['logits'] },
    read: (config) => {
      const common = readVit(config);
      pooler(config, common.width);
      const hidden = config.number('intermediate_size', 3072);
      return { ...common, hidden, eps: config.number('layer_norm_eps', 1e-12) };
    },
  },
  {
    ...{ type: 'deit', module: 'models/deit', model: 'Deit', usual: 'DeiTModel', always },
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
    ...{ type: 'dinov2', module: 'models/dinov2', model: 'Dinov2', usual: 'Dinov2Model', always },
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
    ...{ type: 'clip', module: 'models/clip', model: 'Clip', usual: 'CLIPModel', always },
    architectures: { CLIPModel: [...bothTowers, 'text_state'], CLIPForImageClassification: ['class_logits'] },
    read: (config, architecture) => {
      config.harmless('logit_scale_init_value', 'text_config_dict', 'vision_config_dict');
      const { text, image } = readTowers(config, clip);
      const eos = config.object('text_config')?.number('eos_token_id', 49407) ?? 49407;
      const joint = config.number('projection_dim', 512);
      return { ...text, ...image, joint, eos, ...(architecture !== 'CLIPModel' && { classes: labelCount(config) }) };
    },
  },
  {
    ...{ type: 'clip_text_model', module: 'models/clip', model: 'Clip', usual: 'CLIPTextModel' },
    architectures: {
      CLIPTextModel: ['text_state', 'text_pooled'],
      CLIPTextModelWithProjection: ['text_embeds', 'text_state'],
    },
    read: (config) => ({
      ...readText(config, clip),
      joint: config.number('projection_dim', 512),
      eos: config.number('eos_token_id', 49407),
    }),
  },
  {
    ...{ type: 'clip_vision_model', module: 'models/clip', model: 'Clip', usual: 'CLIPVisionModel', always },
    architectures: {
      CLIPVisionModel: ['image_state', 'image_pooled'],
      CLIPVisionModelWithProjection: ['image_embeds', 'image_state'],
    },
    read: (config) => ({ ...readImage(config, clip), joint: config.number('projection_dim', 512) }),
  },
  {
    ...{ type: 'siglip', module: 'models/siglip', model: 'Siglip', usual: 'SiglipModel', always },
    architectures: { SiglipModel: bothTowers, SiglipForImageClassification: ['class_logits'] },
    read: (config, architecture) => {
      const { text, image } = readTowers(config, siglip);
      if (architecture !== 'SiglipModel')
        return { ...text, ...image, joint: image.width ?? 768, classes: labelCount(config) };
      config.object('vision_config')?.only('vision_use_head', true);
      const joint = readJoint(config.object('text_config'), text);
      // The library fails at their product.
      if (joint !== image.width)
        config
          .object('text_config')
          ?.unsupported('projection_size', joint, `the size of vision_config.hidden_size, ${image.width}`);
      return { ...text, ...image, joint };
    },
  },
  {
    ...{ type: 'siglip_text_model', module: 'models/siglip', model: 'Siglip', usual: 'SiglipTextModel' },
    architectures: { SiglipTextModel: ['text_state', 'text_pooled'] },
    read: (config) => {
      const text = readText(config, siglip);
      // The image tower, which is not there, would be as wide.
      const joint = readJoint(config, text);
      return { ...text, width: joint, heads: 1, joint };
    },
  },
  {
    ...{ type: 'siglip_vision_model', module: 'models/siglip', model: 'Siglip', usual: 'SiglipVisionModel', always },
    architectures: { SiglipVisionModel: ['image_state', 'image_pooled'] },
    read: (config) => readImage(config, siglip),
    outputs: (config) => (config.flag('vision_use_head', true) ? undefined : ['image_state']),
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
  // The library has tables of larger windows, and no use for them.
  const grid = Math.ceil(size / patch / 2 ** (depths.length - 1));
  if (near > grid) config.unsupported('window_size', near, `windows no larger than the last grid, ${grid} × ${grid}`);
  const absolute = config.flag('use_absolute_embeddings', false);
  // It has positions of whole patches only, and fills up the others.
  if (absolute && size % patch !== 0)
    config.unsupported('image_size', size, 'sizes that patches with positions divide');
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
    absolute,
    classes: labelCount(config),
  };
}

/** The number of stages is written in the spec, because their shapes differ. */
function swinStages({ depths }: Parameters): readonly Departure[] {
  const stages = Array.isArray(depths) ? depths.length : 4;
  if (stages === 4) return [];
  if (stages === 1) return [['repeat(4, s)', 'repeat(1, s)'], ...withoutMerging];
  return [
    ['repeat(4, s)', `repeat(${stages}, s)`],
    ['if s < 3 then', `if s < ${stages - 1} then`],
  ];
}

const withoutMerging: readonly Departure[] = [
  [/\n +-> if s < 3 then Merge.*/, ''],
  [/\n {2}block Merge[\s\S]*?\n(?=\n)/, ''],
  [/\n {4}stages\[s\]\.merge[\s\S]*?(?=\n {4}positions)/, ''],
];

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
  for (const tower of [text, image]) tower.harmless(...harmlessFields);
  return { text: readText(text, defaults), image: readImage(image, defaults) };
}

const actOf = ({ eps }: TowerDefaults): string => (eps === 1e-5 ? 'quick_gelu' : 'gelu_pytorch_tanh');

function readText(text: ConfigReader, defaults: TowerDefaults): Parameters {
  text.harmless('projection_dim', 'projection_size');
  return {
    vocab: text.number('vocab_size', defaults.eps === 1e-5 ? 49408 : 32000),
    context: text.number('max_position_embeddings', defaults.context),
    text_width: text.number('hidden_size', defaults.width),
    text_depth: text.number('num_hidden_layers', 12),
    text_heads: text.number('num_attention_heads', defaults.heads),
    text_hidden: text.number('intermediate_size', defaults.hidden),
    text_act: text.choice('hidden_act', actOf(defaults), plain),
    text_eps: text.number('layer_norm_eps', defaults.eps),
  };
}

/** How many features a text is summed up in. */
function readJoint(tower: ConfigReader | undefined, { text_width: width }: Parameters): number {
  return tower?.number('projection_size', Number(width)) ?? Number(width);
}

function readImage(image: ConfigReader, defaults: TowerDefaults): Parameters {
  image.harmless('projection_dim', 'projection_size');
  image.flag('vision_use_head', true);
  return {
    ...readSize(image),
    patch: image.number('patch_size', defaults.patch),
    channels: image.number('num_channels', 3),
    width: image.number('hidden_size', 768),
    depth: image.number('num_hidden_layers', 12),
    heads: image.number('num_attention_heads', 12),
    hidden: image.number('intermediate_size', 3072),
    act: image.choice('hidden_act', actOf(defaults), plain),
    eps: image.number('layer_norm_eps', defaults.eps),
  };
}
