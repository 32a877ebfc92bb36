import fc from 'fast-check';

/**
 * What a random spec is made of: decisions as numbers, and decisions about the parts inside. The writers read them with the
 * shape of the stream at hand, so that every tree is a valid spec. A missing number is 0, and 0 is always the plainest
 * answer: dropping numbers and parts, as fast-check does when it shrinks, makes a plainer spec.
 */
export interface Choice {
  readonly numbers: readonly number[];
  readonly parts: readonly Choice[];
}

const many = fc.array(fc.nat({ max: 5039 }), { minLength: 40, maxLength: 40 }); // 7! − 1: even over small counts
const numbers: fc.Arbitrary<readonly number[]> = fc.noBias(
  fc.oneof({ withCrossShrink: true }, { arbitrary: fc.constant([]), weight: 1 }, { arbitrary: many, weight: 12 }),
);

export const choice: fc.Arbitrary<Choice> = fc.letrec<{ choice: Choice; leaf: Choice }>((tie) => ({
  leaf: fc.record({ numbers, parts: fc.constant([]) }),
  choice: fc.oneof(
    { maxDepth: 4, depthSize: 'medium', withCrossShrink: true },
    { arbitrary: tie('leaf'), weight: 2 },
    { arbitrary: fc.record({ numbers, parts: fc.array(tie('choice'), { maxLength: 3 }) }), weight: 3 },
  ),
})).choice;

/** Reads the decisions of one choice in order. */
export class Reader {
  readonly #choice: Choice;
  #next = 0;
  #part = 0;

  constructor(choice: Choice) {
    this.#choice = choice;
  }

  /** 0 … count − 1 */
  below(count: number): number {
    const number = this.#choice.numbers[this.#next] ?? 0;
    this.#next += 1;
    return number % count;
  }

  /** One of these; the first is the plainest. */
  of<T>(...items: readonly [T, ...T[]]): T {
    return items[this.below(items.length)] ?? items[0];
  }

  /** True once in `of` times; never where nothing is left to decide. */
  once(of: number): boolean {
    return this.below(of) === of - 1;
  }

  /** One of these by weight; the first is the plainest. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T {
    let place = this.below(items.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, item] of items) {
      if (place < weight) return item;
      place -= weight;
    }
    throw new Error('there is nothing to choose from');
  }

  /** How many parts have not been read. */
  get left(): number {
    return Math.max(this.#choice.parts.length - this.#part, 0);
  }

  /** The next part; an empty one where there is none. */
  part(): Reader {
    const part = this.#choice.parts[this.#part] ?? { numbers: [], parts: [] };
    this.#part += 1;
    return new Reader(part);
  }

  /** All parts that are left. */
  rest(): Reader[] {
    return Array.from({ length: this.left }, () => this.part());
  }
}
