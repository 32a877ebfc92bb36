import fs from 'node:fs';
import { compile, memoryHost } from '@tfm-lang/compiler';
import { format } from '@tfm-lang/grammar';
import { describe, expect, test } from 'vitest';
import { builtins } from '../../compiler/src/check/builtins/table.js';
import { makeProgram } from '../../compiler/src/cli/program.js';

/** What stands around an example that is a part of a model; `docs/language.md` says so to the reader. */
const before = `model Example(vocab = 100, context = 32, width = 16, depth = 2, heads = 4, drop = 0.1) {
  input tokens: token[B, T <= context] of vocab
  input x: float[B, T, width]
`;
/** So that no input is unused. */
const after = `
  output tokens_used = tokens -> embedding(vocab, width) as tokens_used
  output x_used = x
}
`;
const files = ['README.md', 'docs/language.md', 'docs/primitives.md', 'docs/checkpoints.md'];

const examples = files.flatMap((file) => {
  const text = fs.readFileSync(file, 'utf8');
  return [...text.matchAll(/^```tfm *(\w*)\n([\s\S]*?)\n```$/gm)].map(({ 1: kind = '', 2: body = '', index }) => {
    const line = text.slice(0, index).split('\n').length;
    return { place: `${file}:${line}`, kind, body, spec: whole(kind, body) };
  });
});

function whole(kind: string, body: string): string {
  if (kind === 'model') return `${before}${body}${after}`;
  if (kind === 'stage') return `${before}  output y = x -> ${body}${after}`;
  if (kind === '') return body;
  throw new Error(`an example is marked '${kind}'`);
}

test('the language reference says what stands around its examples', () => {
  expect(fs.readFileSync('docs/language.md', 'utf8')).toContain(`${before}  …\n}`);
});

test.each(examples)('$place compiles', ({ spec }) => {
  const { diagnostics } = compile(memoryHost({ 'example.tfm': `${spec}\n` }), 'example.tfm');
  const unused = ['TFM2031', 'TFM2032', 'TFM2035'];
  expect(
    diagnostics.filter(({ code }) => !unused.includes(code)).map(({ code, message }) => `${code} ${message}`),
  ).toEqual([]);
});

test.each(examples.filter(({ kind }) => kind !== 'stage'))('$place has the canonical form', ({ kind, body }) => {
  const text = kind === '' ? `${body}\n` : `model Example() {\n${body.replace(/^(?=.)/gm, '  ')}\n}\n`;
  expect(format(text).text).toBe(text);
});

describe('nothing is missing', () => {
  const primitives = fs.readFileSync('docs/primitives.md', 'utf8');
  const language = fs.readFileSync('docs/language.md', 'utf8');
  const supported = [...builtins.values()].filter(({ later }) => later === undefined).map(({ name }) => name);
  const unsupported = [...builtins.values()].filter(({ later }) => later !== undefined).map(({ name }) => name);

  test.each(supported)('%s is among the primitives', (name) => {
    expect(primitives).toMatch(new RegExp(`\`${name}[\`(]`));
  });

  test.each(unsupported)('%s is not yet supported', (name) => {
    expect(language.slice(language.indexOf('## Not yet supported'))).toContain(`\`${name}\``);
  });

  test('every model stands in the overview of the specs', () => {
    const overview = fs.readFileSync('specs/README.md', 'utf8');
    for (const file of fs.readdirSync('specs/models')) {
      expect(overview).toContain(`](models/${file})`);
      const models = fs.readFileSync(`specs/models/${file}`, 'utf8').match(/(?<=^model )\w+/gm) ?? [];
      for (const model of models) expect(overview).toContain(`\`${model}\``);
    }
  });

  const commands: string[] = makeProgram(silent(), () => undefined).commands.map((command) => command.name());

  test.each(commands)('tfm %s has its section with its help', (name) => {
    expect(fs.readFileSync('docs/cli.md', 'utf8')).toContain(`## tfm ${name}\n`);
    expect(fs.readFileSync('docs/cli.md', 'utf8')).toContain(`$ tfm ${name} --help\nUsage: tfm ${name}`);
  });
});

function silent(): Parameters<typeof makeProgram>[0] {
  const output = { write: () => undefined, isTerminal: false, columns: 100 };
  const { signal } = new AbortController();
  const lines = async function* (): AsyncGenerator<string> {};
  return { stdout: output, stderr: output, readStdin: () => Promise.resolve(''), lines, cwd: '.', env: {}, signal };
}
