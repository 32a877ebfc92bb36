import type { Making } from './model-parts.js';
import type { Stream } from './stream.js';

/** Flags, marks and pairs that come with a sequence. */
export function beside({ spec, shape }: Making): Pick<Stream, 'flags' | 'marks' | 'pairs'> {
  const flags = shape.once(4) ? { flags: 'flags' } : {};
  const marks = shape.once(5) ? { marks: 'marks' } : {};
  const pairs = shape.once(4) ? { pairs: 'linked' } : {};
  if (flags.flags) spec.statement('input flags: bool[B, T]');
  if (marks.marks) spec.statement('input marks: int[B, T]');
  if (pairs.pairs) spec.statement('input linked: bool[B, T, T]');
  return { ...flags, ...marks, ...pairs };
}

/** An input must reach an output; whether a mask asked for these is not known. */
export function useBeside({ spec }: Making, { flags, marks, pairs }: Pick<Stream, 'flags' | 'marks' | 'pairs'>): void {
  if (flags) spec.statement(`output flagged = state -> zero(where: ${flags})`);
  if (marks) spec.statement(`output marked = where(${marks} > 0, state -> sum, 0)`);
  if (pairs) spec.statement(`output unlinked = not ${pairs}`);
}
