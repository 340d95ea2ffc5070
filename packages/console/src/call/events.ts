import { openFeed } from '../feed.ts';
import type { CallSignal } from './contract.ts';

/** Names of the events of the desk's stream that are the call's alone; its state comes with the desk's. */
export const CALL_EVENTS = ['call-signal', 'call-stop'] as const;

export type CallEvent =
  | { readonly name: 'call-signal'; readonly id: string; readonly signal: CallSignal }
  | { readonly name: 'call-stop'; readonly reason: string };

export type CallListener = (event: CallEvent) => void;

/** Where the call hears of its events: handed on from the desk's one stream, or from a stream of its own. */
export class CallEvents {
  readonly #listeners = new Set<CallListener>();

  /** Takes an event of the desk's stream, as it came; what is not the call's, or makes no sense, is left out. */
  deliver(name: string, data: unknown): void {
    const event = readEvent(name, data);
    if (event !== null) for (const listener of this.#listeners) listener(event);
  }

  /** Calls back at every event; returns the way out. */
  subscribe(listener: CallListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** A stream of the call's own, for a page that does not hand events on. */
export function ownEvents(base: string): CallEvents {
  const events = new CallEvents();
  openFeed({
    url: `${base}/api/events`,
    events: CALL_EVENTS,
    onConnection: () => undefined,
    onEvent: (name, data) => events.deliver(name, data),
  });
  return events;
}

export function readEvent(name: string, data: unknown): CallEvent | null {
  if (typeof data !== 'object' || data === null) return null;
  const { id, signal, reason } = data as { id?: unknown; signal?: unknown; reason?: unknown };
  // A stop without a reason is a stop.
  if (name === 'call-stop') return { name, reason: typeof reason === 'string' ? reason : '' };
  if (name !== 'call-signal' || typeof id !== 'string' || typeof signal !== 'object' || signal === null) return null;
  const known = 'description' in signal || 'candidate' in signal;
  return known ? { name, id, signal: signal as CallSignal } : null;
}
