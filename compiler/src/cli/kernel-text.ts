import type { KernelList, KernelRun } from '@tfm-lang/runtime/node';
import { type Column, formatTable } from './table.js';
import { bytes } from './units.js';

/** The kernels of both passes, what repeats folded: `×12` above the kernels of a layer. */
export function kernelText({ prefill, step }: KernelList): string {
  const passes = [section(step ? 'prefill' : 'one pass', prefill), ...(step ? [section('one token', step)] : [])];
  return `${passes.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function section(title: string, runs: readonly KernelRun[]): string[] {
  const rows = folded(runs).flatMap(({ times, runs: part }) => {
    const lines = part.map((run) => [
      `${times > 1 ? '  ' : ''}${run.kernel}`,
      run.workgroups.join(' × '),
      bytes(run.bytes),
    ]);
    return times > 1 ? [[`×${times}`, '', ''], ...lines] : lines;
  });
  return [`${title}: ${runs.length} kernels on WebGPU`, '', ...formatTable(columns, rows)];
}

const columns: readonly Column[] = [
  { title: 'kernel', align: 'left' },
  { title: 'workgroups', align: 'right' },
  { title: 'bytes bound', align: 'right' },
];

interface Repeated {
  readonly times: number;
  readonly runs: readonly KernelRun[];
}

/** What follows itself is told once: from the start on, whatever covers the most. */
function folded(runs: readonly KernelRun[]): Repeated[] {
  const keys = runs.map((run) => JSON.stringify(run));
  const found: Repeated[] = [];
  for (let at = 0; at < runs.length; ) {
    const { period, times } = longestRepeat(keys, at);
    found.push({ times, runs: runs.slice(at, at + period) });
    at += period * times;
  }
  return found;
}

function longestRepeat(keys: readonly string[], from: number): { readonly period: number; readonly times: number } {
  let best = { period: 1, times: 1 };
  for (let period = 1; from + 2 * period <= keys.length; period++) {
    let same = 0;
    while (keys[from + same] !== undefined && keys[from + same] === keys[from + same + period]) same++;
    const times = Math.floor(same / period) + 1;
    if (times > 1 && period * times > best.period * best.times) best = { period, times };
  }
  return best;
}
