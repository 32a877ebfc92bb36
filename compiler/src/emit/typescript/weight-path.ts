import type { GraphFunction, WeightPath } from '../../graph/graph.js';
import type { FunctionContext } from './context.js';
import { scalar } from './expressions.js';
import { member } from './text.js';
import { descend, type WeightNode } from './weight-tree.js';

type Segment = WeightPath['segments'][number];

/** A variable that holds the weights at the start of a path: `layer` for `layers[i]`. */
interface Alias {
  readonly segments: readonly Segment[];
  readonly variable: string;
}

export interface FoundWeights {
  readonly code: string;
  /** Absent only where a path leads into nothing, which the checker does not make. */
  readonly node: WeightNode | undefined;
}

const sameSegment = (a: Segment | undefined, b: Segment | undefined): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/** The label of a scope: the copies that are written out have their numbers, those of a loop get theirs as it runs. */
export function scopeLabel(segments: readonly Segment[]): string {
  return segments.reduce<string>((label, segment) => {
    if (typeof segment === 'string') return label === '' ? segment : `${label}.${segment}`;
    return typeof segment.index === 'number' ? `${label}[${segment.index}]` : label;
  }, '');
}

/** How the body of one function reaches its weights. */
export class WeightAccess {
  readonly #context: FunctionContext;
  readonly #fn: GraphFunction;
  readonly #root: string;
  #aliases: readonly Alias[] = [];

  constructor(context: FunctionContext, fn: GraphFunction, root: string) {
    this.#context = context;
    this.#fn = fn;
    this.#root = root;
  }

  /** Runs `emit` while `variable` stands for the weights at `segments`. */
  withAlias<T>(segments: readonly Segment[], variable: string, emit: () => T): T {
    const before = this.#aliases;
    this.#aliases = [...before, { segments, variable }];
    try {
      return emit();
    } finally {
      this.#aliases = before;
    }
  }

  /** The code for the weights at `path`. Members that may be absent are asserted: the graph reads them where they exist. */
  at(path: WeightPath): FoundWeights {
    const { model } = this.#context;
    const fromModel = path.root === 'model' && this.#fn !== model.model.main;
    const tree = model.treeOf(fromModel ? model.model.main.name : this.#fn.name);
    const alias = fromModel ? undefined : this.#aliasOf(path);
    let code = alias?.variable ?? (fromModel ? 'this.weights' : this.#root);
    let node: WeightNode | undefined = tree;
    path.segments.forEach((segment, index) => {
      node = node && descend(node, segment, model.treeOf);
      if (index < (alias?.segments.length ?? 0)) return;
      if (typeof segment === 'string') code = member(code, segment) + (node?.when === undefined ? '' : '!');
      else code = `${code}[${scalar(segment.index, this.#context)}]${node?.kind === 'copy' ? '' : '!'}`;
    });
    return { code, node };
  }

  /** How much of `path` the longest alias covers: that many scopes are entered already. */
  covered(path: WeightPath): number {
    return path.root === 'model' ? 0 : (this.#aliasOf(path)?.segments.length ?? 0);
  }

  #aliasOf(path: WeightPath): Alias | undefined {
    return this.#aliases.findLast(({ segments }) =>
      segments.every((segment, index) => sameSegment(segment, path.segments[index])),
    );
  }
}
