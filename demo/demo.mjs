// npm run demo: from specs/models/llama.tfm to a story. The story goes to standard output, everything else to standard
// error. It is greedy, so it must be the reference program's, word for word: where it is not, the demo fails.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Tokenizer } from '@huggingface/tokenizers';
import { useBackend } from '@tfm-lang/runtime';
import ts from 'typescript';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const spec = 'specs/models/llama.tfm';
const example = 'examples/stories260K';
const output = 'demo/build';

const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
const tell = (line) => process.stderr.write(`${line}\n`);
const seconds = (since) => ((performance.now() - since) / 1000).toFixed(1);
const lines = (file) => fs.readFileSync(file, 'utf8').trimEnd().split('\n').length;

/** Does what `npx tfm build` does, and imports the result. A project of TypeScript 5.9 or newer would import it as it is. */
async function compileModel() {
  const started = performance.now();
  const tfm = 'node_modules/@tfm-lang/compiler/bin/tfm.js';
  execFileSync(process.execPath, [tfm, 'build', spec, '--out', output], { stdio: ['ignore', 'ignore', 'pipe'] });
  const generated = path.join(output, 'llama.tfm.ts');
  const counts = `${lines(spec)} lines of tfm became ${lines(generated)} of TypeScript`;
  tell(`${spec} → ${generated}: ${counts} in ${seconds(started)} s`);
  const compilerOptions = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ES2022 };
  const { outputText } = ts.transpileModule(fs.readFileSync(generated, 'utf8'), { compilerOptions });
  const module = path.join(output, 'llama.tfm.js');
  fs.writeFileSync(module, outputText);
  return import(pathToFileURL(module).href);
}

/** Streams the tokens as text and returns it all. */
async function print(tokens, tokenizer) {
  const ids = [];
  let text = '';
  for await (const token of tokens) {
    ids.push(token);
    const decoded = tokenizer.decode(ids, { skip_special_tokens: true, clean_up_tokenization_spaces: false });
    if (decoded.endsWith('\uFFFD')) continue; // in the middle of a character
    process.stdout.write(decoded.slice(text.length));
    text = decoded;
  }
  process.stdout.write('\n');
  return { text, count: ids.length };
}

const { Llama, Stories260K } = await compileModel();
const backend = await useBackend('wasm');
const model = await Llama.load(`${example}/model.safetensors`, { config: Stories260K, checkpoint: 'huggingface' });
const { parameterCount } = model;
tell(`${example}: ${parameterCount.toLocaleString('en')} parameters of karpathy/llama2.c, on ${backend}\n`);

const [reference] = readJson(`${example}/golden.json`).runs;
const tokenizer = new Tokenizer(readJson(`${example}/tokenizer.json`), {});
const started = performance.now();
const tokens = model.generate({ tokens: [] }, { maxNewTokens: reference.steps, temperature: 0 });
const { text, count } = await print(tokens, tokenizer);
const speed = (count / Number(seconds(started))).toFixed(0);
model.dispose();

tell(`\n${count} tokens, ${speed} tokens/s`);
if (text === reference.text) {
  tell('Word for word what the reference C program writes. The model in TypeScript: demo/build/llama.tfm.ts');
} else {
  tell(`This is not what the reference C program writes:\n${reference.text}`);
  process.exitCode = 1;
}
