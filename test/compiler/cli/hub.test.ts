import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { hubServer } from '../../support/hub-server.js';
import { folderWith, tfm } from './tool.js';

test('weights come from the hub, and the next time from the cache', async () => {
  const golden = 'test/fixtures/hf-golden/gpt2';
  const server = await hubServer(new Map([['model.safetensors', fs.readFileSync(`${golden}/model.safetensors`)]]));
  const env = { HF_ENDPOINT: server.url, XDG_CACHE_HOME: path.join(folderWith({}), 'cache') };
  const settings = ['width=32', 'vocab=96', 'context=64', 'depth=2', 'heads=4'].flatMap((text) => ['--set', text]);
  const prompt = ['--prompt-tokens', '87,88,54', '--max-new-tokens', '5', '--temperature', '0', '--backend', 'wasm'];
  const run = (weights: string) =>
    tfm(['run', path.resolve('specs/models/gpt2.tfm'), '--weights', weights, ...settings, ...prompt], { env });

  const fromHub = await run('hub:owner/name');
  expect(fromHub, fromHub.stderr).toMatchObject({ exitCode: 0, stdout: (await run(path.resolve(golden))).stdout });
  const size = fs.statSync(`${golden}/model.safetensors`).size;
  expect(server.sent - size).toBeLessThan(10); // asked twice for its state
  server.close();
  expect(await run('hub:owner/name')).toMatchObject({ exitCode: 0, stdout: fromHub.stdout });

  const { exitCode, stderr } = await run('hub:owner/other@v2');
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^error\[TFM5110\]: cannot read hub:owner\/other@v2\//m);
});

test('a prompt needs nothing else: tokenizer, chat template and generation_config.json come from the hub too', async () => {
  const [golden, tokenizer] = ['test/fixtures/hf-golden/llama_gqa', 'test/fixtures/tasks/llama'];
  const files = new Map<string, Uint8Array>();
  const cwd = folderWith({});
  fs.mkdirSync(`${cwd}/hub`);
  const put = (name: string, bytes: Uint8Array): void => {
    files.set(name, bytes);
    fs.writeFileSync(`${cwd}/hub/${name}`, bytes);
  };
  for (const name of ['config.json', 'model.safetensors']) put(name, fs.readFileSync(`${golden}/${name}`));
  for (const name of fs.readdirSync(tokenizer)) put(name, fs.readFileSync(`${tokenizer}/${name}`));
  put('chat_template.jinja', Buffer.from('{% for each in messages %}{{ each.content }}{% endfor %} to be'));
  put('generation_config.json', Buffer.from('{"repetition_penalty": 1.2, "max_new_tokens": 7}'));
  expect(await tfm(['import', 'hub', '-o', 'm.tfm'], { cwd })).toMatchObject({ exitCode: 0, stderr: '' });
  const server = await hubServer(files);
  const env = { HF_ENDPOINT: server.url, XDG_CACHE_HOME: path.join(cwd, 'cache') };
  const run = (weights: string, ...argv: string[]) =>
    tfm(['run', 'm.tfm', '--weights', weights, '--backend', 'wasm', ...argv], { cwd, env });
  for (const argv of [
    ['--prompt', 'O Romeo'],
    ['--prompt', 'O Romeo', '--chat'],
  ]) {
    const found = await run('hub:owner/name', ...argv);
    expect(found, found.stderr).toMatchObject({ exitCode: 0 });
    expect(found.stderr).toContain(
      'generation_config.json: repetition_penalty 1.2, max_new_tokens 7; the most likely token each time\n',
    );
    expect(found.stderr).toContain('7 tokens');
    expect(found.stdout).toBe((await run('hub', ...argv)).stdout);
  }
  const asked = server.asked.length;
  server.close();
  expect((await run('hub:owner/name', '--prompt', 'O Romeo')).exitCode).toBe(0);
  expect(asked).toBeGreaterThan(0);
  fs.rmSync(cwd, { recursive: true });
});

test('a repository with a tokenizer of an older form is told what makes the other', async () => {
  const golden = 'test/fixtures/hf-golden/gpt2';
  const files = new Map([
    ['model.safetensors', fs.readFileSync(`${golden}/model.safetensors`)],
    ['spiece.model', Buffer.from('a sentencepiece model')],
  ]);
  const server = await hubServer(files);
  const env = { HF_ENDPOINT: server.url, XDG_CACHE_HOME: path.join(folderWith({}), 'cache') };
  const run = (weights: string) =>
    tfm(['run', path.resolve('specs/models/gpt2.tfm'), '--weights', weights, '--prompt', 'a'], { env });
  const { exitCode, stderr } = await run('hub:owner/name');
  server.close();
  expect(exitCode).toBe(1);
  expect(stderr).toContain('error: a text needs a tokenizer, and there is no tokenizer.json beside hub:owner/name\n');
  const program = 'from transformers import AutoTokenizer; AutoTokenizer.from_pretrained("owner/name")';
  const needs = '(pip install transformers sentencepiece)';
  const help = `it has spiece.model; this writes tokenizer/tokenizer.json ${needs}: python -c '${program}.save_pretrained("tokenizer")'`;
  expect(stderr).toContain(`help: ${help}\n`);
  const folder = folderWith({ 'tokenizer.model': 'x', 'source.spm': 'x' });
  fs.copyFileSync(`${golden}/model.safetensors`, `${folder}/model.safetensors`);
  expect((await run(folder)).stderr).toContain('it has source.spm, of which transformers writes no tokenizer.json');
});
