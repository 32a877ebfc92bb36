import path from 'node:path';
import { expect } from 'vitest';
import { aliasesOf } from '../../compiler/src/cli/run/aliases.js';
import type { LoadedModule } from '../../compiler/src/cli/run/model-module.js';
import { outputNames, readInputs, runOnce } from '../../compiler/src/cli/run/once.js';
import { chooseModel } from '../../compiler/src/cli/spec.js';
import * as runtime from '../../runtime/src/index.js';
import { folderWith, ioOf, tfm } from '../compiler/cli/tool.js';
import { generated } from '../compiler/emit/generated.js';
import { inputsFile, type Outputs, outputsFile, takeOutputs, writeInputs } from './goldens.js';

/**
 * `tfm import`, then the steps of `tfm run` on the backend that is active: those of the command line itself, but for the module,
 * which is on the sources of the runtime, where the command line has a runtime of its own. All folders so share one device,
 * and the shaders that it has compiled.
 */
export async function importAndRunHere(folder: string): Promise<Outputs> {
  const absolute = path.resolve(folder);
  const cwd = folderWith({});
  expect(await tfm(['import', absolute, '-o', 'm.tfm'], { cwd })).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  const context = { io: ioOf({ cwd }), color: undefined };
  const chosen = chooseModel('m.tfm', {}, context);
  const { graph, model } = chosen;
  const module = await generated<Readonly<Record<string, LoadedModule['Model']>>>({ ...graph, models: [model] });
  const Model = module[model.name]!;
  await writeInputs(folder, cwd);
  const [names, aliases] = [outputNames(model, undefined), aliasesOf(model, undefined)];
  const inputs = await readInputs(inputsFile, chosen, names, aliases, runtime, cwd);
  const config = Object.fromEntries(chosen.configuration);
  const loaded = await Model.load(absolute, { config, checkpoint: 'huggingface' });
  await runOnce(inputs, loaded, { runtime, Model }, { outputs: outputsFile }, context);
  loaded.dispose();
  return takeOutputs(cwd);
}
