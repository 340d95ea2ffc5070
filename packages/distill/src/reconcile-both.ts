import type { Bits } from '@skykey/bits';
import { binaryEntropy } from '@skykey/finitekey';
import { countDifferences } from './differences.ts';
import { DistillError } from './error.ts';
import { decode, encode, type Message, type MessageOf, type MessageType } from './messages.ts';
import { type CascadeOutcome, type ReconciliationLine, reconcileAlice, reconcileBob } from './reconcile.ts';
import type { RandomBytes } from './types.ts';

/** How two keys in one process are made equal. */
export interface BothOptions {
  readonly method: 'cascade';
  /** What both parties expect, in (0, 1/2]; by default what a comparison of all bits shows. */
  readonly errorRate?: number;
  /** For the seeds of shuffles and tags. */
  readonly random: RandomBytes;
}

/** What it cost, and what is left. */
export interface BothOutcome extends CascadeOutcome {
  /** leakedBits / (n h(q)) with the true error rate q; 0 for keys without errors. */
  readonly efficiency: number;
  /** Bits in which the keys differed. */
  readonly errors: number;
  /** Bits in which Bob's corrected key differs from Alice's, counted one by one over the whole (pitfall P22). */
  readonly residualErrors: number;
  /** Bob's corrected key. */
  readonly key: Bits;
}

/**
 * Both parties of error correction in one process, with every message encoded and decoded as on a line. For people who have
 * both keys: to try a method, or to measure. Throws DistillError `distill/bad-argument` for keys of different lengths or an
 * error rate that is none.
 */
export async function reconcileBoth(alice: Bits, bob: Bits, options: BothOptions): Promise<BothOutcome> {
  if (alice.length !== bob.length) {
    throw new DistillError(
      'distill/bad-argument',
      `the keys have ${alice.length} and ${bob.length} bits: reconciliation needs two of the same length`,
    );
  }
  const errors = countDifferences(alice, bob);
  const { errorRate = Math.min(0.5, (errors + 1) / (alice.length + 2)), random } = options;
  if (!(errorRate > 0 && errorRate <= 0.5))
    throw new DistillError('distill/bad-argument', `an error rate is above 0 and at most 0.5, not ${errorRate}`);
  const [aliceLine, bobLine] = linePair();
  const [, { key, ...outcome }] = await Promise.all([
    reconcileAlice(aliceLine, alice, errorRate, random),
    reconcileBob(bobLine, bob, errorRate),
  ]);
  const shannon = alice.length && alice.length * binaryEntropy(errors / alice.length);
  return {
    ...outcome,
    ...{ efficiency: shannon ? outcome.leakedBits / shannon : 0, errors },
    ...{ residualErrors: countDifferences(alice, key), key },
  };
}

/** Two ends of a line in memory. Never closed: both parties are ours, and each waits only for what the other will say. */
function linePair(): [ReconciliationLine, ReconciliationLine] {
  const toAlice = new Inbox();
  const toBob = new Inbox();
  return [new End(toAlice, toBob), new End(toBob, toAlice)];
}

class Inbox {
  readonly #messages: Uint8Array[] = [];
  #wake: () => void = () => undefined;

  put(message: Uint8Array): void {
    this.#messages.push(message);
    this.#wake();
  }

  async take(): Promise<Uint8Array> {
    while (!this.#messages.length) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#messages.shift()!;
  }
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
