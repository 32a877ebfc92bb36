import path from 'node:path';
import {
  comparingSink,
  FileError,
  fileSink,
  type PlannedFile,
  planFiles,
  type WeightSource,
  writeFiles,
} from '../../emit/onnx/file/index.js';
import type { Context } from '../context.js';
import { failure } from '../failures.js';
import { showPath } from '../files.js';
import { loadingBar } from '../run/loading.js';
import type { Emission } from './emission.js';

/** A file to be written. */
export interface Output {
  readonly file: string;
  readonly content: PlannedFile['content'];
}

/** A file on disk beside what would be written. */
export interface FileState {
  readonly file: string;
  readonly length: number;
  readonly state: 'same' | 'different' | 'missing';
}

/** The files of one model. Those with the weights beside them share one: `gpt2.onnx.data`. */
export function planOutputs(
  { chosen, files }: Emission,
  source: WeightSource,
  externalData: boolean,
): readonly Output[] {
  const folder = path.dirname(chosen.dataFile);
  const models = files.map(({ file, model }) => ({ name: path.basename(file), model }));
  const dataFile = path.basename(chosen.dataFile);
  const planned = planFiles(models, { order: source.paths, dataFile, externalData });
  return planned.map(({ name, content }) => ({ file: path.join(folder, name), content }));
}

/** Compares what would be written with what is there. Weights are read only where lengths are the same. */
export async function statesOf(
  outputs: readonly Output[],
  source: WeightSource,
  { io }: Context,
): Promise<readonly FileState[]> {
  const compared: { content: Output['content']; sink: Awaited<ReturnType<typeof comparingSink>> }[] = [];
  for (const { file, content } of outputs) {
    compared.push({ content, sink: await comparingSink(file, content.length) });
  }
  await writeFiles(compared, source, { signal: io.signal });
  return outputs.map(({ file, content }, i) => ({
    file,
    length: content.length,
    state: compared[i]?.sink.state ?? 'missing',
  }));
}

/** Writes all files, or none. Shows how far it is. */
export async function writeOutputs(outputs: readonly Output[], source: WeightSource, context: Context): Promise<void> {
  const { signal, cwd } = context.io;
  const bar = loadingBar(context, 'writing');
  try {
    await writeFiles(
      outputs.map(({ file, content }) => ({ content, sink: fileSink(file) })),
      source,
      {
        signal,
        onProgress: ({ writtenBytes, totalBytes }) => bar.update({ loadedBytes: writtenBytes, totalBytes }),
      },
    );
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    throw failure('file_not_written', { path: showPath(error.file, cwd), problem: error.message });
  } finally {
    bar.end();
  }
}
