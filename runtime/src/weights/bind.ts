import type { CheckpointMap, MapProblem, MapRule, ModelWeight } from './map.js';
import { nearest } from './nearest.js';
import { fileForm, matchPath, type PathMatch, type PathPattern, parsePath } from './path-pattern.js';
import { expandTemplate, parseTemplate, type Template, templateIndices, templateSets } from './template.js';

/** What a map says about one weight, before any file is looked at. */
export interface Binding {
  readonly weight: ModelWeight;
  /** Absent for a checkpoint in the model's own names. */
  readonly rule?: MapRule;
  /** The names that the tensor may have, the preferred first. */
  readonly names: readonly string[];
  /** For every tied copy the names that it may have. */
  readonly ties: readonly (readonly string[])[];
  /** Which slice of a stacked tensor. */
  readonly copy?: number;
  /** Which part of an unpacked tensor. */
  readonly part?: string;
  /** Which row of `weight` the tensor fills, where `{*}` stands for its rows. */
  readonly row?: number;
}

interface ParsedRule {
  readonly rule: MapRule;
  readonly path: PathPattern;
  /** The template and its alternatives. */
  readonly templates: readonly Template[];
  readonly ties: readonly Template[];
  /** Which set of the path names the parts of `unpack`. */
  readonly partSet: number | undefined;
  /** For every set of the path, which of its items named a weight. */
  readonly hits: readonly Set<number>[];
  /** Whether the rule named any weight. */
  used: boolean;
}

/**
 * Finds for every weight what its rule says. Without a map the paths of the weights are the names.
 * The problems are malformed rules, rules and set items that name no weight, and weights with no rule or with two.
 */
export function bindMap(
  map: CheckpointMap | undefined,
  weights: readonly ModelWeight[],
): { bindings: Binding[]; problems: MapProblem[] } {
  if (map === undefined) return { bindings: weights.map(ownBinding), problems: [] };
  const problems: MapProblem[] = [];
  const rules = map.rules.filter(({ when }) => when !== false).flatMap((rule) => parseRule(rule, problems));
  const bindings: Binding[] = [];
  for (const weight of weights) {
    bindings.push(...bindWeight(weight, rules, problems));
  }
  for (const parsed of rules) problems.push(...unusedParts(parsed, weights));
  return { bindings, problems };
}

function ownBinding(weight: ModelWeight): Binding {
  return { weight, names: [weight.path, ...(weight.was ?? [])].map(fileForm), ties: [] };
}

function parseRule(rule: MapRule, problems: MapProblem[]): ParsedRule[] {
  const fail = (message: string): ParsedRule[] => {
    problems.push({ code: 'TFM5207', message, ...at(rule) });
    return [];
  };
  const path = parsePath(rule.path);
  if (typeof path === 'string') return fail(path);
  const variables = path.captures.flatMap((capture) => (capture.kind === 'index' ? [capture.name] : []));
  const unpack = rule.steps?.filter(({ kind }) => kind === 'unpack') ?? [];
  if (unpack.length > 1) return fail(`the rule for '${rule.path}' has more than one unpack`);
  const parts = unpack[0]?.kind === 'unpack' ? unpack[0].parts.map(({ name }) => name) : undefined;
  const partSet = parts === undefined ? undefined : path.sets.findLastIndex((set) => sameItems(set, parts));
  if (partSet === -1) return fail(`'${rule.path}' has no set {${parts?.join(', ')}} for the parts of unpack`);
  const zipped = path.sets.filter((_, i) => i !== partSet);
  const all: Template[] = [];
  for (const text of [rule.template, ...(rule.or ?? []), ...(rule.also ?? [])]) {
    const template = parseTemplate(text);
    if (typeof template === 'string') return fail(template);
    const unbound = templateIndices(template).find((name) => name !== '*' && !variables.includes(name));
    if (unbound !== undefined) return fail(`{${unbound}} in '${text}' is not an index of '${rule.path}'`);
    const mismatch = zipProblem(zipped, templateSets(template), rule.path, text);
    if (mismatch !== undefined) return fail(mismatch);
    all.push(template);
  }
  const templates = all.slice(0, 1 + (rule.or?.length ?? 0));
  const ties = all.slice(templates.length);
  return [{ rule, path, templates, ties, partSet, hits: path.sets.map(() => new Set<number>()), used: false }];
}

