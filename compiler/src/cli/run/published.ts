import type { GenerateOptions } from '@tfm-lang/runtime';
import type { RunOptions } from '../commands/run-options.js';
import type { Context } from '../context.js';
import type { Text } from './text.js';

/** Says on standard error what a folder publishes of generation, and whether tokens are drawn because of it. */
export function tellPublished({ published }: Text, given: RunOptions, options: GenerateOptions, { io }: Context): void {
  if (!published) return;
  const { file, taken, unsupported, draws } = published;
  const fields = Object.entries(taken).map(([name, value]) => (typeof value === 'object' ? name : `${name} ${value}`));
  const { temperature, beams, seed = 0 } = options;
  const isGreedy = draws === false && temperature === 0 && given.temperature === undefined;
  const isDrawn = draws === true && temperature !== 0 && beams === undefined;
  const drawn = isDrawn ? [`drawn with the seed ${seed}`] : isGreedy ? ['the most likely token each time'] : [];
  const told = [...(fields.length > 0 ? [fields.join(', ')] : []), ...drawn];
  if (told.length > 0) io.stderr.write(`${file}: ${told.join('; ')}\n`);
  if (unsupported.length > 0) io.stderr.write(`${file}: not applied: ${unsupported.join(', ')}\n`);
}
