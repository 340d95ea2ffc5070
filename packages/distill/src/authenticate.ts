import { equalBytes, type SecretBytes } from '@skykey/bits';
import { DistillError } from './error.ts';
import { blocksOf, POINT_BYTES, PolynomialHash } from './polynomial-hash.ts';

export { PolynomialHash } from './polynomial-hash.ts';

/**
 * Wegman–Carter authentication with a recycled hash key: the secret point of the polynomial hash stays, every tag spends a
 * pad of its own.
 *
 * The pad is added modulo 2^128 and not by exclusive or. The hash bounds how often the *difference* of two digests takes
 * a given value; carries turn one exclusive or into up to 2^127 differences, so a tag made by exclusive or would not
 * inherit the bound. Two digests lie in [0, p) and p < 2^127, so a difference modulo 2^128 names one integer difference.
 *
 * **The forgery bound.** Take point r and pad q uniform and text m with tag t = H_r(m) + q. For every r exactly one q gives
 * t, so t says nothing of r, nor do tags of other texts under other pads. A second text m' with t' passes under q if and
 * only if H_r(m') - H_r(m) = t' - t, which happens for at most k + 1 of the 2^127 strings for r (`polynomial-hash.ts`),
 * k = ceil(bytes / 15) + 1 of the longer text. Without a tag to go by, t' is right with probability 2^-128. So the
 * family is eps-almost strongly universal with
 *   eps = (ceil(bytes / 15) + 2) / 2^127,
 * and a forger passes once with probability at most eps: 2^-107 for 12.5 MB (M. N. Wegman and J. L. Carter, J. Comput.
 * Syst. Sci. 22, 265 (1981): a hash and a one-time pad; D. R. Stinson, Des. Codes Cryptogr. 4, 369 (1994): almost strongly
 * universal). Over r rounds with l tags each, point recycled, the error adds up to at most r l eps beside that of the key
 * distribution itself, r (l eps + eps') in all (C. Portmann, "Key recycling in authentication", arXiv:1202.1229). His
 * pads are added by exclusive or; ours modulo 2^128, which changes nothing in the argument above.
 *
 * Pads are themselves keys with an error eps', one more reason for the sum to grow with every round: the lifetime of a
 * point is linear in what is allowed (A. Abidin and J.-A. Larsson, arXiv:1109.5168). Give a link a new one in time.
 */

/** Bytes of a tag, and of the pad that each one spends. */
export const TAG_BYTES = 16;

/**
 * Probability that one of `tags` forgeries passes, point uniform and pads unused: tags times eps of the text above.
 * `textBytes`: bytes of the longer of the two hashed texts, the one accepted and the one sent (`Transcript.textBytes`).
 */
export function forgeryBound(textBytes: number, tags = 1): number {
  return (tags * (blocksOf(textBytes) + 1)) / 2 ** 127;
}

/** First byte of a record in the hashed text. A record is this byte, its length (8 bytes, little-endian), its content. */
const RECORD = { context: 0, 'alice-to-bob': 1, 'bob-to-alice': 2, message: 3 } as const;

/** What a record takes beside its content. */
export const RECORD_BYTES = 9;

/** A length is public, and the hash copies what it is given. */
const head = new Uint8Array(RECORD_BYTES);
const headView = new DataView(head.buffer);

/** Records parse in one way only, whatever they contain, so two different texts never become the same bytes. */
function addRecord(hash: PolynomialHash, kind: keyof typeof RECORD, content: Uint8Array): void {
  head[0] = RECORD[kind];
  headView.setUint32(1, content.length >>> 0, true);
  headView.setUint32(5, Math.floor(content.length / 2 ** 32), true);
  hash.update(head).update(content);
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
  readonly #hash: PolynomialHash;

  /** Throws DistillError `distill/bad-argument` unless the point has 16 bytes. */
  constructor(point: SecretBytes) {
    this.#hash = hashAt(point);
  }

  /** Bytes of the hashed text so far, framing included; the context of a tag comes on top. */
  get textBytes(): number {
    return this.#hash.textBytes;
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
