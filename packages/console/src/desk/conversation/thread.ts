/**
 * What this page holds of the conversation: the newest messages, which the desk repeats with its state, and before them
 * the pages that were asked for. Whatever the desk says again keeps its object, so that a long conversation rests.
 */
import type { DeskMessage } from '@skykey/telemetry';

export interface Thread {
  /** Oldest first, without a gap. */
  readonly messages: readonly DeskMessage[];
  /** The desk keeps earlier ones than these. */
  readonly earlier: boolean;
}

export const EMPTY_THREAD: Thread = { messages: [], earlier: false };
/** As many as a `DeskState` carries at most: so many, and there may be earlier ones. */
export const NEWEST = 100;
/** A page with fewer than so many is the first one. */
export const PAGE = 100;

/**
 * The desk's newest messages, oldest first. Fewer than `NEWEST` are all there are. If none of them was known before, what
 * was known lies behind a gap: it is forgotten here, and can be asked for again.
 */
export function withNewest(thread: Thread, newest: readonly DeskMessage[]): Thread {
  const known = new Map(thread.messages.map((message) => [message.id, message]));
  const kept = newest.map((message) => restful(known.get(message.id), message));
  const oldest = newest[0]?.id;
  const join = thread.messages.findIndex(({ id }) => id === oldest);
  const complete = newest.length < NEWEST;
  const before = complete || join < 0 ? [] : thread.messages.slice(0, join);
  return settled(thread, {
    messages: [...before, ...kept],
    earlier: !complete && (join < 0 || thread.earlier),
  });
}

/** One message that is new or has changed. A new one takes its place by its time. */
export function withMessage(thread: Thread, message: DeskMessage): Thread {
  const at = thread.messages.findIndex(({ id }) => id === message.id);
  if (at >= 0) {
    const kept = restful(thread.messages[at], message);
    return kept === thread.messages[at] ? thread : { ...thread, messages: thread.messages.with(at, kept) };
  }
  const after = thread.messages.findLastIndex(({ utcMs }) => utcMs <= message.utcMs) + 1;
  // Older than everything here while the desk keeps earlier ones: its place is on a page not asked for yet.
  if (after === 0 && thread.earlier && thread.messages.length > 0) return thread;
  return { ...thread, messages: thread.messages.toSpliced(after, 0, message) };
}

/** A page of messages before `beforeId`, oldest first. */
export function withEarlier(thread: Thread, beforeId: string, page: readonly DeskMessage[]): Thread {
  // The oldest message is another one now: an answer that came twice, or after a gap. What it says is asked for again.
  if (thread.messages[0]?.id !== beforeId) return thread;
  const known = new Set(thread.messages.map(({ id }) => id));
  const fresh = page.filter(({ id }) => !known.has(id));
  // A page without anything new would be asked for for ever.
  return { messages: [...fresh, ...thread.messages], earlier: page.length >= PAGE && fresh.length > 0 };
}

/** Without what is older than `utcMs`: the desk has overwritten it, so this page does not keep it either. */
export function withoutBefore(thread: Thread, utcMs: number): Thread {
  const first = thread.messages.findIndex((message) => message.utcMs >= utcMs);
  if (first === 0 || thread.messages.length === 0) return thread;
  return { messages: first < 0 ? [] : thread.messages.slice(first), earlier: false };
}

function restful<T>(before: T | undefined, after: T): T {
  return before !== undefined && JSON.stringify(before) === JSON.stringify(after) ? before : after;
}

function settled(before: Thread, after: Thread): Thread {
  const same =
    before.earlier === after.earlier &&
    before.messages.length === after.messages.length &&
    before.messages.every((message, i) => message === after.messages[i]);
  return same ? before : after;
}
