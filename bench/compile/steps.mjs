// node steps.mjs SHAPE LINES…: for each length, how many blocks of the compiler's code each stage runs, and how many nodes the
// graph has, as JSON. Unlike time, these counts are the same on every machine.
import { Session } from 'node:inspector/promises';
import { format, parse } from '@tfm-lang/grammar';
import { sourceFile } from '../../compiler/dist/emit/typescript/source-file.js';
import { compile, memoryHost } from '../../compiler/dist/index.js';
import { longSpec } from './long-spec.mjs';

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

/** Counts since the last call, in the grammar's and the compiler's own files. */
async function steps() {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  return result
    .filter(({ url }) => /\/(grammar|compiler)\/dist\//.test(url))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges.map(({ count }) => count)))
    .reduce((sum, count) => sum + count, 0);
}

async function counted(work) {
  await steps();
  const result = work();
  return { result, count: await steps() };
}

function nodesOf({ models }) {
  let count = 0;
  JSON.stringify(models, (_key, value) => {
    if (typeof value === 'object' && value !== null && 'kind' in value && 'outputs' in value) count++;
    return value;
  });
  return count;
}

async function countsOf(text) {
  const { count: parsed } = await counted(() => parse(text));
  const compiled = await counted(() => compile(memoryHost({ 'long.tfm': text }), 'long.tfm'));
  const { graph, diagnostics } = compiled.result;
  if (!graph || diagnostics.length > 0) throw new Error(`a long spec has mistakes: ${JSON.stringify(diagnostics[0])}`);
  const emitted = await counted(() => sourceFile(graph, { runtimeModule: '@tfm-lang/runtime', toolVersion: '0' }));
  const formatted = await counted(() => format(text));
  const check = compiled.count - parsed;
  return { nodes: nodesOf(graph), parse: parsed, check, emit: emitted.count, format: formatted.count };
}

const [shape, ...lines] = process.argv.slice(2);
await countsOf(longSpec(200, shape)); // what is made once, at the first use
const counts = [];
for (const count of lines) counts.push(await countsOf(longSpec(Number(count), shape)));
console.log(JSON.stringify(counts));
