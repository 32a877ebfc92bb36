/**
 * A small document algebra (after Wadler, "A prettier printer", 2003): what may be broken into lines, and how wide it is
 * when it is not. Widths are known when a document is made, so that printing takes one pass.
 */

interface Measure {
  /** Columns when nothing is broken; infinite when something must be. */
  readonly flat: number;
  /** Columns up to the first place where a line may end. */
  readonly head: number;
  /** Whether there is such a place. */
  readonly breaks: boolean;
  /** Whether it ends with a comment, after which nothing can stand on the line. */
  readonly comment: boolean;
}

export type Document = Measure &
  (
    | { readonly kind: 'text'; readonly text: string }
    /** A blank that becomes the end of a line when the group around is broken. */
    | { readonly kind: 'line'; readonly text: '' | ' ' }
    /** Ends of lines: 2 leave a line empty. */
    | { readonly kind: 'break'; readonly count: 1 | 2 }
    /** `own`: on a line of its own; otherwise behind what stands on the line. `after`: ends of lines that follow. */
    | { readonly kind: 'comment'; readonly text: string; readonly own: boolean; readonly after: 1 | 2 }
    | { readonly kind: 'concat'; readonly parts: readonly Document[] }
    | { readonly kind: 'indent'; readonly content: Document }
    | { readonly kind: 'group'; readonly content: Document }
    | { readonly kind: 'fill'; readonly items: readonly FillItem[]; readonly hang: number }
  );

/** `alone`: begins a line when not all items fit on one. */
export interface FillItem {
  readonly content: Document;
  readonly alone?: boolean;
}

const width = 120;
const step = 2;

export const text = (content: string): Document => {
  const { length } = content;
  return { kind: 'text', text: content, flat: length, head: length, breaks: false, comment: false };
};
export const line: Document = { kind: 'line', text: ' ', flat: 1, head: 0, breaks: true, comment: false };
export const softline: Document = { kind: 'line', text: '', flat: 0, head: 0, breaks: true, comment: false };
const always: Measure = { flat: Number.POSITIVE_INFINITY, head: 0, breaks: true, comment: false };
export const hardline: Document = { ...always, kind: 'break', count: 1 };
export const blankLine: Document = { ...always, kind: 'break', count: 2 };

export function comment(content: string, own: boolean, after: 1 | 2): Document {
  const flat = own ? Number.POSITIVE_INFINITY : 0;
  return { kind: 'comment', text: content, own, after, flat, head: 0, breaks: true, comment: true };
}

function measure(parts: readonly Document[]): Measure {
  let flat = 0;
  let head = 0;
  let breaks = false;
  let comment = false;
  for (const part of parts) {
    const empty = part.flat === 0 && !part.breaks && !part.comment;
    if (empty) continue;
    flat += comment ? Number.POSITIVE_INFINITY : part.flat;
    if (!breaks) head += part.head;
    breaks ||= part.breaks;
    comment = part.comment;
  }
  return { flat, head, breaks, comment };
}

export const concat = (...parts: readonly Document[]): Document => ({ kind: 'concat', parts, ...measure(parts) });
export const indent = (...parts: readonly Document[]): Document => {
  const content = concat(...parts);
  return { ...measure([content]), kind: 'indent', content };
};
/** Stays on one line when it fits. */
export const group = (...parts: readonly Document[]): Document => {
  const content = concat(...parts);
  return { ...measure([content]), kind: 'group', content };
};
/** As many items on each line as fit; lines after the first are indented by `hang`. */
export const fill = (items: readonly FillItem[], hang = 0): Document => {
  const parts = items.flatMap(({ content }, place) => (place === 0 ? [content] : [line, content]));
  return { ...measure(parts), kind: 'fill', items, hang };
};

/** The text of a document, each line at most `width` columns where it can be broken. */
export function render(document: Document): string {
  const printer = new Printer();
  printer.print(document, 0, true, 0);
  return printer.finish();
}

class Printer {
  #written = '';
  #column = 0;
  #blank = '';
  #lines = 0;
  /** Ends of lines that are due before anything else is written. */
  #due: 0 | 1 | 2 = 0;

  /** `tail`: columns that must follow on the same line. */
  print(document: Document, indentation: number, broken: boolean, tail: number): void {
    switch (document.kind) {
      case 'text':
        this.#write(document.text, indentation);
        return;
      case 'line':
        if (broken) this.#break(1);
        else this.#write(document.text, indentation);
        return;
      case 'break':
        this.#break(document.count);
        return;
      case 'comment':
        this.#comment(document, indentation);
        return;
      case 'indent':
        this.print(document.content, indentation + step, broken, tail);
        return;
      case 'group':
        this.print(document.content, indentation, !this.#fits(document, indentation, tail), tail);
        return;
      case 'concat':
        this.#concat(document.parts, indentation, broken, tail);
        return;
      case 'fill':
        this.#fill(document.items, document.hang, indentation, broken, tail);
        return;
    }
  }

  finish(): string {
    return this.#written === '' ? '' : `${this.#written}\n`;
  }

  #fits(document: Document, indentation: number, tail: number): boolean {
    const column = this.#due > 0 || this.#column === 0 ? indentation : this.#column + this.#blank.length;
    return column + document.flat + tail <= width;
  }

  /** Blanks wait for what follows them, so that no line ends with one. */
  #write(content: string, indentation: number): void {
    if (content === '') return;
    if (content === ' ') {
      this.#blank = content;
      return;
    }
    if (this.#due > 0) this.#column = 0;
    const before = this.#column === 0 ? ' '.repeat(indentation) : this.#blank;
    this.#written += '\n'.repeat(this.#due) + before + content;
    this.#column += before.length + content.length;
    this.#due = 0;
    this.#blank = '';
  }

  #break(count: 1 | 2): void {
    if (this.#written === '') return;
    this.#blank = '';
    this.#lines += 1;
    this.#due = this.#due > count ? this.#due : count;
  }

  #comment({ text: content, own, after }: { text: string; own: boolean; after: 1 | 2 }, indentation: number): void {
    if (own) this.#break(1);
    else this.#write(' ', indentation);
    this.#write(content, indentation);
    this.#break(after);
  }

  #concat(parts: readonly Document[], indentation: number, broken: boolean, tail: number): void {
    const tails: number[] = [];
    let after = tail;
    for (let place = parts.length - 1; place >= 0; place -= 1) {
      tails[place] = after;
      const part = parts[place];
      if (part) after = part.breaks ? part.head : part.head + after;
    }
    parts.forEach((part, place) => {
      this.print(part, indentation, broken, tails[place] ?? 0);
    });
  }

  #fill(items: readonly FillItem[], hang: number, indentation: number, broken: boolean, tail: number): void {
    let before = this.#lines;
    items.forEach(({ content, alone }, place) => {
      const [first, last] = [place === 0, place === items.length - 1];
      const after = last ? tail : 0;
      const fits = this.#column + this.#blank.length + 1 + content.flat + after <= width;
      if (!first) {
        if (broken && (alone || this.#lines > before || !fits)) this.#break(1);
        else this.#write(' ', indentation + hang);
      }
      before = this.#lines;
      this.print(content, first ? indentation : indentation + hang, true, after);
    });
  }
}
