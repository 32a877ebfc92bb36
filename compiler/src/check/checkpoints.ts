import type {
  Checkpoint,
  CheckpointRule as RuleSyntax,
  StringLiteral,
  Expression as Syntax,
  WeightPath,
} from '@tfm-lang/grammar';
import type {
  CheckpointDeclaration,
  CheckpointInput,
  CheckpointRule,
  CheckpointStep,
  Expression,
  GraphModel,
} from '../graph/graph.js';
import { suggestion } from '../source/suggest.js';
import { checkpointAlias } from './checkpoint-aliases.js';
import { isCondition } from './conditions.js';
import { atSpan, type Context } from './context.js';
import { evaluate } from './expressions.js';
import { type Pattern, showPattern, weightPatterns } from './patterns.js';
import { templateProblem } from './templates.js';
import { describe, type Value } from './values.js';

/**
 * A checkpoint map: every path names weights, both sides' sets and indices pair up, every weight has a rule. Without a
 * model (it has other mistakes) only what needs no weights is checked.
 */
export function checkpoint(
  statement: Checkpoint,
  model: GraphModel | undefined,
  context: Context,
): CheckpointDeclaration {
  const { checker } = context;
  const patterns = model ? weightPatterns(model) : [];
  const prefix = prefixOf(statement);
  const mapped = new Set<Pattern>();
  const filled = new Set<string>();
  const rules: CheckpointRule[] = [];
  const ignore: CheckpointDeclaration['ignore'][number][] = [];
  const inputs: CheckpointInput[] = [];
  const outputs: CheckpointDeclaration['outputs'][number][] = [];
  for (const entry of statement.rules) {
    if (entry.kind === 'alias') {
      const alias = checkpointAlias(entry, model, context, (step) => stepOf(step, context));
      if (alias && 'input' in alias) inputs.push(alias);
      else if (alias) outputs.push(alias);
      continue;
    }
    const place = checker.place(atSpan(context, entry.span));
    const when = entry.when && conditionOf(entry.when, context);
    if (entry.kind === 'ignore') {
      wellFormed(entry.template, context);
      ignore.push({ template: prefix + entry.template.value, ...(when !== undefined && { when }), place });
      continue;
    }
    const found = model ? checkPath(entry.path, patterns, context) : [];
    const twice = entry.when ? undefined : found.find((pattern) => filled.has(copyKey(entry.path, pattern)));
    if (twice) checker.report('weight_mapped_twice', atSpan(context, entry.path.span), { path: showPattern(twice) });
    for (const pattern of found) {
      mapped.add(pattern);
      if (!entry.when) filled.add(copyKey(entry.path, pattern));
    }
    checkTemplate(entry, context);
    rules.push({ ...rule(entry, prefix, model, context), ...(when !== undefined && { when }), place });
  }
  for (const pattern of patterns) {
    if (mapped.has(pattern)) continue;
    checker.report('weight_not_mapped', atSpan(context, statement.name.span), {
      checkpoint: statement.name.name,
      path: showPattern(pattern),
    });
  }
  return { name: statement.name.name, rules, ignore, inputs, outputs };
}

/** A weight with the copies that a path names by number: `layers[0].fc` and `layers[1].fc` are two. */
function copyKey(path: WeightPath, pattern: Pattern): string {
  const copies = path.segments.flatMap((segment) =>
    segment.indices.map(({ name }) => (/^\d+$/.test(name) ? name : '')),
  );
  return `${showPattern(pattern)} ${copies.join(' ')}`;
}

/** `prefix "transformer."?` as a part of every template. */
function prefixOf(statement: Checkpoint): string {
  if (!statement.prefix) return '';
  const { text, optional } = statement.prefix;
  return optional ? `(${text.value})?` : text.value;
}

function conditionOf(syntax: Syntax, context: Context): Expression | undefined {
  const value = scalarOf(syntax, context);
  if (value === undefined || isCondition(value, context.checker)) return value;
  context.checker.report('wrong_kind', atSpan(context, syntax.span), { expected: 'a condition', found: 'a number' });
  return undefined;
}

function scalarOf(syntax: Syntax, context: Context): Expression | undefined {
  const value = evaluate(syntax, context);
  if (value.kind === 'scalar') return value.expression;
  if (value.kind !== 'error') {
    context.checker.report('wrong_kind', atSpan(context, syntax.span), {
      expected: 'a number or condition',
      found: describe(value),
    });
  }
  return undefined;
}

