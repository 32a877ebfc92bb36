/** Exit statuses, as the manual promises them. */
export const exitCodes = {
  ok: 0,
  /** The input is wrong: a spec with errors, files out of date, weights that do not fit. */
  input: 1,
  /** The command line is wrong. */
  usage: 2,
  /** A mistake of tfm itself (EX_SOFTWARE of sysexits.h). */
  bug: 70,
  interrupted: 130,
} as const;

/** Ends a command with a message for the user. Thrown by commands, caught in `main`. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: number;
  readonly help: string | undefined;
  /** Of the table of diagnostics, where it has one for this. */
  readonly code: string | undefined;

  constructor(exitCode: number, message: string, help?: string, code?: string) {
    super(message);
    this.exitCode = exitCode;
    this.help = help;
    this.code = code;
  }
}

/** The input is wrong. */
export const inputFailure = (message: string, help?: string): Failure => new Failure(exitCodes.input, message, help);

/** The command line is wrong. */
export const usageFailure = (message: string, help?: string): Failure => new Failure(exitCodes.usage, message, help);
