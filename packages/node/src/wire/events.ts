/** States as server-sent events, both ends: a hub that publishes them, and a follower that reconnects by itself. */
import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { EventStreams, eventText } from './event-streams.ts';
import { readEvents } from './read-events.ts';

const RECONNECT_MS = 500;

/** Publishes the latest value of named states to everyone who listens; a newcomer gets the latest of each at once. */
export class EventHub {
  readonly #streams = new EventStreams();
  readonly #latest = new Map<string, string>();

  /** Takes a request over as an event stream. */
  attach(reply: FastifyReply): void {
    this.#streams.attach(reply, this.#latest.values());
  }

  /** `key` tells states of one event name apart (`node` of several nodes): the latest of each key is kept. */
  publish(event: string, data: unknown, key = event): void {
    const text = eventText(event, data);
    if (this.#latest.get(key) === text) return;
    this.#latest.set(key, text);
    this.#streams.send(text);
  }

  close(): void {
    this.#streams.close();
  }
}

/** Follows an event stream of another process, reconnecting until the signal aborts. */
export async function followEvents(
  url: string,
  onEvent: (event: string, data: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const response = await fetch(url, { signal });
      if (response.body) await readEvents(response.body, onEvent);
    } catch {
      // The other process is restarting: try again below.
    }
    await pause(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
  }
}