function rule(entry: RuleSyntax, prefix: string, model: GraphModel | undefined, context: Context): CheckpointRule {
  const outputs = entry.outputs.map((o) => {
    const known = model?.outputs.map((x) => x.name) ?? [o.name];
    if (!known.includes(o.name)) {
      context.checker.report('checkpoint_outputs', atSpan(context, o.span), {
        name: o.name,
        suggestion: suggestion(o.name, known),
      });
    }
    return o.name;
  });
  const initial = entry.default && scalarOf(entry.default, context);
  const template = (text: StringLiteral): string => prefix + text.value;
  return {
    path: showPath(entry.path),
    template: template(entry.template),
    steps: entry.steps.flatMap((s) => stepOf(s, context) ?? []),
    also: entry.also.map(template),
    or: entry.or.map(template),
    ...(initial !== undefined && { default: initial }),
    outputs,
    place: context.checker.place(atSpan(context, entry.span)),
  };
}

function showPath(path: WeightPath): string {
  return path.segments
    .map((s) => {
      const [only] = s.names;
      const name = s.names.length === 1 && only ? only.name : `{${s.names.map((n) => n.name).join(', ')}}`;
      return name + s.indices.map((i) => `[${i.name}]`).join('');
    })
    .join('.');
}

/** All paths that a path with sets stands for. */
function expand(path: WeightPath): { readonly name: string; readonly copies: number }[][] {
  return path.segments.reduce<{ name: string; copies: number }[][]>(
    (paths, s) => paths.flatMap((p) => s.names.map((n) => [...p, { name: n.name, copies: s.indices.length }])),
    [[]],
  );
}

/** The weights that a path names, each set member at least one. */
function checkPath(path: WeightPath, patterns: readonly Pattern[], context: Context): Pattern[] {
  const { checker } = context;
  const at = atSpan(context, path.span);
  const numbered = path.segments.flatMap((s) => s.names).find((n) => checker.renumbered.has(n.name));
  if (numbered) checker.report('path_unlabelled', atSpan(context, numbered.span), { path: numbered.name });
  return expand(path).flatMap((written) => {
    const found = patterns.filter((p) => written.every((part, i) => part.name === p[i]?.name));
    if (found.length === 0) {
      const shown = showPattern(written);
      checker.report('path_unknown', at, { path: shown, suggestion: nearestPath(shown, patterns) });
    }
    for (const [i, part] of written.entries()) {
      const copies = found[0]?.[i]?.copies;
      if (copies === undefined || copies === part.copies) continue;
      const whole = showPattern(found[0]?.slice(0, i + 1) ?? []);
      if (copies > part.copies) checker.report('path_index', at, { path: part.name, fix: whole });
      else checker.report('path_index_not_repeated', at, { path: part.name });
    }
    return found;
  });
}

/** The closest beginning of a weight's path, of whatever length. */
function nearestPath(written: string, patterns: readonly Pattern[]): string | undefined {
  const prefixes = new Set(patterns.flatMap((p) => p.map((_, i) => showPattern(p.slice(0, i + 1)))));
  return suggestion(written, prefixes);
}

/** Sets pair up with the template's, or with the parts of `unpack`; the template's indices are bound by the path. */
function checkTemplate(entry: RuleSyntax, context: Context): void {
  const { checker } = context;
  const templates = [entry.template, ...entry.also, ...entry.or];
  if (!templates.map((t) => wellFormed(t, context)).every(Boolean)) return;
  const at = atSpan(context, entry.template.span);
  const bound = entry.path.segments.flatMap((s) => s.indices.map((i) => i.name));
  const left = entry.path.segments.map((s) => s.names.length).filter((n) => n > 1);
  const braces = [...entry.template.value.matchAll(/\{([^{}]*)\}/g)].map(([, inner = '']) => inner);
  const sets = braces.filter((b) => b.includes(','));
  for (const name of braces.filter((b) => !b.includes(','))) {
    if (name !== '*' && !bound.includes(name)) checker.report('template_name_unbound', at, { name });
  }
  const unpacks = entry.steps.some((s) => s.kind === 'call' && s.callee.kind === 'name' && s.callee.name === 'unpack');
  if (unpacks && !checkParts(entry, context)) return;
  const right = sets.map((s) => s.split(',').length);
  const fits = left.length - (unpacks ? 1 : 0) <= right.length && right.every((n) => left.includes(n));
  if (!fits) checker.report('sets_differ', at, { left: counts(left), right: counts(right) });
}

function wellFormed(template: StringLiteral, context: Context): boolean {
  const problem = templateProblem(template.value);
  if (problem === undefined) return true;
  context.checker.report('template_malformed', atSpan(context, template.span), { problem });
  return false;
}

