import { HotlineError } from '../error.ts';
import {
  keyNeedOf,
  openSealedText,
  type Route,
  readText,
  SALT_BYTES,
  type SealedText,
  type Sealing,
  sealText,
  type TextMessage,
} from '../sealed/index.ts';
import { type Direction, directionOf, uuidText } from '../secret/index.ts';
import { type Ack, type Holding, Inbox, Outbox, type Release } from '../stream/index.ts';
import type { SessionContext } from './context.ts';
import { type KeptText, readKeptText, writeKeptText } from './kept-text.ts';
import type { Minutes } from './minutes.ts';
import type { SessionKey, SessionMessage } from './ports.ts';

const OUT = 'session/text/out';
const IN = 'session/text/in';
/** Bytes of what crossed the line that are shown. */
const PREVIEW_BYTES = 24;
/** One-time pads that are drawn or fetched at once. */
const PADS_AT_ONCE = 8;

interface Outgoing extends KeptText {
  shown: SessionMessage;
  /** Sealed by one-time pad, to be sent again as it is; null before its keys are drawn. */
  pad: Uint8Array | null;
  drawing: boolean;
}

/** Words between people: each is kept here until the other desk keeps it, and shown there once. */
export class Texts {
  readonly #context: SessionContext;
  readonly #minutes: Minutes;
  readonly #onUnopenable: (number: number) => void;
  readonly #routes: { readonly out: Route; readonly in: Route };
  readonly #directions: { readonly out: Direction; readonly in: Direction };
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #outgoing = new Map<number, Outgoing>();
  /** The other desk keeps them, but not yet one before them. */
  readonly #unminuted = new Map<number, KeptText>();
  /** Accepted and not yet shown, for one before it is missing. */
  readonly #ahead = new Map<number, KeptText & { readonly keyIds: readonly string[]; readonly preview: string }>();
  /** Sealed texts whose keys are being fetched, by number. */
  readonly #fetching = new Set<number>();
  /** Rises with every alarm: what was drawn before it is not used. */
  #round = 0;
  #padsUnderWay = 0;

