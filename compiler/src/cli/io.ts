import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';

/** Everything of the process that a command uses, so that tests can run commands in their own process. */
export interface Io {
  readonly stdout: Output;
  readonly stderr: Output;
  /** The whole of standard input. */
  readonly readStdin: () => Promise<string>;
  /** Standard input line by line, as they come; on a terminal with a prompt before each. Ends when the signal aborts. */
  readonly lines: (prompt: string) => AsyncIterable<string>;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts at the first SIGINT. */
  readonly signal: AbortSignal;
}

export interface Output {
  write(text: string): void;
  /** A terminal: progress bars and colours are welcome. */
  readonly isTerminal: boolean;
  readonly columns: number;
}

/** The io of this process. A reader that goes away (`tfm … | head`) ends the process in silence. */
export function processIo(): Io {
  const controller = new AbortController();
  process.once('SIGINT', () => {
    controller.abort(new DOMException('interrupted', 'AbortError'));
    // Work that does not listen to the signal (a long shader, a matrix product) is not waited for long.
    process.once('SIGINT', () => process.exit(130));
  });
  return {
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    readStdin,
    lines: (prompt) => readLines(prompt, controller.signal),
    cwd: process.cwd(),
    env: process.env,
    signal: controller.signal,
  };
}

function output(stream: Writable & { isTTY?: boolean; columns?: number }): Output {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.columns ?? 100;
    },
  };
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

async function* readLines(prompt: string, signal: AbortSignal): AsyncGenerator<string> {
  const ask = (): void => void (process.stdin.isTTY && process.stderr.write(prompt));
  // The terminal edits the line itself, and Ctrl-C stays a signal to the process.
  const lines = createInterface({ input: process.stdin, terminal: false, signal });
  ask();
  for await (const line of lines) {
    yield line;
    ask();
  }
}
