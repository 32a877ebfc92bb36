import type {
  FormulaDeclaration,
  GraphFunction,
  GraphModel,
  ParameterDeclaration,
  ValueId,
} from '../../graph/graph.js';
import { allNodes, dimensionsIn } from '../../graph/uses.js';
import type { ExpressionNames } from './expressions.js';
import type { FrequencyMember } from './frequencies.js';
import type { Imports } from './imports.js';
import type { Code } from './layout.js';
import { Names } from './names.js';
import { camelCase, pascalCase, propertyName } from './text.js';
import { type WeightNode, weightTree } from './weight-tree.js';
import type { WeightMember } from './weights.js';

export interface CopiesInterface {
  readonly name: string;
  readonly label: string;
  readonly extended: readonly string[];
  readonly members: readonly WeightMember[];
}

/** A formula that stands on its own: a constant or function of the file, or a method where it reads the configuration. */
export interface NamedFormula {
  readonly code: string;
  readonly isMethod: boolean;
}

/** What all parts of one model's code share: its identifiers and where they were declared. */
export class ModelContext {
  readonly model: GraphModel;
  readonly imports: Imports;
  /** Identifiers of the file. */
  readonly names: Names;
  readonly className: string;
  readonly configType: string;
  readonly weightsType: string;
  readonly inputsType: string;
  readonly outputsType: string;
  readonly configureName: string;
  readonly declareName: string;
  readonly definitionName: string;
  /** Members of the class. */
  readonly members: Names;
  readonly #methods = new Map<string, string>();
  readonly #weightTypes = new Map<string, string>();
  readonly #declareNames = new Map<string, string>();
  readonly #functions: ReadonlyMap<string, GraphFunction>;
  readonly #lists = new Map<string, ReadonlySet<ValueId>>();
  readonly #open = new Map<string, readonly string[]>();
  readonly #trees = new Map<string, WeightNode>();
  readonly #parameters: ReadonlyMap<string, ParameterDeclaration>;
  readonly #formulas: ReadonlyMap<string, FormulaDeclaration>;
  /** Formulas that the file declares under their own names. */
  readonly namedFormulas = new Map<string, NamedFormula>();
  /** Those of them that the code reads. */
  readonly usedFormulas = new Set<string>();
  /** Functions of frequencies that are members of the class, by what they compute. */
  readonly frequencies = new Map<string, FrequencyMember>();
  /** Interfaces for the copies of repeats that are written in place. */
  readonly copies: CopiesInterface[] = [];
  /** In front of names of blocks, where the file has several models. */
  readonly prefix: string;
  readonly presetNames = new Map<string, string>();

  constructor(model: GraphModel, names: Names, imports: Imports, members: readonly string[], prefixed: boolean) {
    this.model = model;
    this.imports = imports;
    this.names = names;
    const name = pascalCase(model.name);
    this.prefix = prefixed ? name : '';
    this.className = names.declare(name);
    this.configType = names.declare(`${name}Config`);
    this.weightsType = names.declare(`${name}Weights`);
    this.inputsType = names.declare(`${name}Inputs`);
    this.outputsType = names.declare(`${name}Outputs`);
    this.configureName = names.declare(`configure${name}`);
    this.declareName = names.declare(`${camelCase(name)}Weights`);
    this.definitionName = names.declare(camelCase(name));
    this.members = new Names(undefined, members);
    for (const fn of [model.main, ...model.functions]) this.#trees.set(fn.name, weightTree(fn));
    for (const fn of model.functions) {
      const block = pascalCase(fn.name);
      this.#methods.set(fn.name, this.members.declare(camelCase(fn.name)));
      this.#weightTypes.set(fn.name, names.declare(`${prefixed ? name : ''}${block}Weights`));
      this.#declareNames.set(fn.name, names.declare(`${camelCase(prefixed ? name + block : block)}Weights`));
    }
    this.#functions = new Map(model.functions.map((fn) => [fn.name, fn]));
    this.#parameters = new Map(model.parameters.map((parameter) => [parameter.name, parameter]));
    this.#formulas = new Map(model.formulas.map((formula) => [formula.name, formula]));
  }

