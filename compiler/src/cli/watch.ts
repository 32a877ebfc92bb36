import fs from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { FSWatcher } from 'chokidar';
import type { BuildResult } from './commands/build.js';
import type { Context } from './context.js';
import { exitCodes, Failure } from './exit.js';

/** Changes that come within this time, in milliseconds, are one. */
const DEBOUNCE = 80;

/**
 * Builds, and again whenever a spec, an imported file or the configuration changes, until the signal aborts. One line for
 * each build; a spec that is wrong, or missing for a moment, ends nothing.
 */
export async function watch(
  buildOnce: () => Promise<BuildResult>,
  paths: readonly string[],
  context: Context,
): Promise<number> {
  const { io } = context;
  const { watch: watchFiles } = await import('chokidar');
  const roots = (paths.length > 0 ? paths : ['.']).map((file) => path.resolve(io.cwd, file));
  const watcher = watchFiles(roots, { ignoreInitial: true, ignored: isIgnored });
  let changed = true;
  let wake = (): void => undefined;
  let timer: NodeJS.Timeout | undefined;
  const change = (): void => {
    changed = true;
    wake();
  };
  watcher.on('all', (event, file) => {
    if (event === 'addDir' || !isSource(file)) return;
    clearTimeout(timer);
    timer = globalThis.setTimeout(change, DEBOUNCE);
  });
  io.signal.addEventListener('abort', () => wake(), { once: true });
  try {
    await new Promise<void>((resolve) => watcher.once('ready', resolve));
    while (!io.signal.aborted) {
      if (changed) {
        changed = false;
        if (await rebuild(buildOnce, watcher, context)) changed = true;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    clearTimeout(timer);
    await watcher.close();
  }
  return exitCodes.interrupted;
}

/** Builds, says so, and follows what was read. Gives whether something changed before it was watched. */
async function rebuild(buildOnce: () => Promise<BuildResult>, watcher: FSWatcher, { io }: Context): Promise<boolean> {
  const started = Date.now();
  const { summary, files } = await settle(buildOnce);
  const took = Date.now() - started;
  const added = await follow(watcher, files);
  io.stderr.write(`${summary} (${took} ms)\n`);
  return added.some((file) => {
    const stats = fs.statSync(file, { throwIfNoEntry: false });
    return stats?.isFile() === true && stats.mtimeMs > started;
  });
}

/** Watches files and folders that are not watched yet, and waits until they are. Gives those. */
async function follow(watcher: FSWatcher, files: readonly string[]): Promise<readonly string[]> {
  const isWatched = (file: string): boolean => {
    const watched = watcher.getWatched();
    return watched[file] !== undefined || watched[path.dirname(file)]?.includes(path.basename(file)) === true;
  };
  const added = files.filter((file) => !isWatched(file));
  watcher.add([...added]);
  for (let waits = 0; waits < 100 && !added.every(isWatched); waits++) await setTimeout(10);
  return added;
}

/** A failure for the user becomes the line of its build; a wrong command line, which no change mends, ends the command. */
async function settle(buildOnce: () => Promise<BuildResult>): Promise<{ summary: string; files: readonly string[] }> {
  try {
    return await buildOnce();
  } catch (error) {
    if (error instanceof Failure && error.exitCode !== exitCodes.usage)
      return { summary: `error: ${error.message}`, files: [] };
    throw error;
  }
}

function isSource(file: string): boolean {
  return file.endsWith('.tfm') || /[\\/](tfm\.config\.(json|js|mjs)|package\.json)$/.test(file);
}

function isIgnored(file: string): boolean {
  return /[\\/](node_modules|\.[^\\/.][^\\/]*)([\\/]|$)/.test(file);
}
