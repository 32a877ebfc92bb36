import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { SourceLike } from '@tfm-lang/runtime';
import { notFound } from '../files.js';
import type { Io } from '../io.js';
import type { RuntimeModule } from './model-module.js';

/**
 * What `--weights` names: a path, a URL, or `hub:owner/name` with `@revision` behind it, whose files are kept in the user's cache.
 * Throws a failure where there is no such path.
 */
export async function weightsSource(
  given: string,
  { cwd, env }: Io,
  { hub, stored }: RuntimeModule,
): Promise<SourceLike> {
  if (/^https?:/i.test(given)) return given;
  const [, repository, revision] = /^hub:([^@]+)(?:@(.+))?$/.exec(given) ?? [];
  if (repository === undefined) return weightsPath(given, cwd);
  const { folderStore } = await import('@tfm-lang/runtime/node');
  // The variables that the hub's own tools read.
  const { HF_ENDPOINT: hubUrl, HF_TOKEN: accessToken } = env;
  const options = { ...(revision && { revision }), ...(hubUrl && { hubUrl }), ...(accessToken && { accessToken }) };
  return stored(hub(repository, options), folderStore(path.join(cacheFolder(env), 'weights')), { refresh: true });
}

function cacheFolder(env: Io['env']): string {
  return path.join(env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'tfm');
}

function weightsPath(given: string, cwd: string): string {
  const absolute = path.resolve(cwd, given);
  if (!fs.existsSync(absolute)) throw notFound(given, absolute);
  return absolute;
}
