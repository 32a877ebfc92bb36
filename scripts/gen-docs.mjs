// Writes docs/diagnostics, one page for each code, and refreshes what README.md and docs/*.md quote: the output of
// commands, generated code, spec files. `node scripts/setup.mjs scripts/gen-docs.mjs`; test/docs checks that nothing is stale.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * @typedef {object} Tools What the documents are made with: built packages here, their sources in the tests.
 * @property {import('@tfm-lang/compiler')} compiler
 * @property {Readonly<Record<string, string>>} runtimeErrors
 * @property {(argv: string[]) => Promise<string>} tfm Runs a command in the root of the repository; its output.
 */

/**
 * Every document by its path, as it should be.
 * @param {Tools} tools
 * @returns {Promise<Map<string, string>>}
 */
export async function documents(tools) {
  const documents = diagnosticPages(tools);
  for (const file of quotingFiles()) documents.set(file, await refreshed(fs.readFileSync(file, 'utf8'), tools));
  return documents;
}

const quotingFiles = () =>
  ['README.md', 'specs/README.md', ...fs.readdirSync('docs').map((name) => `docs/${name}`)].filter(isMarkdown);
const isMarkdown = (file) => file.endsWith('.md');

// --------------------------------------------------------------------------------------------------- diagnostics

/** @param {Tools} tools */
function diagnosticPages(tools) {
  const { compiler, runtimeErrors } = tools;
  const codes = [
    ...Object.values(compiler.messages).map(({ code, severity, title }) => ({ code, severity, title })),
    ...Object.entries(runtimeErrors).map(([code, title]) => ({ code, severity: 'error', title })),
  ].sort((a, b) => (a.code < b.code ? -1 : 1));
  const pages = codes.map(({ code, severity, title }) => {
    const explanation = compiler.explanations[code] ?? { meaning: '' };
    const text = [`# ${code}: ${title}`, kind(code, severity), ...explained(explanation, compiler)].join('\n\n');
    return [`docs/diagnostics/${code}.md`, `${text}\n`];
  });
  return new Map([['docs/diagnostics/README.md', index(codes)], ...pages]);
}

function kind(code, severity) {
  if (code.startsWith('TFM5'))
    return 'An error of the runtime: a `TfmError` with this `code`, while a model is loaded or runs.';
  if (code.startsWith('TFM6')) return 'An error of the command line.';
  return severity === 'warning' ? 'A warning of the compiler.' : 'An error of the compiler.';
}

function explained({ meaning, bad, good, fix, files = {} }, compiler) {
  const beside = Object.entries(files).flatMap(([name, text]) => [`\`${name}\`:`, fence('tfm', text.trimEnd())]);
  return [
    meaning,
    ...(bad === undefined
      ? []
      : ['## Example', fence('tfm', bad), ...beside, fence('text', output(bad, files, compiler))]),
    ...(good === undefined && fix === undefined ? [] : ['## Fix']),
    ...(fix === undefined ? [] : [fix]),
    ...(good === undefined ? [] : [fence('tfm', good)]),
  ];
}

/** What `tfm check example.tfm` prints. */
function output(spec, beside, { compile, memoryHost, renderDiagnostics }) {
  const files = { ...beside, 'example.tfm': `${spec}\n` };
  const { diagnostics } = compile(memoryHost(files), 'example.tfm');
  return renderDiagnostics(diagnostics, { read: (file) => files[file] }).trimEnd();
}

const fence = (language, text) => `\`\`\`${language}\n${text}\n\`\`\``;

const groups = [
  ['TFM1', 'Syntax'],
  ['TFM2', 'Names, values, shapes and sizes'],
  ['TFM3', 'Masks, scores, generation and training'],
  ['TFM4', 'Weights and checkpoint maps'],
  ['TFM5', 'The runtime'],
  ['TFM6', 'Command line and configuration'],
  ['TFM9', 'Mistakes of the compiler'],
];

function index(codes) {
  const sections = groups.flatMap(([prefix, title]) => {
    const own = codes.filter(({ code }) => code.startsWith(prefix));
    const rows = own.map(
      ({ code, severity, title }) =>
        `| [${code}](${code}.md) | ${title}${severity === 'warning' ? ' (warning)' : ''} |`,
    );
    return rows.length === 0 ? [] : [`## ${title}`, ['| code | |', '|---|---|', ...rows].join('\n')];
  });
  const head = 'Every error and warning of tfm has a code. `tfm help CODE` prints its page in a terminal.';
  return `${['# Diagnostics', head, ...sections].join('\n\n')}\n`;
}

