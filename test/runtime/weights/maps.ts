import type { CheckpointMap, MapRule, MapStep, ModelWeight } from '../../../runtime/src/weights/map.js';

// Maps of the design sketches as the compiler emits them, and the weights of the models beside them.

const transpose: MapStep = { kind: 'transpose' };

/** A linear layer: weight [out, in] and, unless `bias` is false, bias [out]. */
export function linear(path: string, out: number, inputs: number, bias = true): ModelWeight[] {
  const weight = { path: `${path}.weight`, shape: [out, inputs], required: true };
  return bias ? [weight, { path: `${path}.bias`, shape: [out], required: true }] : [weight];
}

/** A layer norm, or an RMS norm without bias. */
function norm(path: string, width: number, bias = true): ModelWeight[] {
  const weight = { path: `${path}.weight`, shape: [width], required: true };
  return bias ? [weight, { path: `${path}.bias`, shape: [width], required: true }] : [weight];
}

export function table(path: string, rows: number, width: number): ModelWeight[] {
  return [{ path, shape: [rows, width], required: true }];
}

function copies(count: number, weights: (path: string) => ModelWeight[], label = 'layers'): ModelWeight[] {
  return Array.from({ length: count }, (_, i) => weights(`${label}[${i}]`)).flat();
}

function attention(path: string, width: number, keys = width, bias = true): ModelWeight[] {
  return [
    ...linear(`${path}.q`, width, width, bias),
    ...linear(`${path}.k`, keys, width, bias),
    ...linear(`${path}.v`, keys, width, bias),
    ...linear(`${path}.out`, width, width, bias),
  ];
}

export function gpt2Weights(vocab: number, context: number, width: number, depth: number): ModelWeight[] {
  return [
    ...table('wte.weight', vocab, width),
    ...table('wpe.weight', context, width),
    ...copies(depth, (path) => [
      ...norm(`${path}.ln_1`, width),
      ...attention(`${path}.attention`, width),
      ...norm(`${path}.ln_2`, width),
      ...linear(`${path}.mlp.up`, 4 * width, width),
      ...linear(`${path}.mlp.down`, width, 4 * width),
    ]),
    ...norm('ln_f', width),
  ];
}

export function gpt2Map(width: number): CheckpointMap {
  const parts = ['q', 'k', 'v'].map((name) => ({ name, size: width }));
  const rule = (line: number, path: string, template: string, ...steps: MapStep[]): MapRule => ({
    path,
    template: `(transformer.)?${template}`,
    steps,
    at: { file: 'gpt2.tfm', line },
  });
  return {
    rules: [
      { ...rule(27, 'wte', 'wte.weight'), also: ['lm_head.weight'] },
      rule(28, 'wpe', 'wpe.weight'),
      rule(29, 'ln_f', 'ln_f'),
      rule(30, 'layers[i].{ln_1, ln_2}', 'h.{i}.{ln_1, ln_2}'),
      rule(31, 'layers[i].attention.{q, k, v}', 'h.{i}.attn.c_attn', transpose, {
        kind: 'unpack',
        outer: 1,
        parts,
        inner: 1,
      }),
      rule(32, 'layers[i].attention.out', 'h.{i}.attn.c_proj', transpose),
      rule(33, 'layers[i].mlp.{up, down}', 'h.{i}.mlp.{c_fc, c_proj}', transpose),
    ],
    ignore: [{ glob: '(transformer.)?h.{i}.attn.{bias, masked_bias}' }],
  };
}

export function llamaWeights(vocab: number, width: number, keys: number, hidden: number, depth: number): ModelWeight[] {
  return [
    ...table('embed.weight', vocab, width),
    ...copies(depth, (path) => [
      ...norm(`${path}.norm_1`, width, false),
      ...attention(`${path}.attention`, width, keys, false),
      ...norm(`${path}.norm_2`, width, false),
      ...linear(`${path}.mlp.gate`, hidden, width, false),
      ...linear(`${path}.mlp.up`, hidden, width, false),
      ...linear(`${path}.mlp.down`, width, hidden, false),
    ]),
    ...norm('norm', width, false),
  ];
}

