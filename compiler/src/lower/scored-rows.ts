import type { Generation, GraphFunction, GraphModel, Node, Region, ValueId, ValueType } from '../graph/graph.js';
import { isRowwiseNode } from '../graph/rowwise.js';
import { allNodes, dimensionsIn, dimensionsOf, readsOf } from '../graph/uses.js';
import { growsOnSequenceAxis } from './growth.js';
import { renamedReads } from './renamed.js';

type FunctionNamed = (name: string) => GraphFunction | undefined;

/**
 * Puts `scored_rows` in front of the head of a model that generates: of what nothing but the generated scores needs, and what
 * treats each row for itself. A prefill wants the scores behind the last token alone, which are a small part of what a
 * vocabulary has for every row of the prompt.
 */
export function withScoredRows(model: GraphModel, generate: Generation): GraphFunction {
  const { main } = model;
  const values = growingValues(main, generate);
  const head = headOf(model, generate, values);
  const taken = new Set([...main.parameters.map(({ id }) => id), ...madeIn(main.body)]);
  const scored = new Map<ValueId, ValueId>();
  const nodes = main.body.nodes.flatMap((node): Node[] => {
    if (!head.has(node)) return [node];
    const before = [...new Set(readsOf(node))].flatMap((id): Node[] => {
      const value = values.get(id);
      if (!value || scored.has(id) || (value.maker && head.has(value.maker))) return [];
      const made = unusedName(`scored_${id}`, taken);
      scored.set(id, made);
      return [scoredRows(id, made, value, node)];
    });
    return [...before, renamedReads(node, scored)];
  });
  return { ...main, body: { ...main.body, nodes } };
}

interface GrowingValue {
  readonly type: ValueType;
  /** Absent for the input. */
  readonly maker?: Node;
  /** The results of all copies of a repeat. */
  readonly isList: boolean;
}

type Values = ReadonlyMap<ValueId, GrowingValue>;

/** The values of the model's own statements that grow. */
function growingValues({ parameters, body }: GraphFunction, { input }: Generation): Values {
  const found = new Map<ValueId, GrowingValue>();
  for (const { id, type } of parameters) if (id === input) found.set(id, { type, isList: false });
  for (const maker of body.nodes) {
    if (maker.growth === 'constant') continue;
    for (const [i, { id, type }] of maker.outputs.entries())
      found.set(id, { type, maker, isList: maker.kind === 'repeat' && i > 0 });
  }
  return found;
}

/** The largest part that ends with the scores, in which everything treats rows for themselves and is read by nothing outside. */
function headOf(model: GraphModel, generate: Generation, values: Values): Set<Node> {
  const { main, outputs } = model;
  const wanted = outputs.findIndex(({ name }) => name === generate.output);
  const isScores = (id: ValueId) => main.body.results[wanted] === id;
  const isOther = (id: ValueId) => main.body.results.some((result, i) => i !== wanted && result === id);
  const readers = readersIn(main.body);
  const isRow = rowwiseNodes(model, generate);
  const refused = new Set<Node>();
  for (;;) {
    const head = new Set<Node>();
    for (const node of [...main.body.nodes].reverse()) {
      if (node.growth === 'constant' || refused.has(node)) continue;
      const readBy = node.outputs.flatMap(({ id }) => readers.get(id) ?? []);
      const ends = node.outputs.some(({ id }) => isScores(id));
      const escapes = node.outputs.some(({ id }) => isOther(id)) || readBy.some((reader) => !head.has(reader));
      if ((ends || readBy.length > 0) && !escapes && isRow(node)) head.add(node);
    }
    const misfits = [...head].filter((node) => !entersByRows(node, head, values, generate));
    if (misfits.length === 0) return head;
    for (const node of misfits) refused.add(node);
  }
}

function readersIn({ nodes }: Region): ReadonlyMap<ValueId, readonly Node[]> {
  const found = new Map<ValueId, Node[]>();
  for (const node of nodes) for (const id of readsOf(node)) found.set(id, [...(found.get(id) ?? []), node]);
  return found;
}

/** Whether all that a node of the head reads from outside can be taken row by row: [B, T, ..] of real numbers, no list of copies. */
function entersByRows(node: Node, head: ReadonlySet<Node>, values: Values, { dimension }: Generation): boolean {
  return readsOf(node).every((id) => {
    const value = values.get(id);
    if (!value || (value.maker && head.has(value.maker))) return true;
    // Truth values may be presence, which has the rows so far where everything else has the new ones.
    if (value.isList || value.type.dtype !== 'float' || !growsOnSequenceAxis(value.type, dimension)) return false;
    // What formulas look up, they look up by position.
    return !readsOf(renamedReads(node, new Map([[id, '']]))).includes(id);
  });
}

/** Whether a node treats rows for themselves, and does not ask how many there are. */
function rowwiseNodes({ main, functions }: GraphModel, { dimension }: Generation): (node: Node) => boolean {
  const named: FunctionNamed = (name) => functions.find((each) => each.name === name);
  const callsCounting = (region: Region): boolean =>
    [...allNodes(region)].some((node) => {
      const callee = node.kind === 'call' ? named(node.function) : undefined;
      return callee !== undefined && (dimensionsIn(callee).has(dimension) || callsCounting(callee.body));
    });
  return (node) =>
    isRowwiseNode(node, named) &&
    !dimensionsOf(asRegion(node), main.constants).has(dimension) &&
    !callsCounting(asRegion(node));
}

const madeIn = (region: Region): ValueId[] =>
  [...allNodes(region)].flatMap(({ outputs }) => outputs.map(({ id }) => id));

const asRegion = (node: Node): Region => ({ parameters: [], nodes: [node], results: [] });

function scoredRows(id: ValueId, made: ValueId, { type, maker }: GrowingValue, { place }: Node): Node {
  const growth = maker?.growth ?? 'pointwise';
  const outputs = [{ id: made, type }];
  return {
    kind: 'operator',
    operator: 'scored_rows',
    inputs: [id],
    weights: {},
    attributes: {},
    outputs,
    place,
    growth,
  };
}

function unusedName(name: ValueId, taken: Set<ValueId>): ValueId {
  let made = name;
  for (let n = 2; taken.has(made); n++) made = `${name}_${n}`;
  taken.add(made);
  return made;
}
