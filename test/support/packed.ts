import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
export const workspaces = ['grammar', 'compiler', 'runtime'] as const;
type Workspace = (typeof workspaces)[number];

interface Manifest {
  name: string;
  version: string;
}

interface LockedPackage {
  version?: string;
  resolved?: string;
  link?: boolean;
  dev?: boolean;
  devOptional?: boolean;
  dependencies?: Record<string, string>;
}

const readJson = <T>(file: string): T => JSON.parse(fs.readFileSync(path.join(root, file), 'utf8')) as T;
const manifest = (workspace: Workspace) => readJson<Manifest>(`${workspace}/package.json`);

/** Packs one workspace as `npm publish` would and returns the tarball's path. */
export function pack(workspace: Workspace, folder: string): string {
  const args = ['pack', '-w', workspace, '--pack-destination', folder, '--json', '--loglevel', 'error'];
  const text = execFileSync('npm', args, { cwd: root, encoding: 'utf8' });
  const [packed] = JSON.parse(text) as { filename: string }[];
  if (!packed) throw new Error(`npm pack reported nothing for ${workspace}`);
  return path.join(folder, packed.filename);
}

/** Where our lock file places a package, as an application that installs the tarballs would place it. */
function installedPath(locked: string): string | undefined {
  if (locked.startsWith('node_modules/')) return locked;
  const workspace = workspaces.find((name) => locked.startsWith(`${name}/node_modules/`));
  return workspace && `node_modules/${manifest(workspace).name}${locked.slice(workspace.length)}`;
}

/**
 * Makes a project in `folder` that depends on the packed tarballs and nothing else, and installs it without network. Its lock
 * file is derived from ours, because `npm install --offline` needs registry documents that `npm ci` never stores.
 */
export function installOffline(folder: string): void {
  const lock = readJson<{ packages: Record<string, LockedPackage> }>('package-lock.json');
  const packages: Record<string, LockedPackage> = {};
  for (const [locked, entry] of Object.entries(lock.packages)) {
    const target = installedPath(locked);
    if (target && !entry.link && !entry.dev && !entry.devOptional) packages[target] = entry;
  }
  const dependencies: Record<string, string> = {};
  for (const workspace of workspaces) {
    const { name } = manifest(workspace);
    const resolved = `file:${path.basename(pack(workspace, folder))}`;
    dependencies[name] = resolved;
    packages[`node_modules/${name}`] = { ...lock.packages[workspace], resolved };
  }
  const project = { name: 'empty', version: '0.0.0', private: true, type: 'module', dependencies };
  const derived = { lockfileVersion: 3, requires: true, packages: { '': { ...project }, ...packages } };
  fs.writeFileSync(path.join(folder, 'package.json'), JSON.stringify(project));
  fs.writeFileSync(path.join(folder, 'package-lock.json'), JSON.stringify(derived));
  const args = ['ci', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error'];
  execFileSync('npm', args, { cwd: folder, stdio: 'pipe' });
}