export const llamaMap: CheckpointMap = {
  rules: [
    { path: 'embed', template: 'model.embed_tokens.weight', also: ['lm_head.weight'] },
    { path: 'norm', template: 'model.norm' },
    {
      path: 'layers[i].{norm_1, norm_2}',
      template: 'model.layers.{i}.{input_layernorm, post_attention_layernorm}',
    },
    { path: 'layers[i].attention.{q, k, v, out}', template: 'model.layers.{i}.self_attn.{q, k, v, o}_proj' },
    { path: 'layers[i].mlp.{gate, up, down}', template: 'model.layers.{i}.mlp.{gate, up, down}_proj' },
  ],
  ignore: [{ glob: 'model.layers.{i}.self_attn.rotary_emb.inv_freq' }],
};

/** llama_gqa does not tie its head. */
export const untiedLlamaMap: CheckpointMap = {
  ...llamaMap,
  rules: [
    { path: 'embed', template: 'model.embed_tokens.weight' },
    { path: 'head', template: 'lm_head.weight' },
    ...llamaMap.rules.slice(1),
  ],
};

function encoderLayer(path: string, width: number, hidden: number): ModelWeight[] {
  return [
    ...attention(`${path}.attention`, width),
    ...norm(`${path}.norm_1`, width),
    ...norm(`${path}.norm_2`, width),
    ...linear(`${path}.mlp.up`, hidden, width),
    ...linear(`${path}.mlp.down`, width, hidden),
  ];
}

export const bertWeights: ModelWeight[] = [
  ...table('words.weight', 96, 32),
  ...table('positions.weight', 64, 32),
  ...table('types.weight', 2, 32),
  ...norm('embed_norm', 32),
  ...copies(2, (path) => encoderLayer(path, 32, 48)),
  ...linear('transform', 32, 32),
  ...norm('transform_norm', 32),
  { path: 'decoder_bias', shape: [96], required: true },
  ...linear('pooler', 32, 32),
];

export const bertMap: CheckpointMap = {
  rules: [
    { path: 'words', template: 'bert.embeddings.word_embeddings.weight', also: ['cls.predictions.decoder.weight'] },
    { path: 'positions', template: 'bert.embeddings.position_embeddings.weight' },
    { path: 'types', template: 'bert.embeddings.token_type_embeddings.weight' },
    {
      path: 'embed_norm.weight',
      template: 'bert.embeddings.LayerNorm.weight',
      or: ['bert.embeddings.LayerNorm.gamma'],
    },
    { path: 'embed_norm.bias', template: 'bert.embeddings.LayerNorm.bias', or: ['bert.embeddings.LayerNorm.beta'] },
    { path: 'layers[i].attention.{q, k, v}', template: 'bert.encoder.layer.{i}.attention.self.{query, key, value}' },
    { path: 'layers[i].attention.out', template: 'bert.encoder.layer.{i}.attention.output.dense' },
    { path: 'layers[i].norm_1', template: 'bert.encoder.layer.{i}.attention.output.LayerNorm' },
    { path: 'layers[i].norm_2', template: 'bert.encoder.layer.{i}.output.LayerNorm' },
    { path: 'layers[i].mlp.{up, down}', template: 'bert.encoder.layer.{i}.{intermediate, output}.dense' },
    { path: 'transform', template: 'cls.predictions.transform.dense', for: ['token_logits'] },
    { path: 'transform_norm', template: 'cls.predictions.transform.LayerNorm', for: ['token_logits'] },
    { path: 'decoder_bias', template: 'cls.predictions.bias', also: ['cls.predictions.decoder.bias'] },
    { path: 'pooler', template: 'bert.pooler.dense', for: ['pooled'] },
  ],
  ignore: [{ glob: 'bert.embeddings.position_ids' }],
};

