/**
 * How a connection begins: who is there, of which session, and a proof that he holds the authentication key of the pair.
 *
 * The one who connects says `hello`; the other answers `hello` and `proof`; the first gives his `proof`. A proof is
 * HMAC-SHA-256 of both hellos under the first 32 bytes of the pads, which serve nothing else. It keeps strangers from
 * taking a place, from using up light and from drawing a tag out of anybody. Secrecy and authenticity of the key rest on
 * the tags of the session alone: whoever breaks HMAC can be a nuisance, no more.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Role } from '@skykey/distill';
import type { Carrier } from './carrier.ts';

/** First byte of a frame. */
export const Frame = { hello: 1, proof: 2, data: 3, ack: 4, ping: 5, bye: 6, refusal: 7 } as const;

const MAGIC = 'SKYLINE\n';
const VERSION = 1;
const RUN_BYTES = 16;
const NONCE_BYTES = 16;
const GREETING_MS = 10_000;

export interface Identity {
  readonly role: Role;
  readonly blockId: string;
  /** Drawn by each process: a second one of the same session knows nothing of what the first one said. */
  readonly run: Uint8Array;
  readonly keys: {
    /** Lends the key of the proofs. */
    knock<T>(use: (key: Uint8Array) => T): T;
    /** Puts this process on record: before its first word. */
    introduce(): void;
    /** Whether this copy of the key may serve its part with that process. */
    mayMeet(run: Uint8Array): boolean;
    /** The other process has proved that it has the key. */
    met(run: Uint8Array): void;
  };
  readonly random: (length: number) => Uint8Array;
}

/** What the other party said of himself, proved. */
export interface Greeted {
  readonly run: Uint8Array;
  /** Messages of ours that he has. */
  readonly received: number;
}

const REFUSALS = {
  greeting: { code: 1, sentence: 'does not speak this protocol' },
  version: { code: 2, sentence: 'speaks another version of the line' },
  session: { code: 3, sentence: 'is of another session or link (compare the two link files)' },
  role: { code: 4, sentence: 'has the same part: one is alice, the other bob' },
  key: { code: 5, sentence: 'has another authentication key' },
  run: {
    code: 6,
    sentence: 'was started again while the session ran: what was said before is lost, and the session with it',
  },
  copy: {
    code: 7,
    sentence:
      'has the part of alice, which this or the other copy of the authentication key has had: a pad could be used twice; draw a new key and carry it to both',
  },
} as const;
export type RefusalReason = keyof typeof REFUSALS;

/** The other side is somebody else than who is expected. The message goes on from "whoever answered". */
export class Refused extends Error {
  readonly reason: RefusalReason;
  /** It is the other side that refuses; a refusal proves nothing about who it is. */
  readonly told: boolean;

  constructor(reason: RefusalReason, told = false) {
    super(REFUSALS[reason].sentence);
    this.reason = reason;
    this.told = told;
  }
}

export function refusalFrame(reason: RefusalReason): Uint8Array {
  return Uint8Array.of(Frame.refusal, REFUSALS[reason].code);
}

/** What a refusal frame says. */
export function toldBy(frame: Uint8Array): Refused {
  for (const reason of Object.keys(REFUSALS) as RefusalReason[]) {
    if (REFUSALS[reason].code === frame[1]) return new Refused(reason, true);
  }
  return new Refused('greeting', true);
}

/**
 * Greets over a new connection. Rejects with Refused, after saying so, with what `self.keys` throws (CliError), or with
 * whatever ended the connection; a stranger has ten seconds for all of it. `received`: messages of the other side that are here.
 */
export async function greet(carrier: Carrier, self: Identity, received: number, first: boolean): Promise<Greeted> {
  const timer = setTimeout(() => carrier.close(), GREETING_MS);
  try {
    const own = hello(self, received);
    if (first) {
      self.keys.introduce();
      carrier.send(own);
    }
    const theirs = await carrier.receive();
    const greeted = parse(theirs, self);
    if (!first) self.keys.introduce();
    if (!self.keys.mayMeet(greeted.run)) throw new Refused('copy');
    const proof = (role: Role): Uint8Array => {
      const [alice, bob] = self.role === 'alice' ? [own, theirs] : [theirs, own];
      return self.keys.knock((key) =>
        createHmac('sha256', key).update(`skykey-line/1 ${role}\n`).update(alice).update(bob).digest(),
      );
    };
    const show = (): void => carrier.send(Uint8Array.of(Frame.proof, ...proof(self.role)));
    if (!first) {
      carrier.send(own);
      show();
    }
    const shown = await carrier.receive();
    if (shown[0] === Frame.refusal) throw toldBy(shown);
    const due = proof(self.role === 'alice' ? 'bob' : 'alice');
    if (shown[0] !== Frame.proof || shown.length !== 1 + due.length || !timingSafeEqual(shown.subarray(1), due)) {
      throw new Refused('key');
    }
    self.keys.met(greeted.run);
    if (first) show();
    return greeted;
  } catch (error) {
    if (error instanceof Refused && !error.told) carrier.send(refusalFrame(error.reason));
    carrier.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Magic, u16 version, role, u32 messages received, run, nonce, and the id of the block up to the end. */
function hello({ role, blockId, run, random }: Identity, received: number): Uint8Array {
  const id = new TextEncoder().encode(blockId);
  const bytes = new Uint8Array(1 + MAGIC.length + 7 + RUN_BYTES + NONCE_BYTES + id.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = Frame.hello;
  bytes.set(new TextEncoder().encode(MAGIC), 1);
  view.setUint16(9, VERSION, true);
  bytes[11] = role === 'alice' ? 0 : 1;
  view.setUint32(12, received, true);
  bytes.set(run, 16);
  bytes.set(random(NONCE_BYTES), 16 + RUN_BYTES);
  bytes.set(id, 16 + RUN_BYTES + NONCE_BYTES);
  return bytes;
}

function parse(frame: Uint8Array, self: Identity): Greeted {
  if (frame[0] === Frame.refusal) throw toldBy(frame);
  const magic = new TextDecoder('latin1').decode(frame.subarray(1, 1 + MAGIC.length));
  if (frame[0] !== Frame.hello || magic !== MAGIC || frame.length < 11) throw new Refused('greeting');
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  // What comes after the version is for those of that version to say.
  if (view.getUint16(9, true) !== VERSION) throw new Refused('version');
  if (frame.length < 16 + RUN_BYTES + NONCE_BYTES) throw new Refused('greeting');
  if (new TextDecoder().decode(frame.subarray(16 + RUN_BYTES + NONCE_BYTES)) !== self.blockId)
    throw new Refused('session');
  if (frame[11] !== (self.role === 'alice' ? 1 : 0)) throw new Refused('role');
  return { run: frame.slice(16, 16 + RUN_BYTES), received: view.getUint32(12, true) };
}
