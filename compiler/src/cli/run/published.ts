import type { GenerateOptions } from '@tfm-lang/runtime';
import type { Context } from '../context.js';
import type { Text } from './text.js';

/** Says on standard error what a folder publishes of generation, and with which seed tokens are drawn because of it. */
export function tellPublished(
  { published }: Text,
  { temperature, beams, seed = 0 }: GenerateOptions,
  { io }: Context,
): void {
  if (!published) return;
  const { file, taken, unsupported, draws } = published;
  const fields = Object.entries(taken).map(([name, value]) => (typeof value === 'object' ? name : `${name} ${value}`));
  const isDrawn = draws === true && temperature !== 0 && beams === undefined;
  const drawn = isDrawn ? `; drawn with the seed ${seed}` : '';
  if (fields.length > 0) io.stderr.write(`${file}: ${fields.join(', ')}${drawn}\n`);
  if (unsupported.length > 0) io.stderr.write(`${file}: not applied: ${unsupported.join(', ')}\n`);
}
