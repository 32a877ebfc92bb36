import type { Io, Output } from './io.js';

/** What every command gets beside its own options. */
export interface Context {
  readonly io: Io;
  /** `--color` and `--no-color`; undefined where neither is given. */
  readonly color: boolean | undefined;
}

/** Whether to colour what goes to `output`: the flag, then NO_COLOR and FORCE_COLOR, then whether it is a terminal. */
export function usesColor({ io: { env }, color }: Context, output: Output): boolean {
  if (color !== undefined) return color;
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0';
  return output.isTerminal && env.TERM !== 'dumb';
}
