import { SafetensorsError } from './safetensors-error.js';
import { type ByteSource, type OpenOptions, readError, type SourceFolder } from './source.js';

export interface HubOptions {
  /** A branch, a tag or a commit. Default `main`. */
  readonly revision?: string;
  /** Another server that speaks the hub's protocol. */
  readonly hubUrl?: string;
  /** For private and gated repositories: `hf_…`. */
  readonly accessToken?: string;
  /** In place of the global `fetch`. */
  readonly fetch?: typeof fetch;
}

type Library = typeof import('@huggingface/hub');

/**
 * A model repository of the Hugging Face hub, `owner/name`, through the package `@huggingface/hub`, which must be installed. All
 * files come from one commit: that of the revision when the first is opened. Opening rejects with `SafetensorsError` TFM5110.
 */
export function hub(repository: string, { revision = 'main', accessToken, ...server }: HubOptions = {}): SourceFolder {
  const name = `hub:${repository}@${revision}/`;
  const access = { ...server, ...(accessToken !== undefined && { accessToken }) };
  let commit: Promise<string> | undefined;
  return {
    name,
    async open(file, options = {}) {
      const library = await hubLibrary(name);
      commit ??= commitOf(library, repository, revision, access);
      commit.catch(() => {
        commit = undefined;
      });
      const at = { repo: repository, path: file, revision: await answered(name, commit), ...access };
      const found = await answered(name + file, library.fileDownloadInfo(at));
      if (found === null) return undefined;
      const authorization = accessToken === undefined ? {} : { authorization: `Bearer ${accessToken}` };
      return sourceOf(name + file, found, { ...options, fetch: access.fetch, headers: authorization });
    },
  };
}

type Found = { readonly url: string; readonly size: number; readonly etag: string };
type Http = OpenOptions & { readonly fetch: typeof fetch | undefined; readonly headers: Record<string, string> };

/** Nothing is fetched before it is read: what the hub says of a file tells whether the one that is kept is still it. */
function sourceOf(name: string, { url, size, etag }: Found, options: Http): ByteSource {
  let opened: Promise<ByteSource> | undefined;
  const open = async (): Promise<ByteSource> => {
    const source = await (await import('./http-source.js')).openUrl(url, options);
    if (source.size === size) return source;
    throw readError(name, `the hub says that it has ${size} bytes, but ${source.size} are served`);
  };
  // The tag of a file in large file storage is its SHA-256.
  const sha256 = /^"?([0-9a-f]{64})"?$/.exec(etag)?.[1];
  return {
    name,
    size,
    version: etag,
    ...(sha256 !== undefined && { sha256 }),
    async read(begin, end, signal, into) {
      opened ??= open();
      return (await opened).read(begin, end, signal, into);
    },
  };
}

async function commitOf(
  { modelInfo }: Library,
  repository: string,
  revision: string,
  access: Omit<HubOptions, 'revision'>,
): Promise<string> {
  const { sha } = await modelInfo({ name: repository, revision, additionalFields: ['sha'], ...access });
  return sha;
}

async function hubLibrary(name: string): Promise<Library> {
  try {
    return await import('@huggingface/hub');
  } catch (cause) {
    const help = 'npm install @huggingface/hub';
    throw new SafetensorsError('TFM5110', `cannot read ${name}: the package @huggingface/hub is missing`, help, {
      cause,
    });
  }
}

/** What the hub's library rejects with, as an error of ours. */
async function answered<T>(name: string, promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const status = cause instanceof Error && 'statusCode' in cause ? cause.statusCode : undefined;
    const closed = status === 401 || status === 403 || status === 404;
    const help = closed ? 'is the name right? Private and gated repositories need an accessToken' : undefined;
    throw new SafetensorsError('TFM5110', `cannot read ${name}: ${why}`, help, { cause });
  }
}
