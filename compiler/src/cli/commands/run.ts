import type { Context } from '../context.js';
import { exitCodes, usageFailure } from '../exit.js';
import { aliasesOf } from '../run/aliases.js';
import { startBackend } from '../run/backend.js';
import { checkpointName } from '../run/checkpoint-name.js';
import { loadingBar } from '../run/loading.js';
import { type GeneratedModel, importModel, type LoadedModule } from '../run/model-module.js';
import { outputNames, readInputs, runOnce } from '../run/once.js';
import { weightsSource } from '../run/weights-source.js';
import { type ChosenModel, chooseModel } from '../spec.js';
import type { RunOptions } from './run-options.js';

/** `tfm run SPEC[#Model]` */
export async function run(spec: string, options: RunOptions, context: Context): Promise<number> {
  checkOptions(options);
  const chosen = chooseModel(spec, options, context);
  const names = outputNames(chosen.model, options.output);
  if (!options.inputs && !chosen.model.generate) {
    throw usageFailure(`${chosen.model.name} does not generate`, 'give --inputs FILE and --outputs FILE');
  }
  const module = await importModel(chosen);
  // Before the weights are loaded, which may take minutes.
  const aliases = aliasesOf(chosen.model, options.checkpoint);
  const { cwd } = context.io;
  const inputs = options.inputs
    ? await readInputs(options.inputs, chosen, names, aliases, module.runtime, cwd)
    : undefined;
  const text = inputs
    ? undefined
    : await (await import('../run/text.js')).readText(options, context.io, module.runtime);
  await startBackend(module, options, context);
  const model = await makeModel(module, chosen, options, context);
  try {
    if (inputs) await runOnce(inputs, model, module, options, context);
    else if (!text) throw new Error('neither inputs nor a text were read');
    else if (options.chat) await (await import('../run/chat.js')).chat(model, text, options, context);
    else if (options.score) await (await import('../run/score.js')).printScores(model, text, options, context);
    else await (await import('../run/generation.js')).generateText(model, text, options, context);
  } finally {
    model.dispose();
  }
  return exitCodes.ok;
}

/** What one option needs of the others, and commander cannot say. */
function checkOptions(options: RunOptions): void {
  const { inputs, outputs, output, prompt, promptTokens, tokenizer, weights, init, chat, system, stop } = options;
  if (options.threads !== undefined && options.backend !== 'wasm') throw usageFailure('--threads needs --backend wasm');
  if (weights === undefined && init === undefined)
    throw usageFailure('give --weights FILE, or --init SEED for random weights');
  if (inputs !== undefined) {
    if (outputs === undefined) throw usageFailure('--inputs needs --outputs FILE to write to');
    return;
  }
  if (outputs !== undefined || output !== undefined) throw usageFailure('--outputs and --output need --inputs FILE');
  if (system !== undefined && !chat) throw usageFailure('--system needs --chat');
  if (prompt === undefined && promptTokens === undefined && !chat) {
    throw usageFailure('give --prompt TEXT, --prompt-tokens IDS, --chat or --inputs FILE');
  }
  if (stop !== undefined && promptTokens !== undefined && tokenizer === undefined) {
    throw usageFailure('--stop is about text: give --tokenizer FILE');
  }
}

async function makeModel(
  { Model, runtime }: LoadedModule,
  chosen: ChosenModel,
  options: RunOptions,
  context: Context,
): Promise<GeneratedModel> {
  const config = Object.fromEntries(chosen.configuration);
  const { weights, init, output } = options;
  if (weights === undefined) return Model.init({ config, seed: init ?? 0 });
  const { signal } = context.io;
  const source = await weightsSource(weights, context.io, runtime);
  const file = await runtime.openCheckpoint(source, { signal });
  await file.close();
  const checkpoint = checkpointName(chosen, options.checkpoint, file.names(), runtime.fileForm);
  const bar = loadingBar(context);
  try {
    return await Model.load(source, {
      config,
      signal,
      onProgress: bar.update,
      ...(checkpoint !== undefined && { checkpoint }),
      ...(output !== undefined && { outputs: output }),
    });
  } finally {
    bar.end();
  }
}
