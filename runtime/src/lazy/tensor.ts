import type { Tensor } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';

/** How a value is computed once somebody wants its numbers. */
export interface Plan {
  /** The values that it reads, weights apart. */
  readonly sources: readonly Source[];
  compute(): Tensor;
}

/** A value that a plan reads: numbers, or another value that is not computed yet. */
export type Source = Tensor | Pending;

/** A value that is computed when its numbers are first read, and given back when its last holder lets go of it. */
export class Pending {
  #plan: Plan | undefined;
  #value: Tensor | undefined;
  #holders = 1;

  constructor(plan: Plan) {
    this.#plan = plan;
  }

  /** `undefined` once the value is there. */
  get plan(): Plan | undefined {
    return this.#plan;
  }

  /** The numbers. They belong to this object. */
  value(): Tensor {
    const plan = this.#plan;
    if (plan) this.settle(plan.compute());
    return this.#value!;
  }

  /** Takes over a value that was computed together with others. */
  settle(value: Tensor): void {
    this.#value = tf.keep(value);
    this.#letGo();
  }

  hold(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (--this.#holders > 0) return;
    this.#value?.dispose();
    this.#letGo();
  }

  #letGo(): void {
    const sources = this.#plan?.sources ?? [];
    this.#plan = undefined;
    for (const source of sources) release(source);
  }
}

/** The tensor by which operators hand a pending value on. Every reader of its numbers asks for `dataId`, and computes it. */
class LazyTensor extends tf.Tensor {
  readonly pending: Pending;

  constructor(shape: readonly number[], pending: Pending) {
    super([...shape], 'float32', {}, engine().nextTensorId());
    this.pending = pending;
    engine().track(this);
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.pending.release();
    this.isDisposedInternal = true;
  }
}

Object.defineProperty(LazyTensor.prototype, 'dataId', {
  get(this: LazyTensor) {
    return this.pending.value().dataId;
  },
  set() {}, // by the constructor of tf.Tensor: there is nothing yet
});

/** The part of tfjs's engine that makes tensors known to the `tf.tidy` around them, and counts who holds their numbers. */
interface Engine {
  readonly backend: { incRef(dataId: object): void; disposeData(dataId: object): boolean };
  nextTensorId(): number;
  track(tensor: Tensor): Tensor;
  removeDataId(dataId: object, backend: object): void;
  runKernel(name: string, inputs: object, attributes?: object): unknown;
}

const engine = () => tf.engine() as unknown as Engine;

/** A tensor that is computed when somebody reads its numbers. */
export function lazyTensor(shape: readonly number[], plan: Plan): Tensor {
  return new LazyTensor(shape, new Pending(plan));
}

/** What stands behind a tensor that was handed on without numbers; `undefined` for one that has always had them. */
export function pendingOf(tensor: Tensor): Pending | undefined {
  return (tensor as Partial<LazyTensor>).pending; // `instanceof` takes all of tfjs's tensors for one
}

/** How a tensor will be computed; `undefined` where its numbers are there. */
export function planOf(tensor: Tensor): Plan | undefined {
  return pendingOf(tensor)?.plan;
}

/** A tensor as the source of a plan, which outlives the `tf.tidy` that the tensor belongs to. */
export function sourceOf(tensor: Tensor): Source {
  return held(pendingOf(tensor) ?? tensor);
}

/** A source for one more plan. Of a tensor the numbers are held: a clone without the work of a kernel. */
export function held(source: Source): Source {
  if (source instanceof Pending) return source.hold();
  const { shape, dtype, dataId } = source;
  engine().backend.incRef(dataId);
  return new tf.Tensor(shape, dtype, dataId, engine().nextTensorId());
}

function release(source: Source): void {
  if (source instanceof Pending) {
    source.release();
  } else {
    const { backend } = engine();
    if (backend.disposeData(source.dataId)) engine().removeDataId(source.dataId, backend);
  }
}

/** The numbers of a source. They belong to it. */
export function numbersOf(source: Source): Tensor {
  return source instanceof Pending ? source.value() : source;
}

export function isSame(a: Source, b: Source): boolean {
  if (a instanceof Pending || b instanceof Pending) return a === b;
  return a.dataId === b.dataId && tf.util.arraysEqual(a.shape, b.shape);
}

let depth = 0;

/** Whether operators may hand values on without their numbers. */
export function isLazy(): boolean {
  return depth > 0;
}

/** Runs a pass through a model whose operators may put off what the next one can compute in the same kernel. */
export function runLazily<T>(run: () => T): T {
  watch(engine());
  depth++;
  try {
    return run();
  } finally {
    depth--;
  }
}

const watched = new WeakSet<Engine>();

/**
 * From now on kernels of tfjs find their inputs computed before they begin: they hold views of memory that another kernel
 * could move.
 */
function watch(of: Engine): void {
  if (watched.has(of)) return;
  watched.add(of);
  const { runKernel } = of;
  of.runKernel = (name, inputs, attributes) => {
    if (depth > 0) for (const input of Object.values(inputs) as Tensor[]) pendingOf(input)?.value();
    return runKernel.call(of, name, inputs, attributes);
  };
}
