import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Runtime from '@tfm-lang/runtime';
import type { TextModel } from '@tfm-lang/runtime/tasks';
import { emitTypeScript, transpile } from '../../emit/typescript/index.js';
import type { ChosenModel } from '../spec.js';
import { toolVersion } from '../version.js';

export type RuntimeModule = typeof Runtime;

/** What all generated classes have in common, as the command line uses it. */
interface GeneratedClass {
  /** Without weights it cannot run, but it has its definition. */
  new (config: object, weights: object): { readonly definition: Runtime.ModelDefinition<object, object> };
  init(options: { readonly config: object; readonly seed: number }): GeneratedModel;
  load(from: Runtime.SourceLike, options: object): Promise<GeneratedModel>;
}

/** `generate` only where the spec declares it. */
export interface GeneratedModel extends TextModel {
  forward(inputs: object, options?: object): Readonly<Record<string, import('@tensorflow/tfjs').Tensor>>;
  prefill(inputs: object): Runtime.Prefilled;
  dispose(): void;
}

/** A generated class, and the runtime that it runs on. */
export interface LoadedModule {
  readonly runtime: RuntimeModule;
  readonly Model: GeneratedClass;
}

/**
 * Imports the module that `tfm build` would write for the model: emitted, transpiled and imported from a temporary file that
 * is gone afterwards. The runtime is the one that the command line itself depends on.
 */
export async function importModel({ graph, model }: ChosenModel): Promise<LoadedModule> {
  const runtimeUrl = import.meta.resolve('@tfm-lang/runtime');
  const only = { ...graph, models: [model] };
  const { text } = await emitTypeScript(only, { toolVersion: toolVersion(), runtimeModule: runtimeUrl });
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tfm-run-'));
  try {
    const file = path.join(folder, 'model.mjs');
    fs.writeFileSync(file, await transpile(text));
    const runtime = (await import(/* @vite-ignore */ runtimeUrl)) as RuntimeModule;
    const module = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
    const Model = Object.values(module).find(isGeneratedClass);
    if (!Model) throw new Error(`the module of ${model.name} exports no model`);
    return { runtime, Model };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function isGeneratedClass(value: unknown): value is GeneratedClass {
  return typeof value === 'function' && 'load' in value && 'init' in value;
}
