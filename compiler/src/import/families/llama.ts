import type { ConfigReader } from '../config.js';
import { activations, type Family, type Parameters } from '../family.js';
import { readRope } from '../rope.js';
import { period } from './gpt.js';
import { causalClasses, eosOf, layerPattern } from './shared.js';

interface LlamaDefaults {
  readonly context: number;
  readonly hidden: number;
  readonly vocab: number;
  readonly kvHeads?: number;
  readonly headWidth?: number;
  readonly eps?: number;
}

/** What Llama and the families that share its architecture have in common. */
function readLlama(config: ConfigReader, defaults: LlamaDefaults): Parameters {
  const width = config.number('hidden_size', 4096);
  const heads = config.number('num_attention_heads', 32);
  const context = config.number('max_position_embeddings', defaults.context);
  const { theta, share, scaling } = readRope(config, context, { scaled: true, lengths: true });
  if (share !== 1) config.unsupported('partial_rotary_factor', share, '1');
  return {
    vocab: config.number('vocab_size', defaults.vocab),
    context,
    width,
    depth: config.number('num_hidden_layers', 32),
    heads,
    kv_heads: config.optional('num_key_value_heads') ?? defaults.kvHeads ?? heads,
    d_k: config.optional('head_dim') ?? defaults.headWidth ?? width / heads,
    hidden: config.number('intermediate_size', defaults.hidden),
    activation: config.choice('hidden_act', 'silu', activations),
    theta,
    eps: config.number('rms_norm_eps', defaults.eps ?? 1e-6),
    tied: config.flag('tie_word_embeddings', false),
    ...scaling,
    ...eosOf(config, 1, 2),
  };
}

/** Layers that see a window, where `use_sliding_window` says so: those of `layer_types`, or else all from `max_window_layers` on. */
function qwenWindow(config: ConfigReader, depth: number): Parameters {
  const uses = config.flag('use_sliding_window', false);
  const near = config.optional('sliding_window', 4096);
  const from = config.number('max_window_layers', 28);
  const layers = layerPattern(config, depth);
  if (!uses || near === null || (layers && !layers.includes(true))) return {};
  const written = layers?.indexOf(true) ?? from;
  if (layers?.some((slides, i) => slides !== i >= written)) return { near, local: period(layers) };
  return written < depth ? { near, near_from: written } : {};
}

const depthOf = (parameters: Parameters): number => Number(parameters.depth);

export const llamaFamilies: readonly Family[] = [
  {
    ...{ type: 'llama', module: 'models/llama', model: 'Llama', ...causalClasses('Llama') },
    read: (config) => {
      config.harmless('pretraining_tp');
      const bias = config.flag('attention_bias', false);
      const mlp = config.flag('mlp_bias', false);
      return { ...readLlama(config, { context: 2048, hidden: 11008, vocab: 32000 }), bias, mlp_bias: mlp };
    },
  },
  {
    ...{ type: 'mistral', module: 'models/llama', model: 'Llama', ...causalClasses('Mistral') },
    read: (config) => {
      const near = config.optional('sliding_window', 4096);
      const common = readLlama(config, { context: 131072, hidden: 14336, vocab: 32000, kvHeads: 8 });
      return { ...common, near };
    },
  },
  {
    ...{ type: 'qwen2', module: 'models/llama', model: 'Llama', ...causalClasses('Qwen2') },
    read: (config) => {
      const common = readLlama(config, { context: 32768, hidden: 22016, vocab: 151936, kvHeads: 32 });
      return { ...common, bias: true, out_bias: false, ...qwenWindow(config, depthOf(common)) };
    },
  },
  {
    ...{ type: 'qwen3', module: 'models/llama', model: 'Llama', ...causalClasses('Qwen3') },
    read: (config) => {
      const defaults = { context: 32768, hidden: 22016, vocab: 151936, kvHeads: 32, headWidth: 128 };
      const common = readLlama(config, defaults);
      const bias = config.flag('attention_bias', false);
      return { ...common, qk_norm: true, bias, ...qwenWindow(config, depthOf(common)) };
    },
  },
];
