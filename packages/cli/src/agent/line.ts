/**
 * The line between two agents: TLS 1.3, each with the certificate of its SAE, each knowing which SAE the other must be.
 * Frames of at most 16 KiB behind their length (32 bits, most significant byte first).
 */
import { type AddressInfo, isIP } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { idsOfCertificate } from '@skykey/client';
import { CliError } from '../error.ts';
import { decode, encode, MAX_FRAME_BYTES, type Message, type MessageOf } from './message.ts';

export interface LineIdentity {
  /** Authority of the SAEs, certificate and key of this one: PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Revoked certificates of that authority, PEM; without it none is looked for. */
  readonly crl?: string | undefined;
  /** SAE ids. */
  readonly self: string;
  readonly peer: string;
}

const PROTOCOL = 'skykey-agent/1';
const HANDSHAKE_LIMIT_MS = 10_000;
const CHANNEL_BYTES = 32;

export class Line {
  /** Common to both ends of this connection and to nobody else. */
  readonly channel: Uint8Array;
  /** Aborted when the line is over. */
  readonly over: AbortSignal;
  readonly #socket: TLSSocket;
  readonly #identity: LineIdentity;
  readonly #ending = new AbortController();
  #received: Buffer = Buffer.alloc(0);
  readonly #inbox: Message[] = [];
  #wake: (() => void) | null = null;
  #ended: CliError | null = null;
  #sent = 0;
  #taken = 0;

  constructor(socket: TLSSocket, identity: LineIdentity) {
    this.#socket = socket;
    this.#identity = identity;
    this.channel = socket.exportKeyingMaterial(CHANNEL_BYTES, `EXPORTER-${PROTOCOL}`, Buffer.alloc(0));
    this.over = this.#ending.signal;
    socket.setNoDelay(true);
    // A peer that lost its power says nothing.
    socket.setKeepAlive(true, 10_000);
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('error', (error) => this.#end(`the line to ${identity.peer} failed: ${error.message}`));
    socket.on('close', () => this.#end(`${identity.peer} hung up`));
  }

  /** @throws CliError `agent/line` when the line is over */
  send(message: Message): void {
    if (this.#ended) throw this.#ended;
    const body = encode(this.#sent++, this.#identity.self, message);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    this.#socket.write(Buffer.concat([length, body]));
  }

  /**
   * The next message, which must be of that type, of that round. @throws CliError `agent/line`: over, late, out of place,
   * or a failure that the other tells
   */
  async receive<T extends Message['type']>(type: T, round: number | null, limitMs?: number): Promise<MessageOf<T>> {
    const message = await this.#next(type, limitMs);
    if (message.type === 'fail' && type !== 'fail') {
      throw new CliError('agent/line', `${this.#identity.peer} gave up: ${message.reason}`);
    }
    if (message.type !== type || (round !== null && message.round !== round)) {
      throw new CliError('agent/line', `${this.#identity.peer} says "${message.type}" where "${type}" has its turn`);
    }
    return message as MessageOf<T>;
  }

  close(): void {
    this.#end('the line was closed here');
    this.#socket.end();
    // What is under way may still go out; a peer that does not listen is not waited for.
    setTimeout(() => this.#socket.destroy(), 1000).unref();
  }

  async #next(awaited: string, limitMs: number | undefined): Promise<Message> {
    if (this.#inbox.length === 0 && !this.#ended) {
      await new Promise<void>((resolve, reject) => {
        const timer =
          limitMs !== undefined &&
          setTimeout(() => {
            this.#wake = null;
            reject(
              new CliError('agent/line', `${this.#identity.peer} sent no "${awaited}" within ${limitMs / 1000} s`),
            );
          }, limitMs);
        this.#wake = () => {
          if (timer) clearTimeout(timer);
          this.#wake = null;
          resolve();
        };
      });
    }
    const message = this.#inbox.shift();
    if (message) return message;
    throw this.#ended!;
  }

  #read(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    while (this.#received.length >= 4) {
      const length = this.#received.readUInt32BE();
      if (length > MAX_FRAME_BYTES) {
        this.#break(`${this.#identity.peer} sent a frame of ${length} bytes`);
        return;
      }
      if (this.#received.length < 4 + length) return;
      const frame = this.#received.subarray(4, 4 + length);
      this.#received = this.#received.subarray(4 + length);
      try {
        const { number, from, message } = decode(frame);
        if (number !== this.#taken)
          throw new CliError('agent/line', `message ${number} came where ${this.#taken} is due`);
        if (from !== this.#identity.peer) throw new CliError('agent/line', `a message says that it is from ${from}`);
        this.#taken++;
        // Nobody has more than one word to say before it is the other's turn, but for a farewell.
        if (this.#inbox.length >= 4) throw new CliError('agent/line', `${from} does not wait for its turn`);
        this.#inbox.push(message);
        this.#wake?.();
      } catch (error) {
        this.#break((error as Error).message);
        return;
      }
    }
  }

  #break(why: string): void {
    this.#end(why);
    this.#socket.destroy();
  }

  #end(why: string): void {
    if (this.#ended) return;
    this.#ended = new CliError('agent/line', why);
    this.#wake?.();
    this.#ending.abort();
  }
}

/** @throws CliError `agent/line` */
export function dial(host: string, port: number, identity: LineIdentity): Promise<Line> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      ca: identity.ca,
      cert: identity.cert,
      key: identity.key,
      ...(identity.crl !== undefined && { crl: identity.crl }),
      minVersion: 'TLSv1.3',
      ALPNProtocols: [PROTOCOL],
      servername: isIP(host) ? '' : host,
      checkServerIdentity: (_, certificate) =>
        idsOfCertificate(certificate).includes(identity.peer)
          ? undefined
          : new Error(`the certificate there is not that of ${identity.peer}`),
    });
    const fail = (why: string): void => {
      socket.destroy();
      reject(new CliError('agent/line', `the agent of ${identity.peer} does not answer at ${host}:${port}: ${why}`));
    };
    const refuse = (error: Error): void => fail(error.message);
    socket.setTimeout(HANDSHAKE_LIMIT_MS, () => fail(`nothing within ${HANDSHAKE_LIMIT_MS / 1000} s`));
    socket.once('error', refuse);
    socket.once('secureConnect', () => {
      socket.setTimeout(0);
      socket.off('error', refuse);
      if (socket.alpnProtocol !== PROTOCOL) return fail('it speaks another protocol');
      resolve(new Line(socket, identity));
    });
  });
}

