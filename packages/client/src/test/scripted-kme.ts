/** A KME that answers as a test says, over real mutual TLS. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: string;
  readonly resumed: boolean;
  /** Same number, same connection. */
  readonly connection: number;
}

export interface ScriptedKme {
  readonly port: number;
  readonly asked: Asked[];
  /** What comes next; the last one stays. */
  answer: (response: ServerResponse, asked: Asked) => void;
  close(): Promise<void>;
}

export function json(status: number, value: unknown, headers: Record<string, string> = {}) {
  return (response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value));
  };
}

export async function scriptedKme(tls: ServerOptions): Promise<ScriptedKme> {
  const connections = new WeakMap<object, number>();
  let count = 0;
  const asked: Asked[] = [];
  const server = createServer(
    { ...tls, requestCert: true, rejectUnauthorized: true },
    async (request: IncomingMessage, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const socket = request.socket as TLSSocket;
      if (!connections.has(socket)) connections.set(socket, count++);
      const one: Asked = {
        method: request.method ?? '',
        path: request.url ?? '',
        contentType: request.headers['content-type'],
        body: Buffer.concat(parts).toString(),
        resumed: socket.isSessionReused(),
        connection: connections.get(socket)!,
      };
      asked.push(one);
      kme.answer(response, one);
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const kme: ScriptedKme = {
    port: (server.address() as AddressInfo).port,
    asked,
    answer: json(500, {}),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return kme;
}
