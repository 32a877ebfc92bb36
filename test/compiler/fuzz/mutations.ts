import { readdirSync, readFileSync } from 'node:fs';
import { parse, tokenize } from '@tfm-lang/grammar';
import fc from 'fast-check';

const root = new URL('../../../', import.meta.url);

/** Each model of the specs in a folder with the declarations around it, with and without its checkpoint maps. */
export function modelsIn(folder: string): readonly string[] {
  const files = readdirSync(new URL(folder, root)).filter((name) => name.endsWith('.tfm'));
  return files.sort().flatMap((name) => modelsOf(readFileSync(new URL(`${folder}/${name}`, root), 'utf8')));
}

function modelsOf(text: string): string[] {
  const { file } = parse(text);
  const cut = ({ span }: { readonly span: { readonly start: number; readonly end: number } }): string =>
    text.slice(span.start, span.end);
  const shared = [...file.imports, ...file.declarations.filter((d) => d.kind !== 'model' && d.kind !== 'preset')].map(
    cut,
  );
  const models = file.declarations
    .filter((d) => d.kind === 'model')
    .map((model) => {
      const presets = file.declarations.filter((d) => d.kind === 'preset' && d.model.name === model.name.name);
      const whole = [...shared, cut(model), ...presets.map(cut)].join('\n');
      const maps = model.statements.filter((statement) => statement.kind === 'checkpoint');
      // A map is half of many specs, and reads the same everywhere: most cases are for the rest.
      const bare = maps.reduce((left, map) => left.replace(cut(map), ''), whole);
      return [whole, bare, bare];
    });
  return models.length > 0 ? models.flat() : [text];
}

/** One edit: what is done at which part of the text (0 to 1), with which word or piece of another spec. */
interface Edit {
  readonly action: (typeof actions)[number];
  readonly place: number;
  readonly other: number;
  readonly word: string;
  readonly donor: string;
}

const actions = [
  'delete',
  'double',
  'swap',
  'replace',
  'replace',
  'insert',
  'name',
  'name',
  'character',
  'cut',
  'subtree',
] as const;

const strays = [
  '"',
  "'",
  ';',
  '#',
  '{',
  '}',
  '(',
  ')',
  '=>',
  '->',
  '..',
  '1e999',
  '-1',
  '0',
  '😀',
  '\u0000',
  '\r',
  '/*',
  '//',
];

/** Specs with a few mistakes in them: tokens deleted, doubled, swapped and replaced, characters, cuts, pieces of others. */
export function mutated(texts: readonly string[]): fc.Arbitrary<string> {
  const words = [...new Set(texts.flatMap((text) => tokenize(text).map((token) => token.text)))];
  const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const edit: fc.Arbitrary<Edit> = fc.record({
    action: fc.constantFrom(...actions),
    place: share,
    other: share,
    word: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...words) },
      { weight: 1, arbitrary: fc.constantFrom(...strays) },
    ),
    donor: fc.constantFrom(...texts),
  });
  return fc
    .record({ text: fc.constantFrom(...texts), edits: fc.array(edit, { minLength: 1, maxLength: 2 }) })
    .map(({ text, edits }) => edits.reduce(apply, text));
}

function apply(text: string, { action, place, other, word, donor }: Edit): string {
  const tokens = tokenize(text);
  const at = (share: number) => tokens[Math.floor(share * tokens.length)];
  const token = at(place);
  if (!token) return text + word;
  const { start, end } = token.span;
  switch (action) {
    case 'delete':
      return text.slice(0, start) + text.slice(end);
    case 'double':
      return `${text.slice(0, end)} ${token.text}${text.slice(end)}`;
    case 'replace':
      return text.slice(0, start) + word + text.slice(end);
    case 'insert':
      return `${text.slice(0, start)}${word} ${text.slice(start)}`;
    case 'name':
      return renamed(text, tokens, place, other);
    case 'swap':
      return swapped(text, token.span, at(other)?.span ?? token.span);
    case 'character':
      return text.slice(0, start) + word.slice(0, 1) + text.slice(start + 1);
    case 'cut':
      return other < 0.2 ? text.slice(0, start) : text;
    case 'subtree':
      return transplanted(text, start, donor, other);
  }
}

/** A name or number in the place of another: the text keeps its form, and means something else. */
function renamed(text: string, tokens: ReturnType<typeof tokenize>, place: number, other: number): string {
  const names = tokens.filter((token) => /^[\w.]+$/.test(token.text));
  const [a, b] = [place, other].map((share) => names[Math.floor(share * names.length)]);
  return a && b ? text.slice(0, a.span.start) + b.text + text.slice(a.span.end) : text;
}

type Span = ReturnType<typeof tokenize>[number]['span'];

function swapped(text: string, a: Span, b: Span): string {
  const [first, second] = a.start < b.start ? [a, b] : [b, a];
  if (first.start === second.start) return text;
  const part = (from: number, to?: number): string => text.slice(from, to);
  return (
    part(0, first.start) +
    part(second.start, second.end) +
    part(first.end, second.start) +
    part(first.start, first.end) +
    part(second.end)
  );
}

/** Up to the next closing bracket, a piece of another spec stands in the place of a piece of this one. */
function transplanted(text: string, start: number, donor: string, share: number): string {
  const from = Math.floor(share * donor.length);
  const endOf = (whole: string, at: number): number => {
    const next = whole.slice(at).search(/[)}\]\n]/);
    return next < 0 ? whole.length : at + next;
  };
  return text.slice(0, start) + donor.slice(from, endOf(donor, from)) + text.slice(endOf(text, start));
}
