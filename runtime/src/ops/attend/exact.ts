import { f } from '../../formula/builders.js';
import type { FormulaContext } from '../../formula/context.js';
import { type Formula, isStatic } from '../../formula/formula.js';
import { staticTable } from '../../formula/static-tensor.js';
import { type Extent, extentOf } from '../../formula/table-facts.js';
import { distancesOf } from './distances.js';
import type { Atom } from './separate.js';

/** Whole numbers between two bounds, truth as 0 and 1. */
interface Whole {
  readonly low: number;
  readonly high: number;
}

/**
 * What a value of an expression is. Whole numbers below 2^24 and what is added, multiplied and compared of them are exact in
 * float32. `data` comes from tensors, which are float32 wherever they are computed. `real` is known from positions alone,
 * in float64, and is another number in float32: it may be added to a score, but not be compared.
 */
type Kind = Whole | 'data' | 'real';

const most = 2 ** 24;
const truth: Whole = { low: 0, high: 1 };

/** Whether float32 decides every condition of an expression of atoms as float64 does; what it gives may be real. */
export function decidesExactly(of: Formula, atoms: readonly Atom[], context: FormulaContext): boolean {
  return kindOf(of, atoms, context) !== undefined;
}

/** Whether float32 gives the same truth as float64. */
export function isExactly(of: Formula, atoms: readonly Atom[], context: FormulaContext): boolean {
  const kind = kindOf(of, atoms, context);
  return kind !== undefined && kind !== 'real';
}

/** `undefined` where a condition in it may be decided otherwise in float32, or a number has no place in a shader. */
function kindOf(of: Formula, atoms: readonly Atom[], context: FormulaContext): Kind | undefined {
  if (of.kind === 'constant') return kindOfNumber(Number(of.value));
  if (of.kind === 'element') return kindOfAtom(atoms[of.index]!, context);
  if (of.kind !== 'operator') return undefined;
  const kinds = of.operands.map((operand) => kindOf(operand, atoms, context));
  if (!kinds.every((kind) => kind !== undefined)) return undefined;
  switch (of.operator) {
    case 'and':
    case 'or':
    case 'not':
      return kinds.includes('real') ? undefined : truth;
    case 'equal':
    case 'notEqual':
    case 'less':
    case 'lessEqual':
    case 'greater':
    case 'greaterEqual':
      return isDecided(of.operands, kinds) ? truth : undefined;
    case 'if':
      return kinds[0] === 'real' ? undefined : joined(kinds.slice(1), ([a, b]) => hull(a!, b!));
    default:
      return joined(kinds, (whole) => ranges[of.operator]?.(...whole));
  }
}

/** Of tensors wherever one is read, of whole numbers where all are. */
function joined(kinds: readonly Kind[], range: (whole: Whole[]) => Whole | undefined): Kind {
  if (kinds.includes('data')) return 'data';
  if (!kinds.every(isWhole)) return 'real';
  const found = range([...kinds]);
  return found && Math.max(-found.low, found.high) < most ? found : 'real';
}

/** Between whole numbers, of tensors, or of whole numbers and a constant that lies between the same two in float32. */
function isDecided(operands: readonly Formula[], kinds: readonly Kind[]): boolean {
  if (kinds.includes('data')) return true;
  return kinds.every((kind, i) => {
    const operand = operands[i]!;
    if (isWhole(kind)) return true;
    return (
      operand.kind === 'constant' && isWhole(kinds[1 - i]!) && !Number.isInteger(Math.fround(Number(operand.value)))
    );
  });
}

function isWhole(kind: Kind): kind is Whole {
  return typeof kind === 'object';
}

function kindOfNumber(value: number): Kind | undefined {
  if (Number.isInteger(value) && Math.abs(value) < most) return { low: value, high: value };
  return Number.isFinite(Math.fround(value)) ? 'real' : undefined;
}

function kindOfAtom({ of, byDistance }: Atom, context: FormulaContext): Kind | undefined {
  if (!isStatic(of)) return 'data';
  const own = byDistance ? distancesOf(context) : context;
  const extent = extentOf(staticTable(of, own));
  if (!extent.areFinite) return undefined;
  const range = rangeOf(extent);
  // Asked in float64: the table is float32 already.
  return range && extentOf(staticTable(f.equal(of, f.round(of)), own)).low === 1 ? range : 'real';
}

/** `undefined` where a number is none below 2^24. */
function rangeOf({ low, high }: Extent): Whole | undefined {
  return Math.max(-low, high) < most ? { low, high } : undefined;
}

const of = (...values: number[]): Whole => ({ low: Math.min(...values), high: Math.max(...values) });
const hull = (a: Whole, b: Whole): Whole => of(a.low, a.high, b.low, b.high);

/** The whole numbers that an operator can give. */
const ranges: Readonly<Record<string, (...of: Whole[]) => Whole>> = {
  add: (a, b) => ({ low: a!.low + b!.low, high: a!.high + b!.high }),
  subtract: (a, b) => ({ low: a!.low - b!.high, high: a!.high - b!.low }),
  multiply: (a, b) => of(a!.low * b!.low, a!.low * b!.high, a!.high * b!.low, a!.high * b!.high),
  negate: (x) => ({ low: -x!.high, high: -x!.low }),
  minimum: (a, b) => hull(a!, b!),
  maximum: (a, b) => hull(a!, b!),
  clamp: (x, low, high) => hull(hull(x!, low!), high!),
  abs: (x) => of(0, x!.low, x!.high, -x!.low, -x!.high),
  relu: (x) => of(0, x!.low, x!.high),
};
