import type { Node, OperatorNode, ScanNode } from '../../graph/graph.js';
import { spelledShape } from './spelling.js';
import { stringLiteral } from './text.js';

/** Where the next statement of a function stands: its scope, the labels that are taken there, the shape told last. */
export class Surroundings {
  /** The variable of the scope. */
  scope = 'scope';
  #labels = new Set<string>();
  /** Labels that a node has already entered. */
  readonly #entries = new Map<Node, string>();
  #shape: string;

  /** @param shape Of the function's stream. */
  constructor(shape: string) {
    this.#shape = shape;
  }

  /** A scope of its own for one of several operators that keep state under the same labels. */
  entered(node: OperatorNode | ScanNode): string {
    const name = node.state || node.label || (node.kind === 'scan' ? 'scan' : node.operator);
    const unique = this.unique(name);
    if (name === node.label) this.#entries.set(node, unique);
    return `${this.scope}.enter(${stringLiteral(unique)})`;
  }

  /** A label that this function has not used: two values under one label would be one for `explain` and the state. */
  unique(name: string): string {
    let unique = name;
    for (let i = 2; this.#labels.has(unique); i++) unique = `${name}_${i}`;
    this.#labels.add(unique);
    return unique;
  }

  /** What the value of a labelled node is recorded as. */
  labelOf(node: Node, label: string): string {
    return this.#entries.get(node) ?? this.unique(label);
  }

  /** The shape, where it is another than that of the statement before. */
  comment(node: Node): string | undefined {
    const [output] = node.outputs;
    if (!output) return undefined;
    const shown = node.kind === 'scan' || node.kind === 'repeat' ? [output] : node.outputs;
    const shape = shown.map(({ type }) => spelledShape(type.shape)).join(', ');
    if (shape === this.#shape) return undefined;
    this.#shape = shape;
    return shape.replace(/[\r\n\u2028\u2029]/g, ' ');
  }

  /** Writes a copy of a repeat, which has a scope and labels of its own. */
  inCopy<T>(write: () => T): T {
    const [scope, labels] = [this.scope, this.#labels];
    this.scope = 'scope';
    this.#labels = new Set();
    try {
      return write();
    } finally {
      this.scope = scope;
      this.#labels = labels;
    }
  }

  /** Writes the arms of a choice: only one of them runs, so both begin alike and may use the same labels. */
  inArms<A, T>(arms: readonly A[], write: (arm: A) => T): T[] {
    const [shape, labels] = [this.#shape, this.#labels];
    const used = new Set(labels);
    const written = arms.map((arm) => {
      this.#shape = shape;
      this.#labels = new Set(labels);
      const made = write(arm);
      for (const label of this.#labels) used.add(label);
      return made;
    });
    this.#labels = used;
    return written;
  }

  /** Writes the body of a recurrence, whose shapes are those of single rows. */
  inRows<T>(write: () => T): T {
    const shape = this.#shape;
    const written = write();
    this.#shape = shape;
    return written;
  }
}
