import type { ConfigReader } from './config.js';
import type { Parameters } from './family.js';

export interface Rope {
  readonly theta: number;
  /** The part of the features that turns. */
  readonly share: number;
  /** `scaling`, `factor`, … of the specs that have them; nothing where frequencies are as in the paper. */
  readonly scaling: Parameters;
}

export interface RopeDefaults {
  readonly theta?: number;
  readonly share?: number;
  /** The features of a head that turn, for `yarn`. */
  readonly scaled?: boolean;
  /** The spec can have frequencies that depend on how long the sequence is. */
  readonly lengths?: boolean;
  /** A factor for each pair of features. */
  readonly long?: boolean;
}

/**
 * Rotary positions: `rope_parameters` as the library writes it today, or `rope_theta`, `rope_scaling` and
 * `partial_rotary_factor` (`rotary_pct`, `rotary_emb_base`) as before.
 */
export function readRope(config: ConfigReader, context: number, defaults: RopeDefaults = {}): Rope {
  const written = config.object('rope_parameters');
  const { theta: usualTheta = 10000, share: usualShare = 1 } = defaults;
  const now = written?.has('full_attention') ? fullAttention(written, usualTheta) : written;
  const before = config.object('rope_scaling');
  const inner = now ?? before;
  const outerTheta = config.number(['rope_theta', 'rotary_emb_base'], usualTheta);
  const outerShare = config.number(['partial_rotary_factor', 'rotary_pct'], usualShare);
  const theta = inner?.number('rope_theta', outerTheta) ?? outerTheta;
  const share = inner?.number('partial_rotary_factor', outerShare) ?? outerShare;
  const none = { theta, share, scaling: {} };
  if (!inner) return none;
  inner.harmless('type', 'rope_type');
  const names = ['rope_type', 'type'];
  const kind = inner.any(names) ?? 'default';
  if (kind === 'default' || kind === 'mrope') return none;
  if (defaults.long && (kind === 'longrope' || kind === 'su')) {
    return { theta, share, scaling: longRope(config, inner, context) };
  }
  const scaling = kind === 'dynamic' ? dynamic(inner, context, defaults) : readScaling(String(kind), inner, context);
  if (scaling && (defaults.scaled || Object.keys(scaling).length === 0)) return { theta, share, scaling };
  inner.unsupported(names, kind, kindsOf(defaults));
  return none;
}

function kindsOf({ scaled, long }: RopeDefaults): string {
  if (scaled) return 'default, linear, dynamic, llama3, yarn';
  return long ? 'default, dynamic, longrope' : 'default, dynamic';
}

/** Of frequencies by the kind of layer those of layers without a window; the others must be the same, not scaled. */
function fullAttention(written: ConfigReader, usualTheta: number): ConfigReader | undefined {
  const [full, sliding] = [written.object('full_attention'), written.object('sliding_attention')];
  sliding?.only('rope_type', 'default');
  const theta = full?.number('rope_theta', usualTheta);
  sliding?.only('rope_theta', theta);
  return full;
}

/** The parameters of one scaling; `undefined` where it is not known. */
function readScaling(kind: string, inner: ConfigReader, context: number): Parameters | undefined {
  const original = inner.number('original_max_position_embeddings', context);
  switch (kind) {
    case 'linear':
      return { scaling: 'linear', factor: inner.number('factor') };
    case 'llama3': {
      const [low, high] = [inner.number('low_freq_factor'), inner.number('high_freq_factor')];
      return { scaling: 'llama3', factor: inner.number('factor'), low, high, original };
    }
    case 'yarn':
      return yarn(inner, original);
    default:
      return undefined;
  }
}

/**
 * Frequencies change beyond the context only. That is where a model ends whose spec does not know how; others reach as far as the
 * factor is meant for.
 */
function dynamic(inner: ConfigReader, context: number, { lengths }: RopeDefaults): Parameters {
  inner.harmless('original_max_position_embeddings', 'alpha', ...(lengths ? [] : ['factor']));
  if (!lengths) return {};
  const factor = inner.number('factor');
  return { scaling: 'dynamic', factor, original: context, context: Math.floor(context * factor) };
}

/** Ding et al., 2024: factors for each pair of features, others for texts beyond the original context. */
function longRope(config: ConfigReader, inner: ConfigReader, context: number): Parameters {
  const given = config.optional('original_max_position_embeddings');
  const own = inner.optional('original_max_position_embeddings');
  const original = given ?? own ?? context;
  const [short, long] = (['short_factor', 'long_factor'] as const).map((name) => {
    const factors = inner.numbers(name);
    if (!factors) inner.unsupported(name, factors, 'a list of numbers');
    return factors ?? [1];
  });
  const factor = inner.optional('factor') ?? context / original;
  const usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
  const stretch = inner.optional('attention_factor') ?? usual;
  return { original, factors: short ?? [1], long_factors: long ?? [1], stretch };
}

/** Peng et al., 2024: beside the frequencies, queries and keys are stretched by 0.1·ln(factor) + 1. */
function yarn(inner: ConfigReader, original: number): Parameters {
  const factor = inner.number('factor');
  const [high, low] = [inner.number('beta_fast', 32), inner.number('beta_slow', 1)];
  const whole = inner.flag('truncate', true);
  const [m, all] = [inner.optional('mscale'), inner.optional('mscale_all_dim')];
  const byMagnitude = m !== null && all !== null ? magnitude(factor, m) / magnitude(factor, all) : magnitude(factor, 1);
  const stretch = inner.optional('attention_factor') ?? byMagnitude;
  return { scaling: 'yarn', factor, low, high, original, stretch, ...(whole ? {} : { whole }) };
}

function magnitude(factor: number, scale: number): number {
  return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
}
