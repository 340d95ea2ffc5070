/** Every request of every interface passes here: it gets a number, is timed, counted and logged, and is waited for at the end. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Interface, KmeMetrics } from './metrics.ts';

export interface Told {
  readonly caller: string | null;
  readonly method: string;
  /** Without the query, which may name keys. */
  readonly path: string;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Bytes in their answers hold key. Frames between KMEs hold none, and may be kept to be sent again. */
const KEY_GIVERS: ReadonlySet<Interface> = new Set(['etsi014', 'skip']);

const CLOSING = {
  status: 503,
  headers: { 'Content-Type': 'application/json', 'Retry-After': '5', 'Cache-Control': 'no-store', Connection: 'close' },
  body: '{"message":"this key manager is ending"}',
} as const;

export class Attendance {
  readonly #metrics: KmeMetrics;
  readonly #log: Logger;
  #underWay = 0;
  #closing = false;
  #idle: (() => void) | undefined;

  constructor(metrics: KmeMetrics, log: Logger) {
    this.#metrics = metrics;
    this.#log = log;
  }

  /** Answers a request of HTTP, with its number in `X-Request-Id`. */
  async http<A extends Answer>(
    name: Interface,
    told: Told,
    answer: () => Promise<A>,
  ): Promise<(A & { readonly holdsKey: boolean }) | typeof CLOSING> {
    if (this.#closing) return CLOSING;
    const requestId = randomUUID();
    const found = await this.#attend(name, { requestId, ...told }, answer, ({ status }) => String(status));
    return { ...found, headers: { ...found.headers, 'X-Request-Id': requestId }, holdsKey: KEY_GIVERS.has(name) };
  }

  /** Answers a request of another kind. Undefined when the process is ending. */
  async other<A>(
    name: Interface,
    told: object,
    answer: () => Promise<A>,
    statusOf: (answer: A) => string,
  ): Promise<A | undefined> {
    if (this.#closing) return undefined;
    return this.#attend(name, { requestId: randomUUID(), ...told }, answer, statusOf);
  }

  async #attend<A>(
    name: Interface,
    told: object,
    answer: () => Promise<A>,
    statusOf: (answer: A) => string,
  ): Promise<A> {
    const startedMs = performance.now();
    let status = 'fault';
    this.#underWay++;
    try {
      const found = await answer();
      status = statusOf(found);
      return found;
    } finally {
      const ms = performance.now() - startedMs;
      this.#metrics.request(name, status, ms / 1000);
      const level = /^(fault|5\d\d)$/.test(status) ? 'warn' : /^4\d\d$/.test(status) ? 'info' : 'debug';
      if (this.#log.isLevelEnabled(level)) {
        this.#log[level]({ interface: name, ...told, status, ms: Math.round(ms * 100) / 100 }, 'request');
      }
      if (--this.#underWay === 0) this.#idle?.();
    }
  }

  /** Takes nothing more, and waits until what is under way is answered, at most so long. Returns how many were not. */
  async end(limitMs: number): Promise<number> {
    this.#closing = true;
    if (this.#underWay === 0) return 0;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.#idle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return this.#underWay;
  }
}