function zipProblem(
  path: readonly (readonly string[])[],
  template: readonly (readonly string[])[],
  pathText: string,
  templateText: string,
): string | undefined {
  if (path.length !== template.length) {
    return `'${pathText}' has ${path.length} sets to pair with those of '${templateText}', which has ${template.length}`;
  }
  const odd = path.findIndex((set, i) => set.length !== template[i]?.length);
  if (odd === -1) return undefined;
  return `{${path[odd]?.join(', ')}} and {${template[odd]?.join(', ')}} do not have the same number of items`;
}

function bindWeight(weight: ModelWeight, rules: readonly ParsedRule[], problems: MapProblem[]): Binding[] {
  const found: { parsed: ParsedRule; match: PathMatch }[] = [];
  for (const parsed of rules) {
    const match = matchPath(parsed.path, weight.path);
    if (match === undefined) continue;
    found.push({ parsed, match });
    for (const [set, choice] of match.choices.entries()) parsed.hits[set]?.add(choice);
    parsed.used = true;
  }
  // The rule that names most of the path wins: a rule for a weight beats one for its layer.
  found.sort((a, b) => a.match.rest.length - b.match.rest.length);
  const [first, second] = found;
  if (first === undefined) {
    problems.push({
      code: 'TFM5201',
      message: `no rule of the checkpoint map names the weight ${weight.path}`,
      help: `add a rule: ${weight.path.replace(/\.(weight|bias)$/, '')} = "…"`,
    });
    return [];
  }
  if (second !== undefined && second.match.rest.length === first.match.rest.length) {
    const message = `${weight.path} is named by two rules: '${first.parsed.rule.path}' and '${second.parsed.rule.path}'`;
    problems.push({ code: 'TFM5208', message, ...at(second.parsed.rule) });
    return [];
  }
  const { templates } = first.parsed;
  if (!templates.some((template) => templateIndices(template).includes('*'))) {
    return [makeBinding(weight, first.parsed, first.match)];
  }
  return Array.from({ length: weight.shape[0] ?? 1 }, (_, row) => {
    const indices = new Map([...first.match.indices, ['*', String(row)]]);
    return { ...makeBinding(weight, first.parsed, { ...first.match, indices }), row };
  });
}

function makeBinding(
  weight: ModelWeight,
  { rule, path, templates, ties, partSet }: ParsedRule,
  match: PathMatch,
): Binding {
  const { copy, rest } = match;
  const choices = match.choices.filter((_, i) => i !== partSet);
  const expand = (template: Template): string[] =>
    expandTemplate(template, match.indices, choices).map((name) => withRest(name, rest));
  const part = partSet === undefined ? undefined : path.sets[partSet]?.[match.choices[partSet] ?? 0];
  return {
    weight,
    rule,
    names: [...new Set(templates.flatMap(expand))],
    ties: ties.map(expand),
    ...(copy === undefined ? {} : { copy }),
    ...(part === undefined ? {} : { part }),
  };
}

/** Naming an instance maps all its tensors; a template that already ends in the tensor's name is taken as it is. */
function withRest(name: string, rest: string): string {
  const leaf = rest.slice(rest.lastIndexOf('.'));
  return rest !== '' && rest === leaf && name.endsWith(leaf) ? name : name + rest;
}

/** The rule, or the items of its sets, that name nothing. */
function unusedParts(parsed: ParsedRule, weights: readonly ModelWeight[]): MapProblem[] {
  const { rule, path, hits } = parsed;
  const report = (what: string): MapProblem => {
    const near = nearest(fileForm(rule.path), weights, (weight) => weight.path.replace(/\.(weight|bias)$/, ''));
    const help = near === undefined ? {} : { help: `the nearest weight is ${near.path}` };
    return { code: 'TFM5206', message: `${what} names no weight of the model`, ...help, ...at(rule) };
  };
  if (!parsed.used) return [report(`'${rule.path}'`)];
  return path.sets.flatMap((set, i) => {
    const missing = set.filter((_, item) => !hits[i]?.has(item));
    return missing.map((item) => report(`'${item}' in '${rule.path}'`));
  });
}

function sameItems(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item));
}

function at(rule: MapRule): Pick<MapProblem, 'at'> {
  return rule.at === undefined ? {} : { at: rule.at };
}
