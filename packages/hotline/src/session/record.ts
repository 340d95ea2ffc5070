import { createHash, createPublicKey } from 'node:crypto';
import { Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { commitmentOf, digestOf, type Sealing, type TextMessage } from '../sealed/index.ts';
import { type Direction, directionOf } from '../secret/index.ts';
import {
  countersign,
  encodeSignedHead,
  HEAD_EVERY,
  type Head,
  type PinnedKeys,
  type RecordParties,
  readSignedHead,
  type SignedHead,
  signHead,
  Transcript,
  verifySignature,
  verifySignedHead,
} from '../stream/index.ts';
import type { SessionContext } from './context.ts';
import {
  type KeptSignature,
  type RecordEntry,
  readEntry,
  readSignature,
  writeEntry,
  writeSignature,
} from './record-entry.ts';

const RECORD = 'session/record';
/** So long after a text is on the record, and no other has followed that makes 32, the desk of direction 1 asks for signatures. */
const QUIET_MS = 10_000;
/** The other desk asks so much later, if nobody has. */
const SECOND_MS = 5_000;
/** Asked again when nothing is answered, twice as long each time. */
const FIRST_AGAIN_MS = 30_000;
const LONGEST_AGAIN_MS = 600_000;

/** How far the record is signed. */
export interface SessionRecord {
  /** Texts on the record, both ways. */
  readonly texts: number;
  /** The first so many are signed by both desks; null before the first signatures. */
  readonly signed: { readonly texts: number; readonly utcMs: number } | null;
  /** Why a signature was refused; null as a rule. */
  readonly fault: string | null;
}

/** A transcript that was begun once: a store that is restored begins another. */
export interface RecordPart {
  readonly origin: Uint8Array;
  /** By direction, then number. */
  readonly entries: readonly RecordEntry[];
  readonly signature: KeptSignature | null;
}

/**
 * What was said on the record, and nothing else: a transcript of its own, which both desks sign. A signature under the
 * transcript of everything would also prove, to whoever is shown the rest, what was said off the record. Here nothing is
 * signed while no text is on the record but the empty beginning, and never a text that came while this desk did not want it.
 */
export class SignedRecord {
  readonly #context: SessionContext;
  readonly #keys: PinnedKeys | null;
  readonly #parties: RecordParties;
  readonly #ask: (body: Uint8Array) => void;
  readonly #doubt: (reason: string) => void;
  readonly #incoming: Direction;
  readonly #past: RecordPart[] = [];
  #origin: Uint8Array;
  #transcript: Transcript;
  #entries: RecordEntry[] = [];
  #signature: KeptSignature | null = null;
  #fault: string | null = null;
  /** Signed by the peer alone: it waits until this desk has heard all of it, and agrees. */
  #asked: SignedHead | null = null;
  /** Since when something is to be signed; null while nothing is. */
  #sinceMs: number | null = null;
  #askAtMs = 0;
  #askedAgainMs = FIRST_AGAIN_MS;

  /**
   * `origin`: of the transcript of everything. `ask` tells the peer; `doubt` hears a sentence when what the peer signed is
   * not what this desk remembers, or not signed by it.
   */
  constructor(
    context: SessionContext,
    kept: ReadonlyMap<string, Uint8Array>,
    parts: {
      readonly origin: Uint8Array;
      readonly ask: (body: Uint8Array) => void;
      readonly doubt: (reason: string) => void;
    },
  ) {
    const { ownId, peerId, conversationId, signing } = context.options;
    this.#context = context;
    this.#ask = parts.ask;
    this.#doubt = parts.doubt;
    this.#incoming = directionOf(peerId, ownId);
    this.#parties = { conversationId, desks: [ownId, peerId] };
    this.#keys = signing
      ? new Map([
          [ownId, createPublicKey(signing.privateKey)],
          [peerId, signing.peerKey],
        ])
      : null;
    this.#origin = recordOrigin(parts.origin);
    this.#transcript = new Transcript(this.#origin);
    for (const part of readParts(kept)) {
      if (!same(part.origin, this.#origin)) this.#past.push(part);
      else {
        this.#entries = [...part.entries];
        this.#signature = part.signature;
      }
    }
    this.#transcript.add(this.#entries.map(asEntry));
  }

  get view(): SessionRecord {
    const signature = this.#signature;
    return {
      texts: this.#entries.length,
      signed: signature && { texts: textsOf(signature.signed.head), utcMs: signature.atMs },
      fault: this.#fault,
    };
  }

  /** All that can be shown to a third, oldest first. */
  get parts(): readonly RecordPart[] {
    const { entries, signature } = { entries: inOrder(this.#entries), signature: this.#signature };
    const now = entries.length > 0 || signature ? [{ origin: this.#origin, entries, signature }] : [];
    return [...this.#past.toSorted((a, b) => (a.signature?.atMs ?? 0) - (b.signature?.atMs ?? 0)), ...now];
  }

  /** Within a step: a text is in the transcript. Those off the record leave no trace here. */
  add(direction: Direction, sealing: Sealing, message: TextMessage): void {
    const { number, id, words } = message;
    if (words.salt === null) return;
    const entry: RecordEntry = {
      ...{ direction, number, sealing, utcMs: words.sentAtMs },
      digest: digestOf(sealing, message),
      commitment: commitmentOf(message)!,
      consented: direction !== this.#incoming || this.#context.line().record.wants,
      opening: { id, salt: words.salt },
    };
    const [link] = this.#transcript.add([asEntry(entry)]);
    this.#entries.push(entry);
    this.#context.steps.put(nameOf(this.#origin, direction, link!.count), writeEntry(entry));
  }

  /** Within a step: both desks begin their transcripts anew. What both have signed of the one before stays. */
  beginAnew(origin: Uint8Array): void {
    const { steps, journal } = this.#context;
    const unsigned = this.#entries.length - (this.#signature ? textsOf(this.#signature.signed.head) : 0);
    if (unsigned > 0) journal(`${unsigned} texts on the record were not signed before the transcript began anew`);
    if (this.#signature) {
      this.#past.push({ origin: this.#origin, entries: inOrder(this.#entries), signature: this.#signature });
    } else {
      for (const direction of [1, 2] as const) {
        const { length } = this.#entries.filter((entry) => entry.direction === direction);
        for (let count = 1; count <= length; count++) steps.put(nameOf(this.#origin, direction, count), null);
      }
    }
    this.#origin = recordOrigin(origin);
    this.#transcript = new Transcript(this.#origin);
    this.#entries = [];
    this.#signature = null;
    this.#asked = null;
    this.#sinceMs = null;
  }

  /** Within a step: words said before are no longer kept, so what would show that they were said goes as well. */
  forget(beforeMs: number): void {
    const close = (origin: Uint8Array, entries: readonly RecordEntry[]): RecordEntry[] => {
      const counts = { 1: 0, 2: 0 };
      return entries.map((entry) => {
        const count = ++counts[entry.direction];
        if (entry.opening === null || entry.utcMs >= beforeMs) return entry;
        const closed = { ...entry, opening: null };
        this.#context.steps.put(nameOf(origin, entry.direction, count), writeEntry(closed));
        return closed;
      });
    };
    this.#entries = close(this.#origin, this.#entries);
    for (const [i, part] of this.#past.entries()) {
      this.#past[i] = { ...part, entries: close(part.origin, part.entries) };
    }
  }

  /** Within a step: asks for signatures when it is time. */
  tick(nowMs: number): void {
    const { line, options } = this.#context;
    if (!this.#mayNow()) return;
    this.#answer(nowMs);
    const { record, peer } = line();
    const on = record.wants && peer.record.wants;
    const unsigned = this.#entries.length - (this.#signature ? textsOf(this.#signature.signed.head) : 0);
    if (unsigned === 0 && !(on && this.#signature === null)) {
      this.#sinceMs = null;
      return;
    }
    if (!this.#agrees(this.#transcript.head())) return;
    if (this.#sinceMs === null || nowMs < this.#sinceMs) {
      this.#sinceMs = nowMs;
      this.#askAtMs = 0;
      this.#askedAgainMs = FIRST_AGAIN_MS;
    }
    const second = directionOf(options.ownId, options.peerId) === 2 ? SECOND_MS : 0;
    const soon = !on || this.#signature === null || unsigned >= HEAD_EVERY;
    if (nowMs < Math.max(this.#sinceMs + (soon ? 0 : QUIET_MS) + second, this.#askAtMs)) return;
    this.#sign();
    this.#askAtMs = nowMs + this.#askedAgainMs;
    this.#askedAgainMs = Math.min(2 * this.#askedAgainMs, LONGEST_AGAIN_MS);
  }

  /** Within a step, the last one: what is not signed yet is signed here; the other desk has it after the next start. */
  close(): void {
    if (this.#sinceMs !== null && this.#askAtMs === 0 && this.#mayNow() && this.#agrees(this.#transcript.head())) {
      this.#sign();
    }
  }

  /** Within a step: a notice of signatures. Nothing of it is believed before it is checked. */
  arrive(body: Uint8Array, nowMs: number): void {
    if (!this.#keys) {
      this.#context.journal('the other desk has signed a record; this desk has no key to check it with');
      return;
    }
    try {
      const signed = readSignedHead(body);
      if (!same(signed.head.origin, this.#origin)) {
        this.#context.journal('signatures came under a transcript that is over');
        return;
      }
      if (signed.signatures.length === 2) this.#take(signed, nowMs);
      else {
        verifySignature(this.#parties, signed, this.#context.options.peerId, this.#keys);
        this.#asked = signed;
        if (this.#mayNow()) this.#answer(nowMs);
      }
    } catch (error) {
      if (!(error instanceof HotlineError)) throw error;
      this.#refuse(error.message);
    }
  }

  /** An alarm stops this as everything else. */
  #mayNow(): boolean {
    const { line, options } = this.#context;
    const { joint, epoch, peer } = line();
    return options.signing !== null && joint.level !== 'black' && epoch !== null && peer.reachable;
  }

  /** Signed by both, or so it says. */
  #take(signed: SignedHead, nowMs: number): void {
    verifySignedHead(this.#parties, signed, this.#keys!);
    if (!this.#transcript.covers(signed.head)) {
      throw new HotlineError('hotline/forged', 'both desks have signed a transcript that this desk does not remember');
    }
    this.#keep(signed, nowMs);
  }

  #answer(nowMs: number): void {
    const asked = this.#asked;
    if (!asked) return;
    const comparison = this.#transcript.compare(asked.head);
    if (comparison.kind === 'mismatch') {
      this.#asked = null;
      this.#refuse(comparison.reason);
      return;
    }
    // What the peer knows to be here may be on its way to this desk's knowledge.
    if (!this.#transcript.covers(asked.head) || !this.#agrees(asked.head)) return;
    const { ownId, signing } = this.#context.options;
    const both = countersign(this.#parties, this.#transcript, asked, ownId, signing!.privateKey, this.#keys!);
    this.#asked = null;
    this.#ask(encodeSignedHead(both));
    this.#keep(both, nowMs);
  }

  /** Whether this desk wants to be held to it: it wants the record now, or wanted it when each of these texts came. */
  #agrees(head: Head): boolean {
    if (this.#context.line().record.wants) return true;
    const came = this.#entries.filter(({ direction }) => direction === this.#incoming);
    const { count = 0 } = head.chains.find(({ direction }) => direction === this.#incoming) ?? {};
    return textsOf(head) > 0 && came.slice(0, count).every(({ consented }) => consented);
  }

  #sign(): void {
    const { ownId, signing } = this.#context.options;
    this.#ask(encodeSignedHead(signHead(this.#parties, this.#transcript, ownId, signing!.privateKey)));
  }

  #keep(signed: SignedHead, atMs: number): void {
    if (this.#signature && textsOf(this.#signature.signed.head) > textsOf(signed.head)) return;
    this.#signature = { atMs, signed };
    this.#fault = null;
    this.#sinceMs = null;
    const { steps, ports } = this.#context;
    steps.put(`${RECORD}/${hex(this.#origin)}/signed`, writeSignature(this.#signature));
    steps.after(() => ports.tell({ kind: 'state' }));
  }

  #refuse(reason: string): void {
    this.#fault = `What ${this.#context.options.peerName} signed was not accepted: ${reason}.`.replace(/\.+$/, '.');
    this.#context.journal(this.#fault);
    this.#doubt(this.#fault);
  }
}

/** How many texts a head is over. */
export function textsOf({ chains }: Head): number {
  return chains.reduce((sum, { count }) => sum + count, 0);
}

/** As an entry of a transcript. */
function asEntry({ direction, number, digest, commitment }: RecordEntry) {
  return { direction, lane: 'text', number, digest, commitment } as const;
}

/** Where the record's transcript begins: SHA-256(name "skykey/hotline/on-record/2" ‖ origin of the transcript of everything). */
export function recordOrigin(origin: Uint8Array): Uint8Array {
  const bytes = new Writer().name('skykey/hotline/on-record/2').raw(origin).finish();
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

function readParts(kept: ReadonlyMap<string, Uint8Array>): readonly RecordPart[] {
  const origins = new Map<
    string,
    { entries: { count: number; entry: RecordEntry }[]; signature: KeptSignature | null }
  >();
  for (const [name, bytes] of kept) {
    if (!name.startsWith(`${RECORD}/`)) continue;
    const [origin, what, count] = name.slice(RECORD.length + 1).split('/') as [string, string, string?];
    const part = origins.get(origin) ?? { entries: [], signature: null };
    origins.set(origin, part);
    if (what === 'signed') part.signature = readSignature(bytes);
    else part.entries.push({ count: Number(count), entry: readEntry(bytes) });
  }
  return [...origins].map(([origin, { entries, signature }]) => {
    const sorted = entries.sort((a, b) => a.entry.direction - b.entry.direction || a.count - b.count);
    const counts = { 1: 0, 2: 0 };
    for (const { count, entry } of sorted) {
      if (++counts[entry.direction] === count) continue;
      throw new HotlineError('hotline/store', 'a text on the record is missing; the store is damaged');
    }
    const bytes = new Uint8Array(Buffer.from(origin, 'hex'));
    return { origin: bytes, entries: sorted.map(({ entry }) => entry), signature };
  });
}

function inOrder(entries: readonly RecordEntry[]): readonly RecordEntry[] {
  return entries.toSorted((a, b) => a.direction - b.direction || a.number - b.number);
}

function nameOf(origin: Uint8Array, direction: Direction, count: number): string {
  return `${RECORD}/${hex(origin)}/${direction}/${count}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
