/** Server-sent events, both ends: a hub that publishes states, and a follower that reconnects by itself. */
import type { ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { readEvents } from './read-events.ts';

/** A browser that reads more slowly than this many bytes behind is disconnected; it reconnects and catches up. */
const MAX_BEHIND_BYTES = 4 * 1024 * 1024;
const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 500;

/** Publishes the latest value of named states to everyone who listens; a newcomer gets the latest of each at once. */
export class EventHub {
  readonly #listeners = new Set<ServerResponse>();
  readonly #latest = new Map<string, string>();
  readonly #heartbeat = setInterval(() => this.#write(': still here\n\n'), HEARTBEAT_MS).unref();

  /** Takes a request over as an event stream. */
  attach(reply: FastifyReply): void {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    raw.write('retry: 1000\n\n');
    for (const message of this.#latest.values()) raw.write(message);
    this.#listeners.add(raw);
    raw.on('close', () => this.#listeners.delete(raw));
  }

  /** `key` tells states of one event name apart (`node` of several nodes): the latest of each key is kept. */
  publish(event: string, data: unknown, key = event): void {
    const message = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    if (this.#latest.get(key) === message) return;
    this.#latest.set(key, message);
    this.#write(message);
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const listener of this.#listeners) listener.end();
  }

  #write(text: string): void {
    for (const listener of this.#listeners) {
      if (listener.writableLength > MAX_BEHIND_BYTES) listener.destroy();
      else listener.write(text);
    }
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
