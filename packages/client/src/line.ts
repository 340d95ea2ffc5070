/** Mutual TLS to one KME: keep-alive connections, resumed sessions, its id checked before a byte of a request leaves. */
import { isIP } from 'node:net';
import { checkServerIdentity, connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { type buildConnector, Pool } from 'undici';
import { ClientError } from './error.ts';
import { idsOfCertificate } from './identity.ts';

/** Largest answer that is read, bytes. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** A stream on which nothing moves for so long is broken: a KME says something every 15 seconds. */
const STREAM_SILENCE_MS = 45_000;

export interface LineOptions {
  readonly url: URL;
  readonly ca: string | Uint8Array;
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
  readonly kmeId: string | undefined;
  readonly timeoutMs: number;
  readonly connections: number;
}

export interface Answer {
  readonly status: number;
  readonly retryAfterS: number | undefined;
  /** Overwritten by whoever reads keys out of it. */
  readonly body: Uint8Array;
}

export class Line {
  readonly #pool: Pool;
  readonly #path: string;
  readonly #options: LineOptions;
  /** Streams have connections of their own: an answer never waits behind one. */
  #streams: Pool | undefined;

  constructor(options: LineOptions) {
    // A base such as https://kme.example/site-a is kept.
    this.#options = options;
    this.#path = options.url.pathname.replace(/\/+$/, '');
    this.#pool = new Pool(options.url.origin, {
      connections: options.connections,
      // One request a connection at a time: what breaks with the line is one answer.
      pipelining: 1,
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      maxResponseSize: MAX_ANSWER_BYTES,
      connect: connector(options),
    });
  }

  /** @throws ClientError `client/unreachable`, `client/tls`, `client/malformed`, `client/cancelled` */
  async ask(method: 'GET' | 'POST', path: string, body?: string, signal?: AbortSignal): Promise<Answer> {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    try {
      const response = await this.#pool.request({
        method,
        path: this.#path + path,
        headers,
        body: body ?? null,
        signal: signal ?? null,
      });
      return {
        status: response.statusCode,
        retryAfterS: secondsToWait(response.headers['retry-after']),
        body: await gather(response.body),
      };
    } catch (error) {
      throw lineError(error, method === 'POST', signal);
    }
  }

  /**
   * An answer without an end: its parts as they come, when the status is 200; else as of `ask`. What the parts throw, when
   * the line breaks, goes through `lineError`. @throws ClientError as `ask`
   */
  async stream(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<Answer | { readonly status: 200; readonly parts: AsyncIterable<Uint8Array> }> {
    const { url, timeoutMs } = this.#options;
    this.#streams ??= new Pool(url.origin, {
      connections: 4,
      pipelining: 1,
      headersTimeout: timeoutMs,
      bodyTimeout: STREAM_SILENCE_MS,
      connect: connector(this.#options),
    });
    try {
      const response = await this.#streams.request({ method: 'GET', path: this.#path + path, headers, signal });
      if (response.statusCode === 200) return { status: 200, parts: response.body };
      const retryAfterS = secondsToWait(response.headers['retry-after']);
      return { status: response.statusCode, retryAfterS, body: await gather(response.body) };
    } catch (error) {
      throw lineError(error, false, signal);
    }
  }

  /** What broke, in the words of this package. */
  broken(error: unknown, signal: AbortSignal): ClientError {
    return lineError(error, false, signal);
  }

  async close(): Promise<void> {
    // Nobody waits for the end of what has none.
    await Promise.all([this.#pool.close(), this.#streams?.destroy()]);
  }
}

/** Joins the parts of a body and overwrites them, since they may carry key. */
async function gather(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    parts.push(part);
    length += part.length;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
    part.fill(0);
  }
  return whole;
}

/** Marks what happened before a connection stood: then no request has left. */
const BEFORE = Symbol('before the request left');

function connector(options: LineOptions): buildConnector.connector {
  const { kmeId } = options;
  let session: Buffer | undefined;
  const identity = (host: string, certificate: PeerCertificate): Error | undefined => {
    // A KME is known by its id; its host name is where it happens to stand, and is checked when there is no id to check.
    if (kmeId === undefined) return checkServerIdentity(host, certificate);
    if (idsOfCertificate(certificate).includes(kmeId)) return undefined;
    return Object.assign(new Error(`its certificate is not that of ${kmeId}`), { code: 'ERR_TLS_KME_ID' });
  };
  return ({ hostname, port }, callback) => {
    const host = hostname.replace(/^\[|\]$/g, '');
    const socket: TLSSocket = connect({
      host,
      port: Number(port) || 443,
      // SNI takes names only (RFC 6066, 3).
      servername: isIP(host) ? '' : host,
      ca: bytesOf(options.ca),
      cert: bytesOf(options.cert),
      key: bytesOf(options.key),
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      checkServerIdentity: (_, certificate) => identity(host, certificate),
      ...(session && { session }),
    });
    // The latest ticket serves for the next connection; it is of this very KME, whose id has been checked.
    socket.on('session', (latest) => {
      session = latest;
    });
    socket.setKeepAlive(true, 30_000);
    socket.setNoDelay(true);
    const fail = (error: Error): void => {
      socket.destroy();
      session = undefined;
      callback(Object.assign(error, { [BEFORE]: true }), null);
    };
    socket.setTimeout(options.timeoutMs, () => fail(new Error('nobody answered in time')));
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      socket.setTimeout(0);
      socket.off('error', fail);
      callback(null, socket);
    });
  };
}

function bytesOf(pem: string | Uint8Array): string | Buffer {
  return typeof pem === 'string' ? pem : Buffer.from(pem);
}

const TLS_CODE = /^(ERR_SSL|ERR_TLS|ERR_OSSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CRL_|INVALID_|EPROTO|HOSTNAME_)/;

function lineError(error: unknown, takesKeys: boolean, signal: AbortSignal | undefined): ClientError {
  const cause = error as Error & { code?: string; [BEFORE]?: boolean };
  const code = cause.code ?? '';
  const keysMayBeLost = takesKeys && !cause[BEFORE] && !TLS_CODE.test(code);
  if (signal?.aborted) {
    return new ClientError('client/cancelled', 'the request was cancelled', { cause, keysMayBeLost });
  }
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    return new ClientError('client/malformed', `the KME's answer is longer than ${MAX_ANSWER_BYTES} bytes`, {
      cause,
      keysMayBeLost,
    });
  }
  if (TLS_CODE.test(code)) {
    return new ClientError(
      'client/tls',
      `the KME and this application do not accept each other: ${cause.message.trim()}. Check the authority (ca), this certificate and its key, and the KME's id`,
      { cause },
    );
  }
  // TLS 1.3 lets a server refuse a certificate after the handshake, and some then hang up without an alert.
  const closed = code === 'UND_ERR_SOCKET' || code === 'ECONNRESET';
  const doubt = closed ? ' (if that happens every time: does it accept this certificate?)' : '';
  const why = (cause.message || code || 'the line broke') + doubt;
  const loss = keysMayBeLost ? '. The request had left: its keys, if there were any, are lost' : '';
  return new ClientError('client/unreachable', `the KME does not answer: ${why}${loss}`, { cause, keysMayBeLost });
}

/** `Retry-After` as seconds; a date is not worth a clock here (RFC 9110, 10.2.3). */
function secondsToWait(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) : undefined;
}
