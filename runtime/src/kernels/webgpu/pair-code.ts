import { type Formula, formulaKey, some } from '../../formula/formula.js';
import type { AttendAttributes, PairFormulas, PairVector } from '../attributes.js';
import { broadcastStrides } from '../broadcast.js';

/**
 * WGSL of what a mask or a score says of a row and a key: an expression of vectors that lie one behind the other in the
 * operand `mask`. Beside what is declared, it depends on `pairKey`. The numbers of a row are in the row.
 */
export function pairExpression(of: Formula, { vectors }: PairFormulas, as: 'truth' | 'number'): string {
  const lines = vectors.flatMap((vector, i) => {
    const isUsed = some(of, (part) => part.kind === 'element' && part.index === i);
    return isUsed ? [`let v${i} = ${isOfRow(vector) ? `row.v${i}` : `mask[${placeOf(vector, i)}]`};`] : [];
  });
  return [...lines, `return ${as === 'truth' ? truth(of) : number(of)};`].join('\n  ');
}

/** What the formulas read of a row alone, read once for it: fields of the structure, and what sets them in `row`. */
export function pairsOfRow({ pairs }: AttendAttributes): { readonly fields: string; readonly reads: string } {
  const own = (pairs?.vectors ?? []).flatMap((vector, i) => (isOfRow(vector) ? [{ vector, i }] : []));
  return {
    fields: own.map(({ i }) => `, v${i}: f32`).join(''),
    reads: own.map(({ vector, i }) => `row.v${i} = mask[${placeOf(vector, i)}];`).join(' '),
  };
}

function isOfRow({ shape, byDistance }: PairVector): boolean {
  return !byDistance && shape[3] === 1;
}

/** Equal for equal code. */
export function pairKey({ pairs }: AttendAttributes): string {
  if (!pairs) return '';
  const { mask, bias, vectors } = pairs;
  const axes = vectors.map(
    ({ shape, byDistance }) => `${byDistance} ${shape.map((size) => Number(size > 1)).join('')}`,
  );
  return [mask && formulaKey(mask), bias && formulaKey(bias), ...axes].join();
}

/** Where the vectors lie, as fields of `uniforms`. */
export function pairIntegers({ pairs }: AttendAttributes, queries: number): Record<string, number> {
  const fields = (pairs?.vectors ?? []).flatMap(({ from, shape, byDistance }, i) => {
    const strides = broadcastStrides(shape, byDistance, queries);
    const own = [[`vector${i}From`, from + strides.from]] as [string, number][];
    if (strides.batch) own.push([`vector${i}Batch`, strides.batch]);
    if (strides.head) own.push([`vector${i}Head`, strides.head]);
    return own;
  });
  return Object.fromEntries(fields);
}

function placeOf({ shape: [batches, heads, queries, keys], byDistance }: PairVector, i: number): string {
  const terms = [`uniforms.vector${i}From`];
  if (batches > 1) terms.push(`row.batch * uniforms.vector${i}Batch`);
  if (heads > 1) terms.push(`row.head * uniforms.vector${i}Head`);
  if (byDistance) terms.push('k - row.query');
  else if (queries > 1) terms.push('row.query');
  else if (keys > 1) terms.push('k');
  return terms.join(' + ');
}

const comparisons: Readonly<Record<string, string>> = {
  equal: '==',
  notEqual: '!=',
  less: '<',
  lessEqual: '<=',
  greater: '>',
  greaterEqual: '>=',
};

/** As `bool`. */
function truth(of: Formula): string {
  if (of.kind === 'constant') return String(Boolean(of.value));
  if (of.kind === 'operator') {
    const [a, b] = of.operands as readonly [Formula, Formula];
    const comparison = comparisons[of.operator];
    if (comparison) return `(${number(a)} ${comparison} ${number(b)})`;
    // Without branches: all that they read is there.
    if (of.operator === 'and') return `(${truth(a)} & ${truth(b)})`;
    if (of.operator === 'or') return `(${truth(a)} | ${truth(b)})`;
    if (of.operator === 'not') return `(!${truth(a)})`;
  }
  return `(${number(of)} != 0.0)`;
}

/** As `f32`. */
function number(of: Formula): string {
  if (of.kind === 'constant') return literal(Number(of.value));
  if (of.kind === 'element') return `v${of.index}`;
  if (of.kind !== 'operator') throw new Error(`${of.kind} in a formula of pairs`);
  const { operator, operands } = of;
  const [a, b] = operands as readonly [Formula, Formula];
  const call = (name: string) => `${name}(${operands.map(number).join(', ')})`;
  switch (operator) {
    case 'add':
      return `(${number(a)} + ${number(b)})`;
    case 'subtract':
      return `(${number(a)} - ${number(b)})`;
    case 'multiply':
      return `(${number(a)} * ${number(b)})`;
    case 'negate':
      return `(-${number(a)})`;
    case 'minimum':
      return call('min');
    case 'maximum':
      return call('max');
    case 'clamp':
      return `min(max(${number(a)}, ${number(b)}), ${number(operands[2]!)})`;
    case 'abs':
      return call('abs');
    case 'relu':
      return `max(${number(a)}, 0.0)`;
    case 'if':
      return `select(${number(operands[2]!)}, ${number(b)}, ${truth(a)})`;
    case 'and':
    case 'or':
    case 'not':
      return `f32(${truth(of)})`;
    default:
      if (operator in comparisons) return `f32(${truth(of)})`;
      throw new Error(`${operator} in a formula of pairs`);
  }
}

function literal(value: number): string {
  const text = `${Math.fround(value)}f`;
  return value < 0 ? `(${text})` : text;
}
