import { TfmError } from '../errors.js';
import type { SourceLike } from '../weights/source.js';
import { type JsonObject, type ModelFiles, readModelFiles, stopTokensOf, tokenizerHelp } from './files.js';
import { type PublishedGeneration, publishedGeneration } from './generation-config.js';

/** The roles that special tokens have in tokenizer_config.json, there with `_token` behind. */
type SpecialRole = 'bos' | 'eos' | 'unk' | 'sep' | 'pad' | 'cls' | 'mask';

/** Text to token ids and back. */
export interface Tokenizer {
  /** With the special tokens that the model expects around a text, unless told otherwise. Throws TFM5601. */
  encode(text: string, options?: { readonly specialTokens?: boolean }): number[];
  /** Special tokens are left out, unless told otherwise. */
  decode(tokens: readonly number[], options?: { readonly specialTokens?: boolean }): string;
  /** The id of a token by its text. */
  tokenId(token: string): number | undefined;
  /** Texts of special tokens by role. */
  readonly specialTokens: Readonly<Partial<Record<SpecialRole, string>>>;
  /** The tokens that end a text: those of generation_config.json or config.json, and the tokenizer's own. */
  readonly stopTokens: readonly number[];
  /** How the folder would have its model generate: what generation_config.json says, where there is one. */
  readonly generation?: PublishedGeneration | undefined;
  /** A Jinja template that writes a conversation as a text. */
  readonly chatTemplate: string | undefined;
}

/** What is used of @huggingface/tokenizers, whose own declarations TypeScript does not find under `nodenext`. */
interface Implementation {
  encode(
    text: string,
    options: { readonly add_special_tokens: boolean },
  ): { readonly ids: readonly (number | undefined)[]; readonly tokens: readonly string[] };
  decode(
    tokens: number[],
    options: { readonly skip_special_tokens: boolean; readonly clean_up_tokenization_spaces: boolean },
  ): string;
  token_to_id(token: string): number | undefined;
  get_added_tokens_decoder(): ReadonlyMap<number, { readonly content: string }>;
}

interface Package {
  readonly Tokenizer: new (definition: object, config: object) => Implementation;
}

/** The tokenizer of a folder, or beside a file of weights. Rejects with TFM5601 where it has none. */
export async function loadTokenizer(from: SourceLike): Promise<Tokenizer> {
  const files = await readModelFiles(from);
  if (!files.tokenizer) {
    const isNamed = typeof from === 'string' || from instanceof URL;
    const help = await tokenizerHelp(from, isNamed ? String(from) : 'FOLDER');
    throw new TfmError('TFM5601', `there is no tokenizer.json${isNamed ? ` in ${String(from)}` : ''}`, help);
  }
  return createTokenizer(files);
}

/** A tokenizer from files that were read before. Rejects with TFM5601 where they cannot serve. */
export async function createTokenizer(files: ModelFiles): Promise<Tokenizer> {
  const { tokenizer: definition, tokenizerConfig = {}, chatTemplate } = files;
  if (!definition) throw new TfmError('TFM5601', 'there is no tokenizer.json');
  const { Tokenizer: Found } = await implementation();
  let tokenizer: Implementation;
  try {
    tokenizer = new Found(definition, tokenizerConfig);
  } catch (cause) {
    const message = `tokenizer.json is no tokenizer: ${(cause as Error).message}`;
    throw new TfmError('TFM5601', message, undefined, { cause });
  }
  const specialTokens = specialTokensOf(files, tokenizer.get_added_tokens_decoder().values());
  const tokenId = (token: string): number | undefined => tokenizer.token_to_id(token);
  const eos = specialTokens.eos === undefined ? undefined : tokenId(specialTokens.eos);
  return {
    encode(text, { specialTokens: add = true } = {}) {
      const { ids, tokens } = tokenizer.encode(text, { add_special_tokens: add });
      return ids.map((id, i) => {
        if (id !== undefined) return id;
        throw new TfmError('TFM5601', `the tokenizer has no token for ${JSON.stringify(tokens[i])}`);
      });
    },
    decode(tokens, { specialTokens: keep = false } = {}) {
      if (tokens.length === 0) return '';
      return tokenizer.decode([...tokens], { skip_special_tokens: !keep, clean_up_tokenization_spaces: false });
    },
    tokenId,
    specialTokens,
    stopTokens: [...new Set([...stopTokensOf(files), ...(eos === undefined ? [] : [eos])])],
    generation: publishedGeneration(files),
    chatTemplate: chatTemplate ?? templateIn(tokenizerConfig),
  };
}

async function implementation(): Promise<Package> {
  try {
    return (await import('@huggingface/tokenizers')) as Package;
  } catch (cause) {
    const help = 'npm install @huggingface/tokenizers';
    throw new TfmError('TFM5601', 'the package @huggingface/tokenizers is not installed', help, { cause });
  }
}

/** As the configuration names them; a mask has one of two usual names where it does not. */
function specialTokensOf(
  { tokenizerConfig = {}, specialTokensMap = {} }: ModelFiles,
  added: Iterable<{ readonly content: string }>,
): Tokenizer['specialTokens'] {
  const found: Partial<Record<SpecialRole, string>> = {};
  for (const role of ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'] as const) {
    const text = textOf(tokenizerConfig[`${role}_token`]) ?? textOf(specialTokensMap[`${role}_token`]);
    if (text !== undefined) found[role] = text;
  }
  const mask = [...added].find(({ content }) => content === '[MASK]' || content === '<mask>');
  return mask ? { mask: mask.content, ...found } : found;
}

/** A token is written as its text, or as an object with it. */
function textOf(token: unknown): string | undefined {
  if (typeof token === 'string') return token;
  const { content } = (token ?? {}) as JsonObject;
  return typeof content === 'string' ? content : undefined;
}

/** One template, or several by name. */
function templateIn({ chat_template: template }: JsonObject): string | undefined {
  if (typeof template === 'string') return template;
  if (!Array.isArray(template)) return undefined;
  const byName = template as readonly { readonly name?: unknown; readonly template?: unknown }[];
  const chosen = byName.find(({ name }) => name === 'default') ?? byName[0];
  return typeof chosen?.template === 'string' ? chosen.template : undefined;
}
