import { classifierClasses, classifierDepartures } from '../classifier.js';
import type { ConfigReader } from '../config.js';
import { activations, type Departure, type Family, type Parameters } from '../family.js';
import { otherHead } from '../head.js';
import type { RopeDefaults } from '../rope.js';
import { scaledRotary } from '../scaling.js';

/** The same, where rotary positions may be scaled and the spec knows those of the paper only. */
export function turningClasses(
  prefix: string,
  defaults: RopeDefaults = {},
  more: (config: ConfigReader) => readonly Departure[] = () => [],
): Pick<Family, 'architectures' | 'usual' | 'departs'> {
  return causalClasses(prefix, undefined, ({ config, parameters }) => [
    ...scaledRotary(config, parameters, defaults),
    ...more(config),
  ]);
}

/** Another activation than `silu` where the spec has that one alone. */
export function otherGate(config: ConfigReader): readonly Departure[] {
  const name = config.choice('hidden_act', 'silu', activations);
  if (name === 'silu') return [];
  return [
    [/(GatedFeedForward\(hidden, |gate -> )silu/, `$1activation("${name}")`],
    [/^/, 'import { activation } from "std/activations"\n'],
  ];
}

/** The same, where the spec ties its scores to the embedding, or has a head of its own, and a config may say otherwise. */
export function headClasses(
  prefix: string,
  tied: boolean,
  suffix = 'ForCausalLM',
  rotary?: RopeDefaults,
  more: (config: ConfigReader) => readonly Departure[] = () => [],
): Pick<Family, 'architectures' | 'usual' | 'departs'> {
  return causalClasses(prefix, suffix, (about) => [
    ...otherHead(tied)(about),
    ...(rotary ? scaledRotary(about.config, about.parameters, rotary) : []),
    ...more(about.config),
  ]);
}

/** `LlamaForCausalLM`, which has all outputs, `LlamaModel`, which has no head, and classifiers of texts and tokens. */
export function causalClasses(
  prefix: string,
  suffix = 'ForCausalLM',
  departs: NonNullable<Family['departs']> = () => [],
): Pick<Family, 'architectures' | 'usual' | 'departs'> {
  const usual = `${prefix}${suffix}`;
  const classes = { [usual]: [], [`${prefix}Model`]: ['state'], ...classifierClasses(prefix) };
  return {
    architectures: classes,
    usual,
    departs: (about) => [...classifierDepartures(about.config, about.architecture), ...departs(about)],
  };
}

/** The tokens that an empty prompt begins with and that end a text; −1 where the config has none. */
export function eosOf(config: ConfigReader, bos: number | null, eos: number | null): Parameters {
  return { bos: tokenId(config, 'bos_token_id', bos), eos: tokenId(config, 'eos_token_id', eos) };
}

/** A token id; the first of several, −1 where there is none. */
export function tokenId(config: ConfigReader, name: string, byDefault: number | null): number {
  const value = config.any(name) ?? byDefault;
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'number' ? first : -1;
}

/** `layer_types`: which layers see a window only. */
export function layerPattern(config: ConfigReader, depth: number): boolean[] | undefined {
  const types = config.texts('layer_types');
  const odd = types?.find((type) => type !== 'full_attention' && type !== 'sliding_attention');
  if (odd !== undefined) config.unsupported('layer_types', odd, 'full_attention, sliding_attention');
  if (types && types.length !== depth) config.unsupported('layer_types', types, `${depth} layers`);
  return types?.map((type) => type === 'sliding_attention');
}

/** The part of a head that turns: whole features of it, rounded down, which must come in pairs. */
export function wholeShare(config: ConfigReader, share: number, width: number): number {
  const turning = Math.floor(share * width);
  if (turning % 2 !== 0) config.unsupported('partial_rotary_factor', share, `an even part of ${width} features`);
  return turning === Math.round(share * width) ? share : turning / width;
}
