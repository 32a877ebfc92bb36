import { TfmError } from '../errors.js';
import { placeOf } from '../weights/folder.js';
import { isPath, type SourceFolder, type SourceLike } from '../weights/source.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** What lies beside the weights in a folder of a published model; each as parsed from its file, where there is one. */
export interface ModelFiles {
  /** `config.json` */
  readonly config?: JsonObject;
  /** `generation_config.json` */
  readonly generationConfig?: JsonObject;
  /** `tokenizer.json` */
  readonly tokenizer?: JsonObject;
  /** `tokenizer_config.json` */
  readonly tokenizerConfig?: JsonObject;
  /** `special_tokens_map.json` */
  readonly specialTokensMap?: JsonObject;
  /** `preprocessor_config.json` */
  readonly preprocessorConfig?: JsonObject;
  /** `chat_template.jinja` */
  readonly chatTemplate?: string;
}

const names: Readonly<Record<Exclude<keyof ModelFiles, 'chatTemplate'>, string>> = {
  config: 'config.json',
  generationConfig: 'generation_config.json',
  tokenizer: 'tokenizer.json',
  tokenizerConfig: 'tokenizer_config.json',
  specialTokensMap: 'special_tokens_map.json',
  preprocessorConfig: 'preprocessor_config.json',
};

/** Reads a file of a folder as text; undefined where there is none. */
type ReadText = (name: string) => Promise<string | undefined>;

/**
 * Reads what stands in a folder, or beside a file of weights: of a path (Node), a URL, a repository of the hub, or files that a
 * person chose. A file that is not there is left out. Rejects with TFM5601 where one is no JSON or cannot be read.
 */
export async function readModelFiles(from: SourceLike): Promise<ModelFiles> {
  const read = await readerOf(from);
  const parts = Object.entries(names).map(async ([key, name]) => {
    const text = await read(name);
    return text === undefined ? {} : { [key]: parse(text, name) };
  });
  const template = read('chat_template.jinja').then((text) => (text === undefined ? {} : { chatTemplate: text }));
  return Object.assign({}, ...(await Promise.all([...parts, template]))) as ModelFiles;
}

/** Files of tokenizers that transformers turns into a tokenizer.json. */
const older = ['tokenizer.model', 'spiece.model', 'sentencepiece.bpe.model', 'vocab.json', 'vocab.txt'];

/**
 * What to do where a folder has no tokenizer.json, by the other files of tokenizers that it has; undefined where it has none.
 * `place` is what the folder, or the file in it, is called.
 */
export async function tokenizerHelp(from: SourceLike, place: string): Promise<string | undefined> {
  const read = await readerOf(from);
  const first = async (names: readonly string[]): Promise<string | undefined> => {
    for (const name of names) if ((await read(name)) !== undefined) return name;
    return undefined;
  };
  // MarianTokenizer has no fast form: nothing writes a tokenizer.json of two sentencepiece models.
  if ((await first(['source.spm'])) !== undefined) {
    return 'it has source.spm, of which transformers writes no tokenizer.json: give token ids';
  }
  const found = await first(older);
  if (found === undefined) return undefined;
  const folder = JSON.stringify(place.replace(/[^/\\]+\.(safetensors|json)$/i, '') || '.');
  const program = `from transformers import AutoTokenizer; AutoTokenizer.from_pretrained(${folder}).save_pretrained("tokenizer")`;
  return `it has ${found}; this writes tokenizer/tokenizer.json (pip install transformers sentencepiece): python -c '${program}'`;
}

/** The tokens that end a text: `eos_token_id` of generation_config.json, or else of config.json. */
export function stopTokensOf({ generationConfig, config }: ModelFiles): number[] {
  const eos = generationConfig?.eos_token_id ?? config?.eos_token_id;
  return [eos].flat().filter((id): id is number => typeof id === 'number');
}

/** The names of the classes, by index: `id2label` of config.json. */
export function labelsOf({ config }: ModelFiles): readonly string[] | undefined {
  const { id2label } = config ?? {};
  if (typeof id2label !== 'object' || id2label === null) return undefined;
  const labels: string[] = [];
  for (const [id, label] of Object.entries(id2label)) labels[Number(id)] = String(label);
  return labels;
}

async function readerOf(from: SourceLike): Promise<ReadText> {
  if (typeof from === 'string' || from instanceof URL) {
    const folder = String(from).replace(/[^/\\]+\.(safetensors|json)$/i, '');
    return isPath(from) ? (name) => readLocal(folder, name) : (name) => readRemote(folder, name);
  }
  const place = await placeOf(from);
  return 'folder' in place ? (name) => readIn(place.folder, name) : () => Promise.resolve(undefined);
}

async function readIn(folder: SourceFolder, name: string): Promise<string | undefined> {
  const source = await folder.open(name);
  if (!source) return undefined;
  try {
    return new TextDecoder().decode(await source.read(0, source.size));
  } finally {
    await source.close?.();
  }
}

async function readLocal(folder: string, name: string): Promise<string | undefined> {
  // Not an import: bundlers for the browser never see a `node:` module.
  const { readFile } = process.getBuiltinModule('node:fs/promises');
  const { fileURLToPath } = process.getBuiltinModule('node:url');
  const { join } = process.getBuiltinModule('node:path');
  const path = join(/^file:/i.test(folder) ? fileURLToPath(folder) : folder, name);
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new TfmError('TFM5601', `cannot read ${path}: ${(cause as Error).message}`, undefined, { cause });
  }
}

async function readRemote(folder: string, name: string): Promise<string | undefined> {
  const base = new URL(folder, globalThis.location?.href);
  if (!base.pathname.endsWith('/')) base.pathname += '/';
  const url = new URL(name, base);
  const response = await fetch(url).catch((cause: unknown) => {
    throw new TfmError('TFM5601', `cannot read ${url.href}`, undefined, { cause });
  });
  if (response.ok) return response.text();
  if (response.status === 404) return undefined;
  throw new TfmError('TFM5601', `cannot read ${url.href}: status ${response.status}`);
}

function parse(text: string, name: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TfmError('TFM5601', `${name} is no JSON: ${(cause as Error).message}`, undefined, { cause });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new TfmError('TFM5601', `${name} is no JSON object`);
}
