import type { GraphModel, WeightPath } from '../graph/graph.js';

/** One part of a weight's path: a label with the number of copy indices behind it. */
interface PatternPart {
  readonly name: string;
  readonly copies: number;
}

/** A weight of the model with its indices open: `layers[·].ln_1.weight`. */
export type Pattern = readonly PatternPart[];

export function showPattern(pattern: Pattern): string {
  const letters = ['i', 'j', 'm', 'n'];
  let used = 0;
  return pattern
    .map(({ name, copies }) => name + Array.from({ length: copies }, () => `[${letters[used++] ?? 'n'}]`).join(''))
    .join('.');
}

/** Every weight of the model once, whatever the configuration: the copies of a repeat are one pattern. */
export function weightPatterns(model: GraphModel): Pattern[] {
  const functions = new Map(model.functions.map((f) => [f.name, f]));
  const found = new Map<string, Pattern>();
  const visit = (name: string | undefined, prefix: Pattern): void => {
    const made = name === undefined ? model.main : functions.get(name);
    if (!made) return;
    for (const weight of made.weights) {
      const pattern = [...prefix, ...partsOf(weight.path)];
      found.set(showPattern(pattern), pattern);
    }
    for (const scope of made.scopes) visit(scope.function, [...prefix, ...partsOf(scope.path)]);
  };
  visit(undefined, []);
  return [...found.values()];
}

function partsOf(path: WeightPath): Pattern {
  const parts: { name: string; copies: number }[] = [];
  for (const segment of path.segments) {
    const last = parts.at(-1);
    if (typeof segment === 'string') parts.push({ name: segment, copies: 0 });
    else if (last) last.copies += 1;
  }
  return parts;
}
