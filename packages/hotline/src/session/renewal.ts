import { createHash } from 'node:crypto';
import { HotlineError } from '../error.ts';
import {
  type Accepted,
  type Agreed,
  acceptConfirm,
  answerOffer,
  beginAgreement,
  Epoch,
  finishAgreement,
  type KnownRoot,
  type Party,
  type PendingAnswer,
  type PendingOffer,
  parseOffer,
  type QkdKey,
  type ReceivedOffer,
  rootId,
  whoseOfferStands,
} from '../secret/index.ts';
import { policyHash } from '../state/index.ts';
import type { SessionContext } from './context.ts';
import type { SessionKey } from './ports.ts';
import { readRoots, writeRoots } from './roots.ts';

/** An offer, and a confirm that nobody has acted on, are sent again after so long. */
const AGAIN_MS = 500;
/** An offer that nobody answers is given up; the next one takes a fresh key. */
const PATIENCE_MS = 6000;
/** Between two offers of this desk, and after a key manager had none. */
const PAUSE_MS = 1000;
const DRY_PAUSE_MS = 3000;
/** Part of an epoch's life after which this desk renews it; the desk whose id sorts first is earlier, so that they seldom collide. */
const RENEW_AT = { first: 0.8, second: 0.9 };
/** For so long records of the epoch before are still opened. */
const OVERLAP_MS = 10_000;
/** Offers whose ids are remembered, so that an old one cannot make this desk fetch a key again. */
const OFFERS_KEPT = 256;
/** Answers that wait for their confirm. */
const ANSWERS_KEPT = 4;
/** Where the offer's id is in a confirm. */
const CONFIRMED_AT = 7;
const OFFER_ID_BYTES = 32;
const KEY_BYTES = 32;

/** A new epoch, before anything uses it. */
export interface Renewed {
  readonly agreed: Agreed;
  readonly epoch: Epoch;
  /** When the QKD key in it was asked for; null without one. */
  readonly qkdAtMs: number | null;
  /** The request to reopen that both desks named; null in every other agreement. */
  readonly reopens: string | null;
}

interface Offered {
  readonly pending: PendingOffer;
  /** What this desk said that it had accepted. */
  readonly accepted: Accepted;
  readonly bytes: Uint8Array;
  readonly qkdAtMs: number | null;
  readonly reopens: string | null;
  readonly firstMs: number;
  sentMs: number;
}

interface Answered {
  readonly pending: PendingAnswer;
  readonly accepted: Accepted;
  readonly offerId: string;
  readonly bytes: Uint8Array;
  readonly atMs: number;
  readonly qkdAtMs: number | null;
  readonly reopens: string | null;
}

/**
 * Sees to it that both desks have keys in common, and new ones in time. Everything that encrypts is in here, in memory
 * alone: a desk that starts has nothing until it has agreed again.
 */
export class Renewal {
  readonly #context: SessionContext;
  readonly #era: number;
  readonly #accepted: () => Accepted;
  readonly #transcript: () => Uint8Array;
  readonly #onEpoch: (renewed: Renewed) => void;
  #roots: readonly KnownRoot[];
  #epoch: Epoch | null = null;
  #before: { readonly epoch: Epoch; readonly untilMs: number } | null = null;
  #offer: Offered | null = null;
  /** Oldest first. An offer that the peer gave up may come late, and must not take the place of a newer one. */
  #answers: readonly Answered[] = [];
  /** Until the peer has used the new epoch. */
  #confirm: { readonly bytes: Uint8Array; sentMs: number } | null = null;
  readonly #seenOffers = new Set<string>();
  #busy = false;
  #notBeforeMs = 0;
  /** An agreement came to nothing, which the other desk does not know. */
  #mustAgree = false;
  /** Rises with every alarm: what was drawn before it is not used. */
  #round = 0;

  constructor(
    context: SessionContext,
    roots: Uint8Array | undefined,
    ports: {
      /** Of the store: another number after each time that it was made anew or restored. */
      readonly era: number;
      readonly accepted: () => Accepted;
      readonly transcript: () => Uint8Array;
      readonly onEpoch: (renewed: Renewed) => void;
    },
  ) {
    this.#context = context;
    this.#roots = roots ? readRoots(roots) : [];
    this.#era = ports.era;
    this.#accepted = ports.accepted;
    this.#transcript = ports.transcript;
    this.#onEpoch = ports.onEpoch;
  }

  get epoch(): Epoch | null {
    return this.#epoch;
  }

