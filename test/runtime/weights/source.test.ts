import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../runtime/src/weights/checkpoint.js';
import { toSafetensors } from '../../../runtime/src/weights/encode.js';
import { openSource } from '../../../runtime/src/weights/source.js';
import { errorOf, fixture } from './kit.js';

const path = fixture('hf-golden/gpt2/model.safetensors');
const bytes = new Uint8Array(readFileSync(path));
let big: Uint8Array;
let folder: string;
let server: Server;
let origin: string;
let requests: string[] = [];

/** What the test server does with each path. */
const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/ranges': (request, response) => sendRange(bytes, request, response),
  '/big': (request, response) => sendRange(big, request, response),
  '/whole': (_, response) => response.setHeader('content-length', bytes.length).end(bytes),
  '/unknown-length': (_, response) => {
    response.write(bytes.subarray(0, 1000));
    response.end(bytes.subarray(1000));
  },
  '/gzip': (_, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync(bytes)),
  '/hidden-size': (request, response) => {
    if (request.headers.range === undefined) response.end(bytes);
    else response.writeHead(206, { 'content-range': 'bytes 0-99/*' }).end(bytes.subarray(0, 100));
  },
  '/short': (_, response) => {
    response.writeHead(206, { 'content-range': `bytes 0-99/${bytes.length}` }).end(bytes.subarray(0, 100));
  },
  '/broken': (_, response) => {
    response.setHeader('content-length', bytes.length).write(bytes.subarray(0, 1000), () => response.destroy());
  },
};

