import type { KernelList } from '@tfm-lang/runtime/node';
import { type Explanation, explain } from '../../explain/explanation.js';
import type { Context } from '../context.js';
import { exitCodes, usageFailure } from '../exit.js';
import { explanationText } from '../explanation-text.js';
import { kernelText } from '../kernel-text.js';
import { importModel } from '../run/model-module.js';
import { type Choice, type ChosenModel, chooseModel } from '../spec.js';

export interface ExplainOptions extends Choice {
  readonly at?: ReadonlyMap<string, number>;
  readonly weights?: boolean;
  readonly kernels?: boolean;
  readonly json?: boolean;
}

/** `tfm explain SPEC[#Model]` */
export async function explainCommand(spec: string, options: ExplainOptions, context: Context): Promise<number> {
  const chosen = chooseModel(spec, options, context);
  const { model, configuration } = chosen;
  const known = model.dimensions.map(({ name }) => name);
  for (const name of options.at?.keys() ?? []) {
    if (!known.includes(name)) {
      throw usageFailure(`${model.name} has no input dimension '${name}'`, `it has ${known.join(', ') || 'none'}`);
    }
  }
  const explanation = explain(model, configuration, options.at);
  const kernels = options.kernels ? await kernelsOf(chosen, explanation) : undefined;
  const text = options.json
    ? `${toJson({ ...explanation, ...(kernels ? { kernels } : {}) })}\n`
    : explanationText(explanation, options.weights === true) + (kernels ? `\n${kernelText(kernels)}` : '');
  context.io.stdout.write(text);
  return exitCodes.ok;
}

/** The model runs, with no numbers, at the sizes that are explained. */
async function kernelsOf(chosen: ChosenModel, { dimensions }: Explanation): Promise<KernelList> {
  const { Model } = await importModel(chosen);
  const { listKernels } = await import('@tfm-lang/runtime/node');
  return listKernels(Model, { config: Object.fromEntries(chosen.configuration), sizes: dimensions });
}

/** JSON has no infinity: numbers that are not finite become text, `"Infinity"`. */
function toJson(explanation: object): string {
  const finite = (_: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
  return JSON.stringify(explanation, finite, 2);
}
