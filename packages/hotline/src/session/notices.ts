import { Reader, Writer } from '../bytes.ts';
import { HotlineError } from '../error.ts';
import { type Ack, type Holding, Inbox, Outbox, type Release } from '../stream/index.ts';
import type { SessionContext } from './context.ts';

const OUT = 'session/notice/out';
const IN = 'session/notice/in';
const MAX_NOTICE_BYTES = 32_768;

/**
 * What desks tell each other beside words, each once and in order: that a text is to be sealed again, that a file is
 * offered, that the telephone rings, that words came by the emergency pad. Bodies are the rooms' own; here they are bytes after their kind.
 */
export type NoticeKind = 'seal-again' | 'file-offer' | 'call' | 'signature' | 'emergency';

const KINDS: readonly NoticeKind[] = ['seal-again', 'file-offer', 'call', 'signature', 'emergency'];

export interface Notice {
  readonly kind: NoticeKind;
  readonly body: Uint8Array;
}

export class Notices {
  readonly #context: SessionContext;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #outgoing = new Map<number, Uint8Array>();
  readonly #ahead = new Map<number, Uint8Array>();
  readonly #onNotice: (notice: Notice) => void;

  constructor(context: SessionContext, kept: ReadonlyMap<string, Uint8Array>, onNotice: (notice: Notice) => void) {
    this.#context = context;
    this.#onNotice = onNotice;
    this.#outbox = new Outbox({ state: kept.get(OUT) ?? null, restoredFromCopy: context.options.restored });
    this.#inbox = new Inbox(kept.get(IN) ?? null);
    for (const number of this.#outbox.holding.held) this.#outgoing.set(number, present(kept, `${OUT}/${number}`));
    for (const number of this.#inbox.unreleased) this.#ahead.set(number, present(kept, `${IN}/${number}`));
  }

  /** Highest number that this desk has settled: accepted, or known to be lost. */
  get accepted(): number {
    return this.#inbox.highest;
  }

  get ack(): Ack {
    return this.#inbox.ack;
  }

  get holding(): Holding {
    return this.#outbox.holding;
  }

  /** Within a step. `body` stays the caller's. Throws HotlineError while nothing can be added. */
  tell({ kind, body }: Notice): void {
    const { number, state } = this.#outbox.add();
    const bytes = new Writer()
      .u64(number)
      .u8(KINDS.indexOf(kind) + 1)
      .long(body)
      .finish();
    this.#outgoing.set(number, bytes);
    this.#context.steps.put(OUT, state);
    this.#context.steps.put(`${OUT}/${number}`, bytes.slice());
  }

  /** Within a step: sends what is due. `form` marks it in the control lane. */
  pump(nowMs: number, form: number): void {
    for (const { number } of this.#outbox.due(nowMs)) {
      this.#context.seal('control', new Writer().u8(form).raw(this.#outgoing.get(number)!).finish());
    }
  }

  hurry(): void {
    this.#outbox.hurry();
  }

  /** Within a step: a notice of the peer, after its form. Throws HotlineError. */
  arrive(bytes: Uint8Array): void {
    const number = new Reader(bytes, 'the notice').u64();
    readNotice(bytes);
    const accepted = this.#inbox.accept(number);
    this.#context.beatSoon();
    if (accepted.kind === 'repeat') return;
    this.#ahead.set(number, bytes);
    this.#context.steps.put(IN, accepted.state);
    this.#context.steps.put(`${IN}/${number}`, bytes.slice());
    this.#release(accepted.released);
  }

  acknowledged(ack: Ack): void {
    const { confirmed, state } = this.#outbox.acknowledge(ack);
    if (confirmed.length === 0) return;
    this.#context.steps.put(OUT, state);
    for (const number of confirmed) {
      this.#outgoing.get(number)?.fill(0);
      this.#outgoing.delete(number);
      this.#context.steps.put(`${OUT}/${number}`, null);
    }
  }

  holds(holding: Holding): void {
    const settled = this.#inbox.lose(holding);
    if (!settled) return;
    this.#context.steps.put(IN, settled.state);
    this.#release(settled.released);
  }

  skipPast(number: number): void {
    this.#context.steps.put(OUT, this.#outbox.skipTo(number + 1).state);
  }

  #release(released: readonly Release[]): void {
    for (const { number } of released) {
      const bytes = this.#ahead.get(number)!;
      this.#ahead.delete(number);
      this.#context.steps.put(`${IN}/${number}`, null);
      const notice = readNotice(bytes);
      try {
        this.#onNotice(notice);
      } catch (error) {
        if (!(error instanceof HotlineError)) throw error;
        this.#context.journal(`a notice "${notice.kind}" of the other desk was refused: ${error.message}`);
      } finally {
        bytes.fill(0);
        notice.body.fill(0);
      }
    }
  }
}

function readNotice(bytes: Uint8Array): Notice {
  const reader = new Reader(bytes, 'the notice');
  reader.u64();
  const kind = KINDS[reader.u8() - 1];
  if (!kind) throw reader.refuse('there is no such kind in this version');
  const body = reader.long(MAX_NOTICE_BYTES);
  reader.end();
  return { kind, body };
}

function present(kept: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = kept.get(name);
  if (!bytes) throw new HotlineError('hotline/store', `the store lacks ${name}; restore it from a copy`);
  return bytes;
}
