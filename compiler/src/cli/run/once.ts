import fs from 'node:fs';
import path from 'node:path';
import type { Checkpoint, TensorToWrite } from '@tfm-lang/runtime';
import type { GraphModel } from '../../graph/graph.js';
import type { RunOptions } from '../commands/run-options.js';
import type { Context } from '../context.js';
import { inputFailure, usageFailure } from '../exit.js';
import { notFound, writeWhole } from '../files.js';
import type { ChosenModel } from '../spec.js';
import { type Aliases, outputNamesInFile } from './aliases.js';
import type { GeneratedModel, LoadedModule, RuntimeModule } from './model-module.js';
import { addsPositions, frontPadding, hasRowsOf, moveRows } from './padding.js';
import { type InputPlan, planInputs } from './tensors.js';

/** The inputs of one run, and the outputs to write with their names in the file. */
export interface OnceInputs {
  readonly inputs: object;
  readonly outputs: ReadonlyMap<string, string>;
  /** Rows of padding in front of each sequence: outputs get them back. */
  readonly shifts: readonly number[];
}

/** Runs the model once and writes the outputs to a safetensors file. */
export async function runOnce(
  { inputs, outputs: wanted, shifts }: OnceInputs,
  model: GeneratedModel,
  { runtime }: LoadedModule,
  options: RunOptions,
  { io }: Context,
): Promise<void> {
  const started = performance.now();
  const outputs = options.output ? forward(model, inputs, [...wanted.keys()]) : computable(model, inputs, wanted);
  const tensors: TensorToWrite[] = [];
  for (const [own, output] of outputs) {
    const name = wanted.get(own) ?? own;
    const { shape } = output;
    const values = await runtime.read(output);
    const data =
      shifts.length === 0
        ? values
        : moveRows(
            values,
            shape,
            shifts.map((shift) => -shift),
          );
    tensors.push({ name, dtype: fileDtype(output.dtype), shape, data });
    output.dispose();
  }
  const left = [...wanted.keys()].filter((own) => !outputs.has(own));
  if (left.length > 0) io.stderr.write(`without ${left.join(', ')}: the file has no weights for that\n`);
  io.stderr.write(`${[...outputs.keys()].join(', ')} in ${Math.round(performance.now() - started)} ms\n`);
  writeWhole(path.resolve(io.cwd, options.outputs ?? ''), await runtime.toSafetensors(tensors));
}

type Outputs = ReadonlyMap<string, ReturnType<GeneratedModel['forward']>[string]>;

function forward(model: GeneratedModel, inputs: object, names: readonly string[]): Outputs {
  const outputs = model.forward(inputs, { outputs: names });
  return new Map(
    names.map((own) => {
      const output = outputs[own];
      if (!output) throw new Error(`forward gave no '${own}'`);
      return [own, output];
    }),
  );
}

/** All outputs, or those that the weights suffice for: many checkpoints are published without a head. */
function computable(model: GeneratedModel, inputs: object, wanted: ReadonlyMap<string, string>): Outputs {
  const names = [...wanted.keys()];
  try {
    return forward(model, inputs, names);
  } catch (failure) {
    if (!isMissingWeight(failure) || names.length === 1) throw failure;
    const found = names.map((own) => {
      try {
        return [...forward(model, inputs, [own])];
      } catch (inner) {
        if (isMissingWeight(inner)) return [];
        throw inner;
      }
    });
    if (found.flat().length === 0) throw failure;
    return new Map(found.flat());
  }
}

const isMissingWeight = (failure: unknown): boolean =>
  failure instanceof Error && 'code' in failure && failure.code === 'TFM5309';

/** All outputs of the model, or those that `--output` names. */
export function outputNames(model: GraphModel, wanted: readonly string[] | undefined): readonly string[] {
  const all = model.outputs.map(({ name }) => name);
  const unknown = wanted?.find((name) => !all.includes(name));
  if (unknown !== undefined) throw usageFailure(`${model.name} has no output '${unknown}'`, `it has ${all.join(', ')}`);
  return wanted ?? all;
}

/**
 * The inputs of `forward` from the tensors of a safetensors file, under the model's names or those of the library that published
 * the weights; the outputs are then written under that library's names too. Throws a failure where they do not fit.
 */
