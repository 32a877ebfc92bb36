import { useBackend } from '../../../runtime/src/index.js';
import type { SpecModel } from '../specs.js';
import { disagreementOf, type Result } from './compare.js';
import { sensitivity } from './conditioning.js';
import { forward, generatedModel, incremental, type Results, weightsOf } from './generated.js';
import { chooseSizes, type Inputs, type InputValue, randomInputs } from './inputs.js';
import { type OnnxChoice, onnxForward, onnxSteps, rowsOf, type Weights } from './onnx.js';
import { failed, type Problem, problemOf } from './problem.js';
import { random } from './random.js';
import type { Subject } from './subject.js';

export interface Trial {
  /** Of the weights and of the inputs. */
  readonly seed: number;
  /** How long sequences are, for each pass. */
  readonly lengths: readonly number[];
}

/** What the cpu backend says, and what it was asked: the others are compared with that. */
interface Expected {
  readonly passes: readonly Inputs[];
  readonly results: readonly Results[];
  readonly weights: Weights;
}

/** Runs a model on every engine. What disagrees, in words: nothing where all is well. */
export async function differences(subject: Subject, trial: Trial): Promise<string[]> {
  const passes = trial.lengths.map((length, i) => {
    const seed = 100 * trial.seed + i;
    return randomInputs(subject, chooseSizes(subject, length, seed), seed);
  });
  const onCpu = await onBackend('cpu', subject, trial.seed, passes);
  const onWasm = await onBackend('wasm', subject, trial.seed, passes);
  const expected = { passes, results: onCpu.results, weights: onCpu.weights };
  const problems = [
    ...notNumbers(expected),
    ...compared('wasm', onWasm.results, expected),
    ...onCpu.problems,
    ...onWasm.problems,
    ...(await onnx(subject, trial.seed, expected)),
  ];
  if (problems.length === 0) return [];
  const moved = await sensitivity(subject, trial.seed, passes, onCpu.results);
  const isRounding = ({ apart, output }: Problem): boolean => apart <= 4 * (moved.get(output) ?? 0);
  return problems.filter((problem) => !isRounding(problem)).map(({ words }) => words);
}

interface Ran {
  readonly results: readonly Results[];
  readonly weights: Weights;
  /** Of prefill and steps. */
  readonly problems: readonly Problem[];
}

/** The generated class on a backend: over everything at once, and step by step. */
async function onBackend(
  backend: 'cpu' | 'wasm',
  subject: Subject,
  seed: number,
  passes: readonly Inputs[],
): Promise<Ran> {
  await useBackend(backend);
  const model = generatedModel(subject, seed);
  try {
    const results: Results[] = [];
    for (const inputs of passes) results.push(await forward(model, inputs));
    const problems = subject.model.generate ? await steps(model, subject, backend, seed, passes) : [];
    return { results, weights: await weightsOf(model), problems };
  } finally {
    model.dispose();
  }
}

/** The opset with attention as an operator, and older ones; a part of the models as they are, without optimisation. */
function onnxChoice(seed: number): OnnxChoice {
  const opsets = [23, 17, 23, 24, 20];
  return { opset: opsets[seed % opsets.length]!, optimized: seed % 3 !== 0 };
}

async function onnx(subject: Subject, seed: number, { passes, results, weights }: Expected): Promise<Problem[]> {
  const choice = onnxChoice(seed);
  const engine = `ONNX Runtime, opset ${choice.opset}${choice.optimized ? '' : ', not optimised'}`;
  try {
    const problems = compared(engine, await onnxForward(subject, weights, passes, choice), {
      passes,
      results,
      weights,
    });
    if (!subject.model.generate) return problems;
    const { input, output, scores } = subject.model.generate;
    const longest = indexOfLongest(passes, input);
    const inputs = passes[longest]!;
    const chance = random(seed + 3);
    const length = lengthOf(inputs, input);
    const prompt = scores === 'self' ? chance.below(length + 1) : 1 + chance.below(length);
    const found = await onnxSteps(subject, weights, inputs, choice, prompt, [1, 3, 2]);
    for (const { from, to, result } of found) {
      const problem = disagreementOf(result, rowsOf(results[longest]!.get(output)!, from, to));
      if (problem === undefined) continue;
      const place = `${engine}, ${describe(inputs)}, a prefill of ${prompt} rows: rows ${from} to ${to - 1}`;
      problems.push(problemOf(place, output, problem));
    }
    return problems;
  } catch (error) {
    return [failed(engine, error instanceof Error ? error.message : String(error))];
  }
}

