import type { File } from '@tfm-lang/grammar';
import type { Environment } from './environment.js';

/** One spec as read: its text, its tree and its own top-level names. */
export interface SpecFile {
  /** How messages and the graph name it: the path given, or `std/layers`. */
  readonly name: string;
  readonly text: string;
  readonly tree: File;
  /** A file of the standard library: mistakes inside it are reported at the call in the user's file. */
  readonly library: boolean;
  readonly environment: Environment;
  /** Starts of names that mean nothing, already reported. */
  readonly unresolved: ReadonlySet<number>;
  /** Starts of the names of `let`s that nothing mentions. */
  readonly unusedLets: ReadonlySet<number>;
}
