/** Agents in the test's own process, and their events. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { runAgent } from '../agent.ts';
import type { AgentConfiguration } from '../configuration.ts';
import type { AgentEvent } from '../report.ts';
import type { Tunnel } from '../tunnel.ts';
import type { KmePair } from './kme-pair.ts';
import type { End } from './site-pair.ts';

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What both kinds have in common; `a` leads. */
export function documentOf(
  kmes: KmePair,
  end: End,
  port: number,
  more: Partial<AgentConfiguration> = {},
): Omit<AgentConfiguration, 'wireguard' | 'ipsec'> & Partial<AgentConfiguration> {
  const file = (name: string): string => join(kmes.certificates, name);
  const files = { cert: file(`gw-${end}.crt`), key: file(`gw-${end}.key`) };
  return {
    format: 'skykey-agent/1',
    sae: `gw-${end}`,
    peer: end === 'a' ? 'gw-b' : 'gw-a',
    kme: { url: kmes[end], kmeId: `kme-${end}`, ca: file('kme-ca.crt'), ...files },
    line: {
      ca: file('sae-ca.crt'),
      ...(end === 'a' ? { connect: `127.0.0.1:${port}` } : { listen: `127.0.0.1:${port}` }),
    },
    rotateS: 60,
    maxKeyAgeS: 180,
    checkS: 0.5,
    onAlarm: 'close',
    onEnd: 'close',
    ...more,
  } as Omit<AgentConfiguration, 'wireguard' | 'ipsec'>;
}

export class RunningAgent {
  readonly events: AgentEvent[] = [];
  readonly done: Promise<void>;
  readonly #ending = new AbortController();
  #taken = 0;

  constructor(configuration: AgentConfiguration, tunnel: Tunnel, once = false) {
    this.done = runAgent({
      configuration,
      tunnel,
      once,
      report: (event) => this.events.push(event),
      signal: this.#ending.signal,
    });
    // A test that ends it looks at the outcome; one that fails before shall not die of this.
    this.done.catch(() => undefined);
  }

  /** The next event of that kind after the last one that was waited for. */
  async next<E extends AgentEvent['event']>(event: E, limitMs = 20_000): Promise<Extract<AgentEvent, { event: E }>> {
    const untilMs = performance.now() + limitMs;
    while (performance.now() < untilMs) {
      const at = this.events.findIndex((one, index) => index >= this.#taken && one.event === event);
      if (at >= 0) {
        this.#taken = at + 1;
        return this.events[at] as Extract<AgentEvent, { event: E }>;
      }
      await pause(20);
    }
    throw new Error(`no "${event}" came; there were ${JSON.stringify(this.events.slice(-6))}`);
  }

  /** From now on only what comes later counts. */
  forget(): void {
    this.#taken = this.events.length;
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.done;
  }
}

/** Whether a file holds one of these keys, as bytes, base64 or hexadecimal. */
export function holdsKey(file: string, keys: readonly Buffer[]): boolean {
  const content = readFileSync(file);
  return keys.some((key) => [key, key.toString('base64'), key.toString('hex')].some((form) => content.includes(form)));
}
