/** Server-sent events to browsers: each event to all who listen now. */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';

/** A browser that reads more slowly than this many bytes behind is disconnected; it reconnects and asks for the state. */
const MAX_BEHIND_BYTES = 4 * 1024 * 1024;
const HEARTBEAT_MS = 15_000;

export class EventStreams {
  readonly #listeners = new Map<ServerResponse, () => boolean>();
  readonly #heartbeat = setInterval(() => this.#write(': still here\n\n'), HEARTBEAT_MS).unref();

  /** Whether anybody listens. */
  get listening(): boolean {
    return this.#listeners.size > 0;
  }

  /** Takes a request over as an event stream: `first` at once (see `eventText`), then what is sent, as long as `stays` says so. */
  attach(reply: FastifyReply, first: Iterable<string>, stays: () => boolean = () => true): void {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    raw.write('retry: 1000\n\n');
    for (const text of first) raw.write(text);
    this.#listeners.set(raw, stays);
    raw.on('close', () => this.#listeners.delete(raw));
  }

  send(text: string): void {
    this.#write(text);
  }

  close(): void {
    clearInterval(this.#heartbeat);
    for (const listener of this.#listeners.keys()) listener.end();
  }

  #write(text: string): void {
    for (const [listener, stays] of this.#listeners) {
      if (!stays()) listener.end();
      else if (listener.writableLength > MAX_BEHIND_BYTES) listener.destroy();
      else listener.write(text);
    }
  }
}

/** One event as it stands in a stream. */
export function eventText(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
