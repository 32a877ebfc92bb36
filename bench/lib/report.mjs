// @ts-check
// The results as a table and as JSON.
import { engines } from './engines.mjs';
import { quantile, ratio } from './statistics.mjs';
/** @import { CaseResult, Engine, EngineResult, Machine, Sample } from './types.js' */

/** What counts: CPU time of single-thread engines, the clock's time of the others. */
export const timesOf = (/** @type {EngineResult} */ { engine, samples }) =>
  samples.map((sample) => sample[engineNamed(engine).time]);

/**
 * @param {string} name
 * @returns {Engine}
 */
function engineNamed(name) {
  const engine = engines.find((each) => each.name === name);
  if (!engine) throw new Error(`there is no engine '${name}'`);
  return engine;
}

/**
 * Ratios of an engine to its baseline and to the fastest one that is timed in the same way; a baseline that did not run has none.
 * @param {EngineResult} result
 * @param {CaseResult} of
 */
export function ratios(result, of) {
  const { baseline, time } = engineNamed(result.engine);
  const base = of.engines.find(({ engine }) => engine === baseline);
  const alike = of.engines.filter(({ engine }) => engineNamed(engine).time === time);
  const [best] = alike.toSorted((a, b) => quantile(timesOf(a), 0.5) - quantile(timesOf(b), 0.5));
  return {
    baseline: base && ratio(timesOf(result), timesOf(base)),
    best: best && ratio(timesOf(result), timesOf(best)),
  };
}

const milliseconds = (/** @type {number} */ time) => (time < 10 ? time.toFixed(2) : time.toFixed(time < 100 ? 1 : 0));
const times = (/** @type {number | undefined} */ value) => (value === undefined ? '' : value.toFixed(2));
const mebibytes = (/** @type {number} */ bytes) => (bytes / 2 ** 20).toFixed(0);

/**
 * @param {readonly (readonly string[])[]} rows the first is the head, the first two columns are text
 */
export function table(rows) {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const isText = (/** @type {number} */ column) => column < 2;
  const line = (/** @type {readonly string[]} */ row) =>
    `| ${row.map((cell, i) => (isText(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = widths.map((width, i) => (isText(i) ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`));
  const [head = [], ...body] = rows;
  return [line(head), `|${rule.join('|')}|`, ...body.map(line)].join('\n');
}

/** @param {Machine} machine */
export const machineLine = ({ cpu, cores, node, platform, adapter }) =>
  `${cores} × ${cpu}, ${platform}, Node ${node}${adapter ? `, GPU: ${adapter}` : ''}`;

/** @param {readonly CaseResult[]} results */
export function resultTable(results) {
  const head = ['case', 'engine', 'CPU ms', 'wall ms', '÷ ort', '÷ best', 'peak MiB', 'first ms', 'rounds', 'apart'];
  const rows = results.flatMap((result) =>
    result.engines.map((row, i) => {
      const { baseline, best } = ratios(row, result);
      const median = (/** @type {keyof Sample} */ time) =>
        milliseconds(quantile(row.samples.map((sample) => sample[time]), 0.5)); // biome-ignore format: one line
      return [
        i === 0 ? result.case.title : '',
        engineLabel(row),
        engineNamed(row.engine).time === 'cpu' ? median('cpu') : '',
        median('wall'),
        times(baseline),
        times(best),
        mebibytes(row.memory),
        row.firstCall.toFixed(0),
        String(row.samples.length),
        row.difference.toExponential(0),
      ];
    }),
  );
  return table([head, ...rows]);
}

const engineLabel = (/** @type {EngineResult} */ { engine, form }) =>
  form === undefined ? engine : `${engine} (${form === 'attention' ? 'opset 23' : 'opset 17'})`;

export const legend = `CPU and wall: medians of all rounds. ÷ ort: to ort-web by CPU time, of GPU engines to ort-webgpu by the clock; the median of the
rounds' ratios. ÷ best: to the fastest of the same kind. first: loading and the first call. apart: the largest difference to
another engine's output, as a share of its largest number (or of 1).`;

/**
 * @param {readonly CaseResult[]} results
 * @param {Machine} machine
 */
export function jsonReport(results, machine) {
  const cases = results.map((result) => ({
    case: result.case.name,
    title: result.case.title,
    tolerance: result.tolerance,
    engines: result.engines.map((row) => ({
      engine: row.engine,
      ...(row.form && { form: row.form, trials: row.trials }),
      compared: engineNamed(row.engine).time,
      cpu: summary(row.samples.map(({ cpu }) => cpu)),
      wall: summary(row.samples.map(({ wall }) => wall)),
      rounds: row.samples.length,
      ratio: ratios(row, result),
      memory: row.memory,
      firstCall: row.firstCall,
      difference: row.difference,
    })),
  }));
  return { machine, units: { time: 'ms', memory: 'bytes' }, cases };
}

/** @param {readonly number[]} values */
const summary = (values) => ({
  median: quantile(values, 0.5),
  quartiles: [quantile(values, 0.25), quantile(values, 0.75)],
});
