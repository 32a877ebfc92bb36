import type { BatchOptions, BeamOptions, ProcessingOptions } from '../generate/options.js';
import { type JsonObject, type ModelFiles, stopTokensOf } from './files.js';

/** Options of `generate` that a publisher recommends. */
export type GenerationDefaults = ProcessingOptions &
  BeamOptions & { readonly maxNewTokens?: number; readonly stopTokens?: readonly number[] };

/** How a publisher would have a model generate. */
export interface PublishedGeneration {
  /** The file that says so. */
  readonly file: 'generation_config.json' | 'config.json';
  /**
   * Whether tokens are drawn (`do_sample`); else the most likely one is taken, or a beam search is made. Hugging Face's
   * `generate` draws only where it is true; undefined where no generation_config.json says so.
   */
  readonly draws: boolean | undefined;
  /** What the target of an encoder–decoder begins with (`decoder_start_token_id`). */
  readonly start: number | undefined;
  /** The fields that became options. */
  readonly taken: JsonObject;
  /** Fields that would change the text, and are not supported. */
  readonly unsupported: readonly string[];
  /** The options, for a prompt of so many tokens: `max_length` and `min_length` count it. */
  options(promptTokens: number): GenerationDefaults;
}

/** What generation_config.json says, or else config.json, as older models have it; undefined where there is neither. */
export function publishedGeneration(files: ModelFiles): PublishedGeneration | undefined {
  const { generationConfig, config } = files;
  const fields = generationConfig ?? config;
  if (!fields) return undefined;
  const stopTokens = stopTokensOf(files);
  const samples = generationConfig || 'do_sample' in fields ? fields.do_sample === true : undefined;
  const beams = positive(fields.num_beams) ?? 1;
  const taken: Record<string, unknown> = {};
  const badWords = wordsIn(fields.bad_words_ids, stopTokens);
  if (badWords.length > 0) taken.bad_words_ids = badWords;
  const fixed: GenerationDefaults = {
    ...(beams > 1 ? searchOptions(fields, beams, taken) : samples && drawingOptions(fields, taken)),
    ...(beams === 1 && samples === false && { temperature: 0 }),
    ...chosen(fields, common, taken),
    ...(badWords.length > 0 && { badWords }),
    ...(stopTokens.length > 0 && { stopTokens }),
  };
  const lengths = lengthsOf(fields, taken);
  const { decoder_start_token_id: start } = fields;
  return {
    file: generationConfig ? 'generation_config.json' : 'config.json',
    draws: beams > 1 ? false : samples,
    start: typeof start === 'number' ? start : undefined,
    taken,
    unsupported: [...(beams > 1 && samples ? ['do_sample'] : []), ...notSupported(fields)],
    options(promptTokens) {
      const { max_length: longest, min_length: shortest } = lengths;
      const room = longest === undefined ? undefined : longest - promptTokens;
      const maxNewTokens = lengths.max_new_tokens ?? positive(room);
      const minNewTokens = lengths.min_new_tokens ?? positive((shortest ?? 0) - promptTokens);
      return {
        ...fixed,
        ...(maxNewTokens !== undefined && { maxNewTokens }),
        ...(minNewTokens !== undefined && { minNewTokens }),
      };
    },
  };
}

const drawn = ['temperature', 'topK', 'topP', 'minP', 'typicalP'] as const;
const searched = ['beams', 'lengthPenalty', 'earlyStopping'] as const;

/**
 * Options with the published ones where they say nothing. Where they ask for drawing (`temperature`, `topK`, …, `seed`), a
 * published beam search is left out, and what is published of drawing where they ask for beams.
 */
export function withPublished<Options extends BatchOptions>(
  published: PublishedGeneration | undefined,
  given: Options,
  promptTokens: number,
): Options {
  const options = published?.options(promptTokens);
  if (!options) return given;
  const search = given.beams === undefined ? options.beams !== undefined : given.beams > 1;
  const draws = given.beams === 1 || [...drawn, 'seed' as const].some((name) => given[name] !== undefined);
  const left = new Set<string>(search && !draws ? drawn : searched);
  // A temperature of 0 is not published: it is what generate does there. It gives way to whatever else is asked for.
  if (draws && options.temperature === 0) left.add('temperature');
  return { ...Object.fromEntries(Object.entries(options).filter(([name]) => !left.has(name))), ...given };
}

