import { createHash } from 'node:crypto';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { folderStore } from '../../../runtime/src/node.js';
import {
  cacheStore,
  hub,
  openCheckpoint,
  opfsStore,
  type SourceLike,
  stored,
  type TensorToWrite,
  toSafetensors,
  type WeightStore,
} from '../../../runtime/src/weights/index.js';
import { folderWith } from '../../compiler/cli/tool.js';
import { type HubServer, hubCommit, hubServer } from '../../support/hub-server.js';
import { errorOf } from './kit.js';

// The hub, and places that keep what a server sends.

const values = Float32Array.from({ length: 3_000_000 }, (_, i) => (i * 7919) % 1_000_003);
const files = new Map<string, Uint8Array>();
let server: HubServer;
let hubUrl: string;

beforeAll(async () => {
  const one: TensorToWrite[] = [{ name: 'a', dtype: 'F32', shape: [3_000_000], data: values }];
  files.set('one.safetensors', await toSafetensors(one));
  files.set(
    'two.safetensors',
    await toSafetensors([{ name: 'b', dtype: 'F32', shape: [1], data: Float32Array.of(7) }]),
  );
  const weight_map = { a: 'one.safetensors', b: 'two.safetensors' };
  files.set('model.safetensors.index.json', new TextEncoder().encode(JSON.stringify({ weight_map })));
  server = await hubServer(files);
  hubUrl = server.url;
});

afterAll(() => server.close());

beforeEach(() => {
  server.asked = [];
  server.sent = 0;
  server.etag = '"1"';
  server.token = undefined;
});
afterEach(() => vi.unstubAllGlobals());

async function expectValues(from: SourceLike): Promise<void> {
  const checkpoint = await openCheckpoint(from, { retries: 0 });
  expect(checkpoint.names()).toEqual(['a', 'b']);
  const a = await checkpoint.readFloat32('a');
  expect(a.findIndex((x, i) => x !== values[i])).toBe(-1);
  expect(await checkpoint.readFloat32('b')).toEqual(Float32Array.of(7));
  await checkpoint.close();
}

describe('the hub', () => {
  it('gives the shards of one commit', async () => {
    await expectValues(hub('owner/name', { hubUrl }));
    expect(server.asked.filter((url) => url.startsWith('/api/'))).toHaveLength(1);
    expect(server.asked.filter((url) => url.includes('/resolve/')).every((url) => url.includes(hubCommit))).toBe(true);
  });

  it('gives private repositories to those who may see them', async () => {
    server.token = 'hf_secret';
    await expectValues(hub('owner/name', { hubUrl, accessToken: server.token }));
    const error = await errorOf(() => openCheckpoint(hub('owner/name', { hubUrl })));
    expect(error.message).toMatch(/^cannot read hub:owner\/name@main\/: Invalid credentials/);
    expect(error.help).toMatch(/accessToken/);
  });

  it('has no such folder', async () => {
    const error = await errorOf(() =>
      openCheckpoint(hub('owner/name', { hubUrl, revision: hubCommit.replace('0', '1') })),
    );
    expect(error.code).toBe('TFM5110');
  });
});

/** The Cache API, as much of it as is used. */
function fakeCaches(): object {
  const all = new Map<string, Map<string, Response>>();
  const cacheOf = (name: string): Map<string, Response> => {
    const cache = all.get(name) ?? new Map<string, Response>();
    all.set(name, cache);
    return cache;
  };
  return {
    open: async (name: string) => ({
      match: async (url: string) => cacheOf(name).get(url)?.clone(),
      put: async (url: string, response: Response) => void cacheOf(name).set(url, response),
      delete: async (url: string) => cacheOf(name).delete(url),
    }),
  };
}

/** The origin private file system, as much of it as is used. */
function fakeDirectory(): object {
  const contents = new Map<string, Blob>();
  const check = (name: string): void => {
    if (!contents.has(name)) throw new DOMException(`no ${name}`, 'NotFoundError');
  };
  const folder = {
    getFileHandle: async (name: string, { create = false } = {}) => {
      if (!create) check(name);
      return {
        getFile: async () => contents.get(name),
        createWritable: async () => {
          const parts: BlobPart[] = [];
          return {
            write: async (part: BlobPart) => parts.push(part),
            close: async () => contents.set(name, new Blob(parts)),
          };
        },
      };
    },
    removeEntry: async (name: string) => {
      check(name);
      contents.delete(name);
    },
  };
  return { getDirectory: async () => ({ getDirectoryHandle: async () => folder }) };
}

const stores: [string, () => WeightStore][] = [
  [
    'the Cache API',
    () => {
      vi.stubGlobal('caches', fakeCaches());
      return cacheStore();
    },
  ],
  [
    'the origin private file system',
    () => {
      vi.stubGlobal('navigator', { storage: fakeDirectory() });
      return opfsStore();
    },
  ],
  ['a folder', () => folderStore(path.join(folderWith({}), 'weights'))],
];