// ------------------------------------------------------------------------------------------------------ quotations

/** `<!-- generated: spec.tfm name … -->`, `<!-- file: path -->` and the fenced block behind it, or a block of commands. */
const quotation = /(?:<!-- (generated|file): (.+?) -->\n```(\w+)\n|```console\n)([\s\S]*?)\n```$/gm;

/** A document with everything that it quotes brought up to date. */
async function refreshed(text, tools) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(quotation)) {
    const [whole, kind, argument, language, body] = match;
    const head = kind === undefined ? '```console' : `<!-- ${kind}: ${argument} -->\n\`\`\`${language}`;
    const now = kind === undefined ? await session(body, tools) : await quoted(kind, argument, tools);
    parts.push(text.slice(end, match.index), `${head}\n${now}\n\`\`\``);
    end = match.index + whole.length;
  }
  return parts.join('') + text.slice(end);
}

async function quoted(kind, argument, tools) {
  if (kind === 'file') return fs.readFileSync(argument, 'utf8').trimEnd();
  const [spec, ...names] = argument.split(' ');
  const code = await tools.tfm(['build', spec, '--stdout']);
  return names.map((name) => member(code, name)).join('\n\n');
}

/** A method of the generated class with its comment, or a function or interface of the module. */
function member(code, name) {
  const lines = code.split('\n');
  const start = lines.findIndex((line) => declares(line, name));
  if (start < 0) throw new Error(`the generated code declares no ${name}`);
  const indent = /^ */.exec(lines[start])[0];
  const end = lines.indexOf(`${indent}}`, start);
  let from = start;
  while (/^ *(\/\*\*|\*|\*\/)/.test(lines[from - 1] ?? '')) from--;
  return lines
    .slice(from, end + 1)
    .map((line) => line.slice(indent.length))
    .join('\n');
}

const declares = (line, name) =>
  new RegExp(
    `^( {2}(protected override |private |static (async )?)?${name}\\(|export (interface|class) ${name}\\b)`,
  ).test(line);

/** A block of `$ tfm …` commands, each followed by what it prints. Blocks with other commands stay as they are. */
async function session(body, { tfm }) {
  const commands = body.match(/^\$ (?:[^\\\n]|\\\n)*/gm) ?? [];
  if (!commands.every((command) => /^\$ (npx )?tfm /.test(command))) return body;
  const parts = [];
  for (const command of commands) {
    const printed = await tfm(words(command.replace(/^\$ (npx )?tfm /, '').replaceAll('\\\n', ' ')));
    parts.push(command, ...(printed === '' ? [] : [printed.trimEnd().replace(/[ \t]+$/gm, '')]));
  }
  return parts.join('\n');
}

const words = (command) => [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c);

// ------------------------------------------------------------------------------------------------------------ main

/** Runs the command line in this process: standard output, and standard error where the input is wrong (exit status 1). */
export function commandLine(main) {
  return async (argv) => {
    let out = '';
    let mistakes = '';
    const sink = (write) => ({ write, isTerminal: false, columns: 100 });
    const exitCode = await main(argv, {
      stdout: sink((text) => (out += text)),
      stderr: sink((text) => (mistakes += text)),
      readStdin: () => Promise.resolve(''),
      cwd: process.cwd(),
      env: {},
      signal: new AbortController().signal,
    });
    if (exitCode > 1) throw new Error(`tfm ${argv.join(' ')}: ${mistakes}`);
    return exitCode === 0 ? out : out + mistakes;
  };
}

async function write() {
  const compiler = await import('@tfm-lang/compiler');
  const { runtimeErrors } = await import('@tfm-lang/runtime');
  const { main } = await import('../compiler/dist/cli/main.js');
  const made = await documents({ compiler, runtimeErrors, tfm: commandLine(main) });
  for (const [file, text] of made) {
    if (fs.existsSync(file) && fs.readFileSync(file, 'utf8') === text) continue;
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
    console.log(file);
  }
  for (const name of fs.readdirSync('docs/diagnostics')) {
    const file = `docs/diagnostics/${name}`;
    if (made.has(file)) continue;
    fs.rmSync(file);
    console.log(`${file} removed`);
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await write();
