import { evaluate } from '../../algebra/evaluate.js';
import { print, printValue } from '../../algebra/print.js';
import type { GraphModel, InputDeclaration } from '../../graph/graph.js';
import { neededFor, readsOf } from '../../graph/uses.js';
import { suggestion } from '../../source/suggest.js';
import { inputFailure } from '../exit.js';
import type { ChosenModel } from '../spec.js';
import { type Aliases, nameInFile } from './aliases.js';

/** The dtype and shape of a tensor in a file. */
export interface FileEntry {
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** Which tensors of a file belong to which input. */
export interface InputPlan {
  readonly input: InputDeclaration;
  readonly tensor: string;
  /** The mask of real rows that came with it. */
  readonly presence?: string;
  /** The model reads no mask, because no row sees those behind it: the mask may only say what is padding before and behind. */
  readonly trailing?: boolean;
  /** The tensor has the other library's name, and is rearranged in these ways. */
  readonly axes: readonly string[];
}

/** The runtime's: the shape after `axes(pattern)`, or why the pattern does not fit. */
type RearrangedShape = (pattern: string, shape: readonly number[]) => readonly number[] | string;

const integers = ['I64', 'I32', 'I16', 'I8', 'U64', 'U32', 'U16', 'U8'];
const floats = ['F64', 'F32', 'F16', 'BF16'];
const accepted: Readonly<Record<InputDeclaration['type']['dtype'], readonly string[]>> = {
  token: integers,
  int: integers,
  float: floats,
  bool: ['BOOL', ...integers],
};

/**
 * Matches the tensors of a file with the inputs that the outputs need. Throws a failure that names every tensor that is missing, unknown
 * or of the wrong type or shape, and what the model wants.
 */
export function planInputs(
  entries: ReadonlyMap<string, FileEntry>,
  chosen: ChosenModel,
  outputs: readonly string[],
  aliases: Aliases,
  rearrangedShape: RearrangedShape,
): InputPlan[] {
  const { inputs } = chosen.model;
  const needed = inputsFor(chosen.model, outputs);
  const plans: InputPlan[] = [];
  const problems: string[] = [];
  for (const input of inputs) {
    const found = nameInFile([input.name], aliases, input.name, false, entries);
    const axes = found?.alias?.axes ?? [];
    if (found) plans.push({ input, tensor: found.name, axes, ...presenceOf(input, chosen.model, entries, aliases) });
    else if (input.default === undefined && needed.has(input.name)) {
      const theirs = aliases.inputs.filter((alias) => alias.input === input.name && !alias.presence);
      const names = [input.name, ...theirs.map((alias) => alias.theirs)];
      problems.push(`there is no tensor ${names.map((name) => `'${name}'`).join(' or ')}`);
    }
  }
  const used = new Set(
    plans.flatMap(({ tensor, presence }) => [tensor, ...(presence === undefined ? [] : [presence])]),
  );
  const missing = inputs.map(({ name }) => name).filter((name) => !plans.some(({ input }) => input.name === name));
  for (const name of entries.keys()) {
    if (used.has(name)) continue;
    const near = suggestion(name, missing);
    problems.push(`the model has no input '${name}'${near === undefined ? '' : `; did you mean '${near}'?`}`);
  }
  problems.push(...shapeProblems(plans, entries, chosen, rearrangedShape));
  if (problems.length > 0) throw inputFailure(problems.join('\n'), `${chosen.model.name} wants ${wanted(chosen)}`);
  return plans;
}

/** The inputs that outputs are computed from. */
function inputsFor(model: GraphModel, outputs: readonly string[]): ReadonlySet<string> {
  const wanted = (position: number): boolean => outputs.includes(model.outputs[position]?.name ?? '');
  const found = new Set(model.main.body.results.filter((_, position) => wanted(position)));
  for (const [node, results] of neededFor(model.main)) {
    if (results.some(wanted)) for (const id of readsOf(node)) found.add(id);
  }
  return found;
}

/** Every input with its type, and the name its mask may have. */
function wanted({ model, configuration }: ChosenModel): string {
  const sizes = { parameters: configuration };
  return model.inputs
    .map(({ name, type, of, presence, default: byDefault }) => {
      const shape = type.shape.map((size) => printValue(size, sizes)).join(', ');
      const vocabulary = of === undefined ? '' : ` of ${printValue(of, sizes)}`;
      const optional = byDefault === undefined ? '' : ' (optional)';
      return `${name}: ${type.dtype}[${shape}]${vocabulary}${optional}${presence ? `, ${name}.present: bool (optional)` : ''}`;
    })
    .join('; ');
}

/** `attention_mask` is the usual name where there is one sequence that it can be about. */
function presenceOf(
  input: InputDeclaration,
  { inputs, generate }: GraphModel,
  entries: ReadonlyMap<string, FileEntry>,
  aliases: Aliases,
): Pick<InputPlan, 'presence' | 'trailing'> {
  const masked = inputs.filter(({ presence }) => presence);
  const trailing = !input.presence && generate?.input === input.name && masked.length === 0;
  if (!input.presence && !trailing) return {};
  const only = trailing || masked.length === 1;
  const names = [`${input.name}.present`, `${input.name}_present`, ...(only ? ['attention_mask'] : [])];
  const own = names.filter((name) => !inputs.some((other) => other.name === name));
  const found = nameInFile(own, aliases, input.name, true, entries);
  return found ? { presence: found.name, trailing } : {};
}

/** Sizes with the same name must agree, also between inputs. */
function shapeProblems(
  plans: readonly InputPlan[],
  entries: ReadonlyMap<string, FileEntry>,
  { configuration }: ChosenModel,
  rearrangedShape: RearrangedShape,
): string[] {
  const problems: string[] = [];
  const sizes = new Map<string, number>();
  const environment = { parameters: configuration, dimensions: sizes };
  for (const { input, tensor, presence, axes } of plans) {
    const { dtype, shape: written } = entries.get(tensor)!;
    const { type } = input;
    const shape = axes.reduce<ReturnType<RearrangedShape>>(
      (before, pattern) => (typeof before === 'string' ? before : rearrangedShape(pattern, before)),
      written,
    );
    if (typeof shape === 'string') {
      problems.push(`'${tensor}' is [${written.join(', ')}]: ${shape}`);
      continue;
    }
    if (!accepted[type.dtype].includes(dtype)) {
      problems.push(`'${tensor}' is ${dtype}, but ${type.dtype} needs ${accepted[type.dtype].join(', ')}`);
    }
    const fits =
      shape.length === type.shape.length &&
      type.shape.every((size, axis) => {
        const found = shape[axis]!;
        if (typeof size === 'object' && size.kind === 'dimension' && !sizes.has(size.name)) sizes.set(size.name, found);
        return evaluate(size, environment) === found;
      });
    if (!fits) {
      const expected = type.shape.map((size) =>
        evaluate(size, environment) === undefined ? print(size) : printValue(size, environment),
      );
      problems.push(`'${tensor}' is [${shape.join(', ')}], but ${input.name} is ${type.dtype}[${expected.join(', ')}]`);
    }
    if (presence !== undefined) problems.push(...maskProblems(presence, entries, tensor, shape));
  }
  return problems;
}

function maskProblems(
  mask: string,
  entries: ReadonlyMap<string, FileEntry>,
  tensor: string,
  shape: readonly number[],
): string[] {
  const { dtype, shape: found } = entries.get(mask)!;
  const rows = shape.slice(0, 2);
  const problems: string[] = [];
  if (!accepted.bool.includes(dtype)) problems.push(`'${mask}' is ${dtype}, but a mask is BOOL or 0 and 1`);
  if (found.join() !== rows.join()) {
    problems.push(`'${mask}' is [${found.join(', ')}], but '${tensor}' has the rows [${rows.join(', ')}]`);
  }
  return problems;
}
