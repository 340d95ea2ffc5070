import { setImmediate as turn } from 'node:timers/promises';
import type { DeskMessage } from '@skykey/telemetry';
import { NodeError } from '../../error.ts';
import { folded } from './fold.ts';
import type { Kept, Shelf } from './shelf.ts';

/** Messages that are opened between two looks at what else there is to do. */
const BATCH = 200;

export interface HistoryPage {
  /** Oldest first. */
  readonly messages: readonly DeskMessage[];
  /** There are earlier ones. */
  readonly more: boolean;
  /** What people should know of messages that could not be shown; null as a rule. */
  readonly notice: string | null;
}

export interface SearchOptions {
  /** At most so many findings. */
  readonly limit: number;
  /** Id of a message: only what came before it is looked through. */
  readonly before?: string;
  /** How many of how many messages have been looked through. */
  readonly onProgress?: (looked: number, of: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * What was said at this desk. Nothing of it is on the disk in the clear, no index of words either: a search opens message
 * after message, newest first. (10,000 messages take about a quarter of a second of processor time.)
 */
export class History {
  readonly #shelf: Shelf;
  readonly #write: (write: () => void) => Promise<void>;

  constructor(shelf: Shelf, write: (write: () => void) => Promise<void>) {
    this.#shelf = shelf;
    this.#write = write;
  }

  count(): number {
    return this.#shelf.count();
  }

  find(id: string): DeskMessage | undefined {
    const kept = this.#shelf.find(id);
    return kept && messageIn(kept);
  }

  /** The newest `limit` messages before that with the id `before`, or of all. Throws NodeError when there is no such message. */
  page({ before, limit }: { readonly before?: string; readonly limit: number }): HistoryPage {
    const messages: DeskMessage[] = [];
    let unreadable = 0;
    let place = this.#placeOf(before);
    for (let isEnd = false; !isEnd; ) {
      const batch = this.#shelf.before(place, Math.min(limit + 1, BATCH));
      isEnd = batch.length === 0;
      for (const kept of batch) {
        place = kept.place;
        const message = messageIn(kept);
        if (!message) unreadable++;
        else if (messages.length === limit)
          return { messages: messages.reverse(), more: true, notice: noticeOf(unreadable) };
        else messages.push(message);
      }
    }
    return { messages: messages.reverse(), more: false, notice: noticeOf(unreadable) };
  }

  /** Messages that hold `text` or are of an author of that name, without regard to case and accents, newest first. */
  async search(
    text: string,
    { limit, before, onProgress, signal }: SearchOptions,
  ): Promise<{ readonly messages: readonly DeskMessage[]; readonly more: boolean }> {
    const wanted = folded(text.trim());
    if (wanted === '') throw new NodeError('desk/search', 'there is nothing to search for: type a word');
    const found: DeskMessage[] = [];
    const all = this.#shelf.count();
    let looked = 0;
    let place = this.#placeOf(before);
    for (;;) {
      const batch = this.#shelf.before(place, BATCH);
      if (batch.length === 0) return { messages: found, more: false };
      for (const kept of batch) {
        place = kept.place;
        const message = messageIn(kept);
        if (!message || !(folded(message.text).includes(wanted) || folded(message.author).includes(wanted))) continue;
        if (found.length === limit) return { messages: found, more: true };
        found.push(message);
      }
      looked += batch.length;
      onProgress?.(looked, all);
      await turn();
      signal?.throwIfAborted();
    }
  }

  /** Changes a message that is kept; durable when it resolves, with the message as it is then. */
  async update(id: string, change: Partial<Omit<DeskMessage, 'id'>>): Promise<DeskMessage> {
    let changed: DeskMessage | undefined;
    await this.#write(() => {
      const message = this.find(id);
      if (!message) throw unknownMessage();
      this.put((changed = { ...message, ...change }));
    });
    return changed!;
  }

  /** Inside a transaction. */
  put(message: DeskMessage): void {
    const content = Buffer.from(JSON.stringify(message));
    this.#shelf.put(message.id, content);
    content.fill(0);
  }

  /** Inside a transaction: everything of the days before `day`. */
  removeBefore(day: number): void {
    this.#shelf.removeBefore(day);
  }

  #placeOf(before: string | undefined): number {
    if (before === undefined) return Number.MAX_SAFE_INTEGER;
    const kept = this.#shelf.find(before);
    if (!kept) throw unknownMessage();
    return kept.place;
  }
}

function messageIn({ content }: Kept): DeskMessage | undefined {
  return (
    content && (JSON.parse(Buffer.from(content.buffer, content.byteOffset, content.length).toString()) as DeskMessage)
  );
}

const noticeOf = (unreadable: number): string | null =>
  unreadable === 0
    ? null
    : `${unreadable} message(s) here cannot be read any more: their keys were destroyed at the end of their time, or the disk has damaged them`;

const unknownMessage = (): NodeError =>
  new NodeError('desk/no-such-message', 'this message is not here any more: load the page again');
