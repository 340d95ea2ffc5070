import { type Bits, concat, slice } from '@skykey/bits';
import { binaryEntropy } from '@skykey/finitekey';
import { countDifferences } from './differences.ts';
import { DistillError } from './error.ts';
import { Inbox } from './inbox.ts';
import type { Family } from './ldpc/degrees.ts';
import { decode, encode, type Message, type MessageOf, type MessageType } from './messages.ts';
import { chooseMethod } from './method.ts';
import { MAX_DETECTIONS } from './protocol.ts';
import { type ReconciliationLine, reconcileAlice, reconcileBob } from './reconcile.ts';
import { reconcileOneWayAlice, reconcileOneWayBob } from './reconcile-one-way.ts';
import type { Reconciliation } from './report.ts';
import type { Method, RandomBytes } from './types.ts';

/** How two keys in one process are made equal. */
export interface BothOptions {
  /** `auto`: by round-trip time, length and error rate, as `chooseMethod` tells. */
  readonly method: Method | 'auto';
  /** For `auto`: least time between a question and its answer, ms; 0 when left out. */
  readonly roundTripMs?: number;
  /** What both parties expect, in (0, 1/2]; by default what a comparison of all bits shows. One message takes 0.11 at most. */
  readonly errorRate?: number;
  /** Of one message: standard deviation of `errorRate`, absolute; 0 when left out. */
  readonly errorSpread?: number;
  /** Of one message: length of frames; by default what suits the key. */
  readonly family?: Family;
  /** For the seeds of shuffles and tags. */
  readonly random: RandomBytes;
}

/** What it cost, and what is left. */
export interface BothOutcome extends Reconciliation {
  /** leakedBits / (n h(q)) with the true error rate q; 0 for keys without errors. */
  readonly efficiency: number;
  /** Bits in which the keys differed. */
  readonly errors: number;
  /** Frames whose first tag differed, lost were there no more passes; 0 in one message, where there are none. */
  readonly retaggedFrames: number;
  /** Bits in which Bob's corrected key differs from Alice's, counted one by one over the whole (pitfall P22). */
  readonly residualErrors: number;
  /** Bob's corrected key. */
  readonly key: Bits;
}

/** What both parties expect, and how they will correct it: nothing in it depends on what is disclosed later. */
export interface BothPlan {
  readonly method: Method;
  readonly errorRate: number;
  readonly errors: number;
}

/**
 * Both parties of error correction in one process, with every message encoded and decoded as on a line. For people who have
 * both keys: to try a method, or to measure. Frames that one message cannot correct are disclosed whole and stay in the key.
 * A key that no session could have, of more than MAX_DETECTIONS bits, is cut into pieces alike, one after the other corrected
 * as a session would; their figures are added.
 * Throws DistillError `distill/bad-argument` for keys of different lengths, an error rate that is none, or one (or a key) that
 * the method cannot do.
 */
export async function reconcileBoth(alice: Bits, bob: Bits, options: BothOptions): Promise<BothOutcome> {
  const { method, errorRate, errors } = planBoth(alice, bob, options);
  const correct = method === 'cascade' ? interactive : inOneMessage;
  const { key, ...outcome } = await correctInPieces(alice, bob, (a, b) => correct(a, b, errorRate, options));
  const shannon = alice.length && alice.length * binaryEntropy(errors / alice.length);
  return {
    ...outcome,
    ...{ efficiency: shannon ? outcome.leakedBits / shannon : 0, errors },
    ...{ residualErrors: countDifferences(alice, key), key },
  };
}

