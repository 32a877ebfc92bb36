// @ts-check
// The command `npm run bench`.
import fs from 'node:fs';
import { cases } from './cases.mjs';
import { engines, isGpuEngine } from './engines.mjs';
import { findGpu } from './gpu.mjs';
import { thisMachine } from './machine.mjs';
import { measureCase } from './measure.mjs';
import { readOptions, UsageError, usage } from './options.mjs';
import { progressOn } from './progress.mjs';
import { jsonReport, legend, machineLine, resultTable } from './report.mjs';
/** @import { Gpu } from './gpu.mjs' */
/** @import { Options } from './options.mjs' */
/** @import { Case, Engine } from './types.js' */

/** @typedef {{ write(text: string): unknown, isTTY?: boolean, columns?: number }} Stream */

/**
 * Runs the command and gives its exit status: 0 fine, 1 an engine failed or gave other numbers, 2 the command line is wrong.
 * @param {readonly string[]} argv
 * @param {{ stdout: Stream, stderr: Stream }} streams
 * @returns {Promise<number>}
 */
export async function bench(argv, { stdout, stderr }) {
  const progress = progressOn(stderr);
  try {
    const options = readOptions(argv);
    if (options.list) {
      stdout.write(listing());
      return 0;
    }
    const gpu = await gpuFor(options);
    const machine = thisMachine(gpu?.name);
    const results = [];
    for (const what of options.cases) {
      const running = enginesFor(what, options, gpu);
      const environment = gpu?.environment ?? process.env;
      results.push(await measureCase(what, running, { ...options, gpuEnvironment: environment, progress }));
      // After each case: an hour's measurements are not lost to the last one.
      if (options.json !== undefined)
        fs.writeFileSync(options.json, `${JSON.stringify(jsonReport(results, machine), null, 2)}\n`);
    }
    progress.end();
    stdout.write(`${machineLine(machine)}\n\n${resultTable(results)}\n\n${legend}\n`);
    return 0;
  } catch (error) {
    progress.end();
    const wrongUsage = error instanceof UsageError;
    stderr.write(`${error instanceof Error ? error.message : String(error)}\n${wrongUsage ? `\n${usage}\n` : ''}`);
    return wrongUsage ? 2 : 1;
  }
}

/**
 * Looks for a GPU where one may be needed. Throws where one was asked for and there is none.
 * @param {Options} options
 */
async function gpuFor(options) {
  const asked = options.engines?.some(isGpuEngine) || options.cases.some(({ group }) => group === 'gpu');
  const wanted = options.engines === undefined || asked;
  const gpu = wanted ? await findGpu(options.software) : undefined;
  if (gpu || !asked) return gpu;
  throw new Error('this machine has no GPU that WebGPU finds; --software takes SwiftShader, which is for tests');
}

/**
 * @param {Case} what
 * @param {Options} options
 * @param {Gpu | undefined} gpu
 * @returns {readonly Engine[]}
 */
function enginesFor(what, options, gpu) {
  const possible = (options.engines ?? engines).filter(({ name }) => what.engines.includes(name));
  return possible.filter((engine) => gpu !== undefined || !isGpuEngine(engine));
}

function listing() {
  const shown = cases.filter(({ group }) => group !== 'test');
  const lines = [
    'cases:',
    ...shown.map(({ name, title, group }) => `  ${name.padEnd(24)} ${title}${group === 'gpu' ? ' (GPU)' : ''}`),
    'engines:',
    ...engines.map(({ name, title }) => `  ${name.padEnd(24)} ${title}`),
  ];
  return `${lines.join('\n')}\n`;
}