/**
 * Waits for the peer's agent. A new line of the peer ends the one before: it has been started again. Whoever is not the
 * peer is hung up on, and said. @throws CliError `agent/line` when the place cannot be listened at
 */
export function listen(
  host: string,
  port: number,
  identity: LineIdentity,
  on: { readonly line: (line: Line) => void; readonly stranger: (who: string) => void },
): Promise<{ port: number; close: () => void }> {
  let last: Line | undefined;
  const server = createServer({
    ca: identity.ca,
    cert: identity.cert,
    key: identity.key,
    ...(identity.crl !== undefined && { crl: identity.crl }),
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.3',
    ALPNProtocols: [PROTOCOL],
    handshakeTimeout: HANDSHAKE_LIMIT_MS,
  });
  server.maxConnections = 16;
  server.on('secureConnection', (socket) => {
    const ids = idsOfCertificate(socket.getPeerCertificate());
    if (!ids.includes(identity.peer) || socket.alpnProtocol !== PROTOCOL) {
      socket.on('error', () => undefined);
      socket.destroy();
      on.stranger(ids.join(', ') || 'a certificate without a name');
      return;
    }
    last?.close();
    last = new Line(socket, identity);
    on.line(last);
  });
  server.on('tlsClientError', (error) => on.stranger(`no handshake: ${error.message}`));
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'another program listens there' : error.message;
      reject(new CliError('agent/line', `this agent cannot listen at ${host}:${port}: ${why}`, { cause: error }));
    });
    server.listen({ host, port }, () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () => {
          last?.close();
          server.close();
        },
      });
    });
  });
}
