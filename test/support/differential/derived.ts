import { readdirSync, readFileSync } from 'node:fs';
import type { GraphModel } from '../../../compiler/src/graph/graph.js';
import { graphModel } from '../specs.js';
import { type SmallModel, smallModels } from './small.js';

/** Small values for the parameters that models of this library have in common, by name. */
const usual: Readonly<Record<string, number>> = {
  ...{ vocab: 13, context: 24, kinds: 2, classes: 3, pad: 0, bos: 1, eos: 2 },
  ...{ width: 8, depth: 2, heads: 2, hidden: 12, d_k: 4, embed_width: 6, joint: 7 },
  ...{ decoder_depth: 2, decoder_heads: 2, decoder_hidden: 12 },
  ...{ text_width: 8, text_depth: 1, text_heads: 2 },
  ...{ mels: 5, frames: 13, count: 8, expert_hidden: 6 },
  ...{ size: 6, patch: 2, near: 3, rotary_dim: 2, share: 0.5, query_scalar: 4, buckets: 6, most: 10 },
};

/** Sizes that must fit each other: no name tells them. */
const special: Readonly<Record<string, SmallModel['settings']>> = {
  'specs/models/deepseek_v3.tfm DeepSeekV3': {
    ...{ vocab: 13, context: 24, width: 8, depth: 2, dense: 1, heads: 2, hidden: 12, expert_hidden: 6 },
    ...{ q_rank: 6, kv_rank: 5, d_nope: 4, d_rope: 2, d_v: 3, count: 12, top: 3, groups: 4, top_groups: 2 },
  },
  'specs/models/swin.tfm Swin': {
    ...{ size: 33, patch: 2, channels: 1, width: 4, depths: [1, 2, 1, 1], heads: [1, 2, 2, 4] },
    ...{ near: 3, classes: 5 },
  },
};

/** A configuration of small sizes; parameters that follow from others, lists and switches stay what they are. */
function derivedSettings({ parameters }: GraphModel): Record<string, number> {
  const settings: Record<string, number> = {};
  for (const { name, default: byDefault } of parameters) {
    const value = name === 'kv_heads' && typeof byDefault === 'number' ? Math.min(byDefault, 2) : usual[name];
    if (value !== undefined && typeof byDefault === 'number') settings[name] = value;
  }
  return settings;
}

/** Models of these folders that have no configuration in `small.ts`: the files are read, not compiled. */
export function modelsBeside(folders: readonly string[]): readonly Pick<SmallModel, 'spec' | 'model'>[] {
  const listed = new Set(smallModels.map(({ spec, model }) => `${spec} ${model}`));
  return folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.tfm'))
      .flatMap((file) => {
        const spec = `${folder}/${file}`;
        const names = [...readFileSync(spec, 'utf8').matchAll(/^model (\w+)/gm)].map(([, name = '']) => name);
        return names.filter((model) => !listed.has(`${spec} ${model}`)).map((model) => ({ spec, model }));
      }),
  );
}

export const derived = (spec: string, model: string): SmallModel['settings'] =>
  special[`${spec} ${model}`] ?? derivedSettings(graphModel(spec, model));
