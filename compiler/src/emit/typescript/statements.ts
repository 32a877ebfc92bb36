import type {
  CallNode,
  ExpertsNode,
  GraphFunction,
  IfNode,
  Node,
  OperatorNode,
  Region,
  RepeatNode,
  ScanNode,
} from '../../graph/graph.js';
import { allNodes, feedsOnly, readsOf } from '../../graph/uses.js';
import { type Branch, branchStatements, expressionOf } from './branches.js';
import type { FunctionContext } from './context.js';
import { scalar } from './expressions.js';
import { FormulaPrinter } from './formulas.js';
import { type Code, callOf, flat, listOf, objectOf } from './layout.js';
import { hasWeights, isReference, keepsState, singular } from './node-kinds.js';
import { operatorCall, valueCode } from './operator-call.js';
import { inlinable, wantedName } from './readable.js';
import { spelledShape } from './spelling.js';
import { arrowBody, braces, returning, type Statement } from './statement.js';
import { Surroundings } from './surroundings.js';
import { stringLiteral } from './text.js';
import { scopeLabel, WeightAccess } from './weight-path.js';
import { isConditional } from './weight-tree.js';

/** Writes the body of one function of the graph, a statement for each node. */
export class StatementWriter {
  readonly #context: FunctionContext;
  readonly #weights: WeightAccess;
  readonly #formulas: FormulaPrinter;
  #inline: ReadonlySet<Node> = new Set();
  readonly #whole: Region;
  readonly #manyStates: boolean;
  readonly #here: Surroundings;

  constructor(context: FunctionContext, fn: GraphFunction, root: string) {
    this.#context = context;
    this.#whole = fn.body;
    this.#weights = new WeightAccess(context, fn, root);
    this.#formulas = new FormulaPrinter(context);
    const [stream] = fn.parameters;
    this.#here = new Surroundings(stream ? spelledShape(stream.type.shape) : '');
    this.#manyStates = [...allNodes(fn.body)].filter(keepsState).length > 1;
  }

  body(region: Region): Statement[] {
    const outer = this.#inline;
    this.#inline = inlinable(region, this.#around(region));
    try {
      return this.#statements(region);
    } finally {
      this.#inline = outer;
    }
  }

