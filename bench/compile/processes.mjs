// Measured processes. CPU time, not wall time: on a machine that is shared, the clock on the wall tells how busy it is.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const reporter = fileURLToPath(new URL('report-cpu.cjs', import.meta.url));

/**
 * Runs Node with these arguments and gives the milliseconds of CPU time of the whole process, its start included.
 * @param {readonly string[]} argv
 */
export function cpuOfProcess(argv) {
  const { status, stderr, output } = spawnSync(process.execPath, ['--require', reporter, ...argv], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`node ${argv.join(' ')} ended with status ${status}:\n${stderr}`);
  return Number(output[3]);
}

/**
 * Runs a script that prints JSON and gives what it printed.
 * @param {readonly string[]} argv
 */
export function outputOfProcess(argv) {
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`node ${argv.join(' ')} ended with status ${status}:\n${stderr}`);
  return JSON.parse(stdout);
}

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The exponent e of time ≈ c · lines^e: the slope of the line of least squares through the logarithms.
 * @param {readonly (readonly [lines: number, time: number])[]} points
 */
export function fittedExponent(points) {
  const logs = points.map((point) => point.map(Math.log));
  const mean = (axis) => logs.reduce((sum, point) => sum + point[axis], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = logs.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  return covariance / logs.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}
