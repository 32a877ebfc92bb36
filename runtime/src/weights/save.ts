import { type Binding, bindMap } from './bind.js';
import { type Branch, makeBranches, misfit, sameShape, sourceShape, undoBranch } from './branch.js';
import { type TensorToWrite, writeSafetensors } from './encode.js';
import type { CheckpointMap, FileTensor, MapProblem, ModelWeight, RowsStep } from './map.js';
import type { Resolved } from './resolve.js';
import { SafetensorsError } from './safetensors-error.js';
import { elements } from './steps.js';

type Shape = readonly number[];

/** One tensor to write and the weights that it is made of. */
interface TensorWrite {
  readonly file: string;
  readonly shape: Shape;
  readonly branches: readonly Branch[];
}

/** How the weights of a model are written under the names of a map. */
export interface SavePlan {
  readonly writes: readonly TensorWrite[];
}

export interface PlanSaveOptions {
  /**
   * A checkpoint to write alike: its names choose among alternatives, its shapes tell what `reshape` undoes, and tied copies are
   * written where it has them.
   */
  readonly like?: readonly FileTensor[];
  /** Write all tied copies; otherwise a weight is written once, under its first name. */
  readonly ties?: boolean;
}

export interface SaveOptions {
  /** The number format of all tensors; F32 unless given. */
  readonly dtype?: 'F32' | 'F16' | 'BF16';
  /** Unless given `{ format: 'pt' }`, without which the transformers library refuses a file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Turns a map around: which tensors a file gets, and of what. `weights` are those that the model has. */
export function planSave(
  map: CheckpointMap | undefined,
  weights: readonly ModelWeight[],
  options: PlanSaveOptions = {},
): Resolved<SavePlan> {
  const bound = bindMap(map, weights);
  // That a rule names no weight is no matter here: the weights of absent outputs are not written.
  const problems = bound.problems.filter(({ code }) => code !== 'TFM5206');
  const like = new Map(options.like?.map(({ name, shape }) => [name, shape]));
  const tensors = new Map<string, Binding[]>();
  for (const binding of bound.bindings) {
    const variant = (names: readonly string[]): string => names.find((name) => like.has(name)) ?? names[0] ?? '';
    const copies = binding.ties.map(variant).filter((name) => options.ties === true || like.has(name));
    // A copy may be all that the checkpoint has.
    const own = binding.names.some((name) => like.has(name)) || !copies.some((name) => like.has(name));
    for (const name of new Set([...(own ? [variant(binding.names)] : []), ...copies])) {
      tensors.set(name, [...(tensors.get(name) ?? []), binding]);
    }
  }
  const writes: TensorWrite[] = [];
  for (const [file, bindings] of tensors) {
    const branches = makeBranches(bindings);
    const shape = like.get(file) ?? wholeShape(branches);
    const why = typeof shape === 'string' ? shape : whyNot(branches, shape);
    if (typeof shape !== 'string' && why === undefined) writes.push({ file, shape, branches });
    else problems.push(cannotWrite(file, bindings, why ?? ''));
  }
  return problems.length > 0 ? { problems } : { plan: { writes } };
}

/** The bytes of a file with the weights that `read` gives. Undoes the load; see {@link writeSafetensors}. */
export function saveCheckpoint(
  plan: SavePlan,
  read: (path: string) => Float32Array | Promise<Float32Array>,
  options: SaveOptions = {},
): AsyncGenerator<Uint8Array> {
  const tensors = plan.writes.map(
    (write): TensorToWrite => ({
      name: write.file,
      dtype: options.dtype ?? 'F32',
      shape: write.shape,
      data: () => makeTensor(write, read),
    }),
  );
  return writeSafetensors(tensors, options.metadata ?? { format: 'pt' });
}

function wholeShape(branches: readonly Branch[]): Shape | string {
  const copies = branches.filter(({ copy }) => copy !== undefined).length;
  let whole: Shape | undefined;
  for (const branch of branches) {
    const own = sourceShape(branch);
    if (typeof own === 'string') return own;
    const shape = branch.copy === undefined ? own : [copies, ...own];
    if (whole === undefined) whole = shape;
    else if (leadingRows(branch) !== undefined && sameShape(whole.slice(1), shape.slice(1))) {
      whole = [Math.max(whole[0] ?? 0, shape[0] ?? 0), ...shape.slice(1)];
    } else if (!sameShape(whole, shape)) return 'the weights that it is made of do not agree on its shape';
  }
  return whole ?? 'nothing fills it';
}

function whyNot(branches: readonly Branch[], shape: Shape): string | undefined {
  for (const branch of branches) {
    const missing = branch.unpack?.parts.find(({ name }) => !branch.uses.some(({ part }) => part === name));
    if (missing !== undefined) return `its part ${missing.name} is missing`;
    for (const use of branch.uses) {
      const why = misfit(branch, use, branch.copy === undefined ? shape : shape.slice(1));
      if (why !== undefined) return `${use.path} is [${use.shape.join(', ')}], but it is ${why}`;
    }
  }
  return undefined;
}

function cannotWrite(file: string, bindings: readonly Binding[], why: string): MapProblem {
  const paths = bindings.map(({ weight }) => weight.path).join(', ');
  const place = bindings[0]?.rule?.at;
  const message = `'${file}' cannot be written from ${paths}: ${why}`;
  return { code: 'TFM5209', message, ...(place === undefined ? {} : { at: place }) };
}

/** `rows` as the first step: the weight is some rows of the tensor, other rules may have the others. */
function leadingRows(branch: Branch): RowsStep | undefined {
  const [first] = branch.before;
  return branch.copy === undefined && first?.kind === 'rows' ? first : undefined;
}

type Read = (path: string) => Float32Array | Promise<Float32Array>;

async function makeTensor({ file, shape, branches }: TensorWrite, read: Read): Promise<Float32Array> {
  const [only] = branches;
  if (branches.length === 1 && only !== undefined && only.copy === undefined) return undoBranch(only, shape, read);
  const whole = new Float32Array(elements(shape));
  const written = new Map<number, number>();
  const row = elements(shape.slice(1));
  for (const branch of branches) {
    const rows = leadingRows(branch);
    const begin = (rows?.begin ?? branch.copy ?? 0) * row;
    const own = rows === undefined ? branch : { ...branch, before: branch.before.slice(1) };
    const ownShape = branch.copy === undefined ? shape : shape.slice(1);
    const data = await undoBranch(
      own,
      rows === undefined ? ownShape : [rows.end - rows.begin, ...shape.slice(1)],
      read,
    );
    checkOverlap(file, whole, written, begin, data);
    whole.set(data, begin);
    written.set(begin, begin + data.length);
  }
  return whole;
}

/** Two weights that share a tensor of the file must have the same values where both write. */
function checkOverlap(
  file: string,
  whole: Float32Array,
  written: ReadonlyMap<number, number>,
  begin: number,
  data: Float32Array,
): void {
  for (const [from, to] of written) {
    for (let i = Math.max(from, begin); i < Math.min(to, begin + data.length); i++) {
      if (!Object.is(whole[i], data[i - begin])) {
        const text = `'${file}' would hold two weights, but they differ: ${whole[i]} and ${data[i - begin]} at ${i}`;
        throw new SafetensorsError('TFM5209', text);
      }
    }
  }
}
