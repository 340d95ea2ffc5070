import type { PeerLink } from '@skykey/kme';
import { NodeError } from '../error.ts';
import type { FrameSocket } from './frames.ts';

/** Longest message and answer, bytes. */
export const MAX_CALL_BYTES = 700 * 1024;
/** Calls that either end may have open at once. */
const MAX_OPEN_CALLS = 16;
const LIMIT_MS = 10_000;
const PING_MS = 5000;

const REQUEST = 0;
const ANSWER = 1;
const HEAD_BYTES = 5;

export interface CallLineOptions {
  /** Who is at the other end, for people. */
  readonly peer: string;
  /** Answers a call of the other end. Should it reject, the line ends and the other end hears nothing. */
  readonly handle: (message: Uint8Array) => Promise<Uint8Array>;
  /** For an answer, ms. What is silent for longer is a dead line. */
  readonly limitMs?: number;
  readonly maxOpenCalls?: number;
}

/**
 * A line on which both ends call each other, over one connection that one of them makes and makes again. A frame is kind
 * (u8: 0 request, 1 answer) ‖ number (u32, little-endian) ‖ bytes; a request without bytes asks whether somebody is there.
 * Calls are answered in any order. Nothing here is trusted: messages prove themselves. Whoever breaks the rules loses the
 * connection, and calls under way reject.
 */
export class CallLine implements PeerLink {
  readonly #options: CallLineOptions;
  readonly #limitMs: number;
  readonly #maxOpen: number;
  #connection: Connection | undefined;

  constructor(options: CallLineOptions) {
    this.#options = options;
    this.#limitMs = options.limitMs ?? LIMIT_MS;
    this.#maxOpen = options.maxOpenCalls ?? MAX_OPEN_CALLS;
  }

