import type { Expression, Loop, WeightDeclaration, WeightPath } from '../graph/graph.js';
import type { FunctionBuilder } from './builder.js';

export type Segments = WeightPath['segments'];

/** What the uses of one instance (`let f = Layer`) share: what they declared at the first use. */
interface Shared {
  readonly declared: Map<string, WeightDeclaration | string>;
}

interface Level {
  readonly taken: Map<string, number>;
  readonly labels: Set<string>;
  /** Labels of before: `as new was old`. */
  readonly old: Set<string>;
}

interface HomeFields {
  readonly owner: FunctionBuilder;
  readonly segments: Segments;
  readonly levels: Map<string, Level>;
  /** Of an instance: what is declared, and the loops and conditions around its `let`. */
  readonly shared?: Shared & { readonly loops: readonly Loop[]; readonly conditions: readonly Expression[] };
}

/**
 * Where the weights of the stage in hand live: a function, and the labels from its top down. Unlabelled siblings get
 * `_2`, `_3`; the arms of an `if` may use the same names, because only one of them exists.
 */
export class Home {
  readonly #fields: HomeFields;

  private constructor(fields: HomeFields) {
    this.#fields = fields;
  }

  static of(owner: FunctionBuilder): Home {
    return new Home({ owner, segments: [], levels: new Map() });
  }

  get owner(): FunctionBuilder {
    return this.#fields.owner;
  }

  get segments(): Segments {
    return this.#fields.segments;
  }

  /** Weights of an instance, by path: declared at its first use, the same at every later one. */
  get declared(): Map<string, WeightDeclaration | string> | undefined {
    return this.#fields.shared?.declared;
  }

  /** Loops around a declaration made here now. */
  get loops(): readonly Loop[] {
    return this.#fields.shared?.loops ?? this.owner.loops;
  }

  get conditions(): readonly Expression[] {
    return this.#fields.shared?.conditions ?? this.owner.conditions;
  }

  #level(): Level {
    const key = pathKey(this.segments);
    const known = this.#fields.levels.get(key);
    if (known) return known;
    const level: Level = { taken: new Map(), labels: new Set(), old: new Set() };
    this.#fields.levels.set(key, level);
    return level;
  }

  /** The home one label further down. */
  enter(name: string): Home {
    return new Home({ ...this.#fields, segments: [...this.segments, name] });
  }

  /** The home of one copy of a repeat. */
  copy(index: Expression): Home {
    return new Home({ ...this.#fields, segments: [...this.segments, { index }] });
  }

  /** An instance's own home; `again()` starts its names from the beginning, for each further use. */
  instance(name: string): () => Home {
    const shared = { declared: new Map(), loops: this.loops, conditions: this.conditions };
    this.owner.instances.push(shared.declared);
    const segments = [...this.segments, name];
    return () => new Home({ owner: this.owner, segments, levels: new Map(), shared });
  }

  /** A free name at this level for an unlabelled thing. */
  free(name: string): string {
    const level = this.#level();
    const count = (level.taken.get(name) ?? 0) + 1;
    level.taken.set(name, count);
    return count === 1 ? name : this.#numbered(level, name, count);
  }

  #numbered(level: Level, name: string, from: number): string {
    let n = from;
    while (level.taken.has(`${name}_${n}`)) n++;
    level.taken.set(`${name}_${n}`, 1);
    return `${name}_${n}`;
  }

  /** Takes a label at this level, and the one that it had before; the name of the two that means something else. */
  label(name: string, was?: string): { readonly twice: string } | { readonly old: string } | undefined {
    const level = this.#level();
    // Unlabelled things have names too: two uses of a block under one name would share their weights in silence.
    if (level.taken.has(name)) return { twice: name };
    level.labels.add(name);
    level.taken.set(name, 1);
    if (was !== undefined) level.old.add(was);
    if (level.old.has(name)) return { old: name };
    return was !== undefined && level.labels.has(was) ? { old: was } : undefined;
  }

  /** Runs the arms of an `if`, each from the same names, and keeps the names of all of them afterwards. */
  exclusive<T>(arms: readonly (() => T)[]): T[] {
    const before = copyLevels(this.#fields.levels);
    const after = new Map<string, Level>();
    const results = arms.map((arm) => {
      replaceLevels(this.#fields.levels, copyLevels(before));
      const result = arm();
      mergeLevels(after, this.#fields.levels);
      return result;
    });
    replaceLevels(this.#fields.levels, after);
    return results;
  }

  /** The names taken so far, for a trial that may be undone. */
  mark(): () => void {
    const before = copyLevels(this.#fields.levels);
    return () => replaceLevels(this.#fields.levels, before);
  }

  /** This home's path as seen from a function: its own, or the model's. `undefined` where it is neither. */
  path(from: FunctionBuilder, ...leaf: readonly string[]): WeightPath | undefined {
    const segments = [...this.segments, ...leaf];
    if (this.owner === from) return { root: 'function', segments };
    return this.owner.caller === undefined ? { root: 'model', segments } : undefined;
  }
}

export function pathKey(segments: Segments): string {
  return JSON.stringify(segments);
}

function copyLevels(levels: ReadonlyMap<string, Level>): Map<string, Level> {
  return new Map(
    [...levels].map(([key, l]) => [key, { taken: new Map(l.taken), labels: new Set(l.labels), old: new Set(l.old) }]),
  );
}

function replaceLevels(into: Map<string, Level>, from: ReadonlyMap<string, Level>): void {
  into.clear();
  for (const [key, level] of from) into.set(key, level);
}

function mergeLevels(into: Map<string, Level>, from: ReadonlyMap<string, Level>): void {
  for (const [key, level] of copyLevels(from)) {
    const known = into.get(key);
    if (!known) into.set(key, level);
    else {
      for (const [name, count] of level.taken) known.taken.set(name, Math.max(known.taken.get(name) ?? 0, count));
      for (const label of level.labels) known.labels.add(label);
      for (const label of level.old) known.old.add(label);
    }
  }
}
