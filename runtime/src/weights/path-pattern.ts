/** A rule's path, ready to be compared with the paths of weights. */
export interface PathPattern {
  readonly regex: RegExp;
  /** What the groups of `regex` are, in order; the last group is the rest of the path. */
  readonly captures: readonly Capture[];
  readonly sets: readonly (readonly string[])[];
}

type Capture = { kind: 'index'; name: string } | { kind: 'copy' } | { kind: 'set' };

/** How one weight fits a {@link PathPattern}. */
export interface PathMatch {
  /** The number of every index variable, as digits. */
  readonly indices: ReadonlyMap<string, string>;
  /** The chosen item of every set. */
  readonly choices: readonly number[];
  /** The copy that `[*]` stands for. */
  readonly copy?: number;
  /** What follows the named instance, as written in files: `.weight`; empty where the rule names the weight itself. */
  readonly rest: string;
}

/** A path of the model as written in files: `layers[0].norm` becomes `layers.0.norm`. */
export function fileForm(path: string): string {
  return path.replace(/\[(\d+)\]/g, '.$1');
}

/** Reads a path such as `layers[i].attention.{q, k, v}`; a text says what is wrong with it. */
export function parsePath(path: string): PathPattern | string {
  const captures: Capture[] = [];
  const sets: string[][] = [];
  let source = '';
  let rest = path;
  while (rest !== '') {
    const token = /^(?:\{([^{}]*)\}|\[(\*|\w+)\]|([\w.]+))/.exec(rest);
    if (token === null) return `'${rest}' in the path '${path}' cannot be read`;
    const [whole, set, index, text] = token;
    if (set !== undefined) {
      const items = set.split(',').map((item) => item.trim());
      if (items.includes('') || new Set(items).size !== items.length)
        return `the set {${set}} in '${path}' is malformed`;
      sets.push(items);
      captures.push({ kind: 'set' });
      source += `(${items.map(literal).join('|')})`;
    } else if (index === undefined) source += literal(text ?? '');
    else if (/^\d+$/.test(index)) source += `\\[${index}\\]`;
    else {
      captures.push(index === '*' ? { kind: 'copy' } : { kind: 'index', name: index });
      source += '\\[(\\d+)\\]';
    }
    rest = rest.slice(whole.length);
  }
  if (captures.filter(({ kind }) => kind === 'copy').length > 1) return `'${path}' has more than one [*]`;
  return { regex: new RegExp(`^${source}((?:[.[].*)?)$`), captures, sets };
}

/** How `path` fits the pattern, or undefined. */
export function matchPath(pattern: PathPattern, path: string): PathMatch | undefined {
  const found = pattern.regex.exec(path);
  if (found === null) return undefined;
  const indices = new Map<string, string>();
  const choices: number[] = [];
  let copy: number | undefined;
  for (const [i, capture] of pattern.captures.entries()) {
    const text = found[i + 1] ?? '';
    if (capture.kind === 'set') choices.push(pattern.sets[choices.length]?.indexOf(text) ?? 0);
    else if (capture.kind === 'copy') copy = Number(text);
    else if ((indices.get(capture.name) ?? text) !== text) return undefined;
    else indices.set(capture.name, text);
  }
  return { indices, choices, rest: fileForm(found.at(-1) ?? ''), ...(copy === undefined ? {} : { copy }) };
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