/** `{q, k, v}` of the path are the parts that `unpack` takes apart. */
function checkParts(entry: RuleSyntax, context: Context): boolean {
  const step = entry.steps.find((s) => s.kind === 'call' && s.callee.kind === 'name' && s.callee.name === 'unpack');
  const record = step?.kind === 'call' ? step.arguments.find((a) => a.value.kind === 'record')?.value : undefined;
  if (step?.kind !== 'call' || record?.kind !== 'record') return true;
  const parts = record.fields.map((f) => f.name.name);
  const sets = entry.path.segments.map((s) => s.names.map((n) => n.name));
  if (sets.some((names) => names.length === parts.length && names.every((n) => parts.includes(n)))) return true;
  const named = sets.filter((names) => names.length > 1).map((names) => names.join(', '));
  context.checker.report('unpack_parts', atSpan(context, step.span), {
    left: named.join(' and ') || 'one weight',
    right: parts.join(', '),
  });
  return false;
}

function counts(sizes: readonly number[]): string {
  return sizes.length === 0 ? 'one' : sizes.join(' and ');
}

// ----------------------------------------------------------------------------------------------------- steps

const steps = ['transpose', 'reshape', 'axes', 'unpack', 'add', 'rows'];

function stepOf(syntax: Syntax, context: Context): CheckpointStep | undefined {
  const { checker } = context;
  const callee = syntax.kind === 'call' ? syntax.callee : syntax;
  const at = atSpan(context, syntax.span);
  const name = callee.kind === 'name' ? callee.name : '';
  if (!steps.includes(name)) {
    checker.report('unknown_step', at, { name: name || 'this', suggestion: suggestion(name, steps) });
    return undefined;
  }
  const given = syntax.kind === 'call' ? syntax.arguments : [];
  const values = given.map((a) => ({ name: a.name?.name, value: evaluate(a.value, context) }));
  if (values.some((v) => v.value.kind === 'error')) return undefined;
  const made = makeStep(name, values);
  if (typeof made !== 'string') return made;
  checker.report('step_arguments', at, { name, problem: made });
  return undefined;
}

interface Given {
  readonly name: string | undefined;
  readonly value: Value;
}

/** The step, or what is wrong with its arguments. */
function makeStep(name: string, given: readonly Given[]): CheckpointStep | string {
  const numbers = given.flatMap((g) => (g.value.kind === 'scalar' && g.name === undefined ? [g.value.expression] : []));
  const [a, b] = numbers;
  switch (name) {
    case 'transpose':
      return given.length === 0 ? { step: 'transpose' } : 'it takes no arguments';
    case 'reshape':
      return numbers.length === given.length && numbers.length > 0
        ? { step: 'reshape', shape: numbers }
        : 'sizes are expected';
    case 'add':
      return a !== undefined && given.length === 1 ? { step: 'add', value: a } : 'one number is expected';
    case 'rows':
      return a !== undefined && b !== undefined && given.length === 2
        ? { step: 'rows', from: a, to: b }
        : 'the first row and the row behind the last are expected';
    case 'axes':
      return axesStep(given);
    default:
      return unpackStep(given);
  }
}

function axesStep(given: readonly Given[]): CheckpointStep | string {
  const [pattern, ...sizes] = given;
  if (pattern?.value.kind !== 'text') return 'a pattern such as "out in -> in out" is expected';
  const named: Record<string, Expression> = {};
  for (const { name, value } of sizes) {
    if (name === undefined || value.kind !== 'scalar') return 'sizes are given by name: x: 2';
    named[name] = value.expression;
  }
  return { step: 'axes', pattern: pattern.value.value, sizes: named };
}

function unpackStep(given: readonly Given[]): CheckpointStep | string {
  const place = given.findIndex((g) => g.value.kind === 'record');
  const record = given[place]?.value;
  if (record?.kind !== 'record' || given.length > 3 || place > 1)
    return 'parts such as {q: width, k: width} are expected';
  const parts = [...record.fields].flatMap(([name, v]) => (v.kind === 'scalar' ? [{ name, size: v.expression }] : []));
  const sizeAt = (i: number): Expression | undefined => {
    const value = given[i]?.value;
    return value?.kind === 'scalar' ? value.expression : undefined;
  };
  const outer = place === 1 ? sizeAt(0) : undefined;
  const inner = sizeAt(place + 1);
  return { step: 'unpack', ...(outer !== undefined && { outer }), parts, ...(inner !== undefined && { inner }) };
}
