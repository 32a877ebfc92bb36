/**
 * Every error that the runtime raises on purpose: its code and what it is about, in one table.
 * A page per code stands in `docs/diagnostics/`.
 */
export const runtimeErrors = {
  TFM5101: 'the length of the safetensors header is not possible',
  TFM5102: 'the safetensors header is not a JSON object',
  TFM5103: 'a name occurs twice in a safetensors header',
  TFM5104: 'a tensor in a safetensors header is not described correctly',
  TFM5105: 'a tensor has a number format that cannot be read',
  TFM5106: 'the bytes of a tensor do not fit its shape or the file',
  TFM5107: 'tensors overlap, or bytes of the file belong to no tensor',
  TFM5108: 'the metadata of a safetensors header is not text',
  TFM5109: 'an integer of the file does not fit 32 bits',
  TFM5110: 'a source of weights cannot be read',
  TFM5111: 'a checkpoint has no tensor of this name',
  TFM5112: 'the index of a sharded checkpoint is malformed',
  TFM5113: 'a file of a sharded checkpoint is missing',
  TFM5114: 'the index of a sharded checkpoint does not agree with its files',
  TFM5115: 'the index of a sharded checkpoint leaves its folder',
  TFM5116: 'a tensor cannot be written',
  TFM5117: 'the scales of a quantised tensor are missing, or are not its own',
  TFM5201: 'nothing in the checkpoint fills a weight of the model',
  TFM5202: 'nothing in the model uses a tensor of the checkpoint',
  TFM5203: 'a tensor of the checkpoint does not have the shape of the weight',
  TFM5204: 'tied copies of a weight differ',
  TFM5205: 'two alternatives for one weight are both in the checkpoint',
  TFM5206: 'a rule of the checkpoint map names no weight of the model',
  TFM5207: 'a rule of the checkpoint map is malformed',
  TFM5208: 'two rules of the checkpoint map fill the same weight',
  TFM5209: 'a weight cannot be written under the names of the checkpoint map',
  TFM5301: 'a configuration does not fulfil what the spec requires',
  TFM5302: 'a configuration has an unknown parameter, or a value of the wrong type',
  TFM5303: 'an input does not have the type or the shape that the spec declares',
  TFM5304: 'an input is missing, or the model has no input of this name',
  TFM5305: 'the model or its state was disposed',
  TFM5306: 'generated code and runtime do not fit together',
  TFM5307: 'an option has a value that is not possible',
  TFM5308: 'the context is full',
  TFM5309: 'the model has no checkpoint map, output or weight of this name',
  TFM5310: 'the scores of a generation are not numbers',
  TFM5401: 'a token id is not in the vocabulary',
  TFM5402: 'token ids do not form rows of one length',
  TFM5403: 'a sequence is longer than its table of positions',
  TFM5404: 'shapes that an operator cannot take together',
  TFM5405: 'a KV cache is full',
  TFM5406: 'a formula that cannot be evaluated here',
  TFM5501: 'the backend is not available',
  TFM5502: 'the GPU reported an error',
  TFM5503: 'the GPU device was lost',
  TFM5504: 'the backend has no memory for the weights',
  TFM5505: 'memory cannot be shared between threads',
  TFM5506: 'the device does not have the precision that is asked for',
  TFM5601: 'a tokenizer, or another file beside the weights, cannot be used',
  TFM5602: 'the model has not what a task needs',
  TFM5603: 'a chat template is missing, or refuses the conversation',
  TFM5604: 'the configuration of a preprocessor asks for what is not known',
} as const;

/** The code of an error of the runtime, for example `TFM5101`. */
export type RuntimeErrorCode = keyof typeof runtimeErrors;

/** The base class of all errors that the runtime raises on purpose. */
export class TfmError extends Error {
  override readonly name: string = 'TfmError';
  /** Stable, documented code. */
  readonly code: RuntimeErrorCode;
  /** The likely fix, where there is one. */
  readonly help: string | undefined;

  constructor(code: RuntimeErrorCode, message: string, help?: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.help = help;
  }
}