  /** The epoch that a record belongs to, or null. */
  epochOf(id: Uint8Array): Epoch | null {
    const epochs = [this.#epoch, this.#before?.epoch ?? null];
    return epochs.find((epoch) => epoch && Buffer.compare(epoch.id, id) === 0) ?? null;
  }

  /** A record of the peer was opened with `epoch`: it has it. */
  used(epoch: Epoch): void {
    if (epoch === this.#epoch) this.#confirm = null;
  }

  /** Within a step: what is due now. */
  tick(nowMs: number): void {
    this.#epoch?.tick(nowMs);
    if (this.#before && (nowMs >= this.#before.untilMs || nowMs < this.#before.untilMs - OVERLAP_MS)) {
      this.#before.epoch.wipe();
      this.#before = null;
    }
    if (this.#confirm && Math.abs(nowMs - this.#confirm.sentMs) >= AGAIN_MS) {
      this.#confirm.sentMs = nowMs;
      this.#post(this.#confirm.bytes);
    }
    const offer = this.#offer;
    if (offer) {
      if (Math.abs(nowMs - offer.firstMs) >= PATIENCE_MS) {
        this.#giveUpOffer();
        this.#pause(nowMs, PAUSE_MS);
      } else if (Math.abs(nowMs - offer.sentMs) >= AGAIN_MS) {
        offer.sentMs = nowMs;
        this.#post(offer.bytes);
      }
      return;
    }
    // A clock that was set back must not keep this desk waiting.
    this.#notBeforeMs = Math.min(this.#notBeforeMs, nowMs + DRY_PAUSE_MS);
    if (this.#busy || nowMs < this.#notBeforeMs || this.#awaitsConfirm(nowMs)) return;
    if (this.#isWanted(nowMs)) this.#draw(nowMs);
  }

  /** An alarm: whatever rests on keys that were drawn before it is given up. The control lane keeps the epoch that there is. */
  alarm(): void {
    this.#round++;
    this.#giveUpOffer();
    this.#forgetAnswers(() => true);
  }

  /** A message of an agreement. Throws HotlineError; nothing has changed then. */
  arrive(bytes: Uint8Array, nowMs: number): void {
    switch (bytes[6]) {
      case 1:
        this.#offered(bytes, nowMs);
        return;
      case 2:
        this.#answered(bytes, nowMs);
        return;
      case 3:
        this.#confirmed(bytes, nowMs);
        return;
      default:
        throw new HotlineError('hotline/malformed', 'a message of an agreement has a step that does not exist');
    }
  }

  wipe(): void {
    this.alarm();
    this.#epoch?.wipe();
    this.#before?.epoch.wipe();
    for (const { root } of this.#roots) root.wipe();
    this.#epoch = null;
    this.#before = null;
    this.#roots = [];
  }

  #isWanted(nowMs: number): boolean {
    const { options, wanted } = this.#context;
    const epoch = this.#epoch;
    if (!epoch || this.#mustAgree || wanted()) return true;
    const first = whoseOfferStands(options.ownId, options.peerId) === 'own';
    return epoch.spent(nowMs, first ? RENEW_AT.first : RENEW_AT.second);
  }

  /** An agreement is one message from its end: an offer of this desk would only cross it, and burn a key. */
  #awaitsConfirm(nowMs: number): boolean {
    return this.#answers.some(({ pending, atMs }) => !pending.over && Math.abs(nowMs - atMs) < PATIENCE_MS);
  }

  #draw(nowMs: number): void {
    const { ports, steps } = this.#context;
    const round = this.#round;
    if (!this.#context.spends(8 * KEY_BYTES)) {
      this.#dry(new Error('what is left in the pool is kept for authentication'), round);
      return;
    }
    this.#busy = true;
    steps.after(() => {
      ports.keys.draw(KEY_BYTES, 1).then(
        (keys) => this.#drawn(() => this.#begin(keys, round, nowMs)),
        (error: Error) => this.#drawn(() => this.#dry(error, round)),
      );
    });
  }

  #drawn(step: () => void): void {
    this.#context.steps
      .run(() => {
        this.#context.spent(8 * KEY_BYTES);
        step();
      })
      .catch(ignore);
  }

  /** There is no QKD key. With none in use either, the desks still need keys to tell each other so. */
  #dry(error: Error, round: number): void {
    const nowMs = this.#context.ports.nowMs();
    this.#busy = false;
    this.#pause(nowMs, DRY_PAUSE_MS);
    if (round !== this.#round || this.#offer) return;
    if (this.#epoch && !this.#epoch.spent(nowMs)) return;
    this.#context.journal(`no QKD key for new keys of the line: ${error.message}`);
    this.#begin([], round, null);
  }

  #begin(keys: readonly SessionKey[], round: number, qkdAtMs: number | null): void {
    const { ports, journal } = this.#context;
    const nowMs = ports.nowMs();
    this.#busy = false;
    if (round !== this.#round || this.#offer) {
      for (const { key } of keys) key.wipe();
      if (keys.length > 0) journal(`keys were drawn in vain: ${keys.map(({ keyId }) => keyId).join(', ')}`);
      return;
    }
    // A desk that was started anew first gets keys to hear by, for the other one may not have decided to reopen.
    const reopens = this.#epoch ? this.#reopens() : null;
    const { offer, pending } = beginAgreement(this.#party(reopens), keys, ports.random);
    this.#offer = {
      pending,
      accepted: this.#accepted(),
      bytes: offer,
      qkdAtMs,
      reopens,
      firstMs: nowMs,
      sentMs: nowMs,
    };
    this.#post(offer);
  }

  #offered(bytes: Uint8Array, nowMs: number): void {
    const { options } = this.#context;
    const { received, reopens } = this.#parse(bytes);
    const offerId = hex(received.offerId);
    const answered = this.#answers.find((answer) => answer.offerId === offerId);
    if (answered) {
      this.#post(answered.bytes);
      return;
    }
    if (this.#seenOffers.has(offerId)) return;
    if (this.#offer) {
      // Of two kinds the plain one stands: a desk that has not decided to reopen cannot take the other.
      const own = this.#offer.reopens;
      const stands = own === reopens ? whoseOfferStands(options.ownId, options.peerId) === 'own' : own === null;
      if (stands) return;
    }
    if (this.#busy) return;
    this.#giveUpOffer();
    this.#remember(offerId);
    this.#busy = true;
    const round = this.#round;
    const keyIds = received.qkd.map(({ keyId }) => keyId);
    const answer = (keys: readonly SessionKey[]): Promise<void> =>
      this.#context.steps
        .run(() => this.#reply(bytes, offerId, keys, { reopens, round, qkdAtMs: nowMs }))
        .catch(ignore);
    this.#context.steps.after(() => {
      if (keyIds.length === 0) return void answer([]);
      this.#context.ports.keys.fetch(keyIds).then(answer, (error: Error) =>
        this.#context.steps
          .run(() => {
            this.#busy = false;
            this.#context.journal(`an offer of new keys came to nothing: ${error.message}`);
          })
          .catch(ignore),
      );
    });
  }

  #reply(
    bytes: Uint8Array,
    offerId: string,
    keys: readonly SessionKey[],
    { reopens, round, qkdAtMs }: { reopens: string | null; round: number; qkdAtMs: number },
  ): void {
    this.#busy = false;
    if (round !== this.#round) {
      for (const { key } of keys) key.wipe();
      return;
    }
    const qkd: readonly QkdKey[] = keys;
    const { answer, pending } = answerOffer(this.#party(reopens), bytes, qkd, this.#context.ports.random);
    const answered: Answered = {
      pending,
      accepted: this.#accepted(),
      offerId,
      bytes: answer,
      atMs: this.#context.ports.nowMs(),
      reopens,
      qkdAtMs: keys.length > 0 ? qkdAtMs : null,
    };
    this.#answers = [...this.#answers, answered];
    const [oldest] = this.#answers;
    if (this.#answers.length > ANSWERS_KEPT) this.#forgetAnswers((one) => one === oldest);
    this.#post(answer);
  }

  #answered(bytes: Uint8Array, nowMs: number): void {
    if (!this.#offer) throw new HotlineError('hotline/not-for-us', 'no offer of this desk waits for an answer');
    const { pending, accepted, qkdAtMs, reopens } = this.#offer;
    const { confirm, agreed } = finishAgreement(pending, bytes);
    this.#offer = null;
    if (!this.#stillTrue(agreed, accepted)) return;
    this.#adopt({ agreed, qkdAtMs, reopens }, nowMs);
    this.#confirm = { bytes: confirm, sentMs: nowMs };
    this.#post(confirm);
  }

  #confirmed(bytes: Uint8Array, nowMs: number): void {
    const offerId = hex(bytes.subarray(CONFIRMED_AT, CONFIRMED_AT + OFFER_ID_BYTES));
    const answer = this.#answers.find((one) => one.offerId === offerId);
    if (!answer) throw new HotlineError('hotline/not-for-us', 'no answer of this desk waits for this confirm');
    if (answer.pending.over) {
      // The peer has not seen yet that its confirm came.
      this.#context.beatSoon();
      return;
    }
    const { pending, accepted, qkdAtMs, reopens } = answer;
    const { agreed } = acceptConfirm(pending, bytes);
    if (!this.#stillTrue(agreed, accepted)) return;
    this.#giveUpOffer();
    this.#adopt({ agreed, qkdAtMs, reopens }, nowMs);
  }

  /**
   * A desk that was started anew goes on with numbers after those that this one said it had accepted. If one of its earlier
   * life has come in since, that is not true any more: they agree once more.
   */
  #stillTrue({ peer, secrets }: Agreed, said: Accepted): boolean {
    const { text, control } = this.#accepted();
    if (peer.reason !== 'start' || (said.text === text && said.control === control)) return true;
    secrets.wipe();
    this.#mustAgree = true;
    return false;
  }

  #adopt({ agreed, qkdAtMs, reopens }: Omit<Renewed, 'epoch'>, nowMs: number): void {
    const { ownId, peerId } = this.#context.options;
    const { secrets, number } = agreed;
    // Offers that crossed or came late: their answers are over, and a confirm that was held back must not lead this desk back.
    this.#forgetAnswers(({ pending }) => !pending.over && pending.agreed.number <= number);
    // Beside the new root stays one that the peer is known to have: it may never hear that this agreement was right.
    const before = this.#roots.find(({ root }) => agreed.peer.roots.some(({ id }) => isSame(id, rootId(root))));
    for (const { root } of this.#roots) if (root !== before?.root) root.wipe();
    this.#roots = [{ number, root: secrets.root }, ...(before ? [before] : [])];
    this.#context.steps.put('session/roots', writeRoots(this.#roots));
    this.#before?.epoch.wipe();
    // What a desk sent before it was started anew must not come in after this.
    const keeps = this.#epoch && agreed.peer.reason !== 'start';
    if (this.#epoch && !keeps) this.#epoch.wipe();
    this.#before = this.#epoch && keeps ? { epoch: this.#epoch, untilMs: nowMs + OVERLAP_MS } : null;
    this.#epoch = new Epoch({ ownId, peerId, number, secrets, nowMs });
    this.#confirm = null;
    this.#mustAgree = false;
    this.#pause(nowMs, PAUSE_MS);
    this.#onEpoch({ agreed, epoch: this.#epoch, qkdAtMs, reopens });
  }

  /** A desk that has decided to reopen still hears one that has not: by the control lane alone they come to decide. */
  #parse(bytes: Uint8Array): { received: ReceivedOffer; reopens: string | null } {
    const reopens = this.#reopens();
    if (reopens !== null) {
      try {
        return { received: parseOffer(this.#party(reopens), bytes), reopens };
      } catch (error) {
        if (!(error instanceof HotlineError) || error.code !== 'hotline/policy') throw error;
      }
    }
    return { received: parseOffer(this.#party(null), bytes), reopens: null };
  }

  #reopens(): string | null {
    return this.#context.wanted()?.reopens ?? null;
  }

  /**
   * This desk in an agreement. A request to reopen takes the policy's place together with it, so that both name the same or
   * come to no keys. What may be done without QKD key both sites have pinned in the policy: its hash is their consent.
   */
  #party(reopens: string | null): Party {
    const { ownId, peerId, conversationId, psk, suites, policy } = this.#context.options;
    const pinned = policyHash(policy);
    return {
      ...{ ownId, peerId, conversationId, psk, suites },
      generation: this.#era,
      roots: this.#roots,
      policyHash: reopens === null ? pinned : hash('reopening', pinned, Buffer.from(reopens, 'hex')),
      transcriptHash: this.#transcript(),
      qkdRequired: false,
      consentWithoutQkd: hash('without QKD key, as pinned', pinned),
      accepted: this.#accepted(),
      reason: reopens !== null ? 'alarm' : this.#epoch ? 'renewal' : 'start',
    };
  }

  #giveUpOffer(): void {
    const { offer } = this.#offer?.pending ?? {};
    this.#offer?.pending.wipe();
    this.#offer = null;
    if (offer && offer.qkd.length > 0) {
      this.#context.journal(
        `an offer was given up; its key is lost: ${offer.qkd.map(({ keyId }) => keyId).join(', ')}`,
      );
    }
  }

  #forgetAnswers(which: (answer: Answered) => boolean): void {
    const gone = this.#answers.filter(which);
    for (const { pending } of gone) pending.wipe();
    this.#answers = this.#answers.filter((answer) => !gone.includes(answer));
  }

  #remember(offerId: string): void {
    this.#seenOffers.add(offerId);
    const [oldest] = this.#seenOffers;
    if (this.#seenOffers.size > OFFERS_KEPT) this.#seenOffers.delete(oldest!);
  }

  #pause(nowMs: number, ms: number): void {
    this.#notBeforeMs = nowMs + ms;
  }

  #post(bytes: Uint8Array): void {
    const { steps, ports } = this.#context;
    steps.after(() => ports.post(bytes));
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function hash(purpose: string, ...parts: Uint8Array[]): Uint8Array {
  const sha256 = createHash('sha256').update(`skykey/hotline/session/2 ${purpose}\0`);
  for (const part of parts) sha256.update(part);
  return new Uint8Array(sha256.digest());
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** A step that was refused has said why where it matters; a session that is broken says it to everybody who asks. */
function ignore(): void {}
