import { isShardIndex } from './shards.js';
import { type FileLike, isPath, openSource, readError, type SourceFolder, type SourceLike } from './source.js';

/** Where a checkpoint lies: in one file, or in a folder. */
export type CheckpointPlace = { readonly file: FileLike } | { readonly folder: SourceFolder };

/** What `from` stands for. */
export async function placeOf(from: SourceLike): Promise<CheckpointPlace> {
  if (Array.isArray(from)) return { folder: fileFolder(from as readonly File[]) };
  const given = from as Exclude<SourceLike, readonly File[]>;
  if (typeof given === 'object' && 'open' in given) return { folder: given };
  if (typeof given !== 'string' && !(given instanceof URL)) return { file: given };
  if (isPath(given)) return (await import('./node-source.js')).placeOfPath(given);
  const folder = folderOfUrl(String(given));
  return folder.file === undefined || isShardIndex(folder.file) ? { folder } : { file: given };
}

/** The folder of an address; `file` is what follows its last slash. */
export function folderOfUrl(address: string): SourceFolder {
  const [, base = '', file = ''] = /^(.*\/)?([^/]*)$/.exec(address) ?? [];
  return file === '' ? urlFolder(base) : { ...urlFolder(base), file };
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
