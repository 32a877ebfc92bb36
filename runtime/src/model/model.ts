import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { TfmError } from '../errors.js';
import { fusesLayers } from '../kernels/projection.js';
import { runLazily } from '../lazy/tensor.js';
import { alias } from '../ops/shapes.js';
import { DerivedTensors } from '../scope/derived.js';
import { type Explanation, Recorder } from '../scope/recorder.js';
import { Pass, type PassOptions, Scope } from '../scope/scope.js';
import { type LossTarget, lossTarget } from '../train/target.js';
import { nearest } from '../weights/nearest.js';
import { type SaveOptions, saveCheckpoint } from '../weights/save.js';
import type { Computed, InputDefinition, InputTensors, ModelDefinition } from './definition.js';
import type { LabelInput } from './input-types.js';
import { readInputs } from './inputs.js';
import { savePlan } from './save.js';
import { declaredWeights } from './weight.js';

/** A tensor for each output of a model. */
export type OutputTensors<Outputs> = Record<keyof Outputs, Tensor>;

export interface ForwardOptions<Name> {
  /** The outputs to compute. Default all. */
  readonly outputs?: readonly Name[];
}

export interface LossOptions {
  /** Whether dropout acts. Default true. */
  readonly training?: boolean;
  /** Of the dropout masks; another one for each step. Default 0. */
  readonly seed?: number;
}

export interface SaveModelOptions extends SaveOptions {
  /** A checkpoint map of the spec; without it the weights have the names of the spec. */
  readonly checkpoint?: string;
}

/** A model with its weights: what every generated class extends. */
export abstract class Model<
  Config extends object,
  Weights extends object,
  Inputs extends object,
  Outputs extends OutputTensors<Outputs>,
