import { evaluate, type Environment as Known } from '../algebra/evaluate.js';
import { equal } from '../algebra/normalize.js';
import { print } from '../algebra/print.js';
import { children } from '../algebra/walk.js';
import type {
  DimensionDeclaration,
  Expression,
  FormulaDeclaration,
  GraphFunction,
  Place,
  Requirement,
} from '../graph/graph.js';
import { type Diagnostic, type Label, report } from '../source/diagnostic.js';
import type { DiagnosticName, DiagnosticParameters } from '../source/messages.js';
import { lineAndColumn } from '../source/text.js';
import { Limits } from './limits.js';
import { UniqueNames } from './unique.js';
import { type At, failed, type TensorValue, type Value } from './values.js';

export interface Note {
  readonly at: At;
  readonly text: string;
}

/** Everything that the walk over one model shares: what was found, what was made, what is known of the configuration. */
export class Checker {
  readonly diagnostics: Diagnostic[] = [];
  readonly functions: GraphFunction[] = [];
  readonly formulas = new Map<string, FormulaDeclaration>();
  readonly dimensions: DimensionDeclaration[] = [];
  /** Calls of library blocks around the current place, outermost first. */
  readonly calls: At[] = [];
  /** Names like `linear_2` that the checker made up for unlabelled siblings: no checkpoint map may count on them. */
  readonly renumbered = new Set<string>();
  /** Configurations that break a requirement: what follows from that is silent. */
  readonly refused = new Set<string>();
  /** Where the defaults of the parameters stand. */
  defaults: ReadonlyMap<string, At> = new Map();
  /** Where each preset is declared: what is wrong in an imported model with it is told there. */
  readonly presets = new Map<string, At>();
  /** Uses of instances around the current place, outermost first. */
  readonly instanceUses: At[] = [];
  /** Where the inputs are declared. */
  readonly inputPlaces = new Map<string, At>();
  /** Parameters that sizes, counts and indices depend on: integers. */
  readonly sizes = new Set<string>();
  /** The defaults and each preset: sizes must work out in all of them. */
  configurations: readonly { readonly name: string; readonly known: Known }[] = [];
  /** `present(x)` of an input of the model in hand. */
  presenceOf: (name: string) => TensorValue | undefined = () => undefined;
  readonly limits = new Limits();
  /** What was said of which place: once is enough, though blocks are walked for each use. */
  readonly #said = new Map<string, number>();
  /** The statement of the model in hand. */
  statement: At | undefined;
  readonly #functionKeys = new Map<string, GraphFunction>();
  readonly #functionNames = new UniqueNames();
  readonly #requirements = new Map<string, Requirement>();

