import { printLiteral } from '../algebra/print.js';
import { views } from '../explain/costs.js';
import type { Explanation } from '../explain/explanation.js';
import type { Row } from '../explain/rows.js';
import type { Weight } from '../explain/weights.js';
import { type Column, formatTable } from './table.js';
import { bytes, count, decimal } from './units.js';

/** What `tfm explain` prints. */
export function explanationText(explanation: Explanation, withWeights: boolean): string {
  const generates = explanation.totals.decode !== undefined;
  const lines = explanation.rows.filter(isShown).flatMap((row) => rowLines(row, 0, generates));
  const { totals } = explanation;
  const total = [
    'total',
    '',
    '',
    count(totals.parameters),
    decimal(totals.prefill.flops),
    bytes(totals.prefill.activations),
  ];
  if (generates) total.push(decimal(totals.decode?.flops ?? 0), bytes(totals.cache?.perToken ?? 0));
  const table = formatTable(columns(generates), [...lines, total]);
  const weights = withWeights ? ['', ...formatTable(weightColumns, weightLines(explanation.weights))] : [];
  return `${[...heading(explanation), '', ...table, ...weights, '', ...summary(explanation)].join('\n')}\n`;
}

function heading({ model, configuration, dimensions, past }: Explanation): string[] {
  const settings = Object.entries(configuration).map(([name, value]) => `${name} = ${printLiteral(value)}`);
  const sizes = Object.entries(dimensions).map(([name, size]) => `${name} = ${size}`);
  const step = past === undefined ? '' : `; decode: one token after ${past}`;
  return [`${model}(${settings.join(', ')})`, `prefill: ${sizes.join(', ') || 'no open sizes'}${step}`];
}

function columns(generates: boolean): Column[] {
  const right = (title: string): Column => ({ title, align: 'right' });
  return [
    { title: 'layer', align: 'left' },
    { title: 'output', align: 'left' },
    { title: 'shape', align: 'left' },
    right('parameters'),
    right('FLOPs'),
    right('activations'),
    ...(generates ? [right('decode FLOPs'), right('KV/token')] : []),
  ];
}

/** A layer and what it consists of, indented. Steps without a name, a weight or attention are only counted. */
function rowLines(row: Row, depth: number, generates: boolean): string[][] {
  const times = row.copies.length > 1 ? ` ×${row.copies.length}` : '';
  const kind = row.kind === row.label || row.kind === 'repeat' || row.kind === 'copy' ? '' : ` (${row.kind})`;
  const name = row.copies.length > 0 ? `${copiesLabel(row)}${times}` : row.label;
  const [output] = row.outputs;
  const line = [
    `${'  '.repeat(depth)}${name}${kind}`,
    output?.type ?? '',
    output ? `[${output.shape.join(', ')}]` : '',
    row.parameters > 0 ? count(row.parameters) : '',
    row.prefill.flops > 0 ? decimal(row.prefill.flops) : '',
    row.prefill.activations > 0 ? bytes(row.prefill.activations) : '',
  ];
  if (generates) {
    const { decode } = row;
    line.push(
      decode && decode.flops > 0 ? decimal(decode.flops) : '',
      row.cachePerToken > 0 ? bytes(row.cachePerToken) : '',
    );
  }
  return [line, ...row.rows.filter(isShown).flatMap((child) => rowLines(child, depth + 1, generates))];
}

function isShown({ kind, label, rows, weights }: Row): boolean {
  if (rows.length > 0 || weights.length > 0 || kind === 'attend') return true;
  return label !== kind && !views.has(kind);
}

/** `layers[0–11]`, `layers[0, 2, 4]` */
function copiesLabel({ path, copies }: Row): string {
  return path.replace(/\[\d+\]$/, `[${ranges(copies)}]`);
}

/** `0–11`, `0, 2, 4` */
function ranges(indices: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const index of indices) {
    const last = runs.at(-1);
    if (last && last[1] === index - 1) last[1] = index;
    else runs.push([index, index]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)).join(', ');
}

const weightColumns: readonly Column[] = [
  { title: 'weight', align: 'left' },
  { title: 'shape', align: 'left' },
  { title: 'parameters', align: 'right' },
  { title: 'initial value', align: 'left' },
];

/** Weights that differ in nothing but the indices of their copies are one line. */
function weightLines(weights: readonly Weight[]): string[][] {
  const groups = new Map<string, Weight[]>();
  for (const weight of weights) {
    const { path, shape, trained, initializer } = weight;
    const key = JSON.stringify([path.replaceAll(/\[\d+\]/g, '[]'), shape, trained, initializer.kind]);
    groups.set(key, [...(groups.get(key) ?? []), weight]);
  }
  return [...groups.values()].map(weightLine);
}

function weightLine(group: readonly Weight[]): string[] {
  const [{ path, shape, parameters, trained, initializer }] = group as [Weight];
  const indices = group.map((weight) => [...weight.path.matchAll(/\[(\d+)\]/g)].map(([, index]) => Number(index)));
  let position = 0;
  const folded = path.replaceAll(/\[\d+\]/g, () => {
    const here = position++;
    return `[${ranges([...new Set(indices.map((each) => each[here] ?? 0))])}]`;
  });
  const times = group.length > 1 ? ` ×${group.length}` : '';
  const kind = trained ? initializer.kind : `${initializer.kind}, not trained`;
  return [`${folded}${times}`, `[${shape.join(', ')}]`, count(parameters), kind];
}

function summary({ totals, past }: Explanation): string[] {
  const { parameters, trained, weightBytes, prefill, decode, cache } = totals;
  const fixed = parameters === trained ? '' : `, ${count(trained)} trained`;
  const masked = (measure: typeof prefill): string =>
    measure.needed < measure.flops ? ` (${decimal(measure.needed)} that the masks need)` : '';
  const lines = [
    `${count(parameters)} parameters${fixed}; ${bytes(weightBytes)} in float32`,
    `prefill ${decimal(prefill.flops)} FLOPs${masked(prefill)}, ${bytes(prefill.activations)} of activations in all`,
  ];
  if (decode) lines.push(`one token after ${past}: ${decimal(decode.flops)} FLOPs${masked(decode)}`);
  if (cache && cache.perToken > 0) {
    const all = `${bytes(cache.bytes)} for ${count(cache.capacity)} tokens`;
    lines.push(`KV cache ${bytes(cache.perToken)} for each token; ${all}`);
  } else if (cache) lines.push(`${bytes(cache.bytes)} of state between steps, however many there are`);
  lines.push('figures of a repeated layer or weight (×n) are those of one copy');
  return lines;
}
