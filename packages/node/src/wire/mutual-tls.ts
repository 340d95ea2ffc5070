/**
 * HTTP/1.1 over mutual TLS, for ETSI GS QKD 014 and whatever else is asked of a key manager: who calls is known from the
 * certificate, once a connection, and nobody without one of the right authority gets a word.
 */
import { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TLSSocket } from 'node:tls';
import { type Credentials, revocationKey, type TlsFiles, type Trust } from '../pki/credentials.ts';
import { type IdentityRule, identityOf } from '../pki/identity.ts';
import { Rotation } from '../pki/rotation.ts';
import { readBody } from './body.ts';
import { portError } from './http.ts';

export type { TlsFiles } from '../pki/credentials.ts';

/** Largest body where a route has no limit of its own, bytes. */
const MAX_BODY_BYTES = 65_536;
const MAX_HEADER_BYTES = 8192;
const MAX_CONNECTIONS = 4096;
const MAX_CONNECTIONS_PER_CLIENT = 256;
/** For a whole request from its first byte, and for its headers: who sends slower is cut off. */
const REQUEST_LIMIT_MS = 30_000;
const HEADERS_LIMIT_MS = 10_000;
const HANDSHAKE_LIMIT_MS = 10_000;
/** Between requests, and while nothing moves on a connection. */
const KEEP_ALIVE_MS = 75_000;
const SILENCE_LIMIT_MS = 120_000;
/** For answers under way when a connection has to show its certificate again. */
const LEAVE_LIMIT_MS = 10_000;
const QUIET_MS = 60_000;

export interface ServedRequest {
  /** From the certificate; null when it holds no id, or several. */
  readonly peerId: string | null;
  readonly method: string;
  /** As it was sent, percent signs and all, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly contentType: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Uint8Array;
}

export interface ServedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Bytes may hold key: they are handed over, and overwritten once they are written or cannot be. A stream is sent as it
   * comes, and ended when the caller goes.
   */
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array>;
  /** The bytes of `body` are overwritten once they are written. */
  readonly holdsKey?: boolean;
}

export interface MutualTlsOptions extends Trust {
  /** 0: any that is free. */
  readonly port: number;
  /** Address to listen on; loopback where not given. */
  readonly host?: string | undefined;
  /** In the sentence about a port that is in use. */
  readonly what: string;
  readonly tls: TlsFiles;
  readonly identity?: IdentityRule | undefined;
  /** The oldest TLS that is spoken; 1.2 where not given. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined;
  readonly answer: (request: ServedRequest) => Promise<ServedAnswer>;
  /** A fault inside; the caller is told 503 and nothing else. */
  readonly onFault: (error: unknown) => void;
  /** Sentences for the operator: certificates that end, files that were not taken, clients that were turned away. */
  readonly onWarning?: ((sentence: string) => void) | undefined;
  /** Largest body of a route, bytes; undefined: 64 KiB. */
  readonly bodyLimit?: ((method: string, path: string) => number | undefined) | undefined;
  readonly maxConnections?: number | undefined;
  readonly maxConnectionsPerClient?: number | undefined;
  readonly now?: (() => number) | undefined;
  /** Milliseconds between looks at the certificate files; 0: `reload` only. */
  readonly lookMs?: number | undefined;
}

export interface MutualTlsServer {
  readonly port: number;
  /** Reads certificate, key, authorities and revocation lists again, now. Throws NodeError; then the old stay in use. */
  readonly reload: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Throws NodeError when the files are not what they should be (see `readCredentials`) or the port is in use. */
export async function serveMutualTls(options: MutualTlsOptions): Promise<MutualTlsServer> {
  const { tls, role, staleList, now, lookMs, onWarning: warn = () => undefined } = options;
  const rotation = await Rotation.open({ files: tls, role, staleList, now, lookMs, warn });
  const door = new Door(options, rotation, warn);
  try {
    await new Promise<void>((resolve, reject) => {
      door.server.once('error', (error) => reject(portError(error, options.port, options.what)));
      door.server.listen({ port: options.port, host: options.host ?? '127.0.0.1' }, resolve);
    });
  } catch (error) {
    rotation.close();
    throw error;
  }
  return {
    port: (door.server.address() as AddressInfo).port,
    reload: () => rotation.reload(),
    close: () =>
      new Promise((resolve) => {
        rotation.close();
        door.server.close(() => resolve());
        door.server.closeAllConnections();
      }),
  };
}

/** What is known of a connection for as long as it lasts. */
interface Caller {
  readonly peerId: string | null;
  /** Its certificate as revocation lists name it. */
  readonly revocationKey: string;
  readonly untilMs: number;
  /** Under which its connections are counted. */
  readonly client: string;
  /** Since when it is to go as soon as it has its answer. */
  leavesMs: number | null;
}

class Door {
  readonly server: Server;
  readonly #options: MutualTlsOptions;
  readonly #rotation: Rotation;
  readonly #warn: (sentence: string) => void;
  readonly #now: () => number;
  readonly #callers = new Map<unknown, Caller>();
  readonly #counts = new Map<string, number>();
  /** Until when a sentence is not said again. Their number is that of the clients and of OpenSSL's reasons. */
  readonly #quietUntilMs = new Map<string, number>();