  /** Parts of the function's own statements are written separately where outputs are computed on demand. */
  #around(region: Region): Region {
    const [first] = region.nodes;
    return first && this.#whole.nodes.includes(first) ? this.#whole : region;
  }

  #statements(region: Region): Statement[] {
    const inside = new Map<Node, ReadonlySet<Node>>();
    const hidden = new Set<Node>();
    for (const node of [...region.nodes].reverse()) {
      if (node.keep === undefined || hidden.has(node) || isReference(node)) continue;
      const feeders = feedsOnly(
        region,
        this.#around(region),
        (other) => other.growth === 'constant' && !hidden.has(other),
        node,
      );
      inside.set(node, feeders);
      for (const feeder of feeders) hidden.add(feeder);
    }
    return region.nodes.flatMap((node) => {
      if (hidden.has(node)) return [];
      const feeders = inside.get(node);
      if (feeders === undefined || node.keep === undefined) return this.#node(node);
      return this.#kept(
        node,
        node.keep,
        region.nodes.filter((other) => feeders.has(other)),
      );
    });
  }

  /** A constant of generation, and in its closure whatever only it needs. */
  #kept(node: Node, name: string, feeders: readonly Node[]): Statement[] {
    const inner = [...feeders, node].flatMap((each) => this.#node(each));
    const made = node.outputs.map(({ id }) => valueCode(this.#context, id));
    const [first = ''] = made;
    const several = made.length > 1;
    // The variable inside the closure has the name of the one outside, which it may hide.
    const body = arrowBody(inner, several ? [listOf(made), ' as const'] : first);
    const keep: Statement = {
      kind: 'const',
      target: several ? flat(listOf(made)) : flat(first),
      code: callOf(`${this.#here.scope}.keep`, [stringLiteral(name), ['() => ', body]]),
    };
    return [keep];
  }

  #node(node: Node): Statement[] {
    switch (node.kind) {
      case 'operator':
        return this.#operator(node);
      case 'call':
        return this.#call(node);
      case 'repeat':
        return this.#repeat(node);
      case 'experts':
        return this.#experts(node);
      case 'if':
        return this.#if(node);
      case 'scan':
        return this.#scan(node);
    }
  }

  #operator(node: OperatorNode): Statement[] {
    const [output] = node.outputs;
    if (!output) return [];
    if (node.operator === 'scalar') {
      this.#context.values.set(output.id, scalar(node.attributes.value ?? 0, this.#context));
      return [];
    }
    if (node.operator === 'weight' && node.weights.weight) {
      this.#context.values.set(output.id, this.#weights.at(node.weights.weight).code);
      return [];
    }
    if (node.operator === 'element') {
      const around = {
        context: this.#context,
        weights: this.#weights,
        formulas: this.#formulas,
        scope: this.#here.scope,
      };
      this.#context.values.set(output.id, operatorCall(node, around));
      return [];
    }
    const scope = this.#manyStates && keepsState(node) ? this.#here.entered(node) : this.#here.scope;
    const around = { context: this.#context, weights: this.#weights, formulas: this.#formulas, scope };
    const code = operatorCall(node, around);
    return this.#assign(node, code);
  }

  #assign(node: Node, code: Code): Statement[] {
    const [output] = node.outputs;
    if (output && this.#inline.has(node)) {
      this.#context.values.set(output.id, code);
      return [];
    }
    const comment = this.#here.comment(node);
    const variables = node.outputs.map(({ id }) => this.#declare(id, wantedName(node, id)));
    const labelled: Code =
      node.label === undefined || variables.length > 1
        ? code
        : callOf(`${this.#here.scope}.label`, [stringLiteral(this.#here.labelOf(node, node.label)), code]);
    const several = variables.length > 1;
    const target = several ? `[${variables.join(', ')}]` : (variables[0] ?? '');
    const tuple: Code = [labelled, ` as [${variables.map(() => this.#tensor()).join(', ')}]`];
    const typed = several && node.kind === 'operator' && node.operator === 'split' ? tuple : labelled;
    return [{ kind: 'const', target, code: typed, ...(comment === undefined ? {} : { comment }) }];
  }

  #tensor = (): string => this.#context.model.imports.type('Tensor');

  #declare(id: string, wanted = id): string {
    const variable = this.#context.names.declare(wanted);
    this.#context.values.set(id, variable);
    return variable;
  }

  #call(node: CallNode): Statement[] {
    const { model } = this.#context;
    const fn = model.functionOf(node.function);
    const found = this.#weights.at(node.scope);
    const call = found.node?.calls.find((each) => each.function === node.function);
    const cast = found.node && call && isConditional(found.node, call) ? ` as ${model.weightsTypeOf(fn.name)}` : '';
    const inputs = node.inputs.map((id) => valueCode(this.#context, id));
    const weights = hasWeights(fn) ? [found.code + cast] : [];
    const scalars = fn.scalars.map(({ name }) => scalar(node.scalars[name] ?? 0, this.#context));
    const sizes = model.openDimensions(fn.name).map(this.#context.dimension);
    const run = (scope: string): Code =>
      callOf(`this.${model.methodOf(fn.name)}`, [...inputs, ...weights, ...scalars, ...sizes, scope]);
    const labels = node.scope.segments.slice(this.#weights.covered(node.scope));
    const name = labels.length === 0 ? undefined : (node.label ?? scopeLabel(labels));
    if (name === undefined) return this.#assign(without(node), run(this.#here.scope));
    const unique = stringLiteral(this.#here.unique(name));
    return this.#assign(without(node), callOf(`${this.#here.scope}.block`, [unique, ['(scope) => ', run('scope')]]));
  }

  #repeat(node: RepeatNode): Statement[] {
    const [output, list] = node.outputs;
    const [parameter] = node.region.parameters;
    if (!output || parameter === undefined) return [];
    const input = valueCode(this.#context, node.inputs[0]);
    const variable = this.#declare(output.id);
    this.#context.values.set(parameter, variable);
    const index = this.#context.bind(node.index);
    const statements: Statement[] = [{ kind: 'line', code: [`let ${variable} = `, input] }];
    if (node.collects && list) {
      statements.push({ kind: 'const', target: `${this.#declare(list.id)}: ${this.#tensor()}[]`, code: '[]' });
    }
    const label = stringLiteral(this.#here.unique(node.label ?? scopeLabel(node.scope.segments)));
    const loop = this.#loop(node, index);
    const outer = this.#here.scope;
    const run = (): Statement[] => {
      const inner = this.body(node.region);
      const body = arrowBody(inner, this.#result(node.region));
      return [
        { kind: 'line', code: [`${variable} = `, callOf(`${outer}.block`, [label, index, ['(scope) => ', body]])] },
      ];
    };
    const { variable: copy } = loop;
    const body = this.#here.inCopy(() =>
      copy === undefined ? run() : this.#weights.withAlias([...node.scope.segments, loop.index], copy, run),
    );
    for (const name of [index, loop.variable]) if (name !== undefined) this.#context.names.release(name);
    if (node.collects && list)
      body.push({ kind: 'line', code: [valueCode(this.#context, list.id), `.push(${variable})`] });
    return [...statements, { kind: 'block', parts: [{ head: loop.head, body }] }];
  }

  /** `for (const [i, layer] of w.layers.entries())`, or over numbers where the copies have no weights. */
  #loop(node: RepeatNode, index: string) {
    const segment = { index: { kind: 'local', name: node.index } } as const;
    const { code, node: list } = this.#weights.at(node.scope);
    if (node.scope.segments.length > 0 && list?.element) {
      const label = node.scope.segments.findLast((segment) => typeof segment === 'string');
      const variable = this.#context.names.declare(singular(node.label === undefined ? 'copies' : (label ?? 'copies')));
      return { head: `for (const [${index}, ${variable}] of ${code}.entries())`, variable, index: segment };
    }
    const count = scalar(node.count, this.#context);
    return { head: `for (let ${index} = 0; ${index} < ${count}; ${index}++)`, variable: undefined, index: segment };
  }

  /** A closure that runs one expert, of which it is given the weights, on the rows that it is given. */
  #experts(node: ExpertsNode): Statement[] {
    const { imports } = this.#context.model;
    const [rows = '', shares = ''] = node.inputs.map((id) => valueCode(this.#context, id));
    const label = stringLiteral(this.#here.unique(node.label ?? scopeLabel(node.scope.segments)));
    const { scope } = this.#here;
    const [stream] = node.region.parameters;
    const parameter = stream === undefined ? '_' : this.#declare(stream);
    const index = this.#context.bind(node.index);
    const segments = [...node.scope.segments, { index: { kind: 'local', name: node.index } } as const];
    const list = this.#weights.at(node.scope);
    const own = list.node?.element ? [this.#context.names.declare('own')] : [];
    const body = this.#here.inCopy(() =>
      this.#weights.withAlias(segments, own[0] ?? '', () => {
        const inner = this.body(node.region);
        return arrowBody(inner, this.#result(node.region));
      }),
    );
    for (const name of [parameter, index, ...own]) this.#context.names.release(name);
    const parameters = [parameter, index, ...own].join(', ');
    const run: Code = [`(${parameters}) => `, callOf(`${scope}.block`, [label, index, ['(scope) => ', body]])];
    const weights: [string, Code][] = own.length > 0 ? [['weights', list.code]] : [];
    const options = objectOf([['top', scalar(node.top, this.#context)], ...weights]);
    return this.#assign(unlabelled(node), callOf(imports.value('experts'), [rows, shares, run, options, scope]));
  }

  #if(node: IfNode): Statement[] {
    const condition = scalar(node.condition, this.#context);
    const branches = this.#here.inArms([node.then, node.else], (region) => this.#branch(region));
    const [first, second] = branches;
    if (!first || !second) return [];
    const [output] = node.outputs;
    const choices = branches.map(expressionOf);
    if (output && node.outputs.length === 1 && choices.every((choice) => choice !== undefined)) {
      return this.#assign(node, [`${condition} ? `, choices[0] ?? '', ' : ', choices[1] ?? '']);
    }
    const variables = node.outputs.map(({ id }) => this.#declare(id));
    return branchStatements(condition, first, second, variables, this.#tensor());
  }

  #branch(region: Region): Branch {
    return { body: this.body(region), results: region.results.map((id) => valueCode(this.#context, id)) };
  }

  #scan(node: ScanNode): Statement[] {
    const scan = this.#context.model.imports.value('scan');
    const states = node.states.map((id) => valueCode(this.#context, id));
    const sequences = node.sequences.map((id) => valueCode(this.#context, id));
    const inner = node.region.parameters.map((id) => this.#declare(id));
    const body = this.#here.inRows(() => this.body(node.region));
    const results = node.region.results.map((id) => valueCode(this.#context, id));
    const result = objectOf([
      ['next', listOf(results.slice(0, states.length))],
      ['emit', results[states.length] ?? ''],
    ]);
    const parameters = `([${inner.slice(0, states.length).join(', ')}], [${inner.slice(states.length).join(', ')}]) => `;
    const closure = body.length === 0 ? ['(', result, ')'] : braces(returning(body, result));
    const comment = this.#here.comment(node);
    const [emitted = '', ...last] = this.#readOutputs(node).map(({ id }) => this.#declare(id));
    const grows = node.growth !== undefined && node.growth !== 'constant';
    const options = objectOf(grows ? [['grows', 'true']] : []);
    const scope = this.#manyStates ? this.#here.entered(node) : this.#here.scope;
    const target =
      last.length === 0 ? `{ emitted: ${emitted} }` : `{ emitted: ${emitted}, states: [${last.join(', ')}] }`;
    const code = callOf(scan, [listOf(states), listOf(sequences), [parameters, closure], options, scope]);
    return [{ kind: 'const', target, code, ...(comment === undefined ? {} : { comment }) }];
  }

  /** The emitted values, and the last states where anything reads one. */
  #readOutputs({ outputs }: ScanNode): ScanNode['outputs'] {
    const [, ...last] = outputs;
    const read = new Set([...[...allNodes(this.#whole)].flatMap(readsOf), ...this.#whole.results]);
    return last.some(({ id }) => read.has(id)) ? outputs : outputs.slice(0, 1);
  }

  #result(region: Region): Code {
    return valueCode(this.#context, region.results[0] ?? '');
  }
}

/** Blocks record their result themselves; the label of experts is that of their scopes. */
const without = ({ label: _, ...node }: CallNode): CallNode => node;
const unlabelled = ({ label: _, ...node }: ExpertsNode): ExpertsNode => node;
