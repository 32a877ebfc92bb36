import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../runtime/src/weights/checkpoint.js';
import { toSafetensors } from '../../../runtime/src/weights/encode.js';
import { parseShardIndex } from '../../../runtime/src/weights/shards.js';
import { errorOf } from './kit.js';

const INDEX = 'model.safetensors.index.json';
const complete = { a: 'one.safetensors', b: 'one.safetensors', c: 'parts/two.safetensors' };
let root: string;
let count = 0;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tfm-shards-'));
});
afterAll(() => rmSync(root, { recursive: true }));

/** A folder with two shards, a and b in one, c in the other, under this index. */
async function folderWith(weightMap: unknown, files = ['one.safetensors', 'parts/two.safetensors']): Promise<string> {
  const folder = join(root, String(count++));
  mkdirSync(join(folder, 'parts'), { recursive: true });
  const shard = (names: string[]): Promise<Uint8Array> =>
    toSafetensors(names.map((name) => ({ name, dtype: 'F32', shape: [1], data: Float32Array.of(name.charCodeAt(0)) })));
  const contents: Record<string, Uint8Array> = {
    'one.safetensors': await shard(['a', 'b']),
    'parts/two.safetensors': await shard(['c']),
  };
  for (const file of files) writeFileSync(join(folder, file), contents[file] ?? '');
  writeFileSync(join(folder, INDEX), JSON.stringify({ metadata: { total_size: 12 }, weight_map: weightMap }));
  return folder;
}

describe('openCheckpoint of shards', () => {
  it.each([
    ['a folder', (folder: string) => folder],
    ['an index', (folder: string) => join(folder, INDEX)],
    ['the URL of an index', (folder: string) => pathToFileURL(join(folder, INDEX))],
  ])('reads %s', async (_, from) => {
    const checkpoint = await openCheckpoint(from(await folderWith(complete)));
    expect(checkpoint.names()).toEqual(['a', 'b', 'c']);
    expect([...(await checkpoint.read('c'))]).toEqual([99]);
    expect((await errorOf(() => checkpoint.entry('d'))).code).toBe('TFM5111');
    await checkpoint.close();
  });

  it.each<[string, unknown, string[] | undefined, string, RegExp]>([
    [
      'a missing shard',
      complete,
      ['one.safetensors'],
      'TFM5113',
      /parts\/two.safetensors, which cannot be opened.*no such file/,
    ],
    [
      'a tensor that is not in its shard',
      { ...complete, d: 'one.safetensors' },
      undefined,
      'TFM5114',
      /puts 'd' into one.safe/,
    ],
    [
      'a tensor in another shard',
      { ...complete, b: 'parts/two.safetensors' },
      undefined,
      'TFM5114',
      /'b', which .* puts into parts/,
    ],
    [
      'a tensor that is not listed',
      { a: 'one.safetensors', c: 'parts/two.safetensors' },
      undefined,
      'TFM5114',
      /'b', which .* does not list/,
    ],
    ['a path upwards', { ...complete, a: '../one.safetensors' }, undefined, 'TFM5115', /outside its folder/],
    ['an empty map', {}, undefined, 'TFM5112', /empty/],
    ['no map', undefined, undefined, 'TFM5112', /no object 'weight_map'/],
    ['a map to numbers', { a: 1 }, undefined, 'TFM5112', /file of 'a'/],
  ])('refuses %s', async (_, map, files, code, message) => {
    const folder = await folderWith(map, files);
    const error = await errorOf(() => openCheckpoint(folder));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});

describe('parseShardIndex', () => {
  const parse = (text: string): ReturnType<typeof parseShardIndex> =>
    parseShardIndex(new TextEncoder().encode(text), 'it');

  it.each([
    '/etc/x',
    'C:\\x',
    'C:x',
    'a\\..\\..\\x',
    'http://x/y',
    '..',
    'a/../../x',
    './x',
    'a//x',
    '%2e%2e/x',
    'x?y',
    'x#y',
    'x\0',
  ])('refuses the file %j', async (file) => {
    expect((await errorOf(() => parse(JSON.stringify({ weight_map: { a: file } })))).code).toBe('TFM5115');
  });

  it.each([
    ['text', 'hello'],
    ['a list', '[]'],
    ['a tensor twice', '{"weight_map":{"a":"x","a":"y"}}'],
  ])('refuses %s', async (_, text) => {
    expect((await errorOf(() => parse(text))).code).toBe('TFM5112');
  });
});
