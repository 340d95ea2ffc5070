import { connect, type Socket } from 'node:net';
import { DistillError } from '@skykey/distill';
import { NodeError } from '../error.ts';

/** Longest frame either side accepts, bytes. The longest honest one is a list of emissions, about 4 MB. */
const MAX_FRAME_BYTES = 64 * 1024 * 1024;
/** Frames that wait unread before the socket is paused. */
const HIGH_WATER_FRAMES = 64;
/** How long a closed connection may go on sending what was written before, ms. */
const LINGER_MS = 2000;

/**
 * Whole messages over a stream socket: a 32-bit little-endian length, then that many bytes. Ordered and reliable,
 * nothing more; who speaks is for the layer above to prove. Garbage and half messages end the connection.
 */
export class FrameSocket {
  readonly #socket: Socket;
  readonly #frames: Uint8Array[] = [];
  readonly #waiting: { resolve: (frame: Uint8Array) => void; reject: (error: Error) => void }[] = [];
  #parts: Buffer[] = [];
  #buffered = 0;
  #ended: Error | undefined;
  #room: Promise<void> | undefined;
  #roomAgain: (() => void) | undefined;
  #maxFrameBytes = MAX_FRAME_BYTES;
  /** Bytes in both directions, headers included. */
  bytes = 0;

  /** `silenceLimitMs`: a peer that neither speaks nor listens for so long, in the middle of a message or not, is gone. */
  constructor(socket: Socket, options: { readonly silenceLimitMs?: number } = {}) {
    this.#socket = socket;
    socket.setNoDelay(true);
    if (options.silenceLimitMs !== undefined) {
      socket.setTimeout(options.silenceLimitMs, () => {
        this.#end(new Error(`it was silent for ${options.silenceLimitMs! / 1000} s`));
        socket.destroy();
      });
    }
    socket.on('data', (data: Buffer) => this.#read(data));
    socket.on('drain', () => this.#wakeSenders());
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new Error('the connection was closed')));
  }

  /** Accepts no longer frames than this from now on. */
  limitFrames(bytes: number): void {
    this.#maxFrameBytes = bytes;
  }

  /**
   * Resolves when the operating system has room again: that is the back-pressure. Throws a DistillError
   * `distill/peer-gone` when the peer is gone, a NodeError for a frame that no peer would accept.
   */
  async send(frame: Uint8Array): Promise<void> {
    if (this.#ended) throw this.#gone();
    if (frame.length > MAX_FRAME_BYTES) {
      throw new NodeError(
        'node/frame',
        `a message of ${frame.length} bytes cannot be sent; at most ${MAX_FRAME_BYTES} are accepted`,
      );
    }
    const head = Buffer.alloc(4);
    head.writeUInt32LE(frame.length);
    this.bytes += frame.length + 4;
    this.#socket.cork();
    this.#socket.write(head);
    // The caller may reuse its array once this returns, the socket may not have sent it yet: hence the copy.
    const roomLeft = this.#socket.write(Buffer.from(frame));
    this.#socket.uncork();
    if (roomLeft) return;
    this.#room ??= new Promise((resolve) => {
      this.#roomAgain = resolve;
    });
    await this.#room;
    if (this.#ended) throw this.#gone();
  }

  /** The next frame, in order. Rejects with a DistillError `distill/peer-gone` when there will be none. */
  receive(): Promise<Uint8Array> {
    const frame = this.#frames.shift();
    if (frame) {
      if (this.#frames.length < HIGH_WATER_FRAMES / 2) this.#socket.resume();
      return Promise.resolve(frame);
    }
    if (this.#ended) return Promise.reject(this.#gone());
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Ends the connection; what was sent before still leaves, unless the peer does not read it in time. */
  close(): void {
    this.#end(new Error('the connection was closed on this side'));
    this.#socket.destroySoon();
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
  }

  #gone(): DistillError {
    return new DistillError('distill/peer-gone', `the peer is gone: ${this.#ended?.message ?? 'no reason known'}`);
  }

  #read(data: Buffer): void {
    this.bytes += data.length;
    this.#parts.push(data);
    this.#buffered += data.length;
    while (this.#buffered >= 4) {
      const length = this.#peekLength();
      if (length > this.#maxFrameBytes) {
        this.#end(
          new Error(`the peer announced a message of ${length} bytes; at most ${this.#maxFrameBytes} are accepted`),
        );
        this.#socket.destroy();
        return;
      }
      if (this.#buffered < length + 4) return;
      const all = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
      // A copy of its own, aligned: typed arrays are laid over frames.
      const frame = new Uint8Array(all.subarray(4, 4 + length));
      const rest = all.subarray(4 + length);
      this.#parts = rest.length ? [rest] : [];
      this.#buffered = rest.length;
      const waiting = this.#waiting.shift();
      if (waiting) waiting.resolve(frame);
      else {
        this.#frames.push(frame);
        if (this.#frames.length >= HIGH_WATER_FRAMES) this.#socket.pause();
      }
    }
  }

  #peekLength(): number {
    if (this.#parts[0]!.length < 4) this.#parts = [Buffer.concat(this.#parts)];
    return this.#parts[0]!.readUInt32LE(0);
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#gone());
    this.#wakeSenders();
  }

  #wakeSenders(): void {
    this.#roomAgain?.();
    this.#room = undefined;
    this.#roomAgain = undefined;
  }
}

/** Connects to a loopback port. Throws a NodeError that names the peer when nobody listens there. */
export function dial(
  port: number,
  who: string,
  options: { readonly silenceLimitMs?: number } = {},
): Promise<FrameSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(new FrameSocket(socket, options));
    });
    socket.once('error', (error) => {
      reject(
        new NodeError('node/peer-unreachable', `${who} does not answer on 127.0.0.1:${port} (${error.message})`, {
          cause: error,
        }),
      );
    });
  });
}

/** A frame that holds a line of text, such as who speaks and about what. */
export function textFrame(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The text of a frame; empty when it is longer than 64 KiB or not UTF-8. */
export function frameText(frame: Uint8Array): string {
  if (frame.length > 65536) return '';
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(frame);
  } catch {
    return '';
  }
}