/** What `reconcileBoth` will do with the same arguments. Throws as it does, but for what a method cannot do. */
export function planBoth(alice: Bits, bob: Bits, options: BothOptions): BothPlan {
  if (alice.length !== bob.length) {
    throw new DistillError(
      'distill/bad-argument',
      `the keys have ${alice.length} and ${bob.length} bits: reconciliation needs two of the same length`,
    );
  }
  const errors = countDifferences(alice, bob);
  const { errorRate = Math.min(0.5, (errors + 1) / (alice.length + 2)), errorSpread = 0, roundTripMs = 0 } = options;
  if (!(errorRate > 0 && errorRate <= 0.5))
    throw new DistillError('distill/bad-argument', `an error rate is above 0 and at most 0.5, not ${errorRate}`);
  if (!(roundTripMs >= 0))
    throw new DistillError('distill/bad-argument', `a round trip takes 0 ms or more, not ${roundTripMs}`);
  const method =
    options.method === 'auto'
      ? chooseMethod({ keyBits: alice.length, errorRate, errorSpread, roundTripMs })
      : options.method;
  return { method, errorRate, errors };
}

type Corrected = Pick<BothOutcome, 'key' | 'retaggedFrames' | keyof Reconciliation>;

async function correctInPieces(
  alice: Bits,
  bob: Bits,
  correct: (alice: Bits, bob: Bits) => Promise<Corrected>,
): Promise<Corrected> {
  const bytes = Math.ceil(alice.length / 8);
  const pieces = Math.ceil(alice.length / MAX_DETECTIONS);
  if (pieces <= 1) return correct(alice, bob);
  const from = (piece: number): number => Math.min(alice.length, 8 * Math.floor((piece * bytes) / pieces));
  const found: Corrected[] = [];
  for (let i = 0; i < pieces; i++) {
    const parts = [alice, bob].map((key) => slice(key, from(i), from(i + 1)));
    found.push(await correct(parts[0]!, parts[1]!));
    for (const { bytes } of parts) bytes.fill(0);
  }
  const whole = found.reduce((sum, piece) => ({
    ...{ method: sum.method, key: sum.key },
    leakedBits: sum.leakedBits + piece.leakedBits,
    tagAnswers: sum.tagAnswers + piece.tagAnswers,
    announcedBits: sum.announcedBits + piece.announcedBits,
    messageBits: sum.messageBits + piece.messageBits,
    roundTrips: sum.roundTrips + piece.roundTrips,
    frames: sum.frames + piece.frames,
    failedFrames: sum.failedFrames + piece.failedFrames,
    retaggedFrames: sum.retaggedFrames + piece.retaggedFrames,
    corrected: sum.corrected + piece.corrected,
  }));
  return { ...whole, key: concat(...found.map(({ key }) => key)) };
}

async function interactive(alice: Bits, bob: Bits, errorRate: number, { random }: BothOptions): Promise<Corrected> {
  const [aliceLine, bobLine] = linePair();
  const [, found] = await Promise.all([
    reconcileAlice(aliceLine, alice, errorRate, random),
    reconcileBob(bobLine, bob, errorRate),
  ]);
  return found;
}

async function inOneMessage(alice: Bits, bob: Bits, errorRate: number, options: BothOptions): Promise<Corrected> {
  const { random, errorSpread: spread, family } = options;
  const [aliceLine, bobLine] = linePair();
  const [, found] = await Promise.all([
    reconcileOneWayAlice(aliceLine, alice, { errorRate, random, ...(spread && { spread }), ...(family && { family }) }),
    reconcileOneWayBob(bobLine, bob, errorRate),
  ]);
  return { ...found, retaggedFrames: 0 };
}

/** Two ends of a line in memory. Never closed: both parties are ours, and each waits only for what the other will say. */
function linePair(): [ReconciliationLine, ReconciliationLine] {
  const toAlice = new Inbox();
  const toBob = new Inbox();
  return [new End(toAlice, toBob), new End(toBob, toAlice)];
}

class End implements ReconciliationLine {
  readonly #inbox: Inbox;
  readonly #outbox: Inbox;
  bytes = 0;

  constructor(inbox: Inbox, outbox: Inbox) {
    this.#inbox = inbox;
    this.#outbox = outbox;
  }

  async send(message: Message): Promise<void> {
    const bytes = encode(message);
    this.bytes += bytes.length;
    this.#outbox.put(bytes);
  }

  async receive<K extends MessageType>(..._types: K[]): Promise<MessageOf<K>> {
    const bytes = await this.#inbox.take();
    this.bytes += bytes.length;
    return decode(bytes) as MessageOf<K>;
  }
}
