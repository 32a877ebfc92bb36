import type { IToken } from 'chevrotain';
import type { Comment, Documentation } from './ast.js';
import { endOf } from './tokens.js';

/** Comments without the blanks at their ends. */
export function commentsOf(tokens: readonly IToken[]): Comment[] {
  return tokens.map(({ image, startOffset: start }) => {
    const text = image.trimEnd();
    return { text, span: { start, end: start + text.length } };
  });
}

/** The `///` comments that stand directly before a token, on lines of their own, by the offset of that token. */
export function documentationOf(
  tokens: readonly IToken[],
  comments: readonly Comment[],
  text: string,
): Map<number, Documentation> {
  const found = new Map<number, Documentation>();
  let next = 0;
  let before = 0;
  for (const token of tokens) {
    let run: Comment[] = [];
    for (let comment = comments[next]; comment && comment.span.start < token.startOffset; comment = comments[next]) {
      const ownLine = before === 0 || text.slice(before, comment.span.start).includes('\n');
      run = comment.text.startsWith('///') && ownLine ? [...run, comment] : [];
      before = comment.span.end;
      next += 1;
    }
    const [first] = run;
    const last = run.at(-1);
    if (first && last) {
      const lines = run.map((comment) => comment.text.slice(3).replace(/^ /, '').trimEnd());
      found.set(token.startOffset, { text: lines.join('\n'), span: { start: first.span.start, end: last.span.end } });
    }
    before = endOf(token);
  }
  return found;
}

/** The offsets of the tokens with which a line begins. */
export function firstOnLine(tokens: readonly IToken[], text: string): Set<number> {
  const found = new Set<number>();
  let before = 0;
  for (const token of tokens) {
    if (before === 0 || /[\r\n]/.test(text.slice(before, token.startOffset))) found.add(token.startOffset);
    before = endOf(token);
  }
  return found;
}

/** Tells the line of an offset, counted from 1. */
export function lineCounter(text: string): (offset: number) => number {
  let starts: number[] | undefined;
  return (offset) => {
    starts ??= [...text.matchAll(/\r\n|\r|\n/g)].map((end) => end.index + end[0].length);
    let [low, high] = [0, starts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}
