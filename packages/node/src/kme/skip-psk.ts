/**
 * SKIP for routers that authenticate with a pre-shared key: TLS 1.2, since the suite that SKIP demands on TLS 1.3 cannot
 * carry an external one (draft-cisco-skip-02; OpenSSL binds it to SHA-256 there). Who calls is known from the PSK identity.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { HttpRequest, HttpResponse } from '@skykey/kme';
import { portError } from '../wire/http.ts';

/** The draft recommends the first two; the others are what stronger clients offer. */
const SUITES =
  'DHE-PSK-AES256-GCM-SHA384:DHE-PSK-AES256-CBC-SHA384:ECDHE-PSK-AES256-CBC-SHA384:DHE-PSK-AES256-CBC-SHA:ECDHE-PSK-CHACHA20-POLY1305';
const LIMIT_MS = 10_000;
const MAX_CONNECTIONS = 256;

export interface PskClient {
  readonly saeId: string;
  readonly identity: string;
  readonly key: Uint8Array;
}

export interface SkipPskOptions {
  readonly host: string;
  readonly port: number;
  readonly clients: readonly PskClient[];
  readonly answer: (request: HttpRequest) => Promise<HttpResponse>;
  readonly onFault: (error: unknown) => void;
}

export async function serveSkipPsk(
  options: SkipPskOptions,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const { host, port, clients, answer, onFault } = options;
  /** Of connections: the identity that was asked for is the one whose key they have, or there is no connection. */
  const callers = new WeakMap<object, string>();
  const server = createServer({
    pskCallback: (socket, identity) => {
      const client = clients.find((known) => known.identity === identity);
      if (!client) return null;
      callers.set(socket, client.saeId);
      return client.key;
    },
    // Ephemeral Diffie–Hellman: a key that becomes known later opens nothing that was recorded.
    dhparam: 'auto',
    ciphers: SUITES,
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.2',
    handshakeTimeout: LIMIT_MS,
    headersTimeout: LIMIT_MS,
    requestTimeout: LIMIT_MS,
    maxHeaderSize: 8192,
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('tlsClientError', () => undefined);
  server.on('request', (request, response) => {
    void respond(request, response, callers.get(request.socket) ?? null, answer).catch((error: unknown) => {
      onFault(error);
      request.socket.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portError(error, port, 'SKIP with pre-shared keys')));
    server.listen({ host, port }, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  caller: string | null,
  answer: SkipPskOptions['answer'],
): Promise<void> {
  // SKIP knows GET alone: bodies are of no interest.
  request.resume();
  const [path = '/', search = ''] = (request.url ?? '/').split(/\?(.*)/s);
  const {
    status,
    headers,
    body = '',
  } = await answer({
    caller,
    method: request.method ?? 'GET',
    path,
    query: new URLSearchParams(search),
    headers: {},
    body: new Uint8Array(0),
  });
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  // Written together with the head, a key would be copied into memory that nobody overwrites.
  if (typeof body !== 'string') response.flushHeaders();
  response.end(body, () => {
    if (typeof body !== 'string') body.fill(0);
  });
}
