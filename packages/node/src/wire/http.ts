/** The one way in which Skykey serves people over HTTP: loopback only, same origin only, strict headers. */
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { NodeError } from '../error.ts';
import { createLog } from '../process.ts';

/** Nothing from outside, no inline script; styles may be inline because charts set them. */
export const CONTENT_SECURITY_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; connect-src 'self'; " +
  "object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/** Codes of Skykey's own errors (`vault/unknown-lane`), whose messages are for people; those of the system are not. */
const SKYKEY_CODE = /^[a-z]+\/[a-z0-9-]+$/;

/**
 * A server for browsers and for other processes of this machine. Refuses a request whose Host is not this server
 * (DNS rebinding) and a request that changes something unless it is JSON, or marked with `x-skykey`, and of the same origin (forgery by a page).
 * What fails inside is told to the log alone.
 */
export function localServer(log: Pick<Logger, 'error'> = createLog('http')): FastifyInstance {
  const server = Fastify({ logger: false, bodyLimit: 65536, forceCloseConnections: true });
  server.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(request.headers.host ?? '')) {
      return reply.code(400).send({ error: 'this server answers on 127.0.0.1 and localhost only' });
    }
    if (request.method === 'GET' || request.method === 'HEAD') return;
    const { origin } = request.headers;
    // A page of another origin can send neither without asking this server first, which never agrees.
    const asked =
      request.headers['content-type']?.startsWith('application/json') || request.headers['x-skykey'] !== undefined;
    if (!asked || (origin && URL.parse(origin)?.host !== request.headers.host)) {
      return reply
        .code(403)
        .send({ error: 'a request that changes something must be JSON and come from this very page' });
    }
  });
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const coded = SKYKEY_CODE.test(error.code ?? '');
    const status = error.statusCode && error.statusCode < 500 ? error.statusCode : coded ? 409 : 500;
    if (status < 500) return reply.code(status).send({ error: error.message });
    log.error(
      { method: request.method, url: request.url, reason: error.message, stack: error.stack },
      'request failed',
    );
    return reply.code(500).send({ error: 'this request failed inside the process; see its log' });
  });
  server.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ error: `there is nothing at ${request.method} ${request.url.slice(0, 100)}` }),
  );
  server.get('/healthz', async () => ({ status: 'ok' }));
  return server;
}

/** Listens on loopback; a port in use is said with its number and the remedy. Returns the port. */
export async function listenLocally(server: FastifyInstance, port: number, what: string): Promise<number> {
  try {
    await server.listen({ host: '127.0.0.1', port });
  } catch (error) {
    throw portError(error, port, what);
  }
  return (server.server.address() as { port: number }).port;
}

/** Turns "address in use" into a sentence; other errors pass. */
export function portError(error: unknown, port: number, what: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error;
  return new NodeError(
    'node/port-in-use',
    `port ${port} for ${what} is in use by another program: stop that program, or choose another first port with --port`,
  );
}
