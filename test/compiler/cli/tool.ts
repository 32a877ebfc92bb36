import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Io } from '../../../compiler/src/cli/io.js';
import { main } from '../../../compiler/src/cli/main.js';

export interface Result {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunSettings {
  readonly cwd?: string;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly isTerminal?: boolean;
  readonly onStdout?: (text: string) => void;
  readonly onStderr?: (text: string) => void;
}

/** Runs `tfm …argv` in this process. */
export async function tfm(argv: readonly string[], settings: RunSettings = {}): Promise<Result> {
  let stdout = '';
  let stderr = '';
  const exitCode = await main(
    argv,
    ioOf({
      ...settings,
      onStdout: (text) => {
        stdout += text;
        settings.onStdout?.(text);
      },
      onStderr: (text) => {
        stderr += text;
        settings.onStderr?.(text);
      },
    }),
  );
  return { exitCode, stdout, stderr };
}

/** What a command gets of the process. */
export function ioOf({ isTerminal = false, ...settings }: RunSettings): Io {
  return {
    stdout: { write: (text) => settings.onStdout?.(text), isTerminal, columns: 100 },
    stderr: { write: (text) => settings.onStderr?.(text), isTerminal, columns: 100 },
    readStdin: () => Promise.resolve(settings.stdin ?? ''),
    lines: () => linesOf(settings.stdin ?? ''),
    cwd: settings.cwd ?? process.cwd(),
    env: settings.env ?? {},
    signal: settings.signal ?? new AbortController().signal,
  };
}

async function* linesOf(text: string): AsyncGenerator<string> {
  yield* text.split('\n').filter((line, i, all) => line !== '' || i < all.length - 1);
}

/** A new folder with these files. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tfm-cli-'));
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
  return folder;
}
