import type { Reader } from './choice.js';
import { norm } from './layers.js';
import { positions } from './sequence.js';
import type { Size, Spec } from './spec.js';
import type { Place, Stream, Written } from './stream.js';
import { copies, pipeline } from './structure.js';

/** A model in the making: its text so far, and the decisions that are left. */
export interface Making {
  readonly spec: Spec;
  readonly shape: Reader;
  readonly ends: Reader;
  readonly body: readonly Reader[];
  readonly memory: readonly Reader[];
  readonly width: Size;
}

/** A vocabulary, and a limit on lengths where there is one. */
export function tokenInput(
  { spec, shape }: Making,
  name: string,
  dimension: string,
  options: string,
): { vocab: Size; stream: Omit<Stream, 'width'> } {
  const vocab = spec.size('vocab', shape.of(7, 5, 11), shape.once(3) ? 9 : undefined);
  const most = shape.once(3) ? undefined : spec.size('context', 12, shape.once(4) ? 10 : undefined);
  const bound = most === undefined ? '' : ` <= ${most.text}`;
  spec.statement(`input ${name}: token[B, ${dimension}${bound}] of ${vocab.text}${options}`);
  const presence = shape.once(2) ? { presence: name } : {};
  return {
    vocab,
    stream: { causal: false, length: { text: dimension, dimension, ...(most && { most }) }, ...presence },
  };
}

/** Every sequence begins like this: an embedding, positions. */
export function embedded(making: Making, name: string, table: string, stream: Stream, place: Place): Written {
  const { ends } = making;
  const placed = positions(ends, stream, place);
  const dropped = ends.once(4) ? ' -> dropout(0.1)' : '';
  return { text: `${name} -> ${table}${placed.text}${dropped}`, stream: placed.stream };
}

function embeddingText({ ends, width }: Making, vocab: Size): string {
  const given = [vocab.text, width.text];
  if (ends.once(3)) given.push(`scale: ${ends.of(`sqrt(${width.text})`, '2')}`);
  if (ends.once(4)) given.push(`init: ${ends.of('normal(0.5)', 'truncated_normal(0.3)')}`);
  return `embedding(${given.join(', ')})`;
}

/** The stages of a model: as they are, or mostly copies. */
export function stages(readers: readonly Reader[], stream: Stream, place: Place, ends: Reader): string {
  if (readers.length === 0) return copies(ends, stream, place);
  return pipeline(readers, stream, place);
}

/** Scores of the vocabulary, by the embedding or by a layer of their own. */
export function scores(making: Making, vocab: Size, tied: string | undefined, stream: Stream, place: Place): string {
  const { ends, spec } = making;
  const last = ends.once(2) ? `${norm(ends, place)} -> ` : '';
  const own = `linear(${vocab.text}, bias: ${ends.of('true', 'false')}) as ${spec.name('head')}`;
  if (tied === undefined) return `${last}${own}`;
  return `${last}${ends.of<() => string>(
    () => `unembed(${tied})`,
    () => `unembed(${tied}) + weight(${vocab.text}, init: 0) as ${spec.name('logit_bias')}`,
    () => `identity * ${stream.width.text} ** -0.5 -> unembed(${tied})`,
    () => {
      const flag = spec.parameter('tied', 'true', ends.once(2));
      return `if ${flag} then unembed(${tied}) else ${own}`;
    },
  )()}`;
}

/** An embedding with a name, which several may use, or in place. */
export function table(making: Making, vocab: Size): { readonly text: string; readonly tied?: string } {
  const { spec, ends } = making;
  const text = embeddingText(making, vocab);
  if (ends.once(3)) return { text: `${text} as ${spec.name('words')}` };
  const name = spec.name('embed');
  spec.statement(`let ${name} = ${text}`);
  return { text: name, tied: name };
}
