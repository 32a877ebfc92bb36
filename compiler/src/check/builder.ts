import type { Block } from '@tfm-lang/grammar';
import type {
  Expression,
  GraphFunction,
  Loop,
  Node,
  Region,
  ScopeDeclaration,
  ValueId,
  ValueType,
  WeightDeclaration,
} from '../graph/graph.js';
import { UniqueNames } from './unique.js';

export interface RegionDraft {
  parameters: ValueId[];
  nodes: Node[];
  results: ValueId[];
  /** Labels of its nodes: `explain` shows each once. */
  labels: Set<string>;
}

/** A region as the graph has it. */
export function closed({ parameters, nodes }: RegionDraft, results: readonly ValueId[]): Region {
  return { parameters, nodes, results };
}

interface Captured {
  readonly id: ValueId;
  readonly type: ValueType;
  readonly source: TensorLike;
}

/** What `use` needs of a value: its name and the function that it lives in. */
export interface TensorLike {
  readonly id: ValueId;
  readonly builder: FunctionBuilder;
  readonly type: ValueType;
}

/** What a trial changes, to be put back when it fails. */
export interface Snapshot {
  readonly nodes: number;
  readonly weights: number;
  readonly scopes: number;
  readonly captured: number;
  readonly declared: ReadonlyMap<object, number>;
  readonly ids: number;
}

/** One function of the graph while the checker walks the block that it comes from. */
export class FunctionBuilder {
  readonly name: string;
  readonly block: Block | undefined;
  /** The function whose body contains the call. */
  readonly caller: FunctionBuilder | undefined;
  readonly weights: WeightDeclaration[] = [];
  readonly scopes: ScopeDeclaration[] = [];
  readonly constants: { name: string; value: Expression }[] = [];
  readonly own: { id: ValueId; type: ValueType }[] = [];
  /** What each instance made here has declared so far, in the order of its declarations. */
  readonly instances: Map<string, unknown>[] = [];
  readonly captured: Captured[] = [];
  /** Loops and conditions around the current place, outermost first. */
  loops: readonly Loop[] = [];
  conditions: readonly Expression[] = [];
  readonly #early: Node[] = [];
  readonly #ids = new UniqueNames();
  #regions: RegionDraft[] = [{ parameters: [], nodes: [], results: [], labels: new Set() }];

  constructor(name: string, block?: Block, caller?: FunctionBuilder) {
    this.name = name;
    this.block = block;
    this.caller = caller;
  }

  get region(): RegionDraft {
    const region = this.#regions.at(-1);
    if (!region) throw new Error('a function always has a region');
    return region;
  }

  /** A name for a value, close to what the user wrote. */
  id(wanted: string): ValueId {
    return this.#ids.take(wanted);
  }

  parameter(wanted: string, type: ValueType): ValueId {
    const id = this.id(wanted);
    this.own.push({ id, type });
    return id;
  }

  /** The name of a value inside this function: values of callers come in as captured parameters. */
  use(value: TensorLike): ValueId {
    if (value.builder === this) return value.id;
    const known = this.captured.find((c) => c.source.id === value.id && c.source.builder === value.builder);
    if (known) return known.id;
    const id = this.id(value.id);
    this.captured.push({ id, type: value.type, source: value });
    return id;
  }

  add(node: Node): void {
    this.region.nodes.push(node);
    if (node.label !== undefined) this.region.labels.add(node.label);
  }

  /** Adds a node before all others of the function: it needs its parameters only. */
  first(node: Node): void {
    this.#early.push(node);
  }

  /** Runs `body` with an inner region; its nodes land there. */
  inner<T>(parameters: readonly ValueId[], body: () => T): { region: RegionDraft; result: T } {
    const region: RegionDraft = { parameters: [...parameters], nodes: [], results: [], labels: new Set() };
    this.#regions.push(region);
    try {
      return { region, result: body() };
    } finally {
      this.#regions.pop();
    }
  }

  /** Loop indices in scope here and in every caller: a new index must differ from all of them. */
  indicesInScope(): Set<string> {
    const names = new Set(this.loops.map((loop) => loop.index));
    for (const name of this.caller?.indicesInScope() ?? []) names.add(name);
    return names;
  }

  /** A loop index that no loop around it has: functions receive the indices of their callers by name. */
  freshIndex(wanted: string): string {
    const taken = this.indicesInScope();
    let name = wanted;
    for (let n = 2; taken.has(name); n++) name = `${wanted}_${n}`;
    return name;
  }

  snapshot(): Snapshot {
    return {
      nodes: this.region.nodes.length,
      weights: this.weights.length,
      scopes: this.scopes.length,
      captured: this.captured.length,
      declared: new Map(this.instances.map((declared) => [declared, declared.size])),
      ids: this.#ids.count,
    };
  }

  restore(snapshot: Snapshot): void {
    this.region.nodes.length = snapshot.nodes;
    this.region.labels = new Set(this.region.nodes.flatMap((node) => node.label ?? []));
    this.weights.length = snapshot.weights;
    this.scopes.length = snapshot.scopes;
    this.captured.length = snapshot.captured;
    for (const declared of this.instances) {
      for (const key of [...declared.keys()].slice(snapshot.declared.get(declared) ?? 0)) declared.delete(key);
    }
    this.#ids.forget(snapshot.ids);
  }

  finish(
    result: readonly ValueId[],
    scalars: GraphFunction['scalars'],
    place: GraphFunction['place'],
    documentation?: string,
  ): GraphFunction {
    const { parameters, nodes } = this.region;
    const body: Region = { parameters, nodes: [...this.#early, ...nodes], results: [...result] };
    return {
      name: this.name,
      ...(documentation !== undefined && { documentation }),
      place,
      parameters: [
        ...this.own.map((p) => ({ ...p, captured: false })),
        ...this.captured.map(({ id, type }) => ({ id, type, captured: true })),
      ],
      scalars,
      constants: this.constants,
      weights: this.weights,
      scopes: this.scopes,
      body,
    };
  }
}
