/**
 * How the compiler reaches files: the command line, the bundler plugin, the browser page and the tests each bring
 * their own. Paths are with forward slashes; a host resolves relative ones against its own folder.
 */
export interface Host {
  /** The text of a file, `undefined` where there is none or it cannot be read. */
  read(path: string): string | undefined;
  /** Writes a file, with the folders above it. */
  write?(path: string, text: string): void;
  /** All files in a folder and below it, sorted, their paths beginning with the folder's; `undefined` where it is none. */
  list?(folder: string): readonly string[] | undefined;
}

/** Files in memory; what is written can be read back. */
export function memoryHost(files: Readonly<Record<string, string>> = {}): Required<Host> {
  const texts = new Map(Object.entries(files).map(([path, text]) => [normalizePath(path), text]));
  return {
    read: (path) => texts.get(normalizePath(path)),
    write: (path, text) => {
      texts.set(normalizePath(path), text);
    },
    list: (folder) => {
      const normal = normalizePath(folder);
      const prefix = normal === '' ? '' : `${normal}/`;
      const found = [...texts.keys()].filter((path) => path.startsWith(prefix)).sort(byUnits);
      return found.length > 0 || normal === '' ? found : undefined;
    },
  };
}

/** `./a//b/../c.tfm` → `a/c.tfm`; forward slashes; the current folder is `''`. */
export function normalizePath(path: string): string {
  const absolute = /^[\\/]/.test(path);
  const parts: string[] = [];
  for (const part of path.split(/[\\/]+/)) {
    if (part === '' || part === '.') continue;
    if (part === '..' && (absolute || (parts.length > 0 && parts.at(-1) !== '..'))) parts.pop();
    else parts.push(part);
  }
  return (absolute ? '/' : '') + parts.join('/');
}

/** The order of UTF-16 units, the same on every machine. */
export const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
