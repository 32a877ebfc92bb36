import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../../../runtime/src/weights/checkpoint.js';
import { type TensorToWrite, toSafetensors } from '../../../runtime/src/weights/encode.js';
import { loadWeights, planLoad } from '../../../runtime/src/weights/load.js';
import { openSource } from '../../../runtime/src/weights/source.js';
import { errorOf } from './kit.js';

// A server that fails as networks do.
const count = 3_000_000;
const values = Float32Array.from({ length: count }, (_, i) => (i * 7919) % 1_000_003);
let file: Uint8Array;
let server: Server;
let origin: string;
let asked: [begin: number, end: number][] = [];
/** What happens to the next answers. */
let faults: ((request: IncomingMessage, response: ServerResponse, part: Uint8Array) => boolean)[] = [];
let etag = '"one"';

/** Answers with so many bytes, then breaks the connection. */
const breakAfter =
  (bytes: number) =>
  (_: IncomingMessage, response: ServerResponse, part: Uint8Array): boolean => {
    response.setHeader('content-length', part.length);
    response.write(part.subarray(0, bytes), () => response.destroy());
    return true;
  };
const status =
  (code: number, headers = {}) =>
  (_: IncomingMessage, response: ServerResponse): boolean => {
    response.writeHead(code, headers).end();
    return true;
  };

const changeAfter = (): boolean => {
  etag = '"two"';
  return false;
};

beforeAll(async () => {
  const tensors: TensorToWrite[] = [
    { name: 'a.weight', dtype: 'F32', shape: [1000, 1000], data: values.subarray(0, 1_000_000) },
    { name: 'b.weight', dtype: 'F32', shape: [2_000_000], data: values.subarray(1_000_000) },
  ];
  file = await toSafetensors(tensors);
  server = createServer((request, response) => {
    const [, first, last] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    const [begin, end] = [Number(first), Math.min(file.length, Number(last) + 1)];
    asked.push([begin, end]);
    response.statusCode = 206;
    response.setHeader('content-range', `bytes ${begin}-${end - 1}/${file.length}`).setHeader('etag', etag);
    const part = file.subarray(begin, end);
    if (!faults.shift()?.(request, response, part)) response.end(part);
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
});

beforeEach(() => {
  asked = [];
  faults = [];
  etag = '"one"';
});

const none = (): boolean => false;
const weights = [
  { path: 'a', shape: [1000, 1000], required: true },
  { path: 'b', shape: [2_000_000], required: true },
];
const map = {
  rules: ['a', 'b'].map((path) => ({ path, template: `${path}.weight` })),
  ignore: [],
};

describe('a load over HTTP', () => {
  it('fetches each byte once', async () => {
    const checkpoint = await openCheckpoint(`${origin}/model.safetensors`);
    let at = 0;
    for await (const { data } of loadWeights(checkpoint, planLoad(checkpoint, map, weights))) {
      expect(data.findIndex((x, i) => x !== values[at + i])).toBe(-1);
      at += data.length;
    }
    expect(at).toBe(count);
    const fetched = asked.toSorted(([a], [b]) => a - b);
    expect(fetched.map(([begin]) => begin)).toEqual([0, ...fetched.slice(0, -1).map(([, end]) => end)]);
    expect(fetched.at(-1)?.[1]).toBe(file.length);
  });

  it('goes on where connections broke, and asks for nothing twice that came', async () => {
    faults = [breakAfter(1_000_000), status(503), breakAfter(10_001), none, breakAfter(70_000)];
    const checkpoint = await openCheckpoint(`${origin}/model.safetensors`);
    const found = await checkpoint.readFloat32('b.weight');
    expect(found.findIndex((x, i) => x !== values[1_000_000 + i])).toBe(-1);
    const [, [begin] = [], [again] = [], [resumed = 0] = []] = asked;
    expect(begin).toBe(file.length - 8_000_000);
    expect(again).toBe(begin);
    // What was in the socket when the connection was cut may be lost.
    expect(resumed).toBeGreaterThan(begin ?? 0);
    expect(resumed).toBeLessThanOrEqual((begin ?? 0) + 10_001);
    expect(asked.length).toBe(4);
    expect(await checkpoint.readFloat32('a.weight')).toEqual(values.subarray(0, 1_000_000));
    expect(asked[4]?.[0]).toBeLessThanOrEqual(1_000_000);
    expect(faults).toEqual([]);
  });

  it('rests as long as a busy server asks for', async () => {
    faults = [status(429, { 'retry-after': '0.3' })];
    const started = performance.now();
    expect((await openSource(`${origin}/model.safetensors`)).size).toBe(file.length);
    expect(performance.now() - started).toBeGreaterThan(290);
  });

  it.each<[string, () => void, RegExp]>([
    ['gives up', () => (faults = [none, status(500), status(502), status(503)]), /answered 503 Service Unavailable$/],
    ['refuses', () => (faults = [none, status(403)]), /answered 403 Forbidden$/],
    ['has another file now', () => (faults = [changeAfter]), /the file changed while it was read/],
    ['loses the file', () => (faults = [none, status(404)]), /the file is gone/],
  ])('says that the server %s', async (_, arrange, message) => {
    arrange();
    const source = await openSource(`${origin}/model.safetensors`, { retries: 2 });
    const error = await errorOf(() => source.read(5_000_000, 12_000_000));
    expect(error.code).toBe('TFM5110');
    expect(error.message).toMatch(message);
  });

  it('stops in the middle when aborted, without another attempt', async () => {
    const controller = new AbortController();
    const checkpoint = await openCheckpoint(`${origin}/model.safetensors`);
    const { signal } = controller;
    faults = [
      (_, response, part) => response.write(part.subarray(0, 5000), () => controller.abort(new Error('enough'))),
    ];
    const reading = checkpoint.readFloat32('b.weight', { signal });
    await expect(reading).rejects.toThrow('enough');
    const requests = asked.length;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(asked.length).toBe(requests);
  });
});