> {
  readonly config: Config;
  /** What the spec says beside the forward pass. */
  readonly definition: ModelDefinition<Config, Weights>;
  /** The inputs as the spec declares them, in this configuration. */
  readonly inputDefinitions: readonly InputDefinition[];
  readonly #weights: Weights;
  readonly #variables: ReadonlyMap<string, Variable>;
  readonly #derived = new DerivedTensors();
  #disposed = false;

  protected constructor(definition: ModelDefinition<Config, Weights>, config: Config, weights: Weights) {
    this.definition = definition;
    this.config = config;
    this.inputDefinitions = definition.inputs(config);
    this.#weights = weights;
    this.#variables = variablesOf(weights);
  }

  /** The weights by label. They are variables: `tf.variableGrads` finds them. Throws TFM5305 after `dispose`. */
  get weights(): Weights {
    this.checkAlive();
    return this.#weights;
  }

  /** The number of parameters that the model has in this configuration, whether loaded or not. */
  get parameterCount(): number {
    let count = 0;
    for (const {
      weight: { shape },
    } of declaredWeights(this.definition.weights(this.config))) {
      count += shape.reduce((product, size) => product * size, 1);
    }
    return count;
  }

  /** The weights that training changes, by path. */
  trainable(): Map<string, Variable> {
    this.checkAlive();
    return new Map([...this.#variables].filter(([, variable]) => variable.trainable));
  }

  /**
   * Runs the model once. The outputs belong to the caller: dispose them.
   * Throws `TfmError` in the spec's names where the inputs do not fit their declarations.
   */
  forward<Name extends keyof Outputs = keyof Outputs>(
    inputs: Inputs,
    options: ForwardOptions<Name> = {},
  ): Pick<Outputs, Name> {
    return this.pass(inputs, {}, options.outputs);
  }

  /** Runs the model and returns every labelled value and all attention probabilities. */
  explain(inputs: Inputs): Explanation {
    const recorder = new Recorder();
    try {
      tf.dispose(Object.values(this.pass(inputs, { recorder })) as Tensor[]);
      return recorder.finish();
    } catch (error) {
      recorder.dispose();
      throw error;
    }
  }

  /**
   * The bytes of a safetensors file with the weights, piece by piece. Where the map knows several names for a tensor it is written
   * under the one that it was loaded from.
   */
  async *save(options: SaveModelOptions = {}): AsyncGenerator<Uint8Array> {
    this.checkAlive();
    const isLoaded = (path: string): boolean => this.#variables.has(path);
    const plan = savePlan(this.definition, this.config, this.#weights, options.checkpoint, isLoaded);
    const read = async (path: string): Promise<Float32Array> => {
      const variable = this.#variables.get(path);
      if (!variable) throw new TfmError('TFM5309', `${this.definition.name} has no weight '${path}'`);
      return variable.data<'float32'>();
    };
    yield* saveCheckpoint(plan, read, options);
  }

  /** Gives the weights' memory back. A second call does nothing; any other use afterwards throws TFM5305. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#derived.dispose();
    for (const variable of this.#variables.values()) variable.dispose();
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** The forward pass of the spec. */
  protected abstract compute(inputs: InputTensors<Inputs>, scope: Scope): Computed<Outputs>;

  protected checkAlive(): void {
    if (!this.#disposed) return;
    throw new TfmError('TFM5305', `this ${this.definition.name} was disposed`, 'load or init a new one');
  }

  /** One pass from what the user gave; tensors of the wanted outputs. */
  protected pass<Name extends keyof Outputs = keyof Outputs>(
    inputs: Inputs,
    options: PassOptions,
    wanted?: readonly Name[],
  ): Pick<Outputs, Name> {
    this.checkAlive();
    const outputs = this.#wanted(wanted);
    return tf.tidy(() => {
      const tensors = readInputs(this.definition.name, this.inputDefinitions, inputs, { outputs: outputs.map(String) });
      return this.run(tensors as InputTensors<Inputs>, options, outputs);
    });
  }

  /** One pass from checked tensors. */
  protected run<Name extends keyof Outputs>(
    tensors: InputTensors<Inputs>,
    options: PassOptions,
    outputs: readonly Name[],
  ): Pick<Outputs, Name> {
    const pass = new Pass(options, this.#derived);
    const compute = () =>
      tf.tidy(() => {
        const computed = this.compute(tensors, new Scope(pass));
        const entries = outputs.map((name) => {
          const value = computed[name];
          const made: Tensor = typeof value === 'function' ? value() : value;
          // A tensor of its own: what the caller disposes may also be another output or a weight. What nobody reads may wait for ever.
          return [name, options.scored?.length === 0 ? made : alias(made)];
        });
        return Object.fromEntries(entries) as Pick<Outputs, Name>;
      });
    try {
      return pass.isPlain && fusesLayers() ? runLazily(compute) : compute();
    } finally {
      pass.end();
    }
  }

  /** The loss that the spec declares with `train`: `against` names the input whose tokens are scored, or holds labels. */
  protected trainingLoss(
    inputs: Inputs,
    output: keyof Outputs & string,
    against: string | LabelInput,
    { training = true, seed = 0 }: LossOptions,
    loss: (scores: Tensor, target: LossTarget) => Scalar,
  ): Scalar {
    this.checkAlive();
    return tf.tidy(() => {
      const tensors = readInputs(this.definition.name, this.inputDefinitions, inputs, { outputs: [output] });
      const scores = this.run(tensors as InputTensors<Inputs>, { training, seed }, [output])[output];
      return loss(scores, lossTarget(against, tensors, this.inputDefinitions, scores));
    });
  }

  #wanted<Name extends keyof Outputs>(wanted: readonly Name[] | undefined): readonly Name[] {
    const all = this.definition.outputs as readonly Name[];
    for (const name of wanted ?? []) {
      if (all.includes(name)) continue;
      const near = nearest(String(name), this.definition.outputs, (output) => output);
      const help = near === undefined ? `its outputs are ${all.join(', ')}` : `did you mean '${near}'?`;
      throw new TfmError('TFM5309', `${this.definition.name} has no output '${String(name)}'`, help);
    }
    return wanted ?? all;
  }
}

/** Every variable of a tree of weights by path; what was not loaded is not there. */
function variablesOf(tree: object, path = '', found = new Map<string, Variable>()): Map<string, Variable> {
  for (const [label, child] of Object.entries(tree)) {
    const at = Array.isArray(tree) ? `${path}[${label}]` : path === '' ? label : `${path}.${label}`;
    if (child instanceof tf.Variable) found.set(at, child);
    else variablesOf(child as object, at, found);
  }
  return found;
}
