// node stages.mjs LINES SHAPE: the milliseconds of CPU time of each stage on one long spec, as JSON. A process of its own,
// so that no measurement pays for the garbage of another.
import { format, parse } from '@tfm-lang/grammar';
import { sourceFile } from '../../compiler/dist/emit/typescript/source-file.js';
import { compile, memoryHost } from '../../compiler/dist/index.js';
import { longSpec } from './long-spec.mjs';

function timed(work) {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { result, time: (user + system) / 1000 };
}

function stages(text) {
  const parsed = timed(() => parse(text));
  const compiled = timed(() => compile(memoryHost({ 'long.tfm': text }), 'long.tfm'));
  const { graph, diagnostics } = compiled.result;
  if (!graph || diagnostics.length > 0)
    throw new Error(`the long spec has mistakes: ${JSON.stringify(diagnostics[0])}`);
  const emitted = timed(() => sourceFile(graph, { runtimeModule: '@tfm-lang/runtime', toolVersion: '0' }));
  const formatted = timed(() => format(text));
  return {
    lines: text.split('\n').length - 1,
    generatedLines: emitted.result.split('\n').length - 1,
    parse: parsed.time,
    check: compiled.time - parsed.time,
    emit: emitted.time,
    format: formatted.time,
  };
}

const [lines, shape] = [Number(process.argv[2]), process.argv[3]];
stages(longSpec(500, shape)); // the first run of any code is slow: not what is measured here
console.log(JSON.stringify(stages(longSpec(lines, shape))));
