/** A model of a spec, in a configuration small enough for tests: odd widths, more heads than one, all that it can do. */
export interface SmallModel {
  readonly spec: string;
  readonly model: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

const models = (file: string, model: string, ...settings: SmallModel['settings'][]): SmallModel[] =>
  settings.map((each) => ({ spec: `specs/models/${file}.tfm`, model, settings: each }));

const published = (file: string, model: string, ...settings: SmallModel['settings'][]): SmallModel[] =>
  settings.map((each) => ({ spec: `test/fixtures/specs/${file}.tfm`, model, settings: each }));

const small = { vocab: 13, width: 8, depth: 2, heads: 2 };
const wide = { ...small, hidden: 12 };
const grouped = { ...wide, heads: 4, kv_heads: 2 };
const image = { size: 6, patch: 2, channels: 3, width: 8, depth: 2, heads: 2, classes: 5 };
const recurrent = { vocab: 13, target_vocab: 11, embed: 6, width: 5, align: 7, pool: 4 };
// Five layers: the row, the column, the row, the neighbourhood, and the row again.
const painted = { text_vocab: 9, image_vocab: 13, grid: 3, width: 8, depth: 5, heads: 2 };

/** Every model of `specs/models` and of the published architectures. */
export const smallModels: readonly SmallModel[] = [
  ...models('bert', 'Bert', { ...wide, context: 12, classes: 3 }),
  ...models('dalle', 'Dalle', { ...painted, text_length: 4, near: 3 }),
  ...models('gat', 'Gat', { features: 5, width: 3, heads: 2, classes: 4 }),
  ...models('gpt2', 'Gpt2', { ...small, context: 24 }),
  ...models(
    'llama',
    'Llama',
    { ...grouped, context: 24 },
    { ...wide, context: 24, heads: 3, kv_heads: 1, d_k: 6, tied: true },
  ),
  ...models('seq2seq', 'Seq2Seq', { ...recurrent, context: 24 }),
  ...models(
    'transformer',
    'Transformer',
    { ...wide, context: 24 },
    { ...wide, context: 24, heads: 3, d_k: 2, d_v: 5, halves: true, activation: 'silu', logits_bias: true },
  ),
  ...models('transformer', 'PreNormTransformer', { ...wide, context: 24 }),
  ...models('transformer', 'LayerwiseTransformer', { ...wide, context: 24 }),
  ...models('vit', 'Vit', { ...image, hidden: 12 }),
  ...published('albert', 'Albert', { ...wide, context: 12, embed: 6 }),
  ...published('bahdanau', 'Bahdanau', recurrent),
  ...published('bart', 'Bart', { ...wide, context: 12 }),
  ...published('bert_sketch', 'Bert', { ...wide, context: 12, classes: 3 }),
  ...published('bloom_mpt', 'Bloom', { ...small, width: 12, heads: 3 }),
  ...published('bloom_mpt', 'Mpt', { ...small, width: 12, heads: 6 }),
  ...published('clip', 'Clip', {
    ...{ vocab: 13, context: 12, text_width: 8, text_heads: 2, text_depth: 1 },
    ...{ size: 6, patch: 2, channels: 3, width: 12, heads: 3, depth: 1, joint: 7, stop: 4 },
  }),
  ...published('command_r', 'CommandR', grouped, { ...grouped, kv_heads: 1, qk_norm: true }),
  ...published('dalle_gat', 'Dalle', { ...painted, text_len: 4 }),
  ...published('dalle_gat', 'Gat', { features: 5, width: 3, heads: 2, classes: 4 }),
  ...published('deberta', 'DebertaV3', { ...wide, buckets: 6, most: 10 }),
  ...published('deit', 'DeiT', { ...image, hidden: 12 }),
  ...published('dinov2', 'Dinov2', { ...image, swiglu: false }, { ...image, swiglu: true }),
  ...published('encoder', 'Encoder', {}, { positions: true }),
  ...published('encoder', 'Readings', {}, { split: true }),
  ...published('encoder', 'Positions', {}, { halves: true }),
  ...published('falcon', 'Falcon', { ...small, heads: 4, kv_heads: 2 }),
  ...published('gemma', 'Gemma2', { ...grouped, d_k: 4, near: 3, query_scalar: 4 }),
  ...published('gemma', 'Gemma3', { ...grouped, depth: 6, d_k: 4, near: 3, query_scalar: 4 }),
  ...published('gpt_neo', 'GptNeo', { ...wide, context: 24 }),
  ...published('gpt_neox', 'GptNeoX', { ...wide, context: 24, rotary_share: 0.5 }),
  ...published('llama3', 'Llama3', { ...grouped, context: 24 }),
  ...published('modernbert', 'ModernBert', { ...wide, context: 24, depth: 4, near: 2 }),
  ...published('nano_gpt', 'NanoGpt', { width: 6 }),
  ...published('olmo2', 'Olmo2', grouped),
  ...published('same', 'Same', {}),
  ...published('smollm3', 'SmolLM3', { ...grouped, depth: 4 }),
  ...published('swin', 'Swin', {
    ...{ size: 32, patch: 2, channels: 1, width: 4, depths: [1, 2, 1, 1], heads: [1, 2, 2, 4] },
    ...{ w: 3, classes: 5 },
  }),
  ...published(
    't5',
    'T5',
    { ...wide, d_k: 3, buckets: 8, most: 10 },
    { ...wide, d_k: 3, buckets: 8, most: 10, gated: true, tied: false },
  ),
  ...published('transformer_layerwise', 'Transformer', wide),
  ...published('whisper_linear_stem', 'Whisper', {
    ...{ ...small, vocab: 13, mels: 5, frames: 10, context: 12 },
  }),
];
