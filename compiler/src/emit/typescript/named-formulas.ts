import { walk } from '../../algebra/walk.js';
import type { FormulaDeclaration } from '../../graph/graph.js';
import { FunctionContext, type ModelContext } from './context.js';
import { FormulaPrinter, isCausal } from './formulas.js';
import { type MethodCode, preamble } from './functions.js';
import { layout } from './layout.js';
import { printed } from './statement.js';
import { camelCase } from './text.js';

/** What the model's masks, scores and functions are called, before any code reads them. */
export function nameFormulas(model: ModelContext): void {
  for (const formula of model.model.formulas) {
    if (formula.name === 'causal' && isCausal(formula.expression)) {
      model.namedFormulas.set(formula.name, { code: 'causal', isMethod: false });
      continue;
    }
    const reads = readsOf(formula, model);
    if (reads === 'values') continue;
    const isMethod = reads === 'configuration';
    const wanted = camelCase(formula.name);
    const code = isMethod ? `this.${model.members.declare(wanted)}` : model.names.declare(wanted);
    model.namedFormulas.set(formula.name, { code, isMethod });
  }
}

export interface FormulaConstant {
  readonly name: string;
  readonly code: string;
  readonly documentation: readonly (string | undefined)[];
}

/** Those that read nothing but their parameters, as constants or functions of the file, in the order of the spec. */
export function formulaConstants(model: ModelContext): FormulaConstant[] {
  return used(model, false, (formula, name): FormulaConstant => {
    const code = new FormulaPrinter(contextFor(model)).declaration(formula);
    return { name, code: layout(code, 0, name.length + 9), documentation: documentationOf(formula) };
  });
}

export interface FormulaMethod extends MethodCode {
  readonly name: string;
  readonly returnType: string;
  readonly documentation: readonly (string | undefined)[];
}

/** Those that read the configuration, as methods of the model's class. */
export function formulaMethods(model: ModelContext): FormulaMethod[] {
  return used(model, true, (formula, code): FormulaMethod => {
    const context = contextFor(model);
    const { parameters, body } = new FormulaPrinter(context).method(formula);
    return {
      name: code.replace('this.', ''),
      parameters,
      returnType: model.imports.type(formula.kind === 'function' ? 'FormulaLike' : 'Formula'),
      body: printed([...preamble(context), ...body]),
      documentation: documentationOf(formula),
    };
  });
}

/** Printing a formula may ask for those before it, so the last come first. */
function used<T>(model: ModelContext, methods: boolean, print: (formula: FormulaDeclaration, code: string) => T): T[] {
  const made: T[] = [];
  for (const formula of [...model.model.formulas].reverse()) {
    const named = model.namedFormulas.get(formula.name);
    if (!named || named.isMethod !== methods || named.code === 'causal') continue;
    if (model.usedFormulas.has(formula.name)) made.unshift(print(formula, named.code));
  }
  return made;
}

/** The leaves of masks and scores keep their names; a parameter that is called so gets another. */
function contextFor(model: ModelContext): FunctionContext {
  const context = new FunctionContext(model, { constants: [] });
  for (const leaf of ['q', 'k', 'head', 's', 'query', 'key']) context.names.declare(leaf);
  return context;
}

const documentationOf = ({ documentation, text }: FormulaDeclaration) => [documentation, `\`${text}\``];

type Reads = 'parameters' | 'configuration' | 'values';

/** What a formula reads beside its own scalar parameters: nothing, the configuration, or values of its surroundings. */
function readsOf({ parameters, expression }: FormulaDeclaration, model: ModelContext): Reads {
  const own = new Set(parameters.map(({ name }) => name));
  if (parameters.some(({ kind }) => kind === 'table')) return 'values';
  let reads: Reads = 'parameters';
  for (const part of walk(expression)) {
    if (typeof part !== 'object') continue;
    if (['dimension', 'lookup', 'element'].includes(part.kind)) return 'values';
    if (part.kind === 'local' && !own.has(part.name)) return 'values';
    if (part.kind === 'parameter') reads = 'configuration';
    if (part.kind !== 'apply') continue;
    const inner = readsOf(model.formula(part.formula), model);
    if (inner === 'values') return inner;
    if (inner === 'configuration') reads = inner;
  }
  return reads;
}
