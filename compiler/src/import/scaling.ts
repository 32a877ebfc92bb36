import type { ConfigReader } from './config.js';
import type { Departure, Parameters } from './family.js';
import { type RopeDefaults, readRope } from './rope.js';

/**
 * How a spec whose rotary positions are those of the paper departs where a config slows them down: each frequency passes through
 * a formula, and what is turned is stretched where YaRN says so.
 */
export function scaledRotary(
  config: ConfigReader,
  parameters: Parameters,
  defaults: RopeDefaults = {},
): readonly Departure[] {
  const context = Number(parameters.context);
  const { share, scaling } = readRope(config, context, { ...defaults, scaled: true, lengths: true });
  const width = Number(parameters.d_k ?? Number(parameters.width) / Number(parameters.heads));
  const speed = speedOf(scaling, Math.floor(width * share));
  if (!speed) return [];
  const stretch = Number(scaling.stretch ?? 1);
  if (stretch !== 1 && share !== 1) {
    // Of part of a head, only that part would be stretched.
    config.unsupported('rope_scaling', 'yarn', 'yarn of whole heads, or one with attention_factor 1');
  }
  const [name] = /^(dynamic|llama3|yarn)/.exec(speed) ?? [];
  const frequency = name === 'dynamic' ? `(f, length) => ${speed}, past: kept` : `(f) => ${speed}`;
  const turned = `rotary(theta: theta$1, frequency: ${frequency})${stretch === 1 ? '' : ` * ${stretch}`}`;
  const most = Number(scaling.context ?? context);
  return [
    ...(most === context ? [] : [[/T <= context\]/, `T <= ${most}]`] as const]),
    [written, turned],
    ...(name === undefined ? [] : [[/^/, `import { ${name} } from "std/rotary"\n`] as const]),
  ];
}

/** Rotary positions of specs that scale none; Gemma 2 has its one set of frequencies in the place of Gemma 3's two. */
const written =
  /rotary\(theta: theta((?:, (?:share|pairs): \w+)*)\)|rotary\(\s*theta: if local then near_theta else theta, .*\s*\)/g;

/** A frequency `f`, as the config's scaling changes it; nothing where it does not. */
function speedOf(scaling: Parameters, turning: number): string | undefined {
  const { scaling: kind, factor, low, high, original, whole = true } = scaling;
  switch (kind) {
    case 'linear':
      return `f / ${factor}`;
    case 'dynamic':
      return `dynamic(f, length, theta, ${turning}, ${factor}, ${original})`;
    case 'llama3':
      return `llama3(f, ${factor}, ${low}, ${high}, ${original})`;
    case 'yarn':
      return `yarn(f, theta, ${turning}, ${factor}, ${high}, ${low}, ${original}${whole === true ? '' : ', false'})`;
    default:
      return undefined;
  }
}

/** Phi-4-mini: of a head that turns in part, only that part is stretched. */
export function stretchedPart({ share = 1, stretch = 1 }: Parameters): readonly Departure[] {
  if (share === 1 || stretch === 1) return [];
  return [
    [/positions: if [^$]*?\),\s+scale: [^,]*,/, 'positions: Turned,'],
    [
      /\n {2}block Gated/,
      `
  /// The part of a head that turns, stretched, beside the other.
  block Turned {
    let (turning, still) = self -> split(turning, d_k - turning)
    return concat(turning -> rotary(theta: theta, frequency: speed) * stretch, still, axis: features)
  }

  block Gated`,
    ],
  ];
}
