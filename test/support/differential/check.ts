import { useBackend } from '../../../runtime/src/index.js';
import type { SpecModel } from '../specs.js';
import { disagreement, type Result } from './compare.js';
import { forward, generatedModel, incremental, type Results } from './generated.js';
import { chooseSizes, type Inputs, type InputValue, randomInputs } from './inputs.js';
import { random } from './random.js';
import type { Subject } from './subject.js';

export interface Trial {
  /** Of the weights and of the inputs. */
  readonly seed: number;
  /** How long sequences are, for each pass. */
  readonly lengths: readonly number[];
}

/** Runs a model on every engine. What disagrees, in words: nothing where all is well. */
export async function differences(subject: Subject, trial: Trial): Promise<string[]> {
  const passes = trial.lengths.map((length, i) => {
    const seed = 100 * trial.seed + i;
    return randomInputs(subject, chooseSizes(subject, length, seed), seed);
  });
  const problems: string[] = [];
  let expected: readonly Results[] = [];
  for (const backend of ['cpu', 'wasm'] as const) {
    await useBackend(backend);
    const model = generatedModel(subject, trial.seed);
    try {
      const found: Results[] = [];
      for (const inputs of passes) found.push(await forward(model, inputs));
      if (backend === 'cpu') {
        expected = found;
        found.forEach((results, i) => problems.push(...notNumbers(results, describe(passes[i]!))));
      } else found.forEach((results, i) => problems.push(...compared(backend, results, expected[i]!, passes[i]!)));
      if (subject.model.generate) problems.push(...(await steps(model, subject, backend, trial.seed, passes)));
    } finally {
      model.dispose();
    }
  }
  return problems;
}

export function describe({ sizes }: Inputs): string {
  return [...sizes].map(([name, size]) => `${name} = ${size}`).join(', ');
}

/** Outputs that are no finite numbers compare with nothing. */
function notNumbers(results: Results, sizes: string): string[] {
  return [...results]
    .filter(([, { data }]) => !Array.from(data).every(Number.isFinite))
    .map(([name]) => `cpu, ${sizes}: ${name} has elements that are no finite numbers`);
}

function compared(engine: string, found: Results, expected: Results, inputs: Inputs): string[] {
  return [...expected].flatMap(([name, result]) => {
    const other = found.get(name);
    const problem = other ? disagreement(other, result) : 'is missing';
    return problem === undefined ? [] : [`${engine}, ${describe(inputs)}: ${name} ${problem}`];
  });
}

/** Prefill and steps against one pass over everything, on the same backend. */
async function steps(
  model: SpecModel,
  subject: Subject,
  engine: string,
  seed: number,
  passes: readonly Inputs[],
): Promise<string[]> {
  const { input, output } = subject.model.generate!;
  const longest = passes.reduce((a, b) => (lengthOf(b, input) > lengthOf(a, input) ? b : a));
  const inputs = withoutPadding(longest, input);
  const whole = (await forward(model, inputs)).get(output)!;
  const [batch = 1] = whole.shape;
  const length = lengthOf(inputs, input);
  const chance = random(seed);
  const same = 1 + chance.below(length);
  const prompts = [
    Array<number>(batch).fill(same),
    Array.from({ length: batch }, () => 1 + chance.below(length)), // of different lengths
  ];
  const problems: string[] = [];
  for (const each of prompts) {
    for (const { sequence, row, scores } of await incremental(model, subject, inputs, each)) {
      const problem = disagreement({ shape: [scores.length], data: scores }, rowOf(whole, sequence, row));
      if (problem !== undefined)
        problems.push(
          `${engine} step by step behind prompts of ${each.join(', ')}, ${describe(inputs)}: row ${row} of sequence ${sequence} ${problem}`,
        );
    }
  }
  return problems;
}

const lengthOf = ({ values }: Inputs, name: string): number =>
  values.find((value) => value.name === name)?.shape[1] ?? 0;

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
