/** ETSI GS QKD 004 over TLS: one connection for a session or one for each call, both are served. */
import { constants, type X509Certificate } from 'node:crypto';
import { createServer, type SecureContextOptions, type TLSSocket } from 'node:tls';
import {
  decodeHeader,
  decodeRequest,
  encodeResponse,
  HEADER_BYTES,
  KmeError,
  type StreamRequest,
  type StreamResponse,
} from '@skykey/kme';
import { identityOf } from '../pki/identity.ts';
import { portError } from './http.ts';

/** Port of the published servers. */
export const KEY_STREAM_PORT = 25_575;

/** Certificate, key, authority and revocation list of a server, PEM. */
export type StreamCredentials = Pick<SecureContextOptions, 'cert' | 'key' | 'ca' | 'crl'>;

export interface KeyStreamServerOptions {
  readonly port: number;
  readonly host?: string;
  /** For the error when the port is taken. */
  readonly what: string;
  readonly credentials: StreamCredentials;
  /** The application that a certificate belongs to; null: none. */
  readonly identify?: (certificate: X509Certificate) => string | null;
  readonly handle: (saeId: string, request: StreamRequest, gone: AbortSignal) => Promise<StreamResponse>;
  readonly onFault: (error: unknown) => void;
  /** A connection that asks for nothing is closed after so long, ms. */
  readonly idleMs?: number;
  /** A request, and the handshake, must be complete after so long, ms. */
  readonly requestMs?: number;
  /** Connections of one application; one more closes the one that has been idle longest. */
  readonly connectionsPerSae?: number;
  readonly connections?: number;
}

export interface KeyStreamServer {
  readonly port: number;
  /** For new connections; those of certificates that are refused now are closed. Throws when the files do not fit. */
  setCredentials(credentials: StreamCredentials, isRefused: (certificate: X509Certificate) => boolean): void;
  close(): Promise<void>;
}

/** A resumed session would pass by the revocation list; no client of this interface resumes any. */
const CONTEXT = { minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET } as const;
/** Requests that may wait on one connection behind the one in work, bytes. */
const BACKLOG_BYTES = 4 * 65_536;

/** Rejects with NodeError when the port cannot be had. Nobody without a certificate gets past the handshake. */
export async function serveKeyStreams(options: KeyStreamServerOptions): Promise<KeyStreamServer> {
  const { idleMs = 60_000, requestMs = 10_000, connectionsPerSae = 64, connections = 1_024 } = options;
  const identify = options.identify ?? identityOf;
  /** In order of last use. */
  const open = new Set<Conversation>();
  const server = createServer(
    {
      ...options.credentials,
      ...CONTEXT,
      requestCert: true,
      rejectUnauthorized: true,
      handshakeTimeout: requestMs,
    },
    (socket) => {
      const certificate = socket.getPeerX509Certificate();
      const saeId = certificate ? identify(certificate) : null;
      if (!certificate || saeId === null) return void socket.destroy();
      const own = [...open].filter((conversation) => conversation.saeId === saeId);
      if (own.length >= connectionsPerSae) {
        const idle = own.find((conversation) => !conversation.busy);
        if (!idle) return void socket.destroy();
        idle.end();
      }
      const conversation = new Conversation(socket, certificate, saeId, { ...options, idleMs, requestMs }, () => {
        // Behind all others: used last.
        if (open.delete(conversation)) open.add(conversation);
      });
      open.add(conversation);
      socket.once('close', () => open.delete(conversation));
    },
  );
  server.maxConnections = connections;
  // A handshake that fails is the client's affair; without a listener it would end the process.
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portError(error, options.port, options.what)));
    server.listen({ port: options.port, host: options.host ?? '127.0.0.1' }, resolve);
  });
  server.removeAllListeners('error').on('error', options.onFault);
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : options.port,
    setCredentials: (credentials, isRefused) => {
      server.setSecureContext({ ...credentials, ...CONTEXT });
      for (const conversation of open) if (isRefused(conversation.certificate)) conversation.end();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const conversation of open) conversation.end();
      }),
  };
}

