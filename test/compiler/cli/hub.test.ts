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