  /** Rejects with NodeError: `node/peer-unreachable`, `node/busy`, `node/frame`. */
  call(message: Uint8Array): Promise<Uint8Array> {
    if (message.length === 0 || message.length > MAX_CALL_BYTES) {
      const reason = `a call of ${message.length} bytes cannot be made; it must have from 1 to ${MAX_CALL_BYTES}`;
      return Promise.reject(new NodeError('node/frame', reason));
    }
    if (!this.#connection)
      return Promise.reject(unreachable(this.#options.peer, 'there is no line to it at the moment'));
    return this.#connection.ask(message);
  }

  /**
   * Calls go over this connection from now on, and one that was there before ends. Resolves when it has ended, closed.
   * `pingMs`: how often to ask whether the other end is there; the end that makes connections does, to make a new one.
   */
  async attach(socket: FrameSocket, pingMs?: number): Promise<void> {
    const connection = new Connection(socket, this.#options, this.#limitMs, this.#maxOpen);
    this.#connection?.end('another connection has taken its place');
    this.#connection = connection;
    const pinging = pingMs === undefined ? undefined : setInterval(() => connection.ping(), pingMs);
    try {
      await connection.serve();
    } finally {
      clearInterval(pinging);
      if (this.#connection === connection) this.#connection = undefined;
    }
  }

  close(): void {
    this.#connection?.end('this side has closed it');
  }
}

/**
 * Keeps a line up until the returned function is called: dials, and dials again when it ends. `onUp` when there is one:
 * what waited can be told now.
 */
export function keepLine(
  line: CallLine,
  dial: () => Promise<FrameSocket>,
  options: { readonly onUp: () => void; readonly redialMs: number; readonly pingMs?: number },
): () => void {
  let stopped = false;
  let wake = (): void => undefined;
  const keep = async (): Promise<void> => {
    while (!stopped) {
      try {
        const socket = await dial();
        if (stopped) socket.close();
        else {
          const ended = line.attach(socket, options.pingMs ?? PING_MS);
          options.onUp();
          await ended;
        }
      } catch {
        // Nobody listens there yet.
      }
      if (stopped) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, options.redialMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  };
  void keep();
  return () => {
    stopped = true;
    line.close();
    wake();
  };
}

interface Open {
  resolve(answer: Uint8Array): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout;
}

class Connection {
  readonly #socket: FrameSocket;
  readonly #options: CallLineOptions;
  readonly #limitMs: number;
  readonly #maxOpen: number;
  readonly #open = new Map<number, Open>();
  #answering = 0;
  #number = 0;
  #ended = false;

  constructor(socket: FrameSocket, options: CallLineOptions, limitMs: number, maxOpen: number) {
    this.#socket = socket;
    this.#options = options;
    this.#limitMs = limitMs;
    this.#maxOpen = maxOpen;
    socket.limitFrames(MAX_CALL_BYTES + HEAD_BYTES);
  }

  ask(message: Uint8Array): Promise<Uint8Array> {
    if (this.#ended) return Promise.reject(unreachable(this.#options.peer, 'the line has ended'));
    // One more than calls may be: a ping must find room, or a busy line would look like a dead one.
    if (this.#open.size >= this.#maxOpen + (message.length === 0 ? 1 : 0)) {
      const reason = `${this.#open.size} calls to ${this.#options.peer} wait for their answers already`;
      return Promise.reject(new NodeError('node/busy', reason));
    }
    do this.#number = (this.#number + 1) >>> 0;
    while (this.#open.has(this.#number));
    const number = this.#number;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.end(`no answer within ${this.#limitMs / 1000} s`), this.#limitMs);
      this.#open.set(number, { resolve, reject, timer });
      this.#socket.send(frameOf(REQUEST, number, message)).catch((error: Error) => this.end(error.message));
    });
  }

  ping(): void {
    this.ask(new Uint8Array(0)).catch(() => undefined);
  }

  /** Until the connection ends. Never rejects. */
  async serve(): Promise<void> {
    try {
      for (;;) this.#take(await this.#socket.receive());
    } catch (error) {
      this.end((error as Error).message);
    }
  }

  end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.close();
    for (const { reject, timer } of this.#open.values()) {
      clearTimeout(timer);
      reject(unreachable(this.#options.peer, reason));
    }
    this.#open.clear();
  }

  #take(frame: Uint8Array): void {
    if (frame.length < HEAD_BYTES) throw new Error('it sent a frame without a head');
    const kind = frame[0];
    const number = new DataView(frame.buffer, frame.byteOffset).getUint32(1, true);
    const bytes = frame.subarray(HEAD_BYTES);
    if (kind === REQUEST) {
      // The other end may see an answer before this one knows that it has left: hence twice as many, and a ping.
      if (this.#answering > 2 * this.#maxOpen) throw new Error('it has more calls open than it may');
      void this.#answer(number, bytes);
      return;
    }
    const open = this.#open.get(number);
    if (kind !== ANSWER || !open) throw new Error('it sent a frame that nobody waits for');
    this.#open.delete(number);
    clearTimeout(open.timer);
    open.resolve(bytes);
  }

  async #answer(number: number, message: Uint8Array): Promise<void> {
    this.#answering++;
    try {
      const answer = message.length === 0 ? message : await this.#options.handle(message);
      if (answer.length > MAX_CALL_BYTES) throw new Error(`the answer has ${answer.length} bytes`);
      // Counted until there is room for it: who asks and does not read is cut off.
      await this.#socket.send(frameOf(ANSWER, number, answer));
    } catch (error) {
      this.end(`its call could not be answered: ${(error as Error).message}`);
    } finally {
      this.#answering--;
    }
  }
}

function frameOf(kind: number, number: number, bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(HEAD_BYTES + bytes.length);
  frame[0] = kind;
  new DataView(frame.buffer).setUint32(1, number, true);
  frame.set(bytes, HEAD_BYTES);
  return frame;
}

const unreachable = (peer: string, reason: string): NodeError =>
  new NodeError('node/peer-unreachable', `${peer} does not answer: ${reason}`);
