import { equalBytes, type SecretBytes } from '@skykey/bits';
import { DistillError } from './error.ts';
import { POINT_BYTES, PolynomialHash } from './polynomial-hash.ts';

export { PolynomialHash } from './polynomial-hash.ts';

/**
 * Wegman–Carter authentication with a recycled hash key (Wegman and Carter 1981; Portmann, arXiv:1202.1229): the secret
 * point of the polynomial hash stays, every tag spends a pad of its own.
 *
 * The pad is added modulo 2^128 and not by exclusive or. The hash bounds how often the *difference* of two digests takes
 * a given value; carries turn one exclusive or into up to 2^127 differences, so a tag made by exclusive or would not
 * inherit the bound. Two digests lie in [0, p) and p < 2^127, so a difference modulo 2^128 names one integer difference.
 *
 * Whoever sees a message with its tag, and has seen any number of others, makes a second message pass with probability
 * at most (blocks + 1) / 2^127, blocks being those of the longer message: 2^-107 for 12.5 MB.
 */

/** Bytes of a tag, and of the pad that each one spends. */
export const TAG_BYTES = 16;

/** First byte of a record in the hashed text. A record is this byte, its length (8 bytes, little-endian), its content. */
const RECORD = { context: 0, 'alice-to-bob': 1, 'bob-to-alice': 2, message: 3 } as const;

/** Records parse in one way only, whatever they contain, so two different texts never become the same bytes. */
function addRecord(hash: PolynomialHash, kind: keyof typeof RECORD, content: Uint8Array): void {
  const head = new DataView(new ArrayBuffer(9));
  head.setUint8(0, RECORD[kind]);
  head.setUint32(1, content.length >>> 0, true);
  head.setUint32(5, Math.floor(content.length / 2 ** 32), true);
  hash.update(new Uint8Array(head.buffer)).update(content);
}

/** Ends the text with `context` and hides the digest under `pad`. */
function seal(hash: PolynomialHash, pad: SecretBytes, context: string): Uint8Array {
  if (pad.length !== TAG_BYTES) {
    throw new DistillError('distill/bad-argument', `a pad has ${TAG_BYTES} bytes, this one has ${pad.length}`);
  }
  if (!context.isWellFormed()) {
    throw new DistillError('distill/bad-argument', 'the context of a tag must be well-formed Unicode');
  }
  addRecord(hash, 'context', new TextEncoder().encode(context));
  const sum = hash.digest();
  pad.open((bytes) => {
    let carry = 0;
    for (let i = 0; i < TAG_BYTES; i++) {
      carry += sum[i]! + bytes[i]!;
      sum[i] = carry & 0xff;
      carry >>>= 8;
    }
  });
  return sum;
}

function hashAt(point: SecretBytes): PolynomialHash {
  if (point.length !== POINT_BYTES) {
    throw new DistillError(
      'distill/bad-argument',
      `a hash point has ${POINT_BYTES} bytes, this one has ${point.length}`,
    );
  }
  return point.open((bytes) => new PolynomialHash(bytes));
}

/**
 * The 16-byte tag of `messages`, in this order, under `context`, which names what the tag is for (session, direction,
 * sequence number), so that a tag for one purpose is worth nothing for another. `point` may be used again, `pad` never.
 * Throws DistillError `distill/bad-argument` when point or pad are not 16 bytes or the context is not well-formed.
 */
export function tag(
  point: SecretBytes,
  pad: SecretBytes,
  messages: readonly Uint8Array[],
  context: string,
): Uint8Array {
  const hash = hashAt(point);
  try {
    for (const message of messages) addRecord(hash, 'message', message);
    return seal(hash, pad, context);
  } finally {
    hash.wipe();
  }
}

/** Whether a tag that came over the line is the one expected, in time that does not depend on where they differ. */
export function checkTag(expected: Uint8Array, received: Uint8Array): boolean {
  return expected.length === TAG_BYTES && equalBytes(expected, received);
}

export type Direction = 'alice-to-bob' | 'bob-to-alice';

/**
 * Everything said on the line, in order and with its direction, hashed as it is said: memory stays the same however long
 * the session. Both ends of an untouched line hold equal transcripts and get equal tags.
 */
export class Transcript {
  #hash: PolynomialHash;

  /** Throws DistillError `distill/bad-argument` unless the point has 16 bytes. */
  constructor(point: SecretBytes) {
    this.#hash = hashAt(point);
  }

  /** Adds one message. Its boundaries count: two messages are not the same as one that is their concatenation. */
  add(direction: Direction, message: Uint8Array): this {
    addRecord(this.#hash, direction, message);
    return this;
  }

  /**
   * The 16-byte tag of all that was said up to now, under `context`; the transcript goes on. Takes the pad at once
   * because a digest without one would tell about the point: it never leaves this class.
   */
  tag(pad: SecretBytes, context: string): Uint8Array {
    const branch = this.#hash.clone();
    try {
      return seal(branch, pad, context);
    } finally {
      branch.wipe();
    }
  }

  /** Overwrites point and state; every later use throws. */
  wipe(): void {
    this.#hash.wipe();
  }
}