  report<N extends DiagnosticName>(
    name: N,
    at: At,
    parameters: DiagnosticParameters<N>,
    notes: readonly Note[] = [],
  ): void {
    const user = at.file.library ? this.calls.findLast((call) => !call.file.library) : undefined;
    const place = user ?? at;
    const own = notes.find((n) => n.at.file === place.file && n.at.span.start === place.span.start);
    const labels: Label[] = notes
      .filter((n) => n !== own)
      .map((n) => ({ file: n.at.file.name, span: n.at.span, text: n.text }));
    if (user) labels.push({ file: at.file.name, span: at.span, text: 'found here' });
    const made = report(name, {
      file: place.file.name,
      span: place.span,
      labels,
      parameters,
      ...(own && { label: own.text }),
    });
    const line = lineAndColumn(place.file.text, place.span.start).line;
    const keys = [`${place.span.start}`, `${line} ${made.message}`].map((key) => `${name} ${made.file} ${key}`);
    if (keys.some((key) => this.#said.has(key))) return;
    for (const key of keys) this.#said.set(key, this.diagnostics.length);
    this.diagnostics.push(made);
  }

  /** Runs what lies one level deeper in the model; `failed` (and reported) where the model is too large or too deep. */
  nested(at: At, run: () => Value): Value {
    if (!this.counted(this.limits.step())) return failed;
    const value = this.limits.deeper(run);
    if (value !== undefined) return value;
    this.report('too_large', at, { what: 'blocks and functions stand in each other too deeply', fix: undefined });
    return failed;
  }

  /** What is beyond the limits is told once, at the statement of the model that needs so much. */
  counted(inside: boolean): boolean {
    if (inside || this.statement === undefined) return inside;
    this.report('too_large', this.statement, {
      what: 'its blocks expand to too many stages',
      fix: 'write repetition with repeat(n)',
    });
    return false;
  }

  /** Runs the body of a definition that is used at `at`. */
  insideOf(definition: { readonly name: { readonly name: string } }, at: At, run: () => Value): Value {
    if (!this.counted(this.limits.use())) return failed;
    const value = this.limits.inside(definition, () => this.nested(at, run));
    if (value !== undefined) return value;
    this.report('uses_itself', at, { name: definition.name.name });
    return failed;
  }

  /** Whether a number is short enough to work with; reported where it is not. */
  isShort(expression: Expression, at: At): boolean {
    if (this.limits.isShort(expression)) return true;
    this.report('too_large', at, { what: 'this number has too many parts', fix: undefined });
    return false;
  }

  presence(name: string): TensorValue | undefined {
    return this.presenceOf(name);
  }

  /** A size by its name alone, where it has one: for suggested fixes. */
  showName(size: Expression | undefined): string | undefined {
    return size === undefined ? undefined : print(size);
  }

  /** Whether mistakes (warnings aside) were reported since `from` entries. */
  failedSince(from: number): boolean {
    return this.diagnostics.slice(from).some((d) => d.severity === 'error');
  }

  /** Takes back what was reported since `from` entries: of two ways to read a part, the other may be right. */
  takeSince(from: number): Diagnostic[] {
    const taken = this.diagnostics.splice(from);
    for (const [key, place] of this.#said) if (place >= from) this.#said.delete(key);
    return taken;
  }

  place(at: At): Place {
    const { line, column } = lineAndColumn(at.file.text, at.span.start);
    return { file: at.file.name, line, column };
  }

  /** The same function again where an equal one was made before: one specialisation, not one for each call. */
  intern(made: GraphFunction): GraphFunction {
    const key = JSON.stringify({ ...made, name: '', constants: [] }) + made.place.file;
    const known = this.#functionKeys.get(key);
    if (known) return known;
    const kept = { ...made, name: this.#functionNames.take(made.name) };
    this.#functionKeys.set(key, kept);
    this.functions.push(kept);
    return kept;
  }

  /** Takes back the functions after the first `count`, which a trial that is undone made. */
  forgetFunctions(count: number): void {
    const forgotten = new Set(this.functions.splice(count));
    for (const [key, made] of this.#functionKeys) if (forgotten.has(made)) this.#functionKeys.delete(key);
    this.#functionNames.forget(count);
  }

  /** A size or count uses these parameters: they are whole numbers, but for the factors of a product that is rounded. */
  markSize(expression: Expression): void {
    if (typeof expression !== 'object') return;
    if (expression.kind === 'parameter') this.sizes.add(expression.name);
    for (const part of children(expression)) if (!isRoundedProduct(expression, part)) this.markSize(part);
  }

  /** The value at the defaults, where all of them are known. */
  value(expression: Expression): ReturnType<typeof evaluate> {
    const known = this.configurations[0]?.known;
    return known && evaluate(expression, { ...known, formulas: this.formulas });
  }

  /** The size as the user knows it, with its value where it has a name: `width = 768`, `4 * width = 3072`. */
  showSize(size: Expression): string {
    const value = this.value(size);
    const text = print(size);
    return typeof value === 'number' && String(value) !== text ? `${text} = ${value}` : text;
  }

  /** Whether the spec itself requires that two sizes are equal. */
  isRequired(a: Expression, b: Expression): boolean {
    return this.requirements.some(({ condition }) => {
      if (typeof condition !== 'object' || condition.kind !== 'operator' || condition.operator !== 'equal')
        return false;
      const [left = 0, right = 0] = condition.operands;
      return (equal(left, a) && equal(right, b)) || (equal(left, b) && equal(right, a));
    });
  }

  sameSize(a: Expression, b: Expression): boolean {
    return equal(a, b);
  }

  /** What a configuration must fulfil, each condition once. */
  get requirements(): Requirement[] {
    return [...this.#requirements.values()];
  }

  addRequirement(requirement: Requirement): void {
    const key = JSON.stringify(requirement.condition);
    if (!this.#requirements.has(key)) this.#requirements.set(key, requirement);
  }
}

/** `floor(ratio * width)`: the ratio may be 2.5. */
function isRoundedProduct(outer: Expression, inner: Expression): boolean {
  const [rounding, product] = [outer, inner].map((part) =>
    typeof part === 'object' && part.kind === 'operator' ? part.operator : undefined,
  );
  return (rounding === 'floor' || rounding === 'ceil' || rounding === 'round') && product === 'multiply';
}
