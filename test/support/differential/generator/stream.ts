import type { Size, Spec } from './spec.js';

/** What a writer knows of the value that flows into its stage: a sequence [B, T, width]. */
export interface Stream {
  readonly width: Size;
  readonly length: Length;
  /** Row j may depend on rows ≤ j only: the sequence is generated. */
  readonly causal: boolean;
  /** The input whose `present(…)` has a flag for each row. */
  readonly presence?: string;
  /** A `bool[B, T]` input with a flag for each row. */
  readonly flags?: string;
  /** A `bool[B, T, T]` input with a flag for each pair of rows. */
  readonly pairs?: string;
  /** An `int[B, T]` input with a number for each row. */
  readonly marks?: string;
  /** The rows lie on a grid: its rows and columns. */
  readonly grid?: { readonly rows: Size; readonly columns: Size };
  /** The inputs that it was joined from: for `k in text`. */
  readonly segments?: readonly string[];
}

/** How many rows: a dimension of the input, perhaps bounded, and what stands in front; or known from the configuration. */
interface Length {
  readonly text: string;
  /** It is this dimension of an input, and nothing more. */
  readonly dimension?: string;
  /** The configuration decides it. */
  readonly fixed?: boolean;
  /** The most rows, as a size. */
  readonly most?: Size;
}

/** Another sequence that attention may read. */
export interface Memory {
  readonly text: string;
  readonly width: Size;
  readonly presence?: string;
}

/** Where a stage stands. */
export interface Place {
  readonly spec: Spec;
  readonly memories: readonly Memory[];
  /** The index of the enclosing `repeat`, where it has a name. */
  readonly index?: string;
}

/** A stage and what flows out of it. */
export interface Written {
  readonly text: string;
  readonly stream: Stream;
}

/** A block of the model with these statements over its stream `x`; used like a stage. The index of a `repeat` is given to it. */
export function blockStage(place: Place, base: string, body: (x: string) => readonly string[]): string {
  const x = place.spec.name('x');
  const lines = body(x);
  const { index } = place;
  const takesIndex = index !== undefined && lines.some((line) => new RegExp(`\\b${index}\\b`).test(line));
  const parameters = takesIndex ? `(${index})` : '';
  const name = place.spec.declare(
    'block',
    base,
    (own) => `${own}${parameters} from ${x} {\n  ${lines.join('\n  ')}\n}`,
  );
  return `${name}${parameters}`;
}

/** A label behind a stage, sometimes. */
export const labelled = (spec: Spec, text: string, base: string | undefined): string =>
  base === undefined ? text : `${text} as ${spec.name(base)}`;