function sendRange(file: Uint8Array, request: IncomingMessage, response: ServerResponse): void {
  const [, first = '0', last = '0'] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
  const end = Math.min(file.length, Number(last) + 1);
  response.writeHead(206, { 'content-range': `bytes ${first}-${end - 1}/${file.length}` });
  response.end(file.subarray(Number(first), end));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tfm-source-'));
  const data = Float32Array.from({ length: 5_000_000 }, (_, i) => i % 4099);
  big = await toSafetensors([
    { name: 'a', dtype: 'F32', shape: [3], data: Float32Array.of(1, 2, 3) },
    { name: 'b', dtype: 'F32', shape: [5_000_000], data },
    { name: 'c', dtype: 'F32', shape: [2], data: Float32Array.of(4, 5) },
  ]);
  server = createServer((request, response) => {
    requests.push(`${request.url} ${request.headers.range ?? 'all'}`);
    const route = routes[request.url ?? ''];
    if (route === undefined) response.writeHead(404).end();
    else route(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  origin = `http://127.0.0.1:${address.port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

describe('openSource', () => {
  it.each<[string, () => Parameters<typeof openSource>[0]]>([
    ['a Uint8Array', () => bytes],
    ['an ArrayBuffer', () => bytes.slice().buffer],
    ['a Blob', () => new Blob([bytes])],
    ['a path', () => path],
    ['a file URL', () => pathToFileURL(path)],
    ['a server of ranges', () => `${origin}/ranges`],
    ['a URL object', () => new URL(`${origin}/ranges`)],
    ['a server without ranges', () => `${origin}/whole`],
    ['a server that tells no length', () => `${origin}/unknown-length`],
    ['a server that compresses', () => `${origin}/gzip`],
    ['a server that hides the size', () => `${origin}/hidden-size`],
  ])('reads %s', async (_, from) => {
    const source = await openSource(from());
    expect(source.size).toBe(bytes.length);
    for (const [begin, end] of [
      [0, 8],
      [100, 90_000],
      [bytes.length - 1, bytes.length],
      [7, 7],
    ] as const) {
      expect(Buffer.compare(await source.read(begin, end), bytes.subarray(begin, end))).toBe(0);
    }
    const error = await errorOf(() => source.read(bytes.length - 1, bytes.length + 1));
    expect(error.code).toBe('TFM5110');
    await source.close?.();
  });

  it.each<[string, () => string, RegExp]>([
    ['a missing file', () => join(folder, 'nothing.safetensors'), /no such file/],
    ['an empty folder', () => folder, /neither model.safetensors nor/],
    ['a missing page', () => `${origin}/nothing`, /answered 404/],
    ['a server that is not there', () => 'http://127.0.0.1:9/x', /cannot read http:\/\/127/],
    ['an answer of other bytes', () => `${origin}/short`, /sent other bytes than those that were asked for/],
  ])('says why it cannot open %s', async (_, from, message) => {
    const error = await errorOf(() => openCheckpoint(from(), { retries: 1 }));
    expect(error.code).toBe('TFM5110');
    expect(error.message).toMatch(message);
  });

  it('reports a connection that breaks', async () => {
    expect((await errorOf(() => openSource(`${origin}/broken`, { retries: 1 }))).code).toBe('TFM5110');
  });

  it('reports a file that shrinks while it is read', async () => {
    const file = join(folder, 'shrinks.safetensors');
    writeFileSync(file, bytes);
    const checkpoint = await openCheckpoint(file);
    truncateSync(file, 4000);
    const error = await errorOf(() => checkpoint.read('transformer.wte.weight'));
    expect(error.message).toMatch(/changed meanwhile/);
    await checkpoint.close();
  });

  it('reports the bytes of a whole download', async () => {
    const seen: number[] = [];
    await openSource(`${origin}/whole`, {
      onDownload: ({ loadedBytes, totalBytes }) => {
        seen.push(loadedBytes);
        expect(totalBytes).toBe(bytes.length);
      },
    });
    expect(seen.at(-1)).toBe(bytes.length);
  });

  it('takes a source of the caller, and does not trust it', async () => {
    const given = { name: 'mine', size: bytes.length };
    const good = await openCheckpoint({ ...given, read: (begin, end) => Promise.resolve(bytes.slice(begin, end)) });
    const inMemory = await openCheckpoint(bytes);
    const name = 'transformer.h.0.mlp.c_fc.bias';
    expect(await good.read(name)).toEqual(await inMemory.read(name));
    const read = (begin: number, end: number): Promise<Uint8Array> =>
      Promise.resolve(bytes.slice(begin, begin > 5000 ? end - 4 : end));
    const error = await errorOf(async () => (await openCheckpoint({ ...given, read })).read(name));
    expect(error.message).toMatch(/cannot read mine: it gave 508 bytes/);
  });

  it('stops when aborted', async () => {
    const controller = new AbortController();
    controller.abort(new Error('enough'));
    const { signal } = controller;
    for (const from of [bytes, new Blob([bytes]), path, `${origin}/ranges`]) {
      const source = await openSource(from);
      await expect(source.read(5_000, 90_000, signal)).rejects.toThrow('enough');
      await source.close?.();
    }
    await expect(openSource(`${origin}/ranges`, { signal })).rejects.toThrow('enough');
  });
});

describe('reading tensors over HTTP', () => {
  it('fetches small tensors together', async () => {
    requests = [];
    const checkpoint = await openCheckpoint(`${origin}/ranges`);
    for (const name of checkpoint.names()) await checkpoint.read(name);
    expect(requests).toEqual(['/ranges bytes=0-4194303']);
  });

  it('fetches a large tensor in pieces of at most 16 MiB', async () => {
    requests = [];
    const checkpoint = await openCheckpoint(`${origin}/big`);
    const values = await checkpoint.readFloat32('b');
    expect(values.findIndex((x, i) => x !== i % 4099)).toBe(-1);
    expect(await checkpoint.readFloat32('c')).toEqual(Float32Array.of(4, 5));
    expect(await checkpoint.readFloat32('a')).toEqual(Float32Array.of(1, 2, 3));
    for (const request of requests) {
      const [, first, last] = /=(\d+)-(\d+)/.exec(request) ?? [];
      expect(Number(last) - Number(first)).toBeLessThan(16 * 2 ** 20);
    }
    expect(requests.length).toBeGreaterThanOrEqual(3);
  });
});