  /** `onUnopenable` asks the peer for a text under other keys. */
  constructor(
    context: SessionContext,
    kept: ReadonlyMap<string, Uint8Array>,
    { minutes, onUnopenable }: { readonly minutes: Minutes; readonly onUnopenable: (number: number) => void },
  ) {
    this.#context = context;
    this.#minutes = minutes;
    this.#onUnopenable = onUnopenable;
    const { ownId, peerId, conversationId, restored } = context.options;
    this.#routes = {
      out: { conversationId, sender: ownId, receiver: peerId },
      in: { conversationId, sender: peerId, receiver: ownId },
    };
    this.#directions = { out: directionOf(ownId, peerId), in: directionOf(peerId, ownId) };
    this.#outbox = new Outbox({ state: kept.get(OUT) ?? null, restoredFromCopy: restored });
    this.#inbox = new Inbox(kept.get(IN) ?? null);
    const held = new Set(this.#outbox.holding.held);
    for (const number of numbersUnder(kept, OUT)) {
      if (!held.has(number)) this.#unminuted.set(number, readKeptText(present(kept, `${OUT}/${number}`)));
    }
    for (const number of held) {
      const text = readKeptText(present(kept, `${OUT}/${number}`));
      const shown = this.#view('sent', text, { state: 'waiting', missed: 0, keyIds: [], preview: '' });
      this.#outgoing.set(number, { ...text, shown, pad: null, drawing: false });
    }
    for (const number of this.#inbox.unreleased) {
      this.#ahead.set(number, { ...readKeptText(present(kept, `${IN}/${number}`)), keyIds: [], preview: '' });
    }
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

  /** Texts of this desk that the other does not keep yet. */
  get waiting(): number {
    return this.#outgoing.size;
  }

  /** Within a step: takes a text from a person. Throws HotlineError with the sentence that is shown. */
  say({ text, sealing, author }: { text: string; sealing: Sealing; author: string }): SessionMessage {
    const { ports, steps, may, line } = this.#context;
    const recorded = line().record.wants && line().peer.record.wants;
    const salt = recorded ? ports.random(SALT_BYTES) : null;
    const words = { text, author, sentAtMs: ports.nowMs(), salt };
    const id = uuidText(ports.random(16));
    // Everything that can be refused is refused before a number is spent.
    const need = keyNeedOf({ number: 1, id, words });
    const permission = sealing === 'hybrid' ? may().text : may(need.bytesPerKey * need.count * 8).sealedText;
    if (!permission.allowed) throw new HotlineError('hotline/not-permitted', permission.reason);
    writeKeptText({ sealing, message: { number: 1, id, words } }).fill(0);
    const { number, state } = this.#outbox.add();
    const message: TextMessage = { number, id, words };
    const kept: KeptText = { sealing, message };
    steps.put(OUT, state);
    steps.put(`${OUT}/${number}`, writeKeptText(kept));
    const shown = this.#view('sent', kept, { state: 'waiting', missed: 0, keyIds: [], preview: '' });
    this.#outgoing.set(number, { ...kept, shown, pad: null, drawing: false });
    this.#show(shown);
    return shown;
  }

  /** Within a step: sends what is due and may go. */
  pump(nowMs: number): void {
    const { may } = this.#context;
    if (!may().text.allowed && !this.#mayPadLeave()) return;
    for (const { number } of this.#outbox.due(nowMs)) {
      const outgoing = this.#outgoing.get(number)!;
      // Asked for each: a pad that is drawn here may be the last that the line has.
      if (outgoing.sealing === 'hybrid') {
        if (may().text.allowed) this.#send(number, outgoing, () => this.#hybrid(outgoing.message));
      } else if (!outgoing.pad) this.#draw(number, outgoing);
      else if (this.#mayPadLeave()) this.#send(number, outgoing, () => outgoing.pad!);
    }
  }

  /** Everything is due at once: what is on its way can no longer be read. */
  hurry(): void {
    this.#outbox.hurry();
  }

  /** An alarm: pads that were drawn before it are never used; what waits stays here, and says so. */
  alarm(): void {
    this.#round++;
    for (const outgoing of this.#outgoing.values()) {
      outgoing.pad?.fill(0);
      outgoing.pad = null;
      outgoing.drawing = false;
      if (outgoing.shown.state !== 'sent') continue;
      outgoing.shown = { ...outgoing.shown, state: 'waiting', keyIds: [] };
      this.#show(outgoing.shown);
    }
  }

  /** Within a step: the content of an authentic record of the text lane. Throws HotlineError. */
  arrive(payload: Uint8Array): void {
    const content = readText(payload);
    const number = content.sealing === 'hybrid' ? content.message.number : content.number;
    const { line, beatSoon } = this.#context;
    // Nothing of it is acknowledged, so it comes again when the line is open.
    if (line().joint.level === 'black') {
      throw new HotlineError('hotline/line-dropped', 'a text came while an alarm stands; it is not opened');
    }
    if (this.#inbox.judge(number) === 'repeat') {
      beatSoon();
      return;
    }
    if (content.sealing === 'hybrid') {
      this.#accept({ ...content, sealing: 'hybrid' }, [], preview(payload));
      return;
    }
    this.#fetch(content, preview(content.ciphertext));
  }

  /** Within a step: what the peer keeps. Throws HotlineError `hotline/store` when it confirms what was never sent. */
  acknowledged(ack: Ack): void {
    const { confirmed, state } = this.#outbox.acknowledge(ack);
    if (confirmed.length === 0) return;
    this.#context.steps.put(OUT, state);
    for (const number of confirmed) {
      const outgoing = this.#outgoing.get(number)!;
      this.#outgoing.delete(number);
      this.#unminuted.set(number, outgoing);
      outgoing.pad?.fill(0);
      this.#show({ ...outgoing.shown, state: 'delivered' });
    }
    this.#minute();
  }

  /** The transcript has texts in order of number: one that is confirmed early is kept until those before it are. */
  #minute(): void {
    const { next, held } = this.#outbox.holding;
    const open = held[0] ?? next;
    for (const number of [...this.#unminuted.keys()].sort((a, b) => a - b)) {
      if (number >= open) return;
      const { sealing, message } = this.#unminuted.get(number)!;
      this.#unminuted.delete(number);
      this.#context.steps.put(`${OUT}/${number}`, null);
      this.#minutes.add(this.#directions.out, sealing, message);
    }
  }

  /** Within a step: what the peer still has; the rest that is missing will never come. */
  holds(holding: Holding): void {
    const settled = this.#inbox.lose(holding);
    if (!settled) return;
    this.#context.steps.put(IN, settled.state);
    if (settled.lost > 0) this.#context.journal(`${settled.lost} texts of the other desk are lost`);
    this.#release(settled.released);
  }

  /** Within a step: numbers up to this one were used before this store was restored. */
  skipPast(number: number): void {
    this.#context.steps.put(OUT, this.#outbox.skipTo(number + 1).state);
  }

  /** Within a step: the peer could not open text `number` with its keys; it goes again under others. */
  sealAgain(number: number): void {
    const outgoing = this.#outgoing.get(number);
    if (!outgoing?.pad) return;
    outgoing.pad.fill(0);
    outgoing.pad = null;
    this.#outbox.hurry();
  }

  wipe(): void {
    this.alarm();
  }

  /** A text whose pad is drawn takes nothing more from the pool; it waits while the line is red all the same. */
  #mayPadLeave(): boolean {
    return this.#context.may(0).sealedText.allowed;
  }

  #hybrid(message: TextMessage): Uint8Array {
    const kept = writeKeptText({ sealing: 'hybrid', message });
    return kept.subarray(1);
  }

  #send(number: number, outgoing: Outgoing, payload: () => Uint8Array): void {
    const bytes = payload();
    if (!this.#context.seal('text', bytes)) return;
    if (outgoing.shown.state === 'sent') return;
    outgoing.shown = { ...outgoing.shown, state: 'sent', ciphertextPreview: preview(bytes.subarray(26)) };
    if (outgoing.sealing === 'hybrid') outgoing.shown = { ...outgoing.shown, ciphertextPreview: '' };
    this.#outgoing.set(number, outgoing);
    this.#show(outgoing.shown);
  }

  #draw(number: number, outgoing: Outgoing): void {
    const { ports, steps } = this.#context;
    if (outgoing.drawing || this.#padsUnderWay >= PADS_AT_ONCE) return;
    const need = keyNeedOf(outgoing.message);
    const bits = need.bytesPerKey * need.count * 8;
    if (!this.#context.may(bits).sealedText.allowed || !this.#context.spends(bits)) return;
    outgoing.drawing = true;
    this.#padsUnderWay++;
    const round = this.#round;
    steps.after(() => {
      ports.keys.draw(need.bytesPerKey, need.count).then(
        (keys) => this.#settled(bits, () => this.#drawn(number, keys, round)),
        (error: Error) => this.#settled(bits, () => this.#notDrawn(number, error, round)),
      );
    });
  }

  #settled(bits: number, step: () => void): void {
    this.#context.steps
      .run(() => {
        this.#padsUnderWay--;
        this.#context.spent(bits);
        step();
      })
      .catch(() => undefined);
  }

  #drawn(number: number, keys: readonly SessionKey[], round: number): void {
    const outgoing = this.#outgoing.get(number);
    const keyIds = keys.map(({ keyId }) => keyId);
    if (!outgoing || round !== this.#round || outgoing.pad) {
      for (const { key } of keys) key.wipe();
      if (outgoing) outgoing.drawing = false;
      this.#context.journal(`keys were drawn in vain: ${keyIds.join(', ')}`);
      return;
    }
    outgoing.drawing = false;
    outgoing.pad = sealText(this.#routes.out, outgoing.message, keys);
    outgoing.shown = { ...outgoing.shown, keyIds, reason: null };
    if (this.#mayPadLeave()) this.#send(number, outgoing, () => outgoing.pad!);
  }

  #notDrawn(number: number, error: Error, round: number): void {
    const outgoing = this.#outgoing.get(number);
    if (!outgoing || round !== this.#round) return;
    outgoing.drawing = false;
    const reason = `It waits for a one-time pad: ${error.message}.`;
    if (outgoing.shown.reason === reason) return;
    outgoing.shown = { ...outgoing.shown, reason };
    this.#show(outgoing.shown);
  }

  #fetch(sealed: SealedText, shownAs: string): void {
    const { ports, steps } = this.#context;
    const { number, keyIds } = sealed;
    if (this.#fetching.has(number) || this.#fetching.size >= PADS_AT_ONCE) return;
    this.#fetching.add(number);
    const round = this.#round;
    steps.after(() => {
      ports.keys.fetch(keyIds).then(
        (keys) => steps.run(() => this.#fetched(sealed, keys, shownAs, round)).catch(() => undefined),
        (error: Error) => steps.run(() => this.#unopenable(number, keyIds, error)).catch(() => undefined),
      );
    });
  }

  #fetched(sealed: SealedText, keys: readonly SessionKey[], shownAs: string, round: number): void {
    this.#fetching.delete(sealed.number);
    if (round !== this.#round) {
      for (const { key } of keys) key.wipe();
      return;
    }
    let message: TextMessage;
    try {
      message = openSealedText(this.#routes.in, sealed, keys);
    } catch (error) {
      this.#unopenable(sealed.number, sealed.keyIds, error as Error);
      return;
    }
    if (this.#inbox.judge(sealed.number) === 'repeat') {
      this.#context.beatSoon();
      return;
    }
    this.#accept({ sealing: 'sealed', message }, sealed.keyIds, shownAs);
  }

  /** Its keys are gone, by a crash between their delivery and this text, or were never the right ones. */
  #unopenable(number: number, keyIds: readonly string[], error: Error): void {
    this.#fetching.delete(number);
    this.#context.journal(
      `text ${number} could not be opened: ${error.message}; its keys are lost: ${keyIds.join(', ')}`,
    );
    this.#onUnopenable(number);
  }

  #accept(text: KeptText, keyIds: readonly string[], shownAs: string): void {
    const { number } = text.message;
    const accepted = this.#inbox.accept(number);
    this.#context.beatSoon();
    if (accepted.kind === 'repeat') return;
    this.#ahead.set(number, { ...text, keyIds, preview: shownAs });
    this.#context.steps.put(IN, accepted.state);
    this.#context.steps.put(`${IN}/${number}`, writeKeptText(text));
    this.#release(accepted.released);
  }

  #release(released: readonly Release[]): void {
    for (const { number, missed } of released) {
      const text = this.#ahead.get(number)!;
      this.#ahead.delete(number);
      this.#context.steps.put(`${IN}/${number}`, null);
      this.#minutes.add(this.#directions.in, text.sealing, text.message);
      const { keyIds, preview } = text;
      this.#show(this.#view('received', text, { state: 'delivered', missed, keyIds, preview }));
    }
  }

  #view(
    direction: 'sent' | 'received',
    { sealing, message: { number, words } }: KeptText,
    { preview, ...rest }: Pick<SessionMessage, 'state' | 'missed' | 'keyIds'> & { preview: string },
  ): SessionMessage {
    return {
      id: `${direction}/${number}`,
      ...{ direction, number, sealing, reason: null, ciphertextPreview: preview, ...rest },
      text: words.text,
      author: words.author,
      utcMs: words.sentAtMs,
      onRecord: words.salt !== null,
    };
  }

  #show(message: SessionMessage): void {
    const { steps, ports } = this.#context;
    steps.keep(message);
    steps.after(() => ports.tell({ kind: 'message', message }));
  }
}

function preview(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, PREVIEW_BYTES)).toString('hex');
}

/** Numbers of what was kept under `name/…`. */
function numbersUnder(kept: ReadonlyMap<string, Uint8Array>, name: string): number[] {
  return [...kept.keys()].flatMap((key) => (key.startsWith(`${name}/`) ? [Number(key.slice(name.length + 1))] : []));
}

function present(kept: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array {
  const bytes = kept.get(name);
  if (!bytes) throw new HotlineError('hotline/store', `the store lacks ${name}; restore it from a copy`);
  return bytes;
}
