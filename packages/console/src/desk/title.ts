import type { DeskState } from '@skykey/telemetry';
import { useEffect, useRef, useState } from 'react';
import type { Thread } from './conversation/thread.ts';
import { words } from './words.ts';

/** The window's title: an alarm first, then what came in while nobody looked. */
export function useTitle(desk: DeskState | null, thread: Thread): void {
  const [hidden, setHidden] = useState(document.hidden);
  const seenMs = useRef(Number.POSITIVE_INFINITY);
  const newestMs = thread.messages.at(-1)?.utcMs ?? 0;
  useEffect(() => {
    const onChange = () => setHidden(document.hidden);
    document.addEventListener('visibilitychange', onChange);
    return () => document.removeEventListener('visibilitychange', onChange);
  }, []);
  useEffect(() => {
    if (desk === null) return;
    if (!hidden || seenMs.current === Number.POSITIVE_INFINITY) seenMs.current = newestMs;
  }, [desk, hidden, newestMs]);
  useEffect(() => {
    if (desk === null) return;
    const unread = hidden ? unreadSince(thread, seenMs.current) : 0;
    document.title = titled(desk, unread);
  }, [desk, hidden, thread]);
}

/** Messages from the other side after an instant. */
export function unreadSince({ messages }: Thread, utcMs: number): number {
  return messages.filter((message) => message.direction === 'received' && message.utcMs > utcMs).length;
}

export function titled(desk: Pick<DeskState, 'name' | 'peerName' | 'line'>, unread: number): string {
  const title = words.head.documentTitle(desk.name, desk.peerName);
  if (desk.line.level === 'black') return words.head.blackTitle(title);
  return unread > 0 ? words.head.unread(unread, title) : title;
}
