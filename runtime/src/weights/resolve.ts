import { type Binding, bindMap } from './bind.js';
import { asTransposed, type Branch, makeBranches, misfit, sameShape } from './branch.js';
import type { CheckpointMap, FileTensor, MapProblem, ModelWeight } from './map.js';
import { nearest } from './nearest.js';
import { globRegex, parseTemplate } from './template.js';

/** One tensor of the checkpoint and what becomes of it. */
export interface TensorRead {
  readonly file: string;
  /** Copies of it that must be equal. */
  readonly ties: readonly string[];
  readonly branches: readonly Branch[];
}

/** How a checkpoint fills a model. Every tensor is read once. */
export interface LoadPlan {
  readonly reads: readonly TensorRead[];
  /** Weights that are not in the checkpoint and have one value everywhere. */
  readonly constants: readonly { readonly path: string; readonly shape: readonly number[]; readonly value: number }[];
  /** Weights that are not in the checkpoint and that no wanted output needs. */
  readonly absent: readonly string[];
  /** Tensors of the checkpoint that the map ignores. */
  readonly ignored: readonly string[];
}

export interface ResolveOptions {
  /** The outputs that are wanted. Without it, weights of a rule with `for` may be missing. */
  readonly outputs?: readonly string[];
}

/** Either a plan, or every problem that keeps the checkpoint from filling the model. */
export type Resolved<Plan> =
  | { readonly plan: Plan; readonly problems?: never }
  | { readonly plan?: never; readonly problems: readonly MapProblem[] };

/**
 * Fits a checkpoint to a model: every weight gets its tensor, every tensor its weight, or there is a problem that says
 * which does not. Without a map the paths of the weights are the names, with `[0]` written `.0`.
 */
export function resolveMap(
  map: CheckpointMap | undefined,
  weights: readonly ModelWeight[],
  files: readonly FileTensor[],
  options: ResolveOptions = {},
): Resolved<LoadPlan> {
  const { bindings: all, problems } = bindMap(map, weights);
  const shapes = new Map(files.map(({ name, shape }) => [name, shape]));
  const transposed = new Set(files.flatMap((file) => (file.transposed ? [file.name] : [])));
  const choice = chooseTensors(all, shapes, options);
  const ignored = ignoredTensors(map, files, choice.used, problems);
  const spare = files.filter(({ name }) => !choice.used.has(name) && !ignored.has(name));
  problems.push(...choice.problems, ...missingProblems(choice.missing, spare), ...spareProblems(spare, choice.missing));
  const reads: TensorRead[] = [];
  for (const [file, { bindings, ties }] of choice.chosen) {
    const branches = makeBranches(bindings);
    problems.push(...shapeProblems(file, branches, bindings, shapes), ...tieProblems(file, ties, shapes, transposed));
    const own = transposed.has(file)
      ? branches.map((branch) => asTransposed(branch, shapes.get(file) ?? []))
      : branches;
    reads.push({ file, ties: [...ties], branches: own });
  }
  if (problems.length > 0) return { problems };
  const order = new Map(files.map(({ name }, i) => [name, i]));
  reads.sort((a, b) => (order.get(a.file) ?? 0) - (order.get(b.file) ?? 0));
  return { plan: { reads, constants: choice.constants, absent: choice.absent, ignored: [...ignored] } };
}

interface Choice {
  chosen: Map<string, { bindings: Binding[]; ties: Set<string> }>;
  used: Set<string>;
  missing: Binding[];
  constants: { path: string; shape: readonly number[]; value: number }[];
  absent: string[];
  problems: MapProblem[];
}

type Shapes = ReadonlyMap<string, readonly number[]>;

function chooseTensors(bindings: readonly Binding[], shapes: Shapes, options: ResolveOptions): Choice {
  const choice: Choice = { chosen: new Map(), used: new Set(), missing: [], constants: [], absent: [], problems: [] };
  const reported = new Set<string>();
  for (const binding of bindings) {
    const present = binding.names.filter((name) => shapes.has(name));
    const copies = binding.ties.flat().filter((name) => shapes.has(name) && !present.includes(name));
    for (const name of [...present, ...copies]) choice.used.add(name);
    // A tied copy serves where the tensor itself was not written.
    const [file, second] = present.length > 0 ? present : copies.slice(0, 1);
    const { path, shape } = binding.weight;
    if (file === undefined) {
      if (binding.rule?.default !== undefined) choice.constants.push({ path, shape, value: binding.rule.default });
      else if (mayBeMissing(binding, options)) choice.absent.push(path);
      else choice.missing.push(binding);
    } else if (second !== undefined) {
      if (!reported.has(file)) choice.problems.push(bothPresent(binding, file, second));
      reported.add(file);
    } else {
      const tensor = choice.chosen.get(file) ?? { bindings: [], ties: new Set<string>() };
      tensor.bindings.push(binding);
      for (const name of copies) if (name !== file) tensor.ties.add(name);
      choice.chosen.set(file, tensor);
    }
  }
  return choice;
}

function mayBeMissing({ weight, rule }: Binding, { outputs }: ResolveOptions): boolean {
  if (!weight.required) return true;
  if (rule?.for === undefined || rule.for.length === 0) return false;
  return outputs === undefined || !rule.for.some((output) => outputs.includes(output));
}

function bothPresent(binding: Binding, first: string, second: string): MapProblem {
  const message = `${binding.weight.path} can come from '${first}' or '${second}', and the checkpoint has both`;
  return { code: 'TFM5205', message, help: 'keep one of them, or ignore one in the map', ...at(binding) };
}

