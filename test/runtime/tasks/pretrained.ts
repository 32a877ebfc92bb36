import fs from 'node:fs';
import { compile } from '../../../compiler/src/compile.js';
import { importConfig } from '../../../compiler/src/import/import.js';
import { memoryHost } from '../../../compiler/src/source/host.js';
import type { SourceLike } from '../../../runtime/src/index.js';
import type { Classification, ImageLike } from '../../../runtime/src/tasks/index.js';
import { generated } from '../../compiler/emit/generated.js';
import { readJson } from '../../support/golden.js';

/** What the pipelines of transformers give: made by `make.py` beside it. */
export const golden = readJson<{
  readonly encodings: Readonly<Record<string, readonly { text: string; ids: number[]; decoded: string }[]>>;
  readonly generation: readonly { prompt: string; text: string }[];
  readonly chat: { messages: { role: string; content: string }[]; rendered: string; text: string };
  readonly translation: { sources: string[]; texts: string[]; beams: string[] };
  readonly fillMask: readonly { text: string; masks: readonly Filling[][] }[];
  readonly embeddings: { texts: string[] } & Readonly<Record<Pooling, { raw: number[][]; unit: number[][] }>>;
  readonly classification: readonly { text: string; classes: Classification[] }[];
  readonly image: Bytes;
  readonly resized: readonly (Bytes & { size: [number, number]; filter: 'bilinear' | 'bicubic' | 'lanczos' })[];
  readonly processed: readonly (Bytes & { name: string; config: Readonly<Record<string, unknown>> })[];
  readonly imageClassification: readonly Classification[];
}>('test/fixtures/tasks/golden.json');

export type Pooling = 'mean' | 'cls' | 'last';

interface Filling {
  readonly token: number;
  readonly token_str: string;
  readonly score: number;
  readonly sequence: string;
}

interface Bytes {
  readonly shape: number[];
  readonly data: string;
}

export const bytesOf = ({ data }: Bytes): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(data, 'base64'));

/** The image that the processors were given: 21 × 15, RGB. */
export const image: ImageLike = { data: bytesOf(golden.image), width: 21, height: 15 };

/** A generated class of which only the instances matter. */
interface Loadable<M> {
  readonly presets: { readonly Imported: object };
  load(from: SourceLike, options: object): Promise<M>;
}

/** The model of a folder: its config imported, its spec compiled, its weights loaded. `for …` is left out: every output. */
export async function pretrained<M>(folder: string, outputs?: readonly string[]): Promise<M> {
  const fields = JSON.parse(fs.readFileSync(`${folder}/config.json`, 'utf8')) as Record<string, unknown>;
  const { text = '' } = importConfig(fields, { hint: 'imported' });
  const { graph, diagnostics } = compile(memoryHost({ 'm.tfm': text.replace(/ for [\w, ]+$/m, '') }), 'm.tfm');
  if (!graph) throw new Error(diagnostics.map(({ message }) => message).join('; '));
  const module = await generated<Readonly<Record<string, Loadable<M>>>>(graph);
  const Model = module[graph.models[0]!.name]!;
  return Model.load(folder, { config: Model.presets.Imported, checkpoint: 'huggingface', ...(outputs && { outputs }) });
}