/** Reads a field; undefined where it changes nothing. */
type Read = (value: unknown) => unknown;
type Table = Readonly<Record<string, readonly [option: keyof GenerationDefaults, read: Read]>>;

const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
const positive = (value: unknown): number | undefined => (typeof value === 'number' && value > 0 ? value : undefined);
const share: Read = (value) => (typeof value === 'number' && value > 0 && value < 1 ? value : undefined);
const notOne: Read = (value) => (value === 1 ? undefined : number(value));
const ids: Read = (value) => {
  const all: unknown[] = [value].flat();
  return all.length > 0 && all.every((id) => typeof id === 'number') ? all : undefined;
};

const common: Table = {
  repetition_penalty: ['repetitionPenalty', notOne],
  no_repeat_ngram_size: ['noRepeatNgramSize', positive],
  forced_bos_token_id: ['forcedBos', number],
  forced_eos_token_id: ['forcedEos', (value) => number([value].flat()[0])],
  suppress_tokens: ['suppressTokens', ids],
  begin_suppress_tokens: ['beginSuppressTokens', ids],
};

/** How long a text may and must be: new tokens, or all of them. */
function lengthsOf(fields: JsonObject, taken: Record<string, unknown>): Readonly<Record<string, number>> {
  const names = ['max_new_tokens', 'min_new_tokens', 'max_length', 'min_length'];
  const found = names.flatMap((name) => {
    const value = positive(fields[name]);
    return value === undefined ? [] : ([[name, value]] as const);
  });
  const lengths = Object.fromEntries(found);
  Object.assign(taken, lengths);
  return lengths;
}

/** The fields of a table as options, which its readers make; `taken` gets them as they are. */
function chosen(fields: JsonObject, table: Table, taken: Record<string, unknown>): GenerationDefaults {
  const found: Record<string, unknown> = {};
  for (const [name, [option, read]] of Object.entries(table)) {
    const value = read(fields[name]);
    if (value === undefined) continue;
    found[option] = value;
    taken[name] = fields[name];
  }
  return found as GenerationDefaults;
}

function searchOptions(fields: JsonObject, beams: number, taken: Record<string, unknown>): GenerationDefaults {
  taken.num_beams = beams;
  const early: Read = (value) => (value === true || value === 'never' ? value : undefined);
  const table: Table = { length_penalty: ['lengthPenalty', notOne], early_stopping: ['earlyStopping', early] };
  return { beams, ...chosen(fields, table, taken) };
}

function drawingOptions(fields: JsonObject, taken: Record<string, unknown>): GenerationDefaults {
  taken.do_sample = true;
  // What transformers' generate has where nothing is said.
  const usual = { temperature: 1, ...(fields.top_k !== 0 && { topK: 50 }) };
  const table: Table = {
    temperature: ['temperature', positive],
    top_k: ['topK', positive],
    top_p: ['topP', share],
    min_p: ['minP', share],
    typical_p: ['typicalP', share],
  };
  return { ...usual, ...chosen(fields, table, taken) };
}

/** Words that must not occur, without those that are nothing but a stop token: one of these ends the text. */
function wordsIn(value: unknown, stops: readonly number[]): number[][] {
  const words = Array.isArray(value) ? (value as unknown[]) : [];
  return words.filter((word): word is number[] => {
    const isWord = Array.isArray(word) && word.length > 0 && word.every((id) => typeof id === 'number');
    return isWord && !(word.length === 1 && stops.includes(word[0] as number));
  });
}

/** Fields that would change the text, with the values that do not. */
const others: Readonly<Record<string, readonly unknown[]>> = {
  ...{
    encoder_no_repeat_ngram_size: [0],
    encoder_repetition_penalty: [1],
    diversity_penalty: [0],
    num_beam_groups: [1],
  },
  ...{ num_return_sequences: [1], epsilon_cutoff: [0], eta_cutoff: [0], top_h: [], penalty_alpha: [0] },
  ...{ guidance_scale: [1], sequence_bias: [], exponential_decay_length_penalty: [], forced_decoder_ids: [] },
  ...{ constraints: [], force_words_ids: [], dola_layers: [] },
};

function notSupported(fields: JsonObject): string[] {
  return Object.keys(others).filter((name) => {
    const value = fields[name];
    return value !== undefined && value !== null && !others[name]?.includes(value);
  });
}
