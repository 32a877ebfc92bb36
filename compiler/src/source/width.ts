/** How a source line looks on a terminal, and where each of its UTF-16 units begins. */
export interface DisplayLine {
  readonly text: string;
  /** Column (from 0) of each offset in the line; one more entry for its end. */
  readonly columns: readonly number[];
}

const tabWidth = 4;
let segmenter: Intl.Segmenter | undefined;

/** What a reader sees as one character. The tables behind it take 30 ms to load: only who shows a line pays for them. */
function graphemes(line: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return segmenter.segment(line);
}

/** East Asian wide and full-width forms (Unicode Standard Annex 11), and emoji. */
const wide =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{16FE0}-\u{18DFF}\u{1AFF0}-\u{1B2FF}\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F/u;

/** Expands tabs, and replaces control characters: a spec cannot steer the terminal. */
export function displayLine(line: string): DisplayLine {
  const columns: number[] = [];
  let text = '';
  let column = 0;
  for (const { segment } of graphemes(line)) {
    for (let i = 0; i < segment.length; i++) columns.push(column);
    const shown = segment === '\t' ? ' '.repeat(tabWidth - (column % tabWidth)) : printable(segment);
    text += shown;
    column += segment === '\t' ? shown.length : wide.test(shown) ? 2 : 1;
  }
  return { text, columns: [...columns, column] };
}

/** Control characters and those that turn the direction of text as `\uFFFD`. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD');
}
