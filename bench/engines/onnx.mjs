// @ts-check
// ONNX Runtime with the model that tfm exports: -web (wasm) and -node with one thread, or -node's WebGPU provider.
import { inputValues } from '../lib/inputs.mjs';
/** @import { InputValue, Job, Runner } from '../lib/types.js' */
/** @import { InferenceSession, Tensor } from 'onnxruntime-node' */

/** @typedef {Record<string, Tensor>} Tensors */
/** @typedef {Pick<typeof import('onnxruntime-node'), 'InferenceSession' | 'Tensor'>} Ort */

/**
 * @param {Job} job
 * @returns {Promise<Runner>}
 */
export async function start({ engine, case: what, models }) {
  const ort = await library(engine);
  const entry = what.decode ? 'decode' : 'forward';
  const session = await sessionOf(ort, engine, String(models?.[entry]));
  const values = inputValues(what);
  if (what.decode) return decoding(ort, session, values, what.decode, what.output);
  const feeds = withPresence(ort, session, Object.fromEntries(values.map((input) => [input.name, tensor(ort, input)])));
  return {
    prepare: async () => undefined,
    async run() {
      const result = (await session.run(feeds, [what.output]))[what.output];
      return [/** @type {Float32Array} */ (result?.data)];
    },
  };
}

/**
 * @param {Job['engine']} engine
 * @returns {Promise<Ort>}
 */
async function library(engine) {
  if (engine !== 'ort-web') return (await import('onnxruntime-node')).default;
  const ort = await import('onnxruntime-web');
  ort.env.wasm.numThreads = 1;
  return ort;
}

/**
 * A session; where it computes on a GPU, the cache stays there.
 * @param {Ort} ort
 * @param {Job['engine']} engine
 * @param {string} file
 */
async function sessionOf(ort, engine, file) {
  const session = await ort.InferenceSession.create(file, options(engine));
  const cache = session.outputNames.filter((name) => name.startsWith('present.'));
  if (engine !== 'ort-webgpu' || cache.length === 0) return session;
  // Only a session tells the names.
  await session.release();
  const preferredOutputLocation = Object.fromEntries(cache.map((name) => [name, /** @type {const} */ ('gpu-buffer')]));
  return ort.InferenceSession.create(file, { ...options(engine), preferredOutputLocation });
}

/**
 * @param {Job['engine']} engine
 * @returns {InferenceSession.SessionOptions}
 */
function options(engine) {
  const common = { graphOptimizationLevel: /** @type {const} */ ('all'), logSeverityLevel: /** @type {const} */ (3) };
  if (engine === 'ort-web') return { ...common, executionProviders: ['wasm'] };
  const threads = engine === 'ort-node' ? { intraOpNumThreads: 1, interOpNumThreads: 1 } : {};
  return { ...common, ...threads, executionProviders: [engine === 'ort-node' ? 'cpu' : 'webgpu'] };
}

/**
 * @param {Ort} ort
 * @param {InputValue} input
 */
function tensor(ort, { kind, values, shape }) {
  if (kind === 'floats') return new ort.Tensor('float32', Float32Array.from(values), shape);
  return new ort.Tensor('int64', BigInt64Array.from(values, BigInt), shape);
}

/**
 * Adds the masks of padding that the model asks for: there is none.
 * @param {Ort} ort
 * @param {InferenceSession} session
 * @param {Tensors} feeds
 * @returns {Tensors}
 */
function withPresence(ort, session, feeds) {
  const masks = session.inputNames
    .filter((name) => name.endsWith('.present'))
    .map((name) => {
      const shape = feeds[name.slice(0, -'.present'.length)]?.dims ?? [];
      const count = shape.reduce((product, size) => product * size, 1);
      return [name, new ort.Tensor('bool', new Uint8Array(count).fill(1), shape)];
    });
  return { ...feeds, ...Object.fromEntries(masks) };
}

/**
 * @param {Ort} ort
 * @param {InferenceSession} session
 * @param {readonly InputValue[]} values
 * @param {{ past: number }} decode
 * @param {string} output
 * @returns {Runner}
 */
function decoding(ort, session, [tokens], { past }, output) {
  if (!tokens) throw new Error('a decoder reads tokens');
  const empty = emptyPast(ort, session);
  /** @type {Tensors} */
  let cache = empty;
  /** @param {Int32Array | Float32Array} ids */
  const step = async (ids) => {
    const feeds = { [tokens.name]: tensor(ort, { ...tokens, values: ids, shape: [1, ids.length] }), ...cache };
    const results = await session.run(withPresence(ort, session, feeds));
    giveBack(cache);
    cache = nextPast(results);
    return /** @type {Float32Array} */ (results[output]?.data);
  };
  return {
    async prepare() {
      giveBack(cache);
      cache = empty;
      await step(tokens.values.subarray(0, past));
    },
    async run() {
      const scores = [];
      for (let i = past; i < tokens.values.length; i++) scores.push(await step(tokens.values.subarray(i, i + 1)));
      return scores;
    },
  };
}

/**
 * The cache before the first token: no rows.
 * @param {Ort} ort
 * @param {InferenceSession} session
 * @returns {Tensors}
 */
function emptyPast(ort, session) {
  const entries = session.inputMetadata.flatMap((input) => {
    if (!input.isTensor || !input.name.startsWith('past.')) return [];
    const shape = input.shape.map((size) => (typeof size === 'number' ? size : size === 'B' ? 1 : 0));
    return [[input.name, new ort.Tensor('float32', new Float32Array(0), shape)]];
  });
  return Object.fromEntries(entries);
}

/**
 * What comes out goes in again, as it is.
 * @param {InferenceSession.OnnxValueMapType} results
 * @returns {Tensors}
 */
function nextPast(results) {
  const present = Object.entries(results).filter(([name]) => name.startsWith('present.'));
  return Object.fromEntries(
    present.map(([name, value]) => [`past.${name.slice('present.'.length)}`, /** @type {Tensor} */ (value)]),
  );
}

/**
 * Buffers of a GPU are not collected like other memory.
 * @param {Tensors} tensors
 */
function giveBack(tensors) {
  for (const each of Object.values(tensors)) if (each.location === 'gpu-buffer') each.dispose();
}
