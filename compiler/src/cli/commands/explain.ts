import { type Explanation, explain } from '../../explain/explanation.js';
import type { Context } from '../context.js';
import { exitCodes, usageFailure } from '../exit.js';
import { explanationText } from '../explanation-text.js';
import { type Choice, chooseModel } from '../spec.js';

export interface ExplainOptions extends Choice {
  readonly at?: ReadonlyMap<string, number>;
  readonly weights?: boolean;
  readonly json?: boolean;
}

/** `tfm explain SPEC[#Model]` */
export function explainCommand(spec: string, options: ExplainOptions, context: Context): number {
  const { model, configuration } = chooseModel(spec, options, context);
  const known = model.dimensions.map(({ name }) => name);
  for (const name of options.at?.keys() ?? []) {
    if (!known.includes(name)) {
      throw usageFailure(`${model.name} has no input dimension '${name}'`, `it has ${known.join(', ') || 'none'}`);
    }
  }
  const explanation = explain(model, configuration, options.at);
  const text = options.json ? `${toJson(explanation)}\n` : explanationText(explanation, options.weights === true);
  context.io.stdout.write(text);
  return exitCodes.ok;
}

/** JSON has no infinity: numbers that are not finite become text, `"Infinity"`. */
function toJson(explanation: Explanation): string {
  const finite = (_: string, value: unknown): unknown =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
  return JSON.stringify(explanation, finite, 2);
}
