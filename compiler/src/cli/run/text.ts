import fs from 'node:fs';
import path from 'node:path';
import type { SourceLike } from '@tfm-lang/runtime';
import {
  createTokenizer,
  type JsonObject,
  type ModelFiles,
  type PublishedGeneration,
  publishedGeneration,
  readModelFiles,
  stopTokensOf,
  tokenizerHelp,
} from '@tfm-lang/runtime/tasks';
import type { RunOptions } from '../commands/run-options.js';
import { inputFailure, usageFailure } from '../exit.js';
import { notFound } from '../files.js';
import type { Io } from '../io.js';
import type { RuntimeModule } from './model-module.js';
import { weightsSource } from './weights-source.js';

type Tokenizer = Awaited<ReturnType<typeof createTokenizer>>;

/** What turns the model's tokens into text, and ends it. */
export interface Text {
  /** Without one, prompt and text are token ids. */
  readonly tokenizer: Tokenizer | undefined;
  /** Empty: those of the spec. */
  readonly stopTokens: readonly number[];
  /** What the folder of the weights says of generation. */
  readonly published: PublishedGeneration | undefined;
}

/**
 * The tokenizer of `--tokenizer`, or else of the folder with the weights; the tokens that end a text as that folder's
 * generation_config.json or config.json has them. Throws a failure where a text has no tokenizer.
 */
export async function readText(options: RunOptions, io: Io, runtime: RuntimeModule): Promise<Text> {
  const files =
    options.weights === undefined ? {} : await readModelFiles(await folderWith(options.weights, io, runtime));
  if (options.tokenizer !== undefined) {
    const { config, generationConfig } = files;
    const own = await namedFiles(options.tokenizer, io.cwd);
    const merged = { ...own, ...(config && { config }), ...(generationConfig && { generationConfig }) };
    return withTokenizer(merged);
  }
  if (options.promptTokens !== undefined) {
    return { tokenizer: undefined, stopTokens: stopTokensOf(files), published: publishedGeneration(files) };
  }
  if (files.tokenizer) return withTokenizer(files);
  const help = 'give --tokenizer FILE; without a tokenizer, give --prompt-tokens 1,2,3';
  const { weights } = options;
  if (weights === undefined) throw usageFailure('a text needs a tokenizer', help);
  const older = await tokenizerHelp(await folderWith(weights, io, runtime), weights.replace(/^hub:/, ''));
  const message = `a text needs a tokenizer, and there is no tokenizer.json beside ${weights}`;
  throw inputFailure(message, older ?? help);
}

async function withTokenizer(files: ModelFiles): Promise<Text> {
  const tokenizer = await createTokenizer(files);
  return { tokenizer, stopTokens: tokenizer.stopTokens, published: tokenizer.generation };
}

/** The files of the folder with `--tokenizer`, which may have another name than tokenizer.json. */
async function namedFiles(given: string, cwd: string): Promise<ModelFiles> {
  const absolute = path.resolve(cwd, given);
  const folder = folderOf(absolute);
  const file = folder === absolute ? path.join(folder, 'tokenizer.json') : absolute;
  if (!fs.existsSync(file)) throw notFound(given, file);
  const files = await readModelFiles(folder);
  if (path.basename(file) === 'tokenizer.json') return files;
  try {
    return { ...files, tokenizer: JSON.parse(fs.readFileSync(file, 'utf8')) as JsonObject };
  } catch (error) {
    throw inputFailure(`${given} is no tokenizer: ${(error as Error).message}`, 'give the tokenizer.json of the model');
  }
}

/** What the weights lie in, or beside. */
async function folderWith(weights: string, io: Io, runtime: RuntimeModule): Promise<SourceLike> {
  const source = await weightsSource(weights, io, runtime);
  const isPath = typeof source === 'string' && path.isAbsolute(source);
  return isPath ? folderOf(source) : source;
}

const folderOf = (file: string): string =>
  fs.statSync(file, { throwIfNoEntry: false })?.isDirectory() ? file : path.dirname(file);
