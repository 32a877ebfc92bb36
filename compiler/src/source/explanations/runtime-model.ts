import type { Explanation } from './explanation.js';

/** Errors of the runtime while a model is configured, fed and run. */
export const runtimeModelExplanations: Readonly<Record<string, Explanation>> = {
  TFM5301: {
    meaning:
      'The configuration does not fulfil a `require` of the spec, or a size comes out as a fraction. The message has the words of the spec; the help says where it stands.',
    fix: 'Choose other values for the parameters that the message names.',
  },
  TFM5302: {
    meaning:
      'The configuration has a parameter that the model does not have, a value of the wrong type, or no value for a parameter without a default.',
    fix: 'The type of the configuration says what is possible: `GptConfig` for a model `Gpt`.',
  },
  TFM5303: {
    meaning:
      'An input does not have the type or the shape that the spec declares. The message shows the declaration, with the sizes of this configuration, and what was given.',
    fix: 'Sequences of different lengths are padded where the spec uses `present(input)`, or where `lengths` are given with them.',
  },
  TFM5304: {
    meaning: 'An input is missing, or there is one that the model does not have.',
    fix: 'Inputs with a `default` may be left out, and so may those that only outputs need that are not asked for.',
  },
  TFM5305: {
    meaning: 'The model, or the state of a generation, was disposed, and its memory given back.',
    fix: 'Load or init a new model; call `prefill` for a new state.',
  },
  TFM5306: {
    meaning:
      'Generated code and the installed runtime were made for different versions of what they expect of each other.',
    fix: 'Update `@tfm-lang/runtime`, or generate the code again with `tfm build`. Keep both at the same version.',
  },
  TFM5307: {
    meaning:
      'An option of generation has a value that is not possible (a negative temperature, `topP` outside of 0 to 1), two exclude each other (`beams` and `topK`), nothing ends the sequence, or a state is of another model, source or batch.',
    fix: 'The message names the option and its range. What there is, and what goes together, is in [generation](../generation.md).',
  },
  TFM5308: {
    meaning:
      'The prompt, or the sequence so far, fills the context: `N <= context` of the spec is the most that the model was made for.',
    fix: 'Shorten the prompt, or generate less. A generation that reaches the limit ends with the reason `context` and is no error.',
  },
  TFM5309: {
    meaning: 'The model has no checkpoint map, output or weight of this name.',
    fix: 'The help names the nearest one. `Model.load` without `checkpoint` reads files in the names of the spec.',
  },
  TFM5310: {
    meaning: 'The scores of the next token are not numbers, so no token can be drawn.',
    fix: 'Are the weights finite, and of this model? Float16 weights may have overflowed when they were converted.',
  },
  TFM5401: {
    meaning:
      'A token id is negative, or not below the size of the vocabulary. WebGPU would read zeros or other rows there without a word.',
    fix: 'Is the tokenizer that of the model? Padding, too, must be an id of the vocabulary.',
  },
  TFM5402: {
    meaning: 'The rows of token ids have different lengths, and nothing says that they may be padded.',
    fix: 'Pad them and give `lengths`, or `present`, with them.',
  },
  TFM5403: {
    meaning: 'A sequence has more positions than its table of learned positions.',
    fix: 'Give a shorter sequence. A bound in the spec, `token[B, T <= context]`, reports it with the name of the input.',
  },
  TFM5404: {
    meaning:
      'An operator was called with shapes that it cannot take together. Generated code does not do that: the compiler has checked its shapes.',
    fix: 'Where you call operators yourself, see their documentation. In generated code, please report it with the spec.',
  },
  TFM5405: {
    meaning: 'A KV cache has a fixed capacity, and more rows were appended than it holds.',
    fix: 'Give `prefill` a larger `capacity`.',
  },
  TFM5406: {
    meaning:
      'A mask or score reads something that does not exist here: a vector where there are none, a table without a value.',
    fix: 'Where you build formulas yourself, see their documentation. In generated code, please report it with the spec.',
  },
  TFM5501: {
    meaning: 'The backend that was asked for is not available. It is never replaced by another one in silence.',
    fix: 'In Node, WebGPU needs the package `webgpu` and a call of `installWebGPU()` from `@tfm-lang/runtime/node`. `useBackend()` without a name takes WebGPU where there is an adapter, and WebAssembly otherwise.',
  },
  TFM5502: {
    meaning:
      'The GPU reported an error: out of memory, or a command that it refused. Results that depend on it would be wrong, so reading them fails.',
    fix: 'Use a smaller batch or a shorter context. Where memory is not the cause, please report it with the message.',
  },
  TFM5503: {
    meaning:
      'The GPU device was lost: the driver was restarted, the machine slept, or the page was in the background for long. Everything on it is gone.',
    fix: "Call `useBackend('webgpu')` again, which takes a new device. A model goes on there with `restoreWeights(model, copies)`, where `copies` is what `copyWeights(model)` gave before the loss; without copies, load it again. Generations begin anew.",
  },
  TFM5504: {
    meaning:
      'The weights need more memory than the backend can have: WebAssembly addresses 4 GB. Nothing of them stays there.',
    fix: "`useBackend('webgpu')` has the memory of the GPU. A smaller model, or fewer `outputs` of it, needs less.",
  },
  TFM5505: {
    meaning:
      "`useBackend('wasm', { threads })` asks for several threads on one memory, and this place does not allow it: the page is not cross-origin isolated, the engine has no WebAssembly SIMD, workers are refused, or wasm was started for one thread before.",
    fix: 'Serve the page with the headers `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`, or leave `threads` out: results are the same. Where wasm runs already, give `threads` at the first `useBackend`.',
  },
  TFM5506: {
    meaning:
      "`useBackend('webgpu', { precision: 'float16' })` asks for numbers of 16 bits in shaders, and the GPU's device has not the feature `shader-f16`: older GPUs and drivers lack it, and so do renderers in software.",
    fix: "Leave `precision` out: `float32`, the default, runs on every device. Where the GPU has halves (`(await navigator.gpu.requestAdapter()).features.has('shader-f16')`) and another library started the device of TensorFlow.js, call `useBackend` first.",
  },
};
