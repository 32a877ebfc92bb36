import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfiguration } from '../../../compiler/src/cli/configuration.js';
import { projectSpecs } from '../../../compiler/src/cli/project.js';
import { folderWith } from './tool.js';

const json = JSON.stringify;

describe('the configuration', () => {
  test.each([
    ['tfm.config.json', json({ specs: ['models'], out: 'src' })],
    ['tfm.config.mjs', `export default ${json({ specs: ['models'], out: 'src' })};`],
    ['package.json', json({ name: 'p', tfm: { specs: ['models'], out: 'src' } })],
  ])('is found above the working folder, in %s', async (name, text) => {
    const root = folderWith({ [name]: text, 'models/a.tfm': '', 'deep/er/b.tfm': '' });
    const cwd = path.join(root, 'deep/er');
    expect(await loadConfiguration(cwd)).toEqual({
      file: path.join(root, name),
      folder: root,
      configuration: { specs: ['models'], out: 'src' },
    });
    const project = await projectSpecs([], cwd);
    expect(project.specs.map((spec) => spec.shown)).toEqual(['../../models/a.tfm']);
    expect(project).toMatchObject({
      out: path.join(root, 'src'),
      target: 'typescript',
      folders: [path.join(root, 'models')],
    });
    const named = await projectSpecs(['.'], cwd);
    expect(named.specs.map((spec) => spec.shown)).toEqual(['b.tfm']);
  });

  test('a package.json without the key is passed over', async () => {
    const root = folderWith({ 'tfm.config.json': json({ target: 'graph' }), 'p/package.json': '{}' });
    expect((await loadConfiguration(path.join(root, 'p'))).configuration).toEqual({ target: 'graph' });
  });

  test.each([
    ['{"otu": "x"}', 'otu is no key of tfm.config.json', 'did you mean out?'],
    [
      '{"target": "c"}',
      /^target in tfm.config.json must be equal to one of the allowed values: typescript, graph, onnx$/,
      undefined,
    ],
    ['{"specs": "models"}', 'specs in tfm.config.json must be array', undefined],
    ['{"specs": [3]}', 'specs.0 in tfm.config.json must be string', undefined],
    ['{', /^tfm.config.json is no JSON: /, undefined],
    ['[]', 'tfm.config.json must be object', undefined],
  ])('%s is refused', async (text, message, help) => {
    const cwd = folderWith({ 'tfm.config.json': text });
    const failure = await loadConfiguration(cwd).catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'Failure', exitCode: 1, help });
    expect((failure as Error).message).toMatch(message);
  });
});
