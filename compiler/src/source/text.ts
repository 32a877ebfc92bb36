/** A place in a text, both numbers from 1. Columns count UTF-16 units, as editors do. */
export interface LineAndColumn {
  readonly line: number;
  readonly column: number;
}

/** Texts whose line starts are remembered: a compiler run asks for many places of few texts. */
const remembered = new Map<string, readonly number[]>();
const mostRemembered = 64;

/** The offset at which each line starts. Lines end with `\n`, `\r\n` or `\r`. */
function lineStarts(text: string): readonly number[] {
  const known = remembered.get(text);
  if (known) return known;
  const starts = [0];
  for (const end of text.matchAll(/\r\n|\n|\r/g)) starts.push(end.index + end[0].length);
  const [oldest] = remembered.keys();
  if (remembered.size >= mostRemembered && oldest !== undefined) remembered.delete(oldest);
  remembered.set(text, starts);
  return starts;
}

/** The place of an offset; offsets outside the text are taken to its ends. */
export function lineAndColumn(text: string, offset: number): LineAndColumn {
  const inside = Math.min(Math.max(offset, 0), text.length);
  const starts = lineStarts(text);
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= inside) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: inside - starts[low]! + 1 };
}

/** The offset of a place; lines and columns outside the text are taken to its ends. */
export function offsetAt(text: string, { line, column }: LineAndColumn): number {
  const starts = lineStarts(text);
  const start = starts[Math.min(Math.max(line, 1), starts.length) - 1]!;
  return Math.min(start + Math.max(column, 1) - 1, text.length);
}

/** A line without its end; `''` where there is no such line. */
export function lineText(text: string, line: number): string {
  const starts = lineStarts(text);
  const start = starts[line - 1];
  return start === undefined ? '' : text.slice(start, starts[line]).replace(/[\r\n]+$/, '');
}