/** One connection: whole requests in, answers out, in order. Anything that is no request ends it. */
class Conversation {
  readonly certificate: X509Certificate;
  readonly saeId: string;
  readonly #socket: TLSSocket;
  readonly #options: KeyStreamServerOptions & { readonly requestMs: number };
  readonly #used: () => void;
  readonly #gone = new AbortController();
  #parts: Buffer[] = [];
  #bytes = 0;
  /** Bytes without which the next request, or its header, is not complete. */
  #needed = HEADER_BYTES;
  #deadline: NodeJS.Timeout | undefined;
  #asking = false;
  busy = false;

  constructor(
    socket: TLSSocket,
    certificate: X509Certificate,
    saeId: string,
    options: KeyStreamServerOptions & { readonly idleMs: number; readonly requestMs: number },
    used: () => void,
  ) {
    this.#socket = socket;
    this.certificate = certificate;
    this.saeId = saeId;
    this.#options = options;
    this.#used = used;
    socket.setNoDelay(true);
    socket.setTimeout(options.idleMs, () => {
      // An OPEN_CONNECT that waits for its peer is not idle; a client that does not read its answer is.
      if (!this.#asking) this.end();
    });
    socket.on('data', (data: Buffer) => this.#read(data));
    socket.on('error', () => this.end());
    socket.on('close', () => this.end());
  }

  end(): void {
    clearTimeout(this.#deadline);
    this.#gone.abort();
    this.#socket.destroy();
  }

  #read(data: Buffer): void {
    this.#parts.push(data);
    this.#bytes += data.length;
    if (this.#bytes > BACKLOG_BYTES) this.end();
    else if (!this.busy) void this.#work();
  }

  /** Answers whole requests until none is left. */
  async #work(): Promise<void> {
    this.busy = true;
    try {
      for (let request = this.#next(); request; request = this.#next()) {
        this.#used();
        this.#asking = true;
        const response = await this.#options.handle(this.saeId, request.message, this.#gone.signal);
        this.#asking = false;
        await this.#send(encodeResponse(response, request.dialect), response);
      }
    } catch (error) {
      if (!(error instanceof KmeError && error.code === 'kme/malformed')) this.#options.onFault(error);
      this.end();
    } finally {
      this.busy = false;
    }
  }

  /** The next request; undefined: it is not all there, or the client wants the connection closed. */
  #next(): { message: StreamRequest; dialect: 'P' | 'C' } | undefined {
    if (this.#gone.signal.aborted) return undefined;
    if (this.#bytes >= this.#needed) {
      const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
      this.#parts = [bytes];
      const header = decodeHeader(bytes.subarray(0, HEADER_BYTES));
      if (header.call === 'close-server') {
        // Dialect C would stop the server for everybody; here it says good-bye.
        this.end();
        return undefined;
      }
      this.#needed = HEADER_BYTES + header.payloadBytes;
      if (this.#bytes >= this.#needed) {
        const message = decodeRequest(header, bytes.subarray(HEADER_BYTES, this.#needed));
        this.#parts = bytes.length > this.#needed ? [bytes.subarray(this.#needed)] : [];
        this.#bytes -= this.#needed;
        this.#needed = HEADER_BYTES;
        clearTimeout(this.#deadline);
        this.#deadline = undefined;
        return { message, dialect: header.dialect };
      }
    }
    // From the first byte of a request on, however slowly the others come.
    if (this.#bytes > 0) this.#deadline ??= setTimeout(() => this.end(), this.#options.requestMs).unref();
    return undefined;
  }

  /** In one write, so that a short answer is one TLS record; overwritten once the socket has taken it. */
  #send(frame: Uint8Array, response: StreamResponse): Promise<void> {
    if (response.call === 'get') response.key?.wipe();
    return new Promise((resolve) => {
      if (this.#gone.signal.aborted) {
        frame.fill(0);
        return resolve();
      }
      this.#socket.write(frame, () => {
        frame.fill(0);
        resolve();
      });
    });
  }
}
