import { add, impliesCausal, impliesWindow, infinity, same } from '../algebra/index.js';
import type {
  CallNode,
  ExpertsNode,
  Expression,
  FormulaDeclaration,
  GraphFunction,
  GraphModel,
  IfNode,
  Node,
  OperatorNode,
  Place,
  Region,
  RepeatNode,
  ScanNode,
  ValueId,
  ValueType,
} from '../graph/graph.js';
import { positional } from '../graph/rowwise.js';
import { constant, type Dependence, grows, growsOnSequenceAxis, join, operatorRule } from './growth.js';
import { isFree, sharedBelow } from './kept.js';
import { entry, inCopy, type LocalState, through, type Violation, withoutGrowth } from './state.js';
import { freeIn, lookedUp, readBy, readsAxis } from './values.js';

interface FunctionResult {
  readonly made: GraphFunction;
  readonly result: readonly Dependence[];
  readonly states: readonly LocalState[];
}

type Known = Map<ValueId, Dependence>;

/**
 * Walks the functions of a model with the growth of their inputs, and makes of each function one variant for every
 * combination of growing and constant inputs that occurs.
 */
export class Analysis {
  readonly violations: Violation[] = [];
  /** Calls that would share their state with an earlier one, each with the calls around it. */
  readonly collisions: (readonly Place[])[] = [];
  readonly made: GraphFunction[] = [];
  /** Constant rows before the generated ones, over the whole model; known after the first pass. */
  prefix: Expression = 0;
  readonly #model: GraphModel;
  readonly #dimension: string;
  readonly #formulas: ReadonlyMap<string, FormulaDeclaration>;
  readonly #variants = new Map<string, FunctionResult>();
  readonly #functions: ReadonlyMap<string, GraphFunction>;
  /** Names of functions that a variant must not take. */
  readonly #names: Set<string>;
  readonly #bySource = new Map<string, GraphFunction[]>();
  readonly #calls: { readonly place: Place; readonly label?: string }[] = [];
  #types = new Map<ValueId, ValueType>();
  #states: LocalState[] = [];

  constructor(model: GraphModel, dimension: string, prefix: Expression) {
    this.#model = model;
    this.#dimension = dimension;
    this.#functions = new Map(model.functions.map((f) => [f.name, f]));
    this.#names = new Set(this.#functions.keys());
    this.#formulas = new Map(model.formulas.map((f) => [f.name, f]));
    this.prefix = prefix;
  }