export const vitWeights: ModelWeight[] = [
  ...linear('projection', 32, 48),
  { path: 'class_token', shape: [1, 32], required: true },
  { path: 'positions.weight', shape: [17, 32], required: true },
  ...copies(2, (path) => encoderLayer(path, 32, 48)),
  ...norm('norm', 32),
  ...linear('head', 5, 32),
];

export const vitMap: CheckpointMap = {
  rules: [
    { path: 'class_token', template: 'vit.embeddings.cls_token', steps: [{ kind: 'reshape', shape: [1, 32] }] },
    {
      path: 'projection',
      template: 'vit.embeddings.patch_embeddings.projection',
      steps: [{ kind: 'axes', pattern: 'out c y x -> out (y x c)' }],
    },
    {
      path: 'positions.weight',
      template: 'vit.embeddings.position_embeddings',
      steps: [{ kind: 'reshape', shape: [17, 32] }],
    },
    {
      path: 'layers[i].{norm_1, norm_2}',
      template: 'vit.encoder.layer.{i}.{layernorm_before, layernorm_after}',
    },
    {
      path: 'layers[i].attention.{q, k, v}',
      template: 'vit.encoder.layer.{i}.attention.attention.{query, key, value}',
    },
    { path: 'layers[i].attention.out', template: 'vit.encoder.layer.{i}.attention.output.dense' },
    { path: 'layers[i].mlp.{up, down}', template: 'vit.encoder.layer.{i}.{intermediate, output}.dense' },
    { path: 'norm', template: 'vit.layernorm' },
    { path: 'head', template: 'classifier' },
  ],
  ignore: [],
};

export const marianWeights: ModelWeight[] = [
  ...table('shared.weight', 96, 32),
  { path: 'logits_bias', shape: [96], required: true },
  ...copies(2, (path) => encoderLayer(path, 32, 48), 'encoder'),
  ...copies(
    2,
    (path) => [
      ...attention(`${path}.self_attention`, 32),
      ...attention(`${path}.cross_attention`, 32),
      ...norm(`${path}.norm_1`, 32),
      ...norm(`${path}.norm_2`, 32),
      ...norm(`${path}.norm_3`, 32),
      ...linear(`${path}.mlp.up`, 48, 32),
      ...linear(`${path}.mlp.down`, 32, 48),
    ],
    'decoder',
  ),
];

const layers = 'model.decoder.layers.{i}';
export const marianMap: CheckpointMap = {
  rules: [
    {
      path: 'shared',
      template: 'model.shared.weight',
      also: ['lm_head.weight', 'model.encoder.embed_tokens.weight', 'model.decoder.embed_tokens.weight'],
    },
    { path: 'logits_bias', template: 'final_logits_bias', steps: [{ kind: 'reshape', shape: [96] }], default: 0 },
    {
      path: 'encoder[i].attention.{q, k, v, out}',
      template: 'model.encoder.layers.{i}.self_attn.{q, k, v, out}_proj',
    },
    {
      path: 'encoder[i].{norm_1, norm_2}',
      template: 'model.encoder.layers.{i}.{self_attn_layer_norm, final_layer_norm}',
    },
    { path: 'encoder[i].mlp.{up, down}', template: 'model.encoder.layers.{i}.{fc1, fc2}' },
    {
      path: 'decoder[i].{self_attention, cross_attention}.{q, k, v, out}',
      template: `${layers}.{self, encoder}_attn.{q, k, v, out}_proj`,
    },
    {
      path: 'decoder[i].{norm_1, norm_2, norm_3}',
      template: `${layers}.{self_attn_layer_norm, encoder_attn_layer_norm, final_layer_norm}`,
    },
    { path: 'decoder[i].mlp.{up, down}', template: `${layers}.{fc1, fc2}` },
  ],
  ignore: [{ glob: 'model.{encoder, decoder}.embed_positions.**' }],
};
