/** ETSI GS QKD 014 over mutual TLS, and the line between the two key managers of a link. */

import type { IncomingMessage } from 'node:http';
import { Agent, createServer, request, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { NodeError } from '../error.ts';
import { idOfCertificate, readPem } from '../up/certificates.ts';
import { portError } from './http.ts';

/** Largest body either server reads, bytes. */
const MAX_BODY_BYTES = 65536;
const PEER_LIMIT_MS = 5000;

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

export interface ServedRequest {
  /** From the certificate's subject alternative name; null when it holds no id, or several. */
  readonly peerId: string | null;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string | undefined;
  readonly body: Uint8Array;
}

export interface ServedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Nobody without a certificate of the right authority gets past the handshake. */
export async function serveMutualTls(options: {
  port: number;
  what: string;
  tls: TlsFiles;
  answer: (request: ServedRequest) => Promise<ServedAnswer>;
  onFault: (error: unknown) => void;
}): Promise<{ close: () => Promise<void> }> {
  const server: Server = createServer(
    {
      cert: readPem(options.tls.cert),
      key: readPem(options.tls.key),
      ca: readPem(options.tls.ca),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
    },
    (incoming, response) => {
      void readBody(incoming)
        .then(async (body) => {
          if (!body)
            return {
              status: 400,
              headers: { connection: 'close', 'content-type': 'application/json' },
              body: '{"message":"the body is too large"}',
            };
          const url = new URL(incoming.url ?? '/', 'https://kme');
          return options.answer({
            peerId: idOfCertificate((incoming.socket as TLSSocket).getPeerX509Certificate()?.subjectAltName),
            method: incoming.method ?? 'GET',
            path: url.pathname,
            query: url.searchParams,
            contentType: incoming.headers['content-type'],
            body,
          });
        })
        .catch((error): ServedAnswer => {
          options.onFault(error);
          return {
            status: 503,
            headers: { 'content-type': 'application/json', 'retry-after': '5' },
            body: '{"message":"the key manager cannot answer now"}',
          };
        })
        .then(({ status, headers, body }) => {
          const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body ?? []);
          response.writeHead(status, { ...headers, 'content-length': bytes.length });
          response.end(bytes);
        })
        .catch(options.onFault);
    },
  );
  server.requestTimeout = 30_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portError(error, options.port, options.what)));
    server.listen({ port: options.port, host: '127.0.0.1' }, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The body, or null when it is too large. */
async function readBody(incoming: IncomingMessage): Promise<Uint8Array | null> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of incoming) {
    length += (part as Buffer).length;
    if (length > MAX_BODY_BYTES) return null;
    parts.push(part as Buffer);
  }
  return new Uint8Array(Buffer.concat(parts));
}

/** A client of the other site's line, whose certificate must carry exactly the id we expect. */
export function peerClient(options: { port: number; peerId: string; tls: TlsFiles }): {
  post: (path: string, body: Uint8Array) => Promise<{ status: number; body: Uint8Array }>;
  close: () => void;
} {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const secrets = { cert: readPem(options.tls.cert), key: readPem(options.tls.key), ca: readPem(options.tls.ca) };
  return {
    close: () => agent.destroy(),
    post: (path, body) =>
      new Promise((resolve, reject) => {
        const fail = (reason: string): void =>
          reject(
            new NodeError('node/peer-unreachable', `the other site (${options.peerId}) does not answer: ${reason}`),
          );
        const call = request(
          {
            host: '127.0.0.1',
            port: options.port,
            path,
            method: 'POST',
            agent,
            ...secrets,
            timeout: PEER_LIMIT_MS,
            checkServerIdentity: (_host, certificate) =>
              idOfCertificate(certificate.subjectaltname) === options.peerId
                ? undefined
                : new Error(`its certificate is not that of ${options.peerId}`),
            headers: { 'content-type': 'application/octet-stream', 'content-length': body.length },
          },
          (response) => {
            readBody(response).then(
              (bytes) =>
                bytes ? resolve({ status: response.statusCode ?? 0, body: bytes }) : fail('its answer is too large'),
              (error: Error) => fail(error.message),
            );
          },
        );
        call.on('timeout', () => call.destroy(new Error(`no answer within ${PEER_LIMIT_MS / 1000} s`)));
        call.on('error', (error) => fail(error.message));
        call.end(body);
      }),
  };
}
