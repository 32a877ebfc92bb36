import fc from 'fast-check';
import { differences } from './check.js';
import { type MadeTrial, madeTrial } from './generator/index.js';
import { subjectOfText } from './subject.js';

/**
 * Where a run begins: `TFM_DIFFERENTIAL_SEED` runs other specs, `TFM_DIFFERENTIAL_RUNS` more of them, and with
 * `TFM_DIFFERENTIAL_PATH` just the one that a failure has printed.
 */
export interface Runs {
  readonly seed: number;
  readonly count: number;
  readonly path?: string;
}

/** The two halves of the random specs of the suite. */
export const randomRuns = (): Runs => runsFrom(1, 150);
export const moreRandomRuns = (): Runs => runsFrom(2, 150);

function runsFrom(seed: number, count: number): Runs {
  const { TFM_DIFFERENTIAL_SEED, TFM_DIFFERENTIAL_RUNS, TFM_DIFFERENTIAL_PATH } = process.env;
  return {
    seed: TFM_DIFFERENTIAL_SEED === undefined ? seed : Number(TFM_DIFFERENTIAL_SEED),
    count: TFM_DIFFERENTIAL_RUNS === undefined ? count : Number(TFM_DIFFERENTIAL_RUNS),
    ...(TFM_DIFFERENTIAL_PATH !== undefined && { path: TFM_DIFFERENTIAL_PATH }),
  };
}

/** The specs of a run, in their order. */
export const specsOf = ({ seed, count }: Runs): MadeTrial[] => fc.sample(madeTrial, { seed, numRuns: count });

async function agree({ spec, seed, lengths }: MadeTrial): Promise<void> {
  const problems = await differences(await subjectOfText(spec), { seed, lengths });
  if (problems.length > 0) throw new Error(problems.slice(0, 8).join('\n'));
}

/** Runs them all on every engine; of the first failure the smallest spec that fails, in words. */
export async function failureOf({ seed, count, path }: Runs, file: string): Promise<string | undefined> {
  const details = await fc.check(fc.asyncProperty(madeTrial, agree), {
    seed,
    numRuns: count,
    ...(path !== undefined && { path }),
    // A failing spec is shrunk for as long as that, then the smallest so far is told.
    interruptAfterTimeLimit: 600_000,
  });
  if (!details.failed) return undefined;
  const [trial] = details.counterexample ?? [];
  if (!trial) return 'interrupted';
  const { spec, lengths } = trial;
  return [
    details.errorInstance instanceof Error ? (details.errorInstance.stack ?? '') : String(details.errorInstance),
    '',
    spec.text,
    `configuration: ${JSON.stringify(spec.settings)}`,
    `lengths: ${lengths.join(', ')}; seed of weights and inputs: ${trial.seed}; shrunk ${details.numShrinks} times, run ${details.numRuns}`,
    'again, just this one:',
    `  TFM_DIFFERENTIAL_SEED=${details.seed} TFM_DIFFERENTIAL_PATH='${details.counterexamplePath}' npx vitest run --project node ${file}`,
  ].join('\n');
}