export async function readInputs(
  given: string,
  chosen: ChosenModel,
  outputs: readonly string[],
  aliases: Aliases,
  runtime: RuntimeModule,
  cwd: string,
): Promise<OnceInputs> {
  const absolute = path.resolve(cwd, given);
  if (!fs.existsSync(absolute)) throw notFound(given, absolute);
  const file = await runtime.openCheckpoint(absolute);
  try {
    const entries = new Map(file.names().map((name) => [name, file.entry(name)]));
    const plans = planInputs(entries, chosen, outputs, aliases, runtime.rearrangedShape);
    const translated = plans.some(({ input, tensor }) => input.name !== tensor);
    const written = outputNamesInFile(outputs, aliases, translated);
    const inputs: Record<string, object> = {};
    let shifts: readonly number[] = [];
    for (const plan of plans) {
      if (!plan.trailing) inputs[plan.input.name] = await readInput(file, plan, runtime);
      else [inputs[plan.input.name], shifts] = await readPadded(file, plan, chosen, outputs);
    }
    return { inputs, outputs: new Map(outputs.map((own, i) => [own, written[i] ?? own])), shifts };
  } finally {
    await file.close();
  }
}

async function readInput(file: Checkpoint, plan: InputPlan, runtime: RuntimeModule): Promise<object> {
  const { tensor, presence, axes } = plan;
  if (axes.length > 0) return rearrangedInput(file, tensor, axes, runtime);
  const { shape } = file.entry(tensor);
  const values = await file.read(tensor);
  if (presence === undefined) return { values, shape };
  const [batch = 0, rows = 0] = shape;
  const mask = await file.read(presence);
  const present = Array.from({ length: batch }, (_, b) =>
    Array.from({ length: rows }, (_row, t) => mask[b * rows + t] !== 0),
  );
  return { values, shape, present };
}

/**
 * The input of a model that reads no mask: no row sees those behind it, so padding may stand at the end. What stands in front is
 * moved there, where positions are seen by their distance alone. Throws a failure where an output, or another input, could not be
 * moved with it.
 */
async function readPadded(
  file: Checkpoint,
  { input, tensor, presence = '' }: InputPlan,
  { model }: ChosenModel,
  outputs: readonly string[],
): Promise<[input: object, shifts: readonly number[]]> {
  const { shape } = file.entry(tensor);
  const values = await file.read(tensor);
  const shifts = frontPadding(await file.read(presence), shape, presence);
  const row = shifts.findIndex((shift) => shift > 0);
  if (row < 0) return [{ values, shape }, []];
  const fixed = outputs.filter((output) => !hasRowsOf(model, input.name, output));
  const others = model.inputs.map(({ name }) => name).filter((name) => name !== input.name);
  const problems = [
    ...(fixed.length > 0 ? [`${fixed.join(', ')} has no rows to move`] : []),
    ...(others.length > 0 ? [`it also reads ${others.join(', ')}`] : []),
    ...(addsPositions(model) ? ['it adds something for each position'] : []),
  ];
  const [why] = problems;
  if (why === undefined) return [{ values: moveRows(values, shape, shifts), shape }, shifts];
  const help = `${model.name} reads no mask, and ${why}: put padding at the end`;
  throw inputFailure(`'${presence}' has padding in front of real tokens, in row ${row}`, help);
}

async function rearrangedInput(
  file: Checkpoint,
  tensor: string,
  axes: readonly string[],
  { rearranged, rearrangedShape }: RuntimeModule,
): Promise<object> {
  let { shape } = file.entry(tensor);
  let values = await file.readFloat32(tensor);
  for (const pattern of axes) {
    const after = rearrangedShape(pattern, shape);
    if (typeof after === 'string') throw new Error(`'${tensor}' was planned to fit: ${after}`);
    values = rearranged(pattern, values, shape);
    shape = after;
  }
  return { values, shape };
}

function fileDtype(dtype: string): 'F32' | 'I32' | 'BOOL' {
  if (dtype === 'int32') return 'I32';
  return dtype === 'bool' ? 'BOOL' : 'F32';
}