  constructor(options: MutualTlsOptions, rotation: Rotation, warn: (sentence: string) => void) {
    this.#options = options;
    this.#rotation = rotation;
    this.#warn = warn;
    this.#now = options.now ?? Date.now;
    this.server = createServer({
      ...this.#secure(rotation.current),
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: HANDSHAKE_LIMIT_MS,
      requestTimeout: REQUEST_LIMIT_MS,
      headersTimeout: HEADERS_LIMIT_MS,
      connectionsCheckingInterval: 5000,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    this.server.timeout = SILENCE_LIMIT_MS;
    this.server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS;
    // Before the parser of HTTP, which listens to the same event.
    this.server.prependListener('secureConnection', (socket) => this.#admit(socket));
    this.server.on('tlsClientError', (error, socket) => this.#turnedAway(error, socket));
    this.server.on('clientError', (error: NodeJS.ErrnoException, socket) => malformed(error, socket as TLSSocket));
    this.server.on('request', (request, response) => void this.#serve(request, response, false));
    this.server.on('checkContinue', (request, response) => void this.#serve(request, response, true));
    rotation.follow((current, before) => this.#rotate(current, before));
    rotation.atEveryLook((nowMs) => this.#sweep(nowMs));
  }

  /** A resumed session is not checked by OpenSSL again; here it is. */
  #admit(socket: TLSSocket): void {
    const certificate = socket.getPeerX509Certificate();
    if (!certificate) return void socket.destroy();
    const peerId = identityOf(certificate, this.#options.identity);
    const caller: Caller = {
      peerId,
      revocationKey: revocationKey(certificate),
      untilMs: Date.parse(certificate.validTo),
      client: peerId ?? certificate.fingerprint256,
      leavesMs: null,
    };
    const { client } = caller;
    if (this.#forbidden(caller, this.#now())) {
      this.#warnSeldom(`${client} was turned away: its certificate has ended or was revoked`);
      return void socket.destroy();
    }
    const count = (this.#counts.get(client) ?? 0) + 1;
    const most = this.#options.maxConnectionsPerClient ?? MAX_CONNECTIONS_PER_CLIENT;
    if (count > most) {
      this.#warnSeldom(`${client} has ${most} connections; more are turned away`);
      return void socket.destroy();
    }
    this.#counts.set(client, count);
    this.#callers.set(socket, caller);
    socket.once('close', () => {
      this.#callers.delete(socket);
      const left = this.#counts.get(client)! - 1;
      if (left > 0) return void this.#counts.set(client, left);
      this.#counts.delete(client);
    });
  }

  #forbidden(caller: Caller, nowMs: number): boolean {
    const { revoked, listEndMs } = this.#rotation.current;
    const stale = this.#options.staleList === 'refuse' && listEndMs <= nowMs;
    return stale || caller.untilMs <= nowMs || revoked.has(caller.revocationKey);
  }

  #turnedAway({ code }: Error & { code?: string }, socket: TLSSocket): void {
    // An authorization error is about the certificate; others (a scan, a client that hung up) come with the network.
    const reason = socket.authorizationError as unknown as string | null;
    if (reason) this.#warnSeldom(`a client was turned away in the handshake: ${reason || code}`);
  }

  /** Who is turned away may come again at once: the log is told once a minute. */
  #warnSeldom(sentence: string): void {
    const nowMs = this.#now();
    if (nowMs < (this.#quietUntilMs.get(sentence) ?? 0)) return;
    this.#quietUntilMs.set(sentence, nowMs + QUIET_MS);
    this.#warn(sentence);
  }

  #secure({ context }: Credentials): Credentials['context'] {
    const { minVersion } = this.#options;
    return { ...context, ...(minVersion && { minVersion }) };
  }

  /** Nobody notices but those who are not trusted any more. */
  #rotate(current: Credentials, before: Credentials): void {
    this.server.setSecureContext(this.#secure(current));
    this.#sweep(this.#now());
    if ([...before.authorities].every((authority) => current.authorities.has(authority))) return;
    // An authority has gone; who came by it is not remembered, so all show their certificates again.
    for (const caller of this.#callers.values()) caller.leavesMs ??= this.#now();
    this.server.closeIdleConnections();
  }

  #sweep(nowMs: number): void {
    for (const [socket, caller] of this.#callers) {
      const late = caller.leavesMs !== null && caller.leavesMs + LEAVE_LIMIT_MS < nowMs;
      if (late || this.#forbidden(caller, nowMs)) (socket as TLSSocket).destroy();
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): Promise<void> {
    const caller = this.#callers.get(request.socket);
    if (!caller) return void request.socket.destroy();
    const { headers, method = 'GET', url = '/' } = request;
    const { path, search } = splitTarget(url);
    try {
      const limit = this.#options.bodyLimit?.(method, path) ?? MAX_BODY_BYTES;
      const body = await readBody(request, limit, expectsContinue ? () => response.writeContinue() : undefined);
      if (body === 'too large') return refuseBody(request, response, limit);
      if (body === 'gone') return;
      const answer = await this.#options
        .answer({
          peerId: caller.peerId,
          method,
          path,
          query: new URLSearchParams(search),
          contentType: headers['content-type'],
          headers,
          body,
        })
        .catch((error): ServedAnswer => {
          this.#options.onFault(error);
          return {
            status: 503,
            headers: { 'content-type': 'application/json', 'retry-after': '5' },
            body: '{"message":"the key manager cannot answer now"}',
          };
        });
      if (caller.leavesMs !== null) response.setHeader('connection', 'close');
      await send(response, answer);
    } catch (error) {
      this.#options.onFault(error);
      request.socket.destroy();
    }
  }
}

function splitTarget(url: string): { path: string; search: string } {
  // A proxy's form, `GET https://host/path`, must be understood (RFC 9112, 3.2.2).
  const target = url.startsWith('/') ? url : url.replace(/^https?:\/\/[^/?]*/i, '');
  const mark = target.indexOf('?');
  return mark < 0
    ? { path: target || '/', search: '' }
    : { path: target.slice(0, mark) || '/', search: target.slice(mark) };
}

async function send(
  response: ServerResponse,
  { status, headers, body = '', holdsKey = false }: ServedAnswer,
): Promise<void> {
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    response.writeHead(status, { ...headers, 'content-length': length });
    if (typeof body !== 'string') {
      response.once('close', () => body.fill(0));
      // Written together with the head, it would be copied into memory that nobody overwrites.
      response.flushHeaders();
    }
    if (holdsKey && typeof body !== 'string') {
      // `close` comes also when nobody took the answer.
      response.once('close', () => body.fill(0));
    }
    response.end(body);
    return;
  }
  response.writeHead(status, headers as Record<string, string>);
  response.flushHeaders();
  // Who goes away ends the stream; that is no fault.
  await pipeline(Readable.from(body), response).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  });
}

/** 413 is not in ETSI GS QKD 014. The rest of the body is let pass for a second, else the answer may be lost with it. */
function refuseBody(request: IncomingMessage, response: ServerResponse, limit: number): void {
  const text = JSON.stringify({ message: `the body is too large: at most ${limit} bytes are read here` });
  response.writeHead(400, {
    connection: 'close',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.write(text);
  const end = (): void => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(() => {
    end();
    request.socket.destroySoon();
  }, 1000).unref();
  request.once('end', end).once('close', end).resume();
}

/** Before there is a request that could be answered. */
function malformed(error: NodeJS.ErrnoException, socket: TLSSocket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const reasons: Record<string, string> = {
    HPE_HEADER_OVERFLOW: `the headers are larger than ${MAX_HEADER_BYTES} bytes`,
    ERR_HTTP_REQUEST_TIMEOUT: 'the request came too slowly',
  };
  const text = JSON.stringify({ message: reasons[error.code ?? ''] ?? 'this is no request of HTTP/1.1' });
  socket.end(
    `HTTP/1.1 400 ${STATUS_CODES[400]}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
      `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}
