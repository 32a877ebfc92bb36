import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { emitTypeScript } from '../../../compiler/src/emit/typescript/index.js';
import type { Graph } from '../../../compiler/src/graph/graph.js';
import { compile, nodeHost } from '../../../compiler/src/index.js';
import { formulas } from './fixtures/formulas.js';
import { gpt2 } from './fixtures/gpt2.js';
import { hostile, payloads } from './fixtures/hostile.js';
import { translator } from './fixtures/translator.js';

const folder = resolve('.cache/typecheck-generated');
const resolutions = {
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
};

const specFiles = readdirSync('specs/models');

function graphOf(path: string): Graph {
  const { graph, diagnostics } = compile(nodeHost(), path);
  if (!graph) throw new Error(`${path} does not compile: ${JSON.stringify(diagnostics)}`);
  return graph;
}

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const specs = specFiles.map((file) => [`spec-${file.replace('.tfm', '')}`, graphOf(`specs/models/${file}`)] as const);
  const graphs = {
    gpt2,
    translator,
    hostile: hostile(payloads.join('')),
    formulas: formulas(),
    // A block of which a choice of the configuration decides what weights it has.
    t5: graphOf('test/fixtures/specs/t5.tfm'),
    // Copies of a repeat that change the shape: written out, their weights are tuples.
    swin: graphOf('test/fixtures/specs/swin.tfm'),
    copies: graphOf('test/compiler/emit/fixtures/copies.tfm'),
    ...Object.fromEntries(specs),
  };
  for (const [name, graph] of Object.entries(graphs)) {
    writeFileSync(`${folder}/${name}.ts`, (await emitTypeScript(graph, { toolVersion: '0.1.0' })).text);
  }
});

// Each compiler and each way to resolve modules; the last compiler takes seconds, the others half a minute.
test.each([
  ['ts5', 'nodenext'],
  ['typescript', 'bundler'],
  ['ts7', 'nodenext'],
  ['ts7', 'bundler'],
] as const)('generated code passes %s, %s', { timeout: 120_000 }, (compiler, name) => {
  const config = `${folder}/tsconfig.${compiler}.${name}.json`;
  writeFileSync(config, JSON.stringify({ compilerOptions: { ...strict, ...resolutions[name] }, include: ['*.ts'] }));
  expect(readdirSync(folder).filter((file) => file.endsWith('.ts')).length).toBe(7 + specFiles.length);
  expect(problems(compiler, config)).toEqual([]);
});

const strict = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  noEmit: true,
  skipLibCheck: true,
  target: 'es2022',
  lib: ['es2023', 'dom'],
  types: ['node', '@webgpu/types'],
  customConditions: ['source'],
};

/** What the compiler says of the generated files; the runtime's own sources are checked elsewhere. */
function problems(compiler: string, config: string): string[] {
  const args = [`node_modules/${compiler}/bin/tsc`, '-p', config, '--pretty', 'false'];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  const lines = stdout.split('\n').filter((line) => /error TS/.test(line));
  if (status !== 0 && lines.length === 0) return [`${compiler} failed: ${stdout}`];
  return lines.filter((line) => !line.startsWith('runtime/src/'));
}
