/** Connections by which hostile input comes to a door, and what is seen of the answers. */
import { connect as connectPlain, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';

/** Whoever asked for something whole gets an answer or is turned away within this time. */
export const PATIENCE_MS = 20_000;
/** What is no whole request: it is thrown, and whoever threw it goes. */
const GONE_MS = 5;

/** `answered`: a whole answer of HTTP, or any of another protocol. `closed`: the door closed. `silent`: neither in time. */
export type Reaction = { readonly kind: 'answered'; readonly status: number } | { readonly kind: 'closed' | 'silent' };

/** One connection after another to one door; a connection serves as long as it is left open. */
export class Thrower {
  readonly #dial: () => Socket;
  readonly #isWhole: (bytes: Buffer) => number | undefined;
  #socket: Socket | undefined;

  /** `isWhole`: the status of a whole answer at the beginning of the bytes; undefined while it is not all there. */
  constructor(dial: () => Socket, isWhole: (bytes: Buffer) => number | undefined) {
    this.#dial = dial;
    this.#isWhole = isWhole;
  }

  /** `last`: nothing more comes on this connection. */
  throw(input: Uint8Array, last: boolean): Promise<Reaction> {
    const socket = (this.#socket ??= this.#dial());
    return new Promise((resolve) => {
      let heard: Buffer = Buffer.alloc(0);
      const end = (reaction: Reaction): void => {
        clearTimeout(timer);
        socket.removeAllListeners('data').removeAllListeners('close');
        if (last || reaction.kind !== 'answered') this.close();
        resolve(reaction);
      };
      const timer = setTimeout(() => end({ kind: 'silent' }), PATIENCE_MS);
      socket.on('close', () => {
        this.#socket = undefined;
        end({ kind: 'closed' });
      });
      socket.on('data', (part: Buffer) => {
        heard = heard.length === 0 ? part : Buffer.concat([heard, part]);
        const status = this.#isWhole(heard);
        if (status === undefined) return;
        end({ kind: 'answered', status });
        if (/\r\nconnection: close\r\n/i.test(heard.toString('latin1'))) this.close();
      });
      if (last) socket.end(input);
      else socket.write(input);
    });
  }

  /** Throws it and goes, whatever is said to it. */
  throwAndGo(input: Uint8Array): Promise<Reaction> {
    const socket = this.#dial();
    return new Promise((resolve) => {
      socket.on('close', () => resolve({ kind: 'closed' }));
      socket.write(input, () => setTimeout(() => socket.destroy(), GONE_MS));
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}

export function dialTls(port: number, options: ConnectionOptions): () => Socket {
  return () => {
    const socket = connectTls({ host: '127.0.0.1', port, ...options });
    socket.on('error', () => undefined);
    return socket;
  };
}

export function dialPlain(port: number): () => Socket {
  return () => {
    const socket = connectPlain({ host: '127.0.0.1', port });
    socket.on('error', () => undefined);
    return socket;
  };
}

/** Every answer of a key manager says its length, or has no body. */
export function httpStatus(bytes: Buffer): number | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0);
  // What goes before an answer (100) is not the answer.
  if (status === 100) return httpStatus(bytes.subarray(end + 4));
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return bytes.length >= end + 4 + length ? status : undefined;
}

export const anyAnswer = (bytes: Buffer): number | undefined => (bytes.length > 0 ? 0 : undefined);
