/** Types of the bench; only its documentation comments import them. */

export type EngineName = 'wasm' | 'wasm-relaxed' | 'ort-web' | 'ort-node' | 'stock' | 'webgpu' | 'ort-webgpu';

export interface CaseInput {
  readonly name: string;
  /** `tokens` are ids from 1 up (0 may be padding) below `of`, `kinds` from 0 up; `floats` are normal numbers. */
  readonly kind: 'tokens' | 'kinds' | 'floats';
  readonly shape: readonly number[];
  readonly of?: number;
}

/** What is measured: a model of a spec in a configuration, and what it is given. */
export interface Case {
  readonly name: string;
  readonly title: string;
  /** A file of `specs/models`, without its extension. */
  readonly spec: string;
  readonly model: string;
  readonly preset?: string;
  readonly config: Readonly<Record<string, number | boolean>>;
  readonly inputs: readonly CaseInput[];
  /** The one output that is computed and compared. */
  readonly output: string;
  /** One token at a time behind `past` tokens, `steps` of them in one run; the input has `past + steps` tokens. */
  readonly decode?: { readonly past: number; readonly steps: number };
  readonly engines: readonly EngineName[];
  /** `test` cases are small and not shown. */
  readonly group: 'cpu' | 'gpu' | 'test';
}

/** A form of the ONNX model: with the operator Attention, or without, for older consumers. */
export type Form = 'attention' | 'decomposed';

export interface Engine {
  readonly name: EngineName;
  readonly title: string;
  /** What is compared: CPU time of the engines with one thread, else the time until the result is there. */
  readonly time: 'cpu' | 'wall';
  /** Ratios are to this engine. */
  readonly baseline: EngineName;
  /** The forms that are tried; the faster one is measured. */
  readonly forms?: readonly Form[];
}

/** An input with its numbers. */
export interface InputValue extends CaseInput {
  readonly values: Int32Array | Float32Array;
}

/** What an engine's process is told. Files by their absolute paths. */
export interface Job {
  readonly engine: EngineName;
  readonly case: Case;
  /** A safetensors file under the spec's own names. */
  readonly weights: string;
  /** The generated JavaScript module. */
  readonly module: string;
  /** ONNX models by entry; for the engines of ONNX Runtime. */
  readonly models?: Readonly<Record<string, string>>;
}

/** An engine that is ready to run a case. */
export interface Runner {
  /** What must be there before a run and is not measured: the cache of the tokens in front. */
  prepare(): Promise<void>;
  /** One run; the output's numbers, for decoding those of every step. */
  run(): Promise<readonly Float32Array[]>;
}

/** Milliseconds, bytes. */
export interface Sample {
  readonly cpu: number;
  readonly wall: number;
}

export interface Started {
  /** Loading and the first call, by the clock. */
  readonly firstCall: number;
  readonly form?: Form;
}

export interface EngineResult extends Started {
  readonly engine: EngineName;
  readonly samples: readonly Sample[];
  /** The most memory that the process ever held, bytes. */
  readonly memory: number;
  /** Medians of the forms' trials, milliseconds. */
  readonly trials?: Readonly<Partial<Record<Form, number>>>;
  /** Largest difference to the outputs of any other engine. */
  readonly difference: number;
}

export interface CaseResult {
  readonly case: Case;
  readonly tolerance: number;
  readonly engines: readonly EngineResult[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memory: number;
  readonly platform: string;
  readonly node: string;
  readonly packages: Readonly<Record<string, string>>;
  readonly adapter?: string;
}
