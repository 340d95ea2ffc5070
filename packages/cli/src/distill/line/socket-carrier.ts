/** A TCP connection as a carrier: each frame is its length (u32, little-endian) and its bytes. */
import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';
import { CliError } from '../../error.ts';
import { type Carrier, GREETING_BYTES, Waiter } from './carrier.ts';

/** Bytes that are read ahead of who asks for them. */
const AHEAD_BYTES = 1 << 18;
/** How long a closed connection may go on sending what was said before, ms. */
const LINGER_MS = 2000;
const CONNECT_MS = 10_000;
const MOST_CONNECTIONS = 64;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** `HOST:PORT`, an IPv6 host in brackets. Throws CliError `cli/option`. */
export function addressOf(option: string, text: string): Address {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain;
  if (host === undefined || !(port <= 65535)) {
    throw new CliError('cli/option', `${option} ${text}: give HOST:PORT, as in 192.0.2.7:7700 or [2001:db8::7]:7700`);
  }
  return { host, port };
}

export class SocketCarrier implements Carrier {
  readonly #socket: Socket;
  readonly #waiter = new Waiter();
  #longest = GREETING_BYTES;
  #parts: Buffer[] = [];
  #buffered = 0;
  #leaving: Buffer[] = [];
  #departure: NodeJS.Immediate | undefined;
  /** Why nothing more will arrive; what is here can still be taken. */
  #gone: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (data: Buffer) => {
      this.#parts.push(data);
      this.#buffered += data.length;
      this.#give();
    });
    const gone = (error: Error): void => {
      this.#gone ??= error;
      this.#give();
    };
    socket.on('error', gone);
    socket.on('close', () => gone(new Error('the connection was closed')));
  }

  accept(longest: number): void {
    this.#longest = longest;
  }

  send(frame: Uint8Array): void {
    if (this.#waiter.ended || this.#gone) return;
    const bytes = Buffer.allocUnsafe(4 + frame.length);
    bytes.writeUInt32LE(frame.length);
    bytes.set(frame, 4);
    this.#leaving.push(bytes);
    // What has arrived is read first: the second write to a connection that the other side has closed fails, and takes with
    // it what was not read, the other's last word.
    this.#departure ??= setImmediate(() => this.#depart());
  }

  receive(): Promise<Uint8Array> {
    const frame = this.#waiter.wait();
    this.#give();
    return frame;
  }

  close(): void {
    this.#depart();
    this.#waiter.end(new Error('the connection was closed on this side'));
    this.#parts = [];
    this.#buffered = 0;
    this.#socket.destroySoon();
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
  }

  #depart(): void {
    clearImmediate(this.#departure);
    this.#departure = undefined;
    // All at once: the second frame is not to be the second write.
    this.#socket.cork();
    for (const bytes of this.#leaving) if (!this.#gone) this.#socket.write(bytes);
    this.#socket.uncork();
    this.#leaving = [];
  }

  /** Gives the next frame to whoever waits, if it is here. */
  #give(): void {
    const due = this.#due();
    const here = this.#waiter.waiting && this.#buffered >= due;
    if (due - 4 > this.#longest && this.#waiter.waiting) {
      this.#waiter.end(new Error(`a frame of ${due - 4} bytes was announced; at most ${this.#longest} are accepted`));
      this.#socket.destroy();
    } else if (here) {
      const all = this.#whole();
      const rest = all.subarray(due);
      this.#parts = rest.length ? [rest] : [];
      this.#buffered = rest.length;
      this.#waiter.give(new Uint8Array(all.subarray(4, due)));
    } else if (this.#gone) this.#waiter.end(this.#gone);
    // Whoever is not asked for more must wait, so that nobody fills the memory.
    if (this.#waiter.ended || this.#buffered < Math.max(AHEAD_BYTES, this.#waiter.waiting ? due : 0)) {
      this.#socket.resume();
    } else this.#socket.pause();
  }

  /** Bytes of the next frame with its length, as far as that is known. */
  #due(): number {
    if (this.#buffered < 4) return 4;
    if (this.#parts[0]!.length < 4) this.#whole();
    return 4 + this.#parts[0]!.readUInt32LE(0);
  }

  #whole(): Buffer {
    if (this.#parts.length > 1) this.#parts = [Buffer.concat(this.#parts)];
    return this.#parts[0]!;
  }
}

/** Connects once. Rejects with an Error that says why not. */
export function dial({ host, port }: Address): Promise<Carrier> {
  return new Promise((resolve, reject) => {
    const socket = tcpConnect({ host, port });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(new Error(`${host}:${port} does not answer (${error.message})`, { cause: error }));
    };
    socket.setTimeout(CONNECT_MS, () => fail(new Error(`no answer within ${CONNECT_MS / 1000} s`)));
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.removeAllListeners();
      resolve(new SocketCarrier(socket));
    });
  });
}

/** Listens until `close`. Throws CliError `cli/peer` when the address is taken or not of this machine. */
export function listen(
  { host, port }: Address,
  onCarrier: (carrier: Carrier) => void,
): Promise<{ readonly port: number; close(): void }> {
  return new Promise((resolve, reject) => {
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      onCarrier(new SocketCarrier(socket));
    });
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EADDRINUSE'
          ? 'another program listens there'
          : error.code === 'EADDRNOTAVAIL'
            ? 'that address is not of this machine'
            : error.message;
      reject(new CliError('cli/peer', `--listen ${host}:${port} is not possible: ${why}`, { cause: error }));
    });
    // Those beyond are turned away by the system, before they cost anything here.
    server.maxConnections = MOST_CONNECTIONS;
    server.listen({ host, port }, () => {
      // Whoever could not be let in may come again.
      server.on('error', () => undefined);
      resolve({
        port: (server.address() as { port: number }).port,
        close: () => {
          server.close();
          setTimeout(() => {
            for (const socket of sockets) socket.destroy();
          }, LINGER_MS).unref();
        },
      });
    });
  });
}
