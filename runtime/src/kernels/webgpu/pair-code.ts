import { type Formula, formulaKey, some } from '../../formula/formula.js';
import type { AttendAttributes, PairFormulas, PairVector } from '../attributes.js';
import { broadcastStrides } from '../broadcast.js';
import { type CodeOfFunctions, type CodeType, codeAs, constantCode, operatorCode } from './formula-code.js';

/**
 * WGSL of what a mask or a score says of a row and a key: an expression of vectors that lie one behind the other in the
 * operand `mask`. Beside what is declared, it depends on `pairKey`. The numbers of a row are in the row.
 */
export function pairExpression(of: Formula, { vectors }: PairFormulas, as: CodeType): string {
  const lines = vectors.flatMap((vector, i) => {
    const isUsed = some(of, (part) => part.kind === 'element' && part.index === i);
    return isUsed ? [`let v${i} = ${isOfRow(vector) ? `row.v${i}` : `mask[${placeOf(vector, i)}]`};`] : [];
  });
  return [...lines, `return ${code(of, as)};`].join('\n  ');
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

/** Of whole numbers, which are neither infinite nor undefined. */
const functions: CodeOfFunctions = {
  minimum: (a, b) => `min(${a}, ${b})`,
  maximum: (a, b) => `max(${a}, ${b})`,
  clamp: (x, low, high) => `min(max(${x}, ${low}), ${high})`,
  abs: (x) => `abs(${x})`,
  relu: (x) => `max(${x}, 0.0)`,
};

function code(of: Formula, as: CodeType): string {
  if (of.kind === 'constant') return constantCode(of.value, as);
  if (of.kind === 'element') return codeAs({ type: 'number', text: `v${of.index}` }, as);
  if (of.kind !== 'operator') throw new Error(`${of.kind} in a formula of pairs`);
  const { operator, operands } = of;
  return codeAs(
    operatorCode(operator, operands.length, (place, wanted) => code(operands[place]!, wanted), functions),
    as,
  );
}
