import path from 'node:path';
import { opsets } from '../../emit/onnx/file/index.js';
import { emitOnnx, type OnnxModel } from '../../emit/onnx/index.js';
import type { Unsupported } from '../../emit/onnx/unsupported.js';
import { graphHash } from '../../graph/hash.js';
import { selectOutputs } from '../../lower/select-outputs.js';
import { type Diagnostic, report } from '../../source/diagnostic.js';
import { nodeHost } from '../../source/node-host.js';
import { offsetAt } from '../../source/text.js';
import { standardLibrary } from '../../std.gen.js';
import type { OnnxBuildOptions } from '../commands/build-options.js';
import { showPath } from '../files.js';
import { toolVersion } from '../version.js';
import type { Entry, ModelToBuild } from './models.js';

/** A model as data, and the file that it will be. */
interface EmittedFile {
  readonly file: string;
  readonly model: OnnxModel;
}

/** What the entries of one model give: their files, or why there are none. */
export interface Emission {
  readonly chosen: ModelToBuild;
  readonly files: readonly EmittedFile[];
  readonly diagnostics: readonly Diagnostic[];
  readonly failed: boolean;
}

export function emissionOf(chosen: ModelToBuild, options: OnnxBuildOptions, cwd: string): Emission {
  const files: EmittedFile[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const { entry, file } of chosen.outputs) {
    const result = emitOnnx(selectOutputs(chosen.model, chosen.wanted), chosen.configuration, {
      opset: options.opset ?? opsets.usual,
      entry,
      toolVersion: toolVersion(),
      metadata: metadataOf(chosen, entry, options.init),
    });
    if ('model' in result) files.push({ file, model: result.model });
    else diagnostics.push(diagnosticOf(result.unsupported, chosen, cwd));
  }
  const failed = diagnostics.length > 0;
  return { chosen, files: failed ? [] : files, diagnostics, failed };
}

/** What the file says about its origin. The same for the same spec and options. */
function metadataOf(
  { graph, model, configuration, preset }: ModelToBuild,
  entry: Entry,
  seed: number | undefined,
): Readonly<Record<string, string>> {
  return {
    'tfm.model': model.name,
    'tfm.spec': graph.source,
    'tfm.spec_hash': graphHash(graph),
    'tfm.version': toolVersion(),
    'tfm.configuration': JSON.stringify(Object.fromEntries(configuration), finite),
    ...(preset !== undefined && { 'tfm.preset': preset }),
    'tfm.entry': entry,
    ...(seed !== undefined && { 'tfm.init_seed': String(seed) }),
  };
}

/** JSON has no infinity: numbers that are not finite become text. */
const finite = (_: string, value: unknown): unknown =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

/** The mistake at its place, as seen from the working folder. */
function diagnosticOf({ construct, place }: Unsupported, { spec, model }: ModelToBuild, cwd: string): Diagnostic {
  const { file: source, line, column } = place ?? model.place;
  const isOfLibrary = Object.hasOwn(standardLibrary, source);
  const absolute = path.resolve(path.dirname(spec.absolute), source);
  const text = (isOfLibrary ? standardLibrary[source] : nodeHost().read(absolute)) ?? '';
  const start = offsetAt(text, { line, column });
  const end = start + (/^(\w+|.)/.exec(text.slice(start))?.[0].length ?? 0);
  const file = isOfLibrary ? source : showPath(absolute, cwd);
  return report('onnx_unsupported', { file, span: { start, end }, parameters: { construct } });
}
