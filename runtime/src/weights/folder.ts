import { isShardIndex } from './shards.js';
import { type FileLike, isPath, openSource, readError, type SourceFolder, type SourceLike } from './source.js';

/** Where a checkpoint lies: in one file, or in a folder with an index that names its files. */
export type CheckpointPlace =
  | { readonly file: FileLike }
  | { readonly folder: SourceFolder; readonly index: string | undefined };

/** What `from` stands for. `index` is the file that it names; undefined where the folder has to be looked into. */
export async function placeOf(from: SourceLike): Promise<CheckpointPlace> {
  if (Array.isArray(from)) return { folder: fileFolder(from as readonly File[]), index: undefined };
  const given = from as Exclude<SourceLike, readonly File[]>;
  if (typeof given === 'object' && 'open' in given) return { folder: given, index: undefined };
  if (typeof given !== 'string' && !(given instanceof URL)) return { file: given };
  if (isPath(given)) return (await import('./node-source.js')).placeOfPath(given);
  const address = String(given);
  const [, base = '', name = ''] = /^(.*\/)?([^/]*)$/.exec(address) ?? [];
  if (isShardIndex(name)) return { folder: urlFolder(base), index: name };
  return name === '' ? { folder: urlFolder(base), index: undefined } : { file: given };
}

/** Files of a server, below an address that ends in a slash. */
function urlFolder(base: string): SourceFolder {
  return {
    name: base,
    open: async (file, options = {}) => (await import('./http-source.js')).findUrl(base + file, options),
  };
}

/** Files that a person chose, one by one or as a folder. Their own paths begin at the folder that was chosen. */
function fileFolder(files: readonly File[]): SourceFolder {
  const name = `the ${files.length} files`;
  return {
    name,
    async open(path) {
      const found = files.filter((file) =>
        [file.name, file.webkitRelativePath?.replace(/^[^/]*\//, '')].includes(path),
      );
      const [only, second] = found;
      if (second !== undefined) throw readError(name, `two of them are called ${path}`);
      return only && openSource(only);
    },
  };
}
