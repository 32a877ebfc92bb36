import { type Choice, Reader } from './choice.js';
import type { Making } from './model-parts.js';
import { features, pair, prefixed, vision } from './other-models.js';
import { Spec } from './spec.js';
import { decoder, encoder, translator } from './token-models.js';

/** The decisions behind a model. */
export interface Seeds {
  /** Sizes and the kind of the model. */
  readonly shape: Choice;
  /** The stages of its stream. */
  readonly body: readonly Choice[];
  /** Of another sequence, where there is one. */
  readonly memory: readonly Choice[];
  /** How it begins and ends. */
  readonly ends: Choice;
}

export interface MadeSpec {
  readonly text: string;
  readonly model: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly shortest: Readonly<Record<string, number>>;
}

/** The model of these decisions, as text, with its configuration. */
export function writeSpec(seeds: Seeds): MadeSpec {
  const spec = new Spec();
  const shape = new Reader(seeds.shape);
  const family = shape.weighted<(making: Making) => void>([
    [8, decoder],
    [5, encoder],
    [5, translator],
    [3, vision],
    [4, features],
    [2, prefixed],
    [2, pair],
  ]);
  const size = shape.of(8, 4, 6, 12);
  const width = spec.size('width', size, shape.once(3) ? 2 * size : undefined);
  family({
    spec,
    shape,
    width,
    ends: new Reader(seeds.ends),
    body: seeds.body.map((each) => new Reader(each)),
    memory: seeds.memory.map((each) => new Reader(each)),
  });
  const presets = shape.once(6) ? [`preset Wide = Made(width: ${3 * size})`] : [];
  return { text: spec.print('Made', presets), model: 'Made', settings: spec.settings, shortest: spec.shortest };
}
