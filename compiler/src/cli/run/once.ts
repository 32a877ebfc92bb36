import fs from 'node:fs';
import path from 'node:path';
import type { Checkpoint, TensorToWrite } from '@tfm-lang/runtime';
import type { RunOptions } from '../commands/run-options.js';
import type { Context } from '../context.js';
import { usageFailure } from '../exit.js';
import { notFound, writeWhole } from '../files.js';
import type { ChosenModel } from '../spec.js';
import type { GeneratedModel, LoadedModule, RuntimeModule } from './model-module.js';
import { type InputPlan, planInputs } from './tensors.js';

/** Runs the model once and writes the named outputs to a safetensors file. */
export async function runOnce(
  inputs: object,
  names: readonly string[],
  model: GeneratedModel,
  { runtime }: LoadedModule,
  options: RunOptions,
  { io }: Context,
): Promise<void> {
  const started = performance.now();
  const outputs = model.forward(inputs, { outputs: names });
  const tensors: TensorToWrite[] = [];
  for (const name of names) {
    const output = outputs[name];
    if (!output) throw new Error(`forward gave no '${name}'`);
    const { shape } = output;
    tensors.push({ name, dtype: fileDtype(output.dtype), shape, data: await runtime.read(output) });
    output.dispose();
  }
  io.stderr.write(`${names.join(', ')} in ${Math.round(performance.now() - started)} ms\n`);
  writeWhole(path.resolve(io.cwd, options.outputs ?? ''), await runtime.toSafetensors(tensors));
}

/** All outputs of the model, or those that `--output` names. */
export function outputNames({ model }: ChosenModel, wanted: readonly string[] | undefined): readonly string[] {
  const all = model.outputs.map(({ name }) => name);
  const unknown = wanted?.find((name) => !all.includes(name));
  if (unknown !== undefined) throw usageFailure(`${model.name} has no output '${unknown}'`, `it has ${all.join(', ')}`);
  return wanted ?? all;
}

/** The inputs of `forward` from the tensors of a safetensors file. Throws a failure where they do not fit. */
export async function readInputs(
  given: string,
  chosen: ChosenModel,
  outputs: readonly string[],
  runtime: RuntimeModule,
  cwd: string,
): Promise<object> {
  const absolute = path.resolve(cwd, given);
  if (!fs.existsSync(absolute)) throw notFound(given, absolute);
  const file = await runtime.openCheckpoint(absolute);
  try {
    const plans = planInputs(new Map(file.names().map((name) => [name, file.entry(name)])), chosen, outputs);
    const inputs: Record<string, object> = {};
    for (const plan of plans) inputs[plan.input.name] = await readInput(file, plan);
    return inputs;
  } finally {
    await file.close();
  }
}

async function readInput(file: Checkpoint, { tensor, presence }: InputPlan): Promise<object> {
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

function fileDtype(dtype: string): 'F32' | 'I32' | 'BOOL' {
  if (dtype === 'int32') return 'I32';
  return dtype === 'bool' ? 'BOOL' : 'F32';
}
