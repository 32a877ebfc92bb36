import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';

/** What `explain` returns. The tensors belong to the caller; `disposeExplanation` gives them back. */
export interface Explanation {
  /** Every labelled value by its path: `layers[0].ln_1`. */
  readonly values: Readonly<Record<string, Tensor>>;
  /** Attention probabilities [B, H, Tq, Tk] by the path of the use: `layers[0].attention`. */
  readonly attention: Readonly<Record<string, Tensor>>;
}

/** Collects labelled values and attention probabilities while a pass runs. */
export class Recorder {
  readonly #values = new Map<string, Tensor[]>();
  readonly #attention = new Map<string, Tensor[]>();

  value(path: string, value: Tensor): void {
    add(this.#values, path, value);
  }

  attention(path: string, probabilities: Tensor): void {
    add(this.#attention, path, probabilities);
  }

  /** Hands the tensors over. What a `scan` recorded row by row becomes one tensor, rows along the sequence axis. */
  finish(): Explanation {
    return {
      values: joined(this.#values, (rows) => tf.stack(rows, 1)),
      attention: joined(this.#attention, (rows) => tf.concat(rows, rows[0]?.rank === 4 ? 2 : 1)),
    };
  }

  dispose(): void {
    for (const kept of [this.#values, this.#attention]) for (const tensors of kept.values()) tf.dispose(tensors);
  }
}

function add(to: Map<string, Tensor[]>, path: string, value: Tensor): void {
  const kept = tf.keep(tf.clone(value));
  const before = to.get(path);
  if (before) before.push(kept);
  else to.set(path, [kept]);
}

function joined(from: ReadonlyMap<string, Tensor[]>, join: (rows: Tensor[]) => Tensor): Record<string, Tensor> {
  const entries = [...from].map(([path, rows]): [string, Tensor] => {
    const [only] = rows;
    if (rows.length === 1 && only) return [path, only];
    const whole = join(rows);
    tf.dispose(rows);
    return [path, whole];
  });
  return Object.fromEntries(entries);
}

/** Gives the tensors of an explanation back. */
export function disposeExplanation({ values, attention }: Explanation): void {
  tf.dispose([...Object.values(values), ...Object.values(attention)]);
}