function describe({ sizes }: Inputs): string {
  return [...sizes].map(([name, size]) => `${name} = ${size}`).join(', ');
}

/** Outputs that are no finite numbers compare with nothing. */
function notNumbers({ passes, results }: Expected): Problem[] {
  return results.flatMap((outputs, i) =>
    [...outputs]
      .filter(([, { data }]) => !Array.from(data).every(Number.isFinite))
      .map(([name]) => failed(`cpu, ${describe(passes[i]!)}`, `${name} has elements that are no finite numbers`)),
  );
}

function compared(engine: string, found: readonly Results[], { passes, results }: Expected): Problem[] {
  return results.flatMap((outputs, i) =>
    [...outputs].flatMap(([name, result]) => {
      const other = found[i]?.get(name);
      const place = `${engine}, ${describe(passes[i]!)}`;
      if (!other) return [failed(place, `${name} is missing`)];
      const problem = disagreementOf(other, result);
      return problem === undefined ? [] : [problemOf(place, name, problem)];
    }),
  );
}

/** Prefill and steps against one pass over everything, on the same backend. */
async function steps(
  model: SpecModel,
  subject: Subject,
  engine: string,
  seed: number,
  passes: readonly Inputs[],
): Promise<Problem[]> {
  const { input, output } = subject.model.generate!;
  const inputs = withoutPadding(passes[indexOfLongest(passes, input)]!, input);
  const whole = (await forward(model, inputs)).get(output)!;
  const [batch = 1] = whole.shape;
  const length = lengthOf(inputs, input);
  const chance = random(seed);
  const same = 1 + chance.below(length);
  const prompts = [
    Array<number>(batch).fill(same),
    Array.from({ length: batch }, () => 1 + chance.below(length)), // of different lengths
  ];
  const problems: Problem[] = [];
  for (const each of prompts) {
    for (const { sequence, row, scores } of await incremental(model, subject, inputs, each)) {
      const problem = disagreementOf({ shape: [scores.length], data: scores }, rowOf(whole, sequence, row));
      if (problem === undefined) continue;
      const place = `${engine} step by step behind prompts of ${each.join(', ')}, ${describe(inputs)}`;
      problems.push(problemOf(`${place}: row ${row} of sequence ${sequence}`, output, problem));
    }
  }
  return problems;
}

const lengthOf = ({ values }: Inputs, name: string): number =>
  values.find((value) => value.name === name)?.shape[1] ?? 0;

const indexOfLongest = (passes: readonly Inputs[], input: string): number =>
  passes.reduce((best, inputs, i) => (lengthOf(inputs, input) > lengthOf(passes[best]!, input) ? i : best), 0);

/** All rows of the growing input are real: prompts have no padding in front. */
function withoutPadding(inputs: Inputs, growing: string): Inputs {
  const real = (value: InputValue): InputValue => {
    const { present: _, ...rest } = value;
    return value.name === growing ? rest : value;
  };
  return { ...inputs, values: inputs.values.map(real) };
}

function rowOf({ shape, data }: Result, sequence: number, row: number): Result {
  const [, rows = 1, classes = 1] = shape;
  const from = (sequence * rows + row) * classes;
  return { shape: [classes], data: Array.from({ length: classes }, (_, i) => data[from + i]!) };
}
