import cliProgress from 'cli-progress';
import type { Context } from '../context.js';
import { bytes } from '../units.js';

/** What the runtime reports while weights are read. */
interface LoadProgress {
  readonly loadedBytes: number;
  readonly totalBytes: number;
}

export interface LoadingBar {
  readonly update: (progress: LoadProgress) => void;
  readonly end: () => void;
}

/** A bar of the bytes that are loaded (or written), on standard error; nothing where that is no terminal. */
export function loadingBar({ io }: Context, work: 'loading' | 'writing' = 'loading'): LoadingBar {
  if (!io.stderr.isTerminal) return { update: () => undefined, end: () => undefined };
  const bar = new cliProgress.SingleBar(
    {
      format: `${work} {bar} {loaded} of {all}`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      etaAsynchronousUpdate: false,
    },
    cliProgress.Presets.shades_classic,
  );
  let started = false;
  return {
    update: ({ loadedBytes, totalBytes }) => {
      const payload = { loaded: bytes(loadedBytes), all: bytes(totalBytes) };
      if (started) bar.update(loadedBytes, payload);
      else bar.start(totalBytes, loadedBytes, payload);
      started = true;
    },
    end: () => {
      if (started) bar.stop();
    },
  };
}
