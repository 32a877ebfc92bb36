/**
 * A name of a file with its variable parts: `(transformer.)?h.{i}.attn.{c_attn, c_proj}`. `{*}` stands for every row of the weight: each is
 * a tensor of its own.
 */
export type Template = readonly TemplatePart[];

type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'index'; readonly name: string }
  | { readonly kind: 'set'; readonly items: readonly string[] }
  | { readonly kind: 'optional'; readonly parts: Template };

/** Reads a template; a text says what is wrong with it. */
export function parseTemplate(text: string): Template | string {
  const parts: TemplatePart[] = [];
  let rest = text;
  while (rest !== '') {
    const token = /^(?:\{([^{}]*)\}|\(([^()]*)\)\?|([^{}()?]+))/.exec(rest);
    if (token === null) return `'${rest}' in the template '${text}' cannot be read`;
    const [whole, braces, optional, plain] = token;
    if (braces !== undefined) {
      const part = parseBraces(braces, text);
      if (typeof part === 'string') return part;
      parts.push(part);
    } else if (optional !== undefined) {
      const inner = parseTemplate(optional);
      if (typeof inner === 'string') return inner;
      parts.push({ kind: 'optional', parts: inner });
    } else parts.push({ kind: 'text', text: plain ?? '' });
    rest = rest.slice(whole.length);
  }
  return parts.length === 0 ? 'the template is empty' : parts;
}

function parseBraces(braces: string, text: string): TemplatePart | string {
  const items = braces.split(',').map((item) => item.trim());
  const [only] = items;
  if (items.includes('')) return `the set {${braces}} in '${text}' has an empty item`;
  if (only !== undefined && items.length === 1 && /^(?:[A-Za-z_]\w*|\*)$/.test(only))
    return { kind: 'index', name: only };
  return { kind: 'set', items };
}

/** The sets of a template, in the order in which they zip with those of the path. */
export function templateSets(template: Template): (readonly string[])[] {
  return template.flatMap((part) => {
    if (part.kind === 'set') return [part.items];
    return part.kind === 'optional' ? templateSets(part.parts) : [];
  });
}

/** The index variables of a template. */
export function templateIndices(template: Template): string[] {
  return template.flatMap((part) => {
    if (part.kind === 'index') return [part.name];
    return part.kind === 'optional' ? templateIndices(part.parts) : [];
  });
}

/**
 * The names that a template stands for, those with its optional parts first. `choices` is the chosen item of every
 * set, `indices` the digits of every variable.
 */
export function expandTemplate(
  template: Template,
  indices: ReadonlyMap<string, string>,
  choices: readonly number[],
): string[] {
  let names = [''];
  let set = 0;
  for (const part of template) {
    let endings: string[];
    if (part.kind === 'text') endings = [part.text];
    else if (part.kind === 'index') endings = [indices.get(part.name) ?? ''];
    else if (part.kind === 'set') endings = [part.items[choices[set++] ?? 0] ?? ''];
    else {
      endings = [...expandTemplate(part.parts, indices, choices.slice(set)), ''];
      set += templateSets(part.parts).length;
    }
    names = names.flatMap((name) => endings.map((ending) => name + ending));
  }
  return names;
}

/** A regular expression for the names that a glob stands for: `*` is within a name, `**` anything, `{i}` a number. */
export function globRegex(template: Template): RegExp {
  return new RegExp(`^${globSource(template)}$`);
}

function globSource(template: Template): string {
  const sources = template.map((part) => {
    if (part.kind === 'text') return globText(part.text);
    if (part.kind === 'index') return '\\d+';
    if (part.kind === 'set') return `(?:${part.items.map(globText).join('|')})`;
    return `(?:${globSource(part.parts)})?`;
  });
  return sources.join('');
}

function globText(text: string): string {
  const escaped = (plain: string): string => plain.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  const withStars = (piece: string): string => piece.split('*').map(escaped).join('[^.]*');
  return text.split('**').map(withStars).join('.*');
}
