import type { SecretBytes } from '@skykey/bits';
import { checkTag, type Transcript } from './authenticate.ts';
import { DistillError } from './error.ts';
import { decode, encode, type Message, type MessageOf, type MessageType } from './messages.ts';
import type { Channel } from './types.ts';

export type Role = 'alice' | 'bob';

export type TagType = 'tag' | 'accept' | 'release';

/** What a tag is made or checked with: a pad, its index, and what the tag is for. */
export interface Seal {
  readonly index: number;
  readonly pad: SecretBytes;
  readonly context: string;
}

/** The peer ended the session with `abort`. Not an error: a session that stops is one of the ways it ends. */
export class PeerStopped extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`the peer stopped the session with code ${code}`);
    this.code = code;
  }
}

/**
 * One party's end of the line: encodes and decodes, counts the bytes, and keeps the transcript of all that was said in
 * both directions. `abort` is neither counted nor in the transcript: the two parties may stop at the same moment.
 */
export class Line {
  readonly #channel: Channel;
  readonly #role: Role;
  readonly #transcript: Transcript;
  readonly #clock: () => number;
  #bytes = 0;
  #askedAt = 0;
  #roundTripMs = Number.POSITIVE_INFINITY;
  #slots = new Float64Array(0);

  constructor(channel: Channel, role: Role, transcript: Transcript, clock: () => number = () => 0) {
    this.#channel = channel;
    this.#role = role;
    this.#transcript = transcript;
    this.#clock = clock;
  }

  /** Alice: the least time that Bob took to answer what he answers at once, by the clock handed in; 0 before the first. */
  get roundTripMs(): number {
    return this.#roundTripMs === Number.POSITIVE_INFINITY ? 0 : this.#roundTripMs;
  }

  /** Bytes of all messages so far, both directions. */
  get bytes(): number {
    return this.#bytes;
  }

  async send(message: Message): Promise<void> {
    this.#askedAt = this.#clock();
    await this.#send(encode(message));
  }

  /**
   * The next message, which must be of one of these types; slots in it stay until the next that has any. Throws PeerStopped
   * when the peer ended the session, DistillError `distill/protocol` for anything else than one well-formed message of these
   * types, `distill/peer-gone` when the channel is gone.
   */
  async receive<K extends MessageType>(...types: K[]): Promise<MessageOf<K>> {
    const bytes = await this.#channel.receive();
    const message = this.#expect(bytes, types);
    if (PROMPT.has(message.type)) this.#roundTripMs = Math.min(this.#roundTripMs, this.#clock() - this.#askedAt);
    this.#record(bytes, this.#role === 'alice' ? 'bob-to-alice' : 'alice-to-bob');
    return message;
  }

  /** Sends the tag, under `seal`, of everything said so far; the first of a session names its pad. */
  async sendTag(type: TagType, { index, pad, context }: Seal): Promise<void> {
    const tag = this.#transcript.tag(pad, context);
    await this.#send(encode(type === 'tag' ? { type, pad: index, tag } : { type, tag }));
  }

  /**
   * Receives a tag of everything said before it and says whether it is right. `seal` is asked for only once a tag is there;
   * its pad is wiped.
   */
  async receiveTag<K extends TagType>(type: K, seal: (message: MessageOf<K>) => Promise<Seal>): Promise<boolean> {
    const bytes = await this.#channel.receive();
    const message = this.#expect(bytes, [type]);
    try {
      const { pad, context } = await seal(message);
      const expected = this.#transcript.tag(pad, context);
      pad.wipe();
      return checkTag(expected, (message as MessageOf<TagType>).tag);
    } finally {
      this.#record(bytes, this.#role === 'alice' ? 'bob-to-alice' : 'alice-to-bob');
    }
  }

  /** Tells the peer to stop. A peer that is already gone need not hear it. */
  async abort(code: number): Promise<void> {
    await this.#channel.send(encode({ type: 'abort', code })).catch(() => undefined);
  }

  async #send(bytes: Uint8Array): Promise<void> {
    this.#record(bytes, this.#role === 'alice' ? 'alice-to-bob' : 'bob-to-alice');
    await this.#channel.send(bytes);
  }

  #record(bytes: Uint8Array, direction: 'alice-to-bob' | 'bob-to-alice'): void {
    this.#bytes += bytes.length;
    this.#transcript.add(direction, bytes);
  }

  /** One array for the slots of all messages: a pass of them would keep the collector of garbage busy. */
  readonly #room = (length: number): Float64Array => {
    if (length > this.#slots.length) this.#slots = new Float64Array(length);
    return this.#slots.subarray(0, length);
  };

  #expect<K extends MessageType>(bytes: Uint8Array, types: readonly K[]): MessageOf<K> {
    const message = decode(bytes, this.#room);
    if (message.type === 'abort') throw new PeerStopped(message.code);
    if (!(types as readonly MessageType[]).includes(message.type)) {
      throw new DistillError(
        'distill/protocol',
        `the peer sent '${message.type}' where ${types.map((type) => `'${type}'`).join(' or ')} is due`,
      );
    }
    return message as MessageOf<K>;
  }
}

/** Bob's answers to `monitor` and to `settings`. */
const PROMPT: ReadonlySet<MessageType> = new Set<MessageType>(['clicks', 'test-bob']);

/** Throws DistillError `distill/protocol` unless the peer sent as many of something as it must have. */
export function expectCount(what: string, received: number, due: number): void {
  if (received !== due)
    throw new DistillError('distill/protocol', `the peer sent ${received} ${what} where ${due} are due`);
}
