import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** A server that speaks the few words of the hub's protocol that a load needs; its files are also there by their names alone. */
export interface HubServer {
  readonly url: string;
  /** The addresses that were asked for, and the bytes of files that were sent. */
  asked: string[];
  sent: number;
  /** Of all files. */
  etag: string;
  /** Without it nothing is given, where it is set. */
  token: string | undefined;
  close(): void;
}

export const hubCommit = '0123456789abcdef0123456789abcdef01234567';

/** Serves the repository `owner/name`. */
export async function hubServer(files: ReadonlyMap<string, Uint8Array>): Promise<HubServer> {
  const server = createServer((request, response) => answer(hub, files, request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  const url = `http://127.0.0.1:${address.port}`;
  const hub: HubServer = { url, asked: [], sent: 0, etag: '"1"', token: undefined, close };
  return hub;
}

function answer(
  hub: HubServer,
  files: ReadonlyMap<string, Uint8Array>,
  { url = '', headers }: IncomingMessage,
  response: ServerResponse,
): void {
  hub.asked.push(url);
  response.setHeader('content-type', 'application/json');
  // As the hub does: pages of other origins may read, and see what a range is of.
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-expose-headers', 'content-range, etag');
  if (hub.token !== undefined && headers.authorization !== `Bearer ${hub.token}`) {
    response.writeHead(401).end('{"error":"Invalid credentials"}');
    return;
  }
  if (url.startsWith('/api/models/owner/name/revision/main')) {
    const info = { _id: '1', id: 'owner/name', sha: hubCommit, lastModified: '2026-01-01T00:00:00Z' };
    response.end(JSON.stringify(info));
    return;
  }
  const file = files.get(url.replace(`owner/name/resolve/${hubCommit}/`, '').slice(1));
  if (file === undefined) {
    response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
    return;
  }
  const [, first, last] = /bytes=(\d+)-(\d+)/.exec(headers.range ?? '') ?? [];
  const [begin, end] = [Number(first), Math.min(file.length, Number(last) + 1)];
  hub.sent += end - begin;
  response.setHeader('content-type', 'application/octet-stream');
  response.writeHead(206, { 'content-range': `bytes ${begin}-${end - 1}/${file.length}`, etag: hub.etag });
  response.end(file.subarray(begin, end));
}
