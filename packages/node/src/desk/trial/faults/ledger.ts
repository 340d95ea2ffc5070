/**
 * What somebody outside of two desks has seen and was told: records on the line, answers to persons, what pages were shown.
 * It finds keys that were used twice and words that were lost.
 */
import { createHash } from 'node:crypto';
import type { DeskFile, DeskMessage } from '@skykey/telemetry';

export const SIDES = ['a', 'b'] as const;
export type Side = (typeof SIDES)[number];
export const otherSide = (side: Side): Side => (side === 'a' ? 'b' : 'a');

/** "SKYH" ‖ 02 ‖ 02: a record of a lane; then lane, direction, epoch id (16) and counter (8), which name its key and nonce. */
const KIND_AT = 5;
const LANE_RECORD = 2;
const NAME = { from: 6, to: 32 } as const;

interface Said {
  readonly text: string;
  /** `open`: no answer came, or a refusal: it may arrive or not. */
  answer: 'kept' | 'open';
}

export class Ledger {
  /** Whatever must not be, in sentences. */
  readonly violations: string[] = [];
  records = 0;
  /** Words for which the answer was "kept". */
  get kept(): number {
    return SIDES.reduce((sum, side) => sum + this.#said[side].filter(({ answer }) => answer === 'kept').length, 0);
  }
  readonly #sealed = new Map<string, string>();
  readonly #pads = new Map<string, string>();
  readonly #mediaKeys = new Set<string>();
  readonly #said: Readonly<Record<Side, Said[]>> = { a: [], b: [] };
  /** Every text that a page was shown as received, by its number. */
  readonly #shown: Readonly<Record<Side, Map<number, string>>> = { a: new Map(), b: new Map() };
  /** Texts that a page was shown as kept by the other desk. */
  readonly #delivered: Readonly<Record<Side, Set<string>>> = { a: new Set(), b: new Set() };
  readonly #files: { readonly side: Side; readonly name: string; readonly sha256: string; isTaken: boolean }[] = [];
  /** Sides whose store was put back: what came after the copy may be lost there. */
  readonly #restored = new Set<Side>();
  /** Texts that were said before that. */
  readonly #excused = new Set<string>();

  wrong(sentence: string): void {
    if (!this.violations.includes(sentence)) this.violations.push(sentence);
  }

  /** A message on the line. The same record may come again; another one under its name may not. */
  onLine(bytes: Uint8Array): void {
    if (bytes[KIND_AT] !== LANE_RECORD) return;
    this.records++;
    const name = Buffer.from(bytes.subarray(NAME.from, NAME.to)).toString('hex');
    const sealed = createHash('sha256').update(bytes).digest('base64');
    if ((this.#sealed.get(name) ?? sealed) !== sealed) {
      this.wrong(
        `two records were sealed under one key and nonce: lane ${bytes[6]}, direction ${bytes[7]}, epoch ${name.slice(4, 36)}, counter ${Number.parseInt(name.slice(36), 16)}`,
      );
    }
    this.#sealed.set(name, sealed);
  }

  /** A base key for sending that a page was given. */
  mediaKey(baseKey: string): void {
    const seen = createHash('sha256').update(baseKey).digest('hex');
    if (this.#mediaKeys.has(seen)) this.wrong('a media key for sending was given to a page twice');
    this.#mediaKeys.add(seen);
  }

  /** Before a text is asked to be sent; the answer is told by calling what this returns. */
  saying(side: Side, text: string): () => void {
    const said: Said = { text, answer: 'open' };
    this.#said[side].push(said);
    return () => {
      said.answer = 'kept';
    };
  }

  /** A text as a page is shown it. */
  message(side: Side, message: DeskMessage): void {
    const { direction, number, text, keyIds, missed, state } = message;
    const author = direction === 'sent' ? side : otherSide(side);
    for (const keyId of keyIds) {
      const of = `${author} ${text}`;
      if ((this.#pads.get(keyId) ?? of) !== of) this.wrong(`the one-time pad ${keyId} sealed two texts`);
      this.#pads.set(keyId, of);
    }
    if (direction === 'sent') {
      if (state === 'delivered' && !this.#excused.has(text)) this.#delivered[side].add(text);
      return;
    }
    this.#shown[side].set(number, text);
    if (!this.#said[author].some((said) => said.text === text)) this.wrong(`"${text}" was shown, and nobody said it`);
    if (missed > 0 && this.#restored.size === 0) this.wrong(`${missed} texts before "${text}" never arrived`);
  }

  /** From here on a side goes on with an old copy of its store. */
  restored(side: Side): void {
    this.#restored.add(side);
    for (const each of SIDES) {
      for (const said of this.#said[each]) {
        said.answer = 'open';
        this.#excused.add(said.text);
      }
      this.#delivered[each].clear();
    }
    this.#shown[side].clear();
    for (const file of this.#files) file.isTaken = false;
  }

  /** A file that was offered; `isTaken` once the answer was "kept". */
  file(side: Side, name: string, content: Uint8Array): () => void {
    const file = { side, name, sha256: createHash('sha256').update(content).digest('hex'), isTaken: false };
    this.#files.push(file);
    return () => {
      file.isTaken = true;
    };
  }

  /** The history of a desk after its last start, oldest first. */
  history(side: Side, messages: readonly DeskMessage[]): void {
    for (const message of messages) this.message(side, message);
    const received = messages.filter(({ direction }) => direction === 'received').map(({ text }) => text);
    const author = otherSide(side);
    if (new Set(received).size < received.length) this.wrong(`a text is twice in the history of ${side}`);
    const places = received.map((text) => this.#said[author].findIndex((said) => said.text === text));
    if (places.some((place, at) => place < (places[at - 1] ?? -1)))
      this.wrong(`the history of ${side} is not in the order in which it was said`);
    for (const { text, answer } of this.#said[author]) {
      if (answer === 'kept' && !received.includes(text))
        this.wrong(`"${text}" was kept at ${author} and never arrived`);
    }
    for (const text of this.#delivered[author]) {
      if (!received.includes(text)) this.wrong(`"${text}" was delivered and is not in the history of ${side}`);
    }
    this.standing(side, messages);
  }

  /** What a page is shown after a start: all that it was shown before is there. */
  standing(side: Side, messages: readonly DeskMessage[]): void {
    const there = new Map(
      messages.filter(({ direction }) => direction === 'received').map(({ number, text }) => [number, text]),
    );
    for (const [number, text] of this.#shown[side]) {
      if (there.get(number) !== text) this.wrong(`"${text}" was shown at ${side} and is gone from its history`);
    }
  }

  /** Files of a desk at the end, and what can be read of those that have come whole. */
  filesOf(side: Side, files: readonly DeskFile[], contents: ReadonlyMap<string, string>): void {
    for (const { id, direction, name, state, reason } of files) {
      if (direction === 'received' && state === 'done') {
        const isRight = this.#files.some(
          (file) => file.side !== side && file.name === name && file.sha256 === contents.get(id),
        );
        if (!isRight) this.wrong(`the file ${name} at ${side} is not what was sent`);
      }
      if (['refused', 'cancelled', 'changed'].includes(state) && !reason)
        this.wrong(`the file ${name} ended at ${side} as ${state}, and nobody is told why`);
      if (['offered', 'running', 'paused'].includes(state) && this.#restored.size === 0)
        this.wrong(`the file ${name} is still ${state} at ${side}: neither whole nor refused`);
    }
    for (const file of this.#files) {
      if (file.isTaken && file.side === side && !files.some(({ name }) => name === file.name))
        this.wrong(`the file ${file.name} was taken at ${side} and is forgotten there`);
    }
  }
}
