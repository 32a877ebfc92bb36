import { CommanderError } from 'commander';
import { exitCodes, Failure } from './exit.js';
import type { Io } from './io.js';
import { makeProgram } from './program.js';

/**
 * Runs the command line `tfm …argv` and gives its exit status: 0 fine, 1 the input is wrong, 2 the command line is wrong, 70 a
 * mistake of tfm, 130 interrupted. Never rejects.
 */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = makeProgram(io, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return io.signal.aborted ? exitCodes.interrupted : exitCode;
  } catch (error) {
    return report(error, io);
  }
}

/** Says what went wrong and chooses the exit status. */
export function report(error: unknown, io: Io): number {
  // Commander has already written its message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (io.signal.aborted) return exitCodes.interrupted;
  const stack = io.env.TFM_DEBUG === '1' && error instanceof Error ? `${error.stack}\n` : '';
  if (isUserError(error)) {
    const code = 'code' in error && typeof error.code === 'string' ? `[${error.code}]` : '';
    io.stderr.write(`${stack}error${code}: ${error.message}\n${error.help ? `help: ${error.help}\n` : ''}`);
    return error instanceof Failure ? error.exitCode : exitCodes.input;
  }
  const text = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0];
  const how = stack ? '' : 'run it again with TFM_DEBUG=1 for the stack, and ';
  io.stderr.write(`${stack}tfm made a mistake: ${text}\n${how}please report it with the spec and the command line\n`);
  return exitCodes.bug;
}

/** A failure of a command, or an error that the runtime raises on purpose (it has a code of ours). */
function isUserError(error: unknown): error is Error & { readonly help?: string | undefined } {
  if (error instanceof Failure) return true;
  return error instanceof Error && 'code' in error && /^TFM\d+$/.test(String(error.code));
}
