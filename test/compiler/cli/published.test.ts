import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readJson } from '../../support/golden.js';
import { folderWith, tfm } from './tool.js';

interface Run {
  readonly folder: string;
  readonly file: string;
  readonly fields: object;
  readonly prompt: readonly number[];
  readonly tokens: readonly number[];
  readonly ended: boolean;
}

/** Made by the program beside it. */
const runs = readJson<readonly Run[]>('test/fixtures/hf-generation/published.json');

/** A folder as the hub has it, with fields in one of its files, and the spec that `tfm import` makes of it. */
async function published(name: string, file: string, fields: object): Promise<string> {
  const cwd = folderWith({});
  fs.mkdirSync(`${cwd}/hub`);
  const golden = path.resolve('test/fixtures/hf-golden', name);
  for (const each of ['config.json', 'model.safetensors']) fs.copyFileSync(`${golden}/${each}`, `${cwd}/hub/${each}`);
  const place = `${cwd}/hub/${file}`;
  const known = fs.existsSync(place) ? readJson<object>(place) : {};
  fs.writeFileSync(place, JSON.stringify({ ...known, ...fields }));
  expect(await tfm(['import', 'hub', '-o', 'm.tfm'], { cwd })).toMatchObject({ exitCode: 0, stderr: '' });
  return cwd;
}

const run = (cwd: string, prompt: readonly number[], ...argv: string[]) =>
  tfm(['run', 'm.tfm', '--weights', 'hub', '--backend', 'wasm', '--prompt-tokens', prompt.join(','), ...argv], { cwd });

describe('without a word of the user, generate does what transformers does with the same folder', () => {
  const cases = new Map(runs.map((each) => [`${each.folder} ${JSON.stringify(each.fields)}`, each]));

  test.each([...cases])('%s', async (_, { folder, file, fields }) => {
    const cwd = await published(folder, file, fields);
    const own = runs.filter((each) => JSON.stringify(each.fields) === JSON.stringify(fields));
    expect(own.length).toBe(2);
    for (const { prompt, tokens } of own) {
      const { stdout, stderr } = await run(cwd, prompt);
      const shown = folder === 'gpt2' ? [...prompt, ...tokens] : tokens;
      expect(stdout, stderr).toBe(shown.join(','));
      expect(stderr).toContain(`${file}: `);
    }
    fs.rmSync(cwd, { recursive: true });
  });

  test('there are such that end by themselves, and such that do not', () => {
    expect(new Set(runs.map(({ ended }) => ended)).size).toBe(2);
  });
});

describe('what generation_config.json says of drawing', () => {
  const fields = { do_sample: true, temperature: 0.7, top_p: 0.9, max_new_tokens: 6, penalty_alpha: 0.6 };
  const prompt = [5, 9, 3];

  test('holds, is told with the seed, and gives way to options', async () => {
    const cwd = await published('gpt2', 'generation_config.json', fields);
    const text = fs.readFileSync(`${cwd}/m.tfm`, 'utf8');
    expect(text).toMatch(/^\/\/\/ generation_config\.json: do_sample true, temperature 0\.7, top_p 0\.9,\s/m);
    const drawn = await run(cwd, prompt);
    expect(drawn.stderr).toContain(
      'generation_config.json: do_sample true, temperature 0.7, top_p 0.9, max_new_tokens 6; drawn with the seed 0\n' +
        'generation_config.json: not applied: penalty_alpha\n',
    );
    const asked = ['--temperature', '0.7', '--top-p', '0.9', '--top-k', '50', '-n', '6'];
    expect((await run(cwd, prompt, ...asked)).stdout).toBe(drawn.stdout);
    const other = await run(cwd, prompt, '--seed', '5');
    expect(other.stderr).toContain('drawn with the seed 5');
    const greedy = await run(cwd, prompt, '--temperature', '0');
    expect(greedy.stderr).not.toMatch(/seed|most likely/);
    fs.rmSync(`${cwd}/hub/generation_config.json`);
    expect((await run(cwd, prompt, '--temperature', '0', '-n', '6')).stdout).toBe(greedy.stdout);
    expect(new Set([drawn.stdout, other.stdout, greedy.stdout]).size).toBe(3);
    fs.writeFileSync(`${cwd}/hub/generation_config.json`, '{"_from_model_config": true}');
    const usual = await run(cwd, prompt, '-n', '6');
    expect(usual).toMatchObject({ exitCode: 0, stdout: greedy.stdout });
    expect(usual.stderr).toContain('generation_config.json: the most likely token each time\n');
    fs.writeFileSync(`${cwd}/hub/generation_config.json`, JSON.stringify({ num_beams: 3, length_penalty: 0.5 }));
    const best = await run(cwd, prompt, '-n', '6');
    expect(best.stdout).toBe((await run(cwd, prompt, '-n', '6', '--beams', '3', '--length-penalty', '0.5')).stdout);
    expect((await run(cwd, prompt, '-n', '6', '--temperature', '0')).stdout).toBe(greedy.stdout);
    fs.rmSync(cwd, { recursive: true });
  });
});