describe.each(stores)('%s', (_, makeStore) => {
  const size = (): number => [...files.values()].reduce((total, { length }) => total + length, 0);

  it('keeps what a load reads: the next needs no network, and each byte came once', async () => {
    const store = makeStore();
    await expectValues(stored(`${hubUrl}/`, store));
    expect(server.sent).toBe(size());
    server.asked = [];
    await expectValues(stored(`${hubUrl}/`, store));
    expect(server.asked).toEqual([]);
  });

  it('goes on where a load was broken off', async () => {
    const store = makeStore();
    const first = await openCheckpoint(stored(`${hubUrl}/one.safetensors`, store));
    for await (const _ of first.pieces([{ tensor: 'a', begin: 0, end: 10 }]));
    await first.close();
    const before = server.sent;
    const again = await openCheckpoint(stored(`${hubUrl}/one.safetensors`, store));
    expect(server.sent).toBe(before);
    expect((await again.readFloat32('a')).findIndex((x, i) => x !== values[i])).toBe(-1);
    await again.close();
    // Opening the file for its rest brings its first bytes with it.
    expect(server.sent).toBeLessThanOrEqual((files.get('one.safetensors')?.length ?? 0) + 4 * 2 ** 20);
  });

  it('does not mix two states of a file, and fetches the new one when told', async () => {
    const store = makeStore();
    const address = `${hubUrl}/one.safetensors`;
    const first = await openCheckpoint(stored(address, store));
    await first.close();
    server.etag = '"2"';
    const second = await openCheckpoint(stored(address, store));
    const error = await errorOf(() => second.readFloat32('a'));
    expect(error.message).toMatch(/it changed since parts of it were kept/);
    expect(error.help).toBe('stored(…, { refresh: true }) fetches it anew');
    const third = await openCheckpoint(stored(address, store, { refresh: true }));
    expect((await third.readFloat32('a')).at(-1)).toBe(values.at(-1));
    await third.close();
  });

  it('reads what it has when the server that should be asked does not answer', async () => {
    const store = makeStore();
    const gone = await hubServer(files);
    await expectValues(stored(hub('owner/name', { hubUrl: gone.url }), store, { refresh: true }));
    const { sent } = gone;
    await expectValues(stored(hub('owner/name', { hubUrl: gone.url }), store, { refresh: true }));
    // The hub tells the state of a file with one byte of it.
    expect(gone.sent - sent).toBe(3);
    gone.close();
    await expectValues(stored(hub('owner/name', { hubUrl: gone.url }), store, { refresh: true }));
  });

  it('says when there is no room', async () => {
    const store = { ...makeStore(), put: () => Promise.reject(new Error('the quota is exceeded')) };
    const error = await errorOf(() => openCheckpoint(stored(`${hubUrl}/one.safetensors`, store)));
    expect(error.message).toMatch(/^cannot keep http.*: the quota is exceeded$/);
  });
});

it('checks the SHA-256 of what it keeps, where the server tells it and the engine can', async () => {
  const store = folderStore(path.join(folderWith({}), 'weights'));
  const one = stored({ ...hub('owner/name', { hubUrl }), file: 'one.safetensors' }, store);
  const load = async (): Promise<Float32Array> => {
    const checkpoint = await openCheckpoint(one);
    return checkpoint.readFloat32('a').finally(() => checkpoint.close());
  };
  server.etag = `"${'0'.repeat(64)}"`;
  expect((await errorOf(load)).message).toMatch(/its SHA-256 is [0-9a-f]{64}, but the server says 0{64}$/);
  // Nothing of it was kept.
  const hash = createHash('sha256').update(files.get('one.safetensors')!).digest('hex');
  server.etag = `"${hash}"`;
  const first = await openCheckpoint(one);
  await first.close();
  expect((await load()).at(-1)).toBe(values.at(-1));
  server.etag = '"3"';
  expect((await load()).at(-1)).toBe(values.at(-1));
});

it('takes the files that a person chose', async () => {
  const chosen = [...files].map(([name, bytes]) => new File([bytes as Uint8Array<ArrayBuffer>], name));
  await expectValues(chosen);
  const error = await errorOf(() => openCheckpoint(chosen.filter(({ name }) => name !== 'two.safetensors')));
  expect(error.code).toBe('TFM5113');
  expect(error.message).toMatch(/two\.safetensors, which cannot be opened: there is no such file/);
});

it('a folder of a server', async () => {
  await expectValues(`${hubUrl}/`);
  await expectValues(`${hubUrl}/model.safetensors.index.json`);
  const error = await errorOf(() => openCheckpoint(`${hubUrl}/nothing/`));
  expect(error.message).toMatch(/neither model\.safetensors nor model\.safetensors\.index\.json$/);
});
