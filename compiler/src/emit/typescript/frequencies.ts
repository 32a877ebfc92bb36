import { readsElement, walk } from '../../algebra/walk.js';
import type { Expression } from '../../graph/graph.js';
import { FunctionContext, type ModelContext } from './context.js';
import { inlined, scalar, substitute } from './expressions.js';
import type { Statement } from './statement.js';
import { printed } from './statement.js';
import { camelCase } from './text.js';

/** A function of the frequency and the length, as a member of the model's class. */
export interface FrequencyMember {
  readonly name: string;
  readonly parameters: string;
  readonly body: string;
  readonly documentation: readonly (string | undefined)[];
}

/**
 * A rotary frequency as a function of numbers. One that reads the length is a member of the class where it can be: all that have the
 * same function share what is made of it at each step.
 */
export function frequencyCode(expression: Expression, context: FunctionContext): string {
  const isLengthRead = readsElement(expression, 1);
  if (isLengthRead && isOfConfiguration(expression, context.model))
    return `this.${memberOf(expression, context.model)}`;
  const own = `frequency:${context.values.size}`;
  const names = isLengthRead ? [own, `${own}:length`] : [own];
  const parameters = names.map((name) => `${context.bind(name, context.names)}: number`);
  return `(${parameters.join(', ')}) => ${bodyOf(expression, names, context)}`;
}

function memberOf(expression: Expression, model: ModelContext): string {
  const key = JSON.stringify(expression);
  const known = model.frequencies.get(key);
  if (known) return known.name;
  const formula = typeof expression === 'object' && expression.kind === 'apply' ? expression.formula : undefined;
  const declared = formula === undefined ? undefined : model.formula(formula);
  const name = model.members.declare(camelCase(formula === undefined ? 'frequency' : `${formula}_frequency`));
  const documentation = declared ? [declared.documentation, `\`${declared.text}\``] : ['A rotary frequency.'];
  model.frequencies.set(key, { name, ...arrow(expression, model), documentation });
  return name;
}

/** `(frequency: number, length: number)`, and what is returned for them. */
function arrow(expression: Expression, model: ModelContext): Pick<FrequencyMember, 'parameters' | 'body'> {
  const context = new FunctionContext(model, { constants: [] });
  const names = ['frequency', 'length'];
  const parameters = names.map((name) => `${context.bind(name)}: number`);
  const body: Statement[] = [{ kind: 'line', code: `return ${bodyOf(expression, names, context)}` }];
  const read = context.destructured();
  if (read !== undefined) body.unshift({ kind: 'const', target: read, code: 'this.config' });
  return { parameters: `(${parameters.join(', ')})`, body: printed(body) };
}

function bodyOf(expression: Expression, names: readonly string[], context: FunctionContext): string {
  const body = substitute(expanded(expression, context.model), (leaf) =>
    leaf.kind === 'element' ? { kind: 'local', name: names[leaf.index] ?? '' } : undefined,
  );
  return scalar(body, context);
}

function expanded(expression: Expression, model: ModelContext): Expression {
  if (typeof expression !== 'object' || expression.kind !== 'apply') return expression;
  return expanded(inlined(model.formula(expression.formula), expression.arguments), model);
}

/** Whether it reads nothing that only its surroundings have: sizes, and indices and constants of a block. */
function isOfConfiguration(expression: Expression, model: ModelContext, own: readonly string[] = []): boolean {
  return [...walk(expression)].every((part) => {
    if (typeof part !== 'object') return true;
    if (part.kind === 'local') return own.includes(part.name);
    if (part.kind !== 'apply') return part.kind !== 'dimension';
    const { parameters, expression: body } = model.formula(part.formula);
    return isOfConfiguration(
      body,
      model,
      parameters.map(({ name }) => name),
    );
  });
}