function ignoredTensors(
  map: CheckpointMap | undefined,
  files: readonly FileTensor[],
  used: ReadonlySet<string>,
  problems: MapProblem[],
): Set<string> {
  const globs: RegExp[] = [];
  for (const { glob, at: place } of map?.ignore ?? []) {
    const template = parseTemplate(glob);
    if (typeof template !== 'string') globs.push(globRegex(template));
    else problems.push({ code: 'TFM5207', message: template, ...(place === undefined ? {} : { at: place }) });
  }
  const names = files.map(({ name }) => name);
  return new Set(names.filter((name) => !used.has(name) && globs.some((glob) => glob.test(name))));
}

/** Suggestions stop here: nobody reads more, and every one is a search through all names. */
const MOST_SUGGESTIONS = 40;

/** One problem for every tensor that is not there, however many weights it would fill. */
function missingProblems(missing: readonly Binding[], spare: readonly FileTensor[]): MapProblem[] {
  const spareNames = new Set(spare.map(({ name }) => name));
  const groups = new Map<string, Binding[]>();
  for (const binding of missing) {
    const key = binding.names.join('\n');
    groups.set(key, [...(groups.get(key) ?? []), binding]);
  }
  return [...groups.values()].map((group, i) => {
    const [first] = group;
    const names = first?.names ?? [];
    const paths = group.map(({ weight }) => weight.path).join(', ');
    const shape = group.length === 1 ? ` [${first?.weight.shape.join(', ')}]` : '';
    const near = i < MOST_SUGGESTIONS ? nearest(names[0] ?? '', spare, ({ name }) => name) : undefined;
    const wanted = names.map((name) => `'${name}'`).join(' or ');
    const nearText = near && `the nearest tensor that nothing uses is '${near.name}' ${text(near.shape)}`;
    const help = quantised(names, spareNames) ?? nearText;
    return {
      code: 'TFM5201',
      message: `nothing fills ${paths}${shape}: the checkpoint has no ${wanted}`,
      ...(help !== undefined && { help }),
      ...at(first),
    };
  });
}

/** What stands in the place of a weight that was quantised: its numbers under another name, and their scales. */
function quantised(names: readonly string[], spare: ReadonlySet<string>): string | undefined {
  for (const name of names) {
    const [blocks, scales] = [`${name}_blocks`, `${name}_scales`];
    if (spare.has(blocks)) return `'${blocks}' would hold it as MXFP4, were there '${scales}', both of format U8`;
    if (spare.has(scales)) return `'${scales}' has its scales as MXFP4, but there is no '${blocks}'`;
    const packed = name.replace(/[^.]*$/, 'qweight');
    if (!spare.has(packed)) continue;
    const held = `'${packed}' holds it as GPTQ or AWQ (quantization_config), which is not supported`;
    return `${held}: convert the checkpoint to F32, BF16 or F16`;
  }
  return undefined;
}

function spareProblems(spare: readonly FileTensor[], missing: readonly Binding[]): MapProblem[] {
  return spare.map(({ name, shape }, i) => {
    const near = i < MOST_SUGGESTIONS ? nearest(name, missing, ({ names }) => names[0] ?? '') : undefined;
    const help =
      near === undefined
        ? `if the model does not need it: ignore "${name}"`
        : `the nearest weight that nothing fills is ${near.weight.path} ${text(near.weight.shape)}`;
    return { code: 'TFM5202', message: `nothing uses '${name}' ${text(shape)} of the checkpoint`, help };
  });
}

function shapeProblems(
  file: string,
  branches: readonly Branch[],
  bindings: readonly Binding[],
  shapes: Shapes,
): MapProblem[] {
  const shape = shapes.get(file) ?? [];
  const problems: MapProblem[] = [];
  const report = (message: string): void => {
    problems.push({ code: 'TFM5203', message, ...at(bindings[0]) });
  };
  const copies = new Set(branches.flatMap(({ copy }) => (copy === undefined ? [] : [copy])));
  if (copies.size > 0 && shape[0] !== copies.size) {
    report(`'${file}' ${text(shape)} stacks ${shape[0] ?? 1} copies, but the model has ${copies.size}`);
    return problems;
  }
  for (const branch of branches) {
    const own = branch.copy === undefined ? shape : shape.slice(1);
    const trace = branch.uses.map((use) => ({ use, why: misfit(branch, use, own) }));
    for (const { use, why } of trace) {
      if (why !== undefined) report(`${use.path} is ${text(use.shape)}, but '${file}' is ${why}`);
    }
    const parts = branch.unpack?.parts.filter(({ name }) => !branch.uses.some(({ part }) => part === name)) ?? [];
    for (const { name } of parts) {
      const message = `nothing uses the part ${name} of '${file}' ${text(shape)}; other parts of it are used`;
      problems.push({ code: 'TFM5202', message, ...at(bindings[0]) });
    }
  }
  return problems;
}

function tieProblems(
  file: string,
  ties: ReadonlySet<string>,
  shapes: Shapes,
  transposed: ReadonlySet<string>,
): MapProblem[] {
  const shape = shapes.get(file) ?? [];
  return [...ties].flatMap((tie) => {
    const other = shapes.get(tie) ?? [];
    if (transposed.has(tie) !== transposed.has(file)) {
      const odd = `'${tie}' should be a copy of '${file}', but only one of them is MXFP4`;
      return [{ code: 'TFM5204', message: odd } as const];
    }
    if (sameShape(shape, other)) return [];
    const message = `'${tie}' ${text(other)} should be a copy of '${file}' ${text(shape)}: their shapes differ`;
    return [{ code: 'TFM5204', message } as const];
  });
}

function text(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}

function at(binding: Binding | undefined): Pick<MapProblem, 'at'> {
  const place = binding?.rule?.at;
  return place === undefined ? {} : { at: place };
}
