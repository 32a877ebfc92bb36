// @ts-check
// One case: its engines side by side.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkAgreement, tolerances } from './agreement.mjs';
import { isGpuEngine } from './engines.mjs';
import { generatedModule, onnxModels, weightsFile } from './prepare.mjs';
import { EngineProcess } from './processes.mjs';
import { median } from './statistics.mjs';

/** @import { Progress } from './progress.mjs' */
/** @import { Case, CaseResult, Engine, EngineResult, Form, Sample, Started } from './types.js' */

/**
 * @typedef {object} Plan
 * @property {number | undefined} rounds by default as many as the budget allows
 * @property {boolean} quick
 * @property {NodeJS.ProcessEnv} gpuEnvironment with which engines find the GPU
 * @property {Progress} progress
 */

/** Milliseconds that the rounds of a case may take together, what is not measured included. */
const budget = 40_000;
const fewest = 7;
const most = 40;
/** Runs of each form of the ONNX model, after a first one; the faster form is measured. */
const trials = 3;

/**
 * Starts the engines of a case, compares their outputs, measures them in turns, and ends them.
 * @param {Case} what
 * @param {readonly Engine[]} engines
 * @param {Plan} plan
 * @returns {Promise<CaseResult>}
 */
export async function measureCase(what, engines, plan) {
  /** @type {EngineProcess[]} */
  const processes = [];
  const say = (/** @type {string} */ text) => plan.progress.stage(`${what.name}: ${text}`);
  try {
    say('weights');
    const module = await generatedModule(what.spec);
    const weights = await weightsFile(what, module);
    const started = [];
    for (const engine of engines) {
      say(`starting ${engine.name}`);
      started.push(await startEngine(engine, { what, module, weights, plan, processes, say }));
    }
    say('comparing the outputs');
    const tolerance = engines.some(isGpuEngine) ? tolerances.gpu : tolerances.cpu;
    const differences = checkAgreement(what.title, await outputs(started), tolerance);
    const samples = await inTurns(what, started, plan);
    const results = [];
    for (const { process, ...about } of started) {
      const name = process.name;
      const measured = scaled(samples.get(process) ?? [], what.decode?.steps ?? 1);
      const result = { ...about, engine: name, samples: measured, memory: await process.memory() };
      results.push({ ...result, difference: differences[name] ?? 0 });
    }
    return { case: what, tolerance, engines: results };
  } finally {
    await Promise.all(processes.map((process) => process.stop()));
  }
}

/** @typedef {Started & Pick<EngineResult, 'trials'> & { readonly process: EngineProcess }} Ready */

/**
 * @typedef {object} Surroundings
 * @property {Case} what
 * @property {string} module
 * @property {string} weights
 * @property {Plan} plan
 * @property {EngineProcess[]} processes those to end in the end
 * @property {(text: string) => void} say
 */

/**
 * @param {Engine} engine
 * @param {Surroundings} around
 * @returns {Promise<Ready>}
 */
async function startEngine(engine, around) {
  const { what, module, weights, plan, processes, say } = around;
  const job = { engine: engine.name, case: what, module, weights };
  const env = isGpuEngine(engine) ? plan.gpuEnvironment : process.env;
  /** @param {Partial<import('./types.js').Job>} [more] */
  const begin = async (more) => {
    const made = new EngineProcess({ ...job, ...more }, env);
    processes.push(made);
    return { process: made, ...(await made.start()) };
  };
  if (!engine.forms) return begin();
  const candidates = [];
  for (const form of engine.forms) {
    say(`${engine.name}, form ${form}`);
    const models = await onnxModels(what, weights, form);
    candidates.push({ ...(await begin({ models })), form });
  }
  return fastest(candidates, engine);
}

/**
 * The faster form; the processes of the others end.
 * @param {readonly (Ready & { readonly form: Form })[]} candidates
 * @param {Engine} engine
 * @returns {Promise<Ready>}
 */
async function fastest(candidates, { time }) {
  const times = new Map(candidates.map((candidate) => [candidate, /** @type {number[]} */ ([])]));
  for (let trial = 0; trial < trials; trial++)
    for (const candidate of candidates) times.get(candidate)?.push((await candidate.process.run())[time]);
  const medians = candidates.map((candidate) => ({ candidate, time: median(times.get(candidate) ?? []) }));
  const [best, ...others] = medians.toSorted((a, b) => a.time - b.time);
  if (!best) throw new Error('there is no form to try');
  await Promise.all(others.map(({ candidate }) => candidate.process.stop()));
  return { ...best.candidate, trials: Object.fromEntries(medians.map((each) => [each.candidate.form, each.time])) };
}

/**
 * The outputs of every engine, through files: they are large.
 * @param {readonly Ready[]} started
 */
async function outputs(started) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tfm-bench-'));
  try {
    const found = [];
    for (const { process } of started) {
      const file = path.join(folder, process.name);
      await process.write(file);
      const { buffer, byteOffset, byteLength } = fs.readFileSync(file);
      found.push({ name: process.name, numbers: new Float32Array(buffer, byteOffset, byteLength / 4) });
    }
    return found;
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Round after round, in each of them every engine once, so that a busy minute falls on all.
 * @param {Case} what
 * @param {readonly Ready[]} started
 * @param {Plan} plan
 */
async function inTurns(what, started, { rounds: wanted, quick, progress }) {
  /** @type {Map<EngineProcess, Sample[]>} */
  const samples = new Map(started.map(({ process }) => [process, []]));
  let rounds = wanted ?? (quick ? 2 : most);
  const begin = performance.now();
  for (let round = 0; round < rounds; round++) {
    for (const { process } of started) {
      progress.step(`${what.name}: round ${round + 1} of ${rounds}, ${process.name}`);
      samples.get(process)?.push(await process.run());
    }
    // The first round has told what one costs.
    if (round === 0 && wanted === undefined && !quick)
      rounds = Math.max(fewest, Math.min(most, Math.floor(budget / (performance.now() - begin))));
  }
  return samples;
}

/**
 * Of one token instead of one run.
 * @param {readonly Sample[]} samples
 * @param {number} steps
 */
const scaled = (samples, steps) => samples.map(({ cpu, wall }) => ({ cpu: cpu / steps, wall: wall / steps }));