  /** One function with the growth of its parameters, in their order. */
  run(source: GraphFunction, inputs: readonly Dependence[]): FunctionResult {
    const key = JSON.stringify([source.name, inputs.map((i) => [grows(i), i.before])]);
    const known = this.#variants.get(key);
    if (known) return known;
    const outer = { types: this.#types, states: this.#states };
    this.#types = new Map(source.parameters.map((p) => [p.id, p.type]));
    this.#states = [];
    // Growth inside a function is relative to its own inputs: one variant serves every place of a stack.
    const values: Known = new Map(source.parameters.map((p, i) => [p.id, entry(inputs[i] ?? constant)]));
    const body = this.#keepConstants(this.#region(source.body, values), values);
    const result = body.results.map((id) => values.get(id) ?? constant);
    const same = this.#equalVariant(source.name, body);
    const made = same ?? { ...source, name: this.#variantName(source.name), body };
    const done = { made, result, states: this.#states };
    this.#types = outer.types;
    this.#states = outer.states;
    this.#variants.set(key, done);
    if (source !== this.#model.main && !same) this.#keep(source.name, made);
    return done;
  }

  /** A variant that does the same: what differs is only whether its input grows, which is for the caller to know. */
  #equalVariant(source: string, body: Region): GraphFunction | undefined {
    const variants = this.#bySource.get(source);
    if (!variants) return undefined;
    const text = withoutGrowth(body);
    return variants.find((f) => withoutGrowth(f.body) === text);
  }

  #keep(source: string, made: GraphFunction): void {
    this.made.push(made);
    this.#names.add(made.name);
    this.#bySource.set(source, [...(this.#bySource.get(source) ?? []), made]);
  }

  #variantName(name: string): string {
    if (!this.#bySource.has(name)) return name;
    let n = 2;
    while (this.#names.has(`${name}_${n}`)) n++;
    return `${name}_${n}`;
  }

  #region(region: Region, values: Known): Region {
    return { ...region, nodes: region.nodes.map((node) => this.#node(node, values)) };
  }

  #node(node: Node, values: Known): Node {
    for (const output of node.outputs) this.#types.set(output.id, output.type);
    const made = this.#dispatch(node, values);
    return made;
  }

  #dispatch(node: Node, values: Known): Node {
    switch (node.kind) {
      case 'operator':
        return this.#operator(node, values);
      case 'call':
        return this.#call(node, values);
      case 'repeat':
        return this.#repeat(node, values);
      case 'experts':
        return this.#experts(node, values);
      case 'if':
        return this.#if(node, values);
      case 'scan':
        return this.#scan(node, values);
    }
  }

  #set<N extends Node>(node: N, dependence: Dependence, values: Known): N {
    for (const output of node.outputs) values.set(output.id, dependence);
    return { ...node, growth: dependence.growth };
  }

  #violation(node: Node, more: Pick<Violation, 'mask' | 'operation' | 'label'>): void {
    this.violations.push({ places: [...this.#calls.map((c) => c.place), node.place], ...more });
  }

  // ------------------------------------------------------------------------------------------------ operators

  #operator(node: OperatorNode, values: Known): Node {
    const inputs = node.inputs.map((id) => (id === null ? constant : (values.get(id) ?? constant)));
    if (node.operator === 'attend') return this.#attend(node, inputs, values);
    if (node.operator === 'gru' || node.operator === 'lstm') return this.#recurrent(node, inputs, values);
    const tables = Object.values(node.attributes).flatMap(lookedUp);
    const rule = operatorRule(node, [...inputs, ...tables.map((id) => values.get(id) ?? constant)]);
    if ('other' in rule) {
      this.#violation(node, { operation: rule.other });
      // What reads the result would be told for the same reason.
      return this.#set(node, constant, values);
    }
    const type = node.outputs[0]?.type;
    if (grows(rule) && type && !growsOnSequenceAxis(type, this.#dimension) && node.operator !== 'element') {
      this.#violation(node, { operation: `\`${node.operator}\`` });
    }
    return this.#set(
      { ...node, attributes: { ...node.attributes, ...this.#positions(node, rule) } },
      this.#behind(node, rule),
      values,
    );
  }

  /** Rows that a concat puts before the growing ones. */
  #behind(node: OperatorNode, rule: Dependence): Dependence {
    if (node.operator !== 'concat' || !grows(rule) || !this.#alongSequence(node)) return rule;
    const before = node.inputs
      .slice(0, -1)
      .map((id) => (id === null ? undefined : this.#types.get(id)?.shape[1]))
      .reduce<Expression>((sum, size) => add(sum, size ?? 0), rule.before);
    this.prefix = before;
    return { ...rule, before };
  }

  #alongSequence(node: OperatorNode): boolean {
    const axis = node.attributes.axis;
    return typeof axis === 'object' && axis.kind === 'string' && axis.value === 'sequence';
  }

  #positions(node: OperatorNode, rule: Dependence): Record<string, Expression> {
    if (!grows(rule)) return {};
    const { operator } = node;
    if (operator === 'predict' || operator === 'present' || (operator === 'concat' && this.#alongSequence(node))) {
      return { grows: true };
    }
    if (!positional.has(operator)) return {};
    return same(rule.before, this.prefix) ? { grows: true } : { grows: true, behind: this.prefix };
  }

  #attend(node: OperatorNode, inputs: readonly Dependence[], values: Known): Node {
    const [q = constant, k = constant, v = constant] = inputs;
    const query = node.inputs[0] === null ? v : q;
    const keys = join(node.inputs[1] === null ? v : k, v);
    const place = same(query.before, this.prefix) ? {} : { behind: this.prefix };
    if (!grows(keys)) {
      if (!grows(query) || !this.#readsQueries(node)) return this.#set(node, query, values);
      return this.#set({ ...node, attributes: { ...node.attributes, query_grows: true, ...place } }, query, values);
    }
    const mask = node.attributes.mask ?? true;
    const label = node.label ?? this.#calls.at(-1)?.label;
    if (!grows(query)) this.#violation(node, { operation: 'attention from a fixed query' });
    else if (!impliesCausal(mask, this.#formulas))
      this.#violation(node, { mask, ...(label !== undefined && { label }) });
    this.#growingTables(node, values);
    const window = impliesWindow(mask, this.#formulas);
    const bounded = window !== undefined && !same(window, infinity);
    const state = node.outputs[0]?.id ?? 'attend';
    const types = [node.inputs[1] ?? node.inputs[2], node.inputs[2]].flatMap((id) => {
      const type = id === null || id === undefined ? undefined : this.#types.get(id);
      return type ? [type] : [];
    });
    this.#states.push({ path: [state], kind: 'keys_values', types, ...(bounded && { window }) });
    const attributes = { ...node.attributes, grows: true, ...(bounded && { window }), ...place };
    return this.#set({ ...node, attributes, state }, { growth: 'causal', before: query.before }, values);
  }

  /** Whether the mask or the score depends on where the query is. */
  #readsQueries(node: OperatorNode): boolean {
    return Object.values(node.attributes).some((value) => readsAxis(value, 'query', this.#formulas));
  }

  /** Scores that read growing tables by position would need every row of them at each step; presence is kept. */
  #growingTables(node: OperatorNode, values: Known): void {
    const present = new Set(this.#model.inputs.map((i) => `${i.name}_present`));
    for (const id of Object.values(node.attributes).flatMap(lookedUp)) {
      if (grows(values.get(id) ?? constant) && !present.has(id))
        this.#violation(node, { operation: 'a score of growing values' });
    }
  }

  #recurrent(node: OperatorNode, inputs: readonly Dependence[], values: Known): Node {
    const all = join(...inputs);
    if (!grows(all)) return this.#set(node, constant, values);
    if (node.attributes.reverse !== undefined && node.attributes.reverse !== false) {
      this.#violation(node, { operation: `a reversed \`${node.operator}\`` });
    }
    const state = node.outputs[0]?.id ?? node.operator;
    const type = node.outputs[0]?.type;
    const row: ValueType = { dtype: 'float', shape: type?.shape.filter((_, i) => i !== 1) ?? [] };
    this.#states.push({ path: [state], kind: 'recurrent', types: node.operator === 'lstm' ? [row, row] : [row] });
    return this.#set(
      { ...node, attributes: { ...node.attributes, grows: true }, state },
      { ...all, growth: 'causal' },
      values,
    );
  }

  // -------------------------------------------------------------------------------------------------- regions

  #call(node: CallNode, values: Known): Node {
    const source = this.#functions.get(node.function);
    if (!source) throw new Error(`the graph calls ${node.function}, which it does not contain`);
    const inputs = node.inputs.map((id) => values.get(id) ?? constant);
    this.#calls.push(node);
    const { made, result, states } = this.run(source, inputs);
    this.#calls.pop();
    const own = states.map((state) => ({ ...state, path: [...node.scope.segments, ...state.path] }));
    const taken = new Set(this.#states.map((state) => JSON.stringify(state.path)));
    // Two uses of one instance at the same place of the model would write into the same cache.
    if (own.some((state) => taken.has(JSON.stringify(state.path))))
      this.collisions.push([...this.#calls.map((c) => c.place), node.place]);
    this.#states.push(...own);
    return this.#set({ ...node, function: made.name }, through(join(...inputs), result[0] ?? constant), values);
  }

  #repeat(node: RepeatNode, values: Known): Node {
    const [input] = node.inputs;
    const [stream] = node.region.parameters;
    const before = values.get(input) ?? constant;
    for (let first = entry(before); ; first = { ...first, growth: 'pointwise' }) {
      const undo = { violations: this.violations.length, collisions: this.collisions.length };
      const outside = this.#states;
      this.#states = [];
      if (stream !== undefined) values.set(stream, first);
      const region = this.#keepConstants(this.#region(node.region, values), values);
      const exit = values.get(region.results[0] ?? '') ?? constant;
      // A stream that grows from the second copy on is treated as growing in the first.
      if (grows(exit) === grows(first)) {
        this.#states = [...outside, ...this.#states.map((state) => inCopy(node, state))];
        return this.#set({ ...node, region }, through(before, exit), values);
      }
      this.violations.length = undo.violations;
      this.collisions.length = undo.collisions;
      this.#states = outside;
      first = exit;
    }
  }

  /** Experts treat each row for itself: the checker has seen to it. */
  #experts(node: ExpertsNode, values: Known): Node {
    const [rows, shares] = node.inputs.map((id) => values.get(id) ?? constant);
    const input = join(rows ?? constant, shares ?? constant);
    for (const id of node.region.parameters) values.set(id, entry(input));
    return this.#set({ ...node, region: this.#region(node.region, values) }, input, values);
  }

  #if(node: IfNode, values: Known): Node {
    const outside = this.#states.length;
    const then = this.#keepConstants(this.#region(node.then, values), values);
    // One of the arms exists: both may use the same instance.
    const ofThen = this.#states.splice(outside);
    const otherwise = this.#keepConstants(this.#region(node.else, values), values);
    const known = new Set(this.#states.slice(outside).map((state) => JSON.stringify(state.path)));
    this.#states.push(...ofThen.filter((state) => !known.has(JSON.stringify(state.path))));
    const results = [...then.results, ...otherwise.results].map((id) => values.get(id) ?? constant);
    return this.#set({ ...node, then, else: otherwise }, join(...results), values);
  }

  #scan(node: ScanNode, values: Known): Node {
    const rows = join(...node.sequences.map((id) => values.get(id) ?? constant));
    if (!grows(rows)) return this.#set(node, constant, values);
    const outside = [...node.states, ...freeIn(node.region)].map((id) => values.get(id) ?? constant);
    if (outside.some(grows)) this.#violation(node, { operation: '`scan` with a growing state' });
    const state = node.outputs[0]?.id ?? 'scan';
    const types = node.states.flatMap((id) => this.#types.get(id) ?? []);
    this.#states.push({ path: [state], kind: 'recurrent', types });
    return this.#set({ ...node, state }, { ...rows, growth: 'causal' }, values);
  }

  /** Constants that growing nodes of the region (or its result) read are computed once and kept. */
  #keepConstants(region: Region, values: Known): Region {
    const wanted = new Set<ValueId>();
    const isConstant = (id: ValueId): boolean => !grows(values.get(id) ?? constant);
    for (const node of region.nodes) {
      if (node.growth === 'constant') continue;
      for (const id of readBy(node)) if (isConstant(id)) wanted.add(id);
    }
    for (const id of sharedBelow(region, wanted)) wanted.add(id);
    const nodes = region.nodes.map((node): Node => {
      const kept = node.outputs.find((o) => wanted.has(o.id));
      if (!kept || node.growth !== 'constant' || isFree(node)) return node;
      this.#states.push({ path: [kept.id], kind: 'kept', types: node.outputs.map((o) => o.type) });
      return { ...node, keep: kept.id };
    });
    return { ...region, nodes };
  }
}
