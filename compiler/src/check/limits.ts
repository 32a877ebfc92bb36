import { children } from '../algebra/walk.js';
import type { Expression } from '../graph/graph.js';

/** Blocks, functions and stages that stand in each other: what reads them uses recursion. */
const deepest = 100;

/** Expressions and stages of one model, each use of a block counted anew. */
const most = 3_000_000;

/** Uses of blocks, functions, masks and scores of one model. */
const mostUses = 20_000;

/** Parts of one number: what is longer is no formula that somebody wrote. */
const largest = 2_000;

/** How often a definition may stand in itself: as its own argument it may, `Twice(Twice(relu))`, without end it may not. */
const oftenest = 8;

/** What keeps the walk over a model finite and its recursion shallow, the same on every machine. */
export class Limits {
  #depth = 0;
  #steps = 0;
  #uses = 0;
  readonly #active = new Map<object, number>();
  readonly #endless = new Set<object>();
  readonly #sizes = new WeakMap<object, number>();

  /** Counts one more expression or stage; false where there are too many. */
  step(): boolean {
    return ++this.#steps <= most;
  }

  /** Counts one more use of a definition; false where there are too many. */
  use(): boolean {
    return ++this.#uses <= mostUses;
  }

  /** Runs what lies one level deeper; `undefined` where that is too deep. */
  deeper<T>(run: () => T): T | undefined {
    if (this.#depth >= deepest) return undefined;
    this.#depth += 1;
    try {
      return run();
    } finally {
      this.#depth -= 1;
    }
  }

  /** Runs the body of a definition; `undefined` where it contains itself without end. */
  inside<T>(definition: object, run: () => T): T | undefined {
    const count = this.#active.get(definition) ?? 0;
    if (count >= oftenest) this.#endless.add(definition);
    if (this.#endless.has(definition)) return undefined;
    this.#active.set(definition, count + 1);
    try {
      return run();
    } finally {
      this.#active.set(definition, count);
    }
  }

  /** Whether an expression is short enough to be read, printed and compared. */
  isShort(expression: Expression): boolean {
    return this.#size(expression) <= largest;
  }

  #size(expression: Expression): number {
    if (typeof expression !== 'object') return 1;
    const known = this.#sizes.get(expression);
    if (known !== undefined) return known;
    const size = children(expression).reduce<number>((sum, child) => sum + this.#size(child), 1);
    this.#sizes.set(expression, size);
    return size;
  }
}