  methodOf = (fn: string): string => found(this.#methods, fn);
  weightsTypeOf = (fn: string): string =>
    fn === this.model.main.name ? this.weightsType : found(this.#weightTypes, fn);
  declareNameOf = (fn: string): string =>
    fn === this.model.main.name ? this.declareName : found(this.#declareNames, fn);
  treeOf = (fn: string): WeightNode => found(this.#trees, fn);
  formula = (name: string): FormulaDeclaration => found(this.#formulas, name);
  functionOf = (name: string): GraphFunction => found(this.#functions, name);

  /** Parameters of a function that are the copies of a labelled repeat, not one value: `encoder` of `encoder[i]`. */
  listParameters(fn: string): ReadonlySet<ValueId> {
    const known = this.#lists.get(fn);
    if (known) return known;
    const { parameters, body } = this.functionOf(fn);
    const found = new Set<ValueId>();
    for (const node of allNodes(body)) {
      if (node.kind === 'operator' && node.operator === 'element' && node.inputs[0]) found.add(node.inputs[0]);
      if (node.kind !== 'call') continue;
      const lists = this.listParameters(node.function);
      this.functionOf(node.function).parameters.forEach(({ id }, index) => {
        const given = node.inputs[index];
        if (given !== undefined && lists.has(id)) found.add(given);
      });
    }
    const own = new Set(parameters.flatMap(({ id }) => (found.has(id) ? [id] : [])));
    this.#lists.set(fn, own);
    return own;
  }

  /** Dimensions that a function reads, itself or in what it calls, and that the shapes of its parameters do not tell. */
  openDimensions(fn: string): readonly string[] {
    const known = this.#open.get(fn);
    if (known) return known;
    const declared = this.functionOf(fn);
    const read = new Set(dimensionsIn(declared));
    for (const node of allNodes(declared.body)) {
      if (node.kind === 'call') for (const name of this.openDimensions(node.function)) read.add(name);
    }
    const open = [...read].filter((name) => axisOf(declared, name) === undefined);
    this.#open.set(fn, open);
    return open;
  }

  isOptional(parameter: string): boolean {
    return this.#parameters.get(parameter)?.type.startsWith('optional-') ?? false;
  }

  hasParameter(name: string): boolean {
    return this.#parameters.has(name);
  }
}

/** The first axis of a parameter that is this dimension. */
export function axisOf(
  { parameters }: GraphFunction,
  dimension: string,
): { readonly id: ValueId; readonly axis: number } | undefined {
  for (const { id, type } of parameters) {
    const axis = type.shape.findIndex(
      (size) => typeof size === 'object' && size.kind === 'dimension' && size.name === dimension,
    );
    if (axis >= 0) return { id, axis };
  }
  return undefined;
}

function found<T>(map: ReadonlyMap<string, T>, name: string): T {
  const value = map.get(name);
  if (value === undefined) throw new Error(`the graph names '${name}', which it does not declare`);
  return value;
}

/**
 * Names in one function of the generated code. Parameters of the model become variables when the code asks for them,
 * so that only those are destructured.
 */
export class FunctionContext implements ExpressionNames {
  readonly model: ModelContext;
  readonly names: Names;
  readonly #parameters = new Map<string, string>();
  readonly #locals = new Map<string, string>();
  readonly #used = new Set<string>();
  readonly #constants: GraphFunction['constants'];
  readonly #dimensionCode: (name: string) => string;
  /** What stands for a value where it is read: its variable, or the expression itself. */
  readonly values = new Map<ValueId, Code>();

  constructor(model: ModelContext, fn: Pick<GraphFunction, 'constants'>, dimensionCode = noDimension) {
    this.model = model;
    this.names = new Names(model.names);
    this.#constants = fn.constants;
    this.#dimensionCode = dimensionCode;
  }

  parameter(name: string): string {
    const known = this.#parameters.get(name);
    if (known) return known;
    const made = this.names.declare(name);
    this.#parameters.set(name, made);
    return made;
  }

  local(name: string): string {
    const known = this.#locals.get(name);
    if (known !== undefined) this.#used.add(name);
    if (known !== undefined) return known;
    if (this.#constants.some((constant) => constant.name === name)) return this.bind(name);
    throw new Error(`the graph uses the local '${name}', which nothing declares`);
  }

  /** Gives a loop index, scalar or constant its variable. */
  bind(name: string, names = this.names): string {
    const made = names.declare(name);
    this.#locals.set(name, made);
    this.#used.delete(name);
    return made;
  }

  /** Whether the code read the local since it was bound. */
  isUsed = (name: string): boolean => this.#used.has(name);

  isBound = (name: string): boolean => this.#locals.has(name);

  dimension = (name: string): string => this.#dimensionCode(name);
  optional = (name: string): boolean => this.model.isOptional(name);
  formula = (name: string): FormulaDeclaration => this.model.formula(name);

  /** The constants that were asked for, last first: one may use those before it. */
  *usedConstants(): Generator<GraphFunction['constants'][number]> {
    for (const constant of [...this.#constants].reverse()) if (this.isBound(constant.name)) yield constant;
  }

  /** `{ width, heads }`, in the order of declaration; `undefined` where no parameter is used. */
  destructured(): string | undefined {
    const used = this.model.model.parameters.flatMap(({ name }) => {
      const variable = this.#parameters.get(name);
      if (variable === undefined) return [];
      return [variable === name ? name : `${propertyName(name)}: ${variable}`];
    });
    return used.length === 0 ? undefined : `{ ${used.join(', ')} }`;
  }
}

function noDimension(name: string): string {
  throw new Error(`the dimension '${name}' is not known here`);
}
