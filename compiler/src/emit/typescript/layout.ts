/**
 * Code that knows where it may be broken. Written on one line when it fits into `WIDTH` columns (120, less the indentation of a method), else its last group
 * is opened, one item a line; so no formatter has to run over the result.
 */
export type Code = string | Group | Lines | readonly Code[];

/** A body in braces: always on several lines. */
export interface Lines {
  readonly lines: (indent: number) => string;
}

export interface Group {
  readonly open: string;
  readonly items: readonly Code[];
  readonly close: string;
  /** Spaces inside the brackets while on one line: `{ a: 1 }`. */
  readonly spaced: boolean;
  /** Default a comma; members of types have a semicolon. */
  readonly separator?: ';';
}

const WIDTH = 116;
const TOO_LONG = ' '.repeat(WIDTH + 1);

export const group = (open: string, items: readonly Code[], close: string, spaced = false): Group => ({
  open,
  items,
  close,
  spaced,
});

/** `name(…items)` */
export const callOf = (name: string, items: readonly Code[]): Code => [name, group('(', items, ')')];

/** `{ key: value, … }`; `{ value }` where key and value are the same. */
export function objectOf(entries: readonly (readonly [string, Code])[]): Code {
  const items = entries.map(([key, value]) => (key === value ? key : ([`${key}: `, value] as const)));
  return group('{', items, '}', true);
}

export const listOf = (items: readonly Code[]): Code => group('[', items, ']');

/** `code` on one line. */
export function flat(code: Code): string {
  if (typeof code === 'string') return code;
  if (isLines(code)) return TOO_LONG;
  if (!isGroup(code)) return code.map(flat).join('');
  const inner = code.items.map(flat).join(`${code.separator ?? ','} `);
  const space = code.spaced && inner !== '' ? ' ' : '';
  return `${code.open}${space}${inner}${space}${code.close}`;
}

/** `code` as lines, the first one starting at column `column`, the others indented by `indent` spaces. */
export function layout(code: Code, indent = 0, column = indent): string {
  const line = flat(code);
  if (column + line.length <= WIDTH) return line;
  if (typeof code === 'string') return code;
  if (isLines(code)) return code.lines(indent);
  if (isGroup(code)) return hugging(code, indent, column) ?? open(code, indent);
  const last = code.findLastIndex(breakable);
  if (last < 0) return line;
  const [before, after] = [code.slice(0, last), code.slice(last + 1)];
  const start = flat(before);
  // What stands before stays on the line if it can; a long `a.b(…).c(…)` opens each of its groups.
  const head = column + start.length <= WIDTH ? start : layout(before, indent, column);
  const at = column + (head.split('\n').at(-1)?.length ?? 0);
  return `${head}${layout(code[last] ?? '', indent, at + flat(after).length)}${flat(after)}`;
}

/** `f(a, b, { … })`, `f(a, () => { … })`: only the last item is opened, where what stands before fits on the line. */
function hugging({ open: start, items, close }: Group, indent: number, column: number): string | undefined {
  const last = items.at(-1);
  if (start !== '(' || last === undefined || !endsInBraces(last)) return undefined;
  const before = items
    .slice(0, -1)
    .map((item) => `${flat(item)}, `)
    .join('');
  const [head = ''] = layout(last, indent, WIDTH + 1).split('\n');
  if (column + start.length + before.length + head.length > WIDTH) return undefined;
  return `${start}${before}${layout(last, indent, WIDTH + 1)}${close}`;
}

function endsInBraces(code: Code): boolean {
  if (typeof code === 'string') return false;
  if (isLines(code)) return true;
  if (isGroup(code)) return code.open === '{' && code.items.length > 0;
  const last = code.at(-1);
  return last !== undefined && endsInBraces(last);
}

function open({ open: start, items, close, separator }: Group, indent: number): string {
  if (items.length === 0) return `${start}${close}`;
  const pad = ' '.repeat(indent + 2);
  const lines = items.map((item) => `${pad}${layout(item, indent + 2)}${separator ?? ','}`);
  return `${start}\n${lines.join('\n')}\n${' '.repeat(indent)}${close}`;
}

const isGroup = (code: Code): code is Group => typeof code !== 'string' && 'open' in code;
const isLines = (code: Code): code is Lines => typeof code !== 'string' && 'lines' in code;

function breakable(code: Code): boolean {
  if (typeof code === 'string') return false;
  if (isLines(code)) return true;
  return isGroup(code) ? code.items.length > 0 : code.some(breakable);
}
