/**
 * The trusted relay of a satellite: a node of the key network that joins the keys of its two stations' links, and tells
 * them so as soon as it can.
 */
import { randomUUID } from 'node:crypto';
import { DIRECT, Exchange, type PeerLink } from '@skykey/kme';
import type { RelayState } from '@skykey/telemetry';
import type { PoisonReport, Vault, VaultTransaction } from '@skykey/vault';
import { Paced } from '../paced.ts';

const SHOWN_RELAYS = 20;
const TICK_MS = 1000;
/** A station that has not got its part yet gets it with a session, minutes or hours away: asking costs pads at both ends. */
const MOST_REST_TICKS = 64;

export interface RelayingOptions {
  readonly vault: Vault;
  readonly satelliteId: string;
  /** Sites of its stations, and the lines to them. The first two are joined. */
  readonly sites: readonly { readonly siteId: string; readonly line: PeerLink }[];
  /** Mission time. */
  readonly missionMs: () => number;
  readonly onChange: () => void;
  readonly onFault: (error: unknown) => void;
  /** How often what waits is looked at, ms. */
  readonly tickMs?: number;
}

export class Relaying {
  readonly #exchange: Exchange;
  readonly #vault: Vault;
  readonly #satelliteId: string;
  readonly #onChange: () => void;
  readonly #flushing: Paced;
  readonly #ticking: NodeJS.Timeout;
  /** Ticks until the next attempt, and those after it. */
  #ticks = 0;
  #restTicks = 1;

  constructor({ vault, satelliteId, sites, missionMs, onChange, onFault, tickMs = TICK_MS }: RelayingOptions) {
    const [left, right] = sites.map(({ siteId }) => ({ node: siteId, way: DIRECT }));
    this.#vault = vault;
    this.#satelliteId = satelliteId;
    this.#onChange = onChange;
    this.#exchange = new Exchange({
      vault,
      self: satelliteId,
      peers: sites.map(({ siteId, line }) => ({ node: siteId, link: line })),
      uuid: randomUUID,
      now: missionMs,
      plan: { joins: left && right ? [{ left, right }] : [], combinations: [] },
      onChange,
    });
    this.#flushing = new Paced(() => this.#flush(), 0, onFault);
    this.#ticking = setInterval(() => {
      if (--this.#ticks <= 0) this.#flushing.now().catch(onFault);
    }, tickMs);
  }

  /** Answers a message of a station's site. Never rejects. What it brings, an alarm say, is passed on at once. */
  async handle(message: Uint8Array): Promise<Uint8Array> {
    const answer = await this.#exchange.handle(message);
    this.wake();
    return answer;
  }

  /** Something has come that may be joined or told: a session's key, a line. */
  wake(): void {
    this.#restTicks = 1;
    this.#flushing.soon();
  }

  /** The alarm of a link of this satellite. Resolves when what rests on it is overwritten. */
  async raiseAlarm(linkId: string, reason: string): Promise<PoisonReport> {
    try {
      return await this.#exchange.raiseAlarm(linkId, reason);
    } finally {
      this.wake();
    }
  }

  /** Whether this satellite itself has the link under alarm. */
  async hasRaised(linkId: string): Promise<boolean> {
    const alarms = await this.#exchange.listAlarms();
    return alarms.some(({ link, foundBy }) => link === linkId && foundBy === this.#satelliteId);
  }

  async reopen(linkId: string): Promise<void> {
    await this.#exchange.reopen(linkId);
    await this.#flushing.now();
  }

  async states(tx: VaultTransaction): Promise<RelayState[]> {
    return (await this.#exchange.joins(tx)).slice(0, SHOWN_RELAYS).map(({ joinId, utcMs, route, bits, waiting }) => ({
      relayId: joinId,
      utcMs,
      route,
      bits,
      state: waiting.length ? 'announced' : 'confirmed',
    }));
  }

  async stop(): Promise<void> {
    clearInterval(this.#ticking);
    await this.#flushing.stop();
  }

  async #flush(): Promise<void> {
    const { waiting } = await this.#exchange.flush();
    const isNotYet = await this.#vault.atomically(async (tx) => {
      const joins = await this.#exchange.joins(tx);
      // What both ends have is of no use here any more, except to be shown.
      for (const { joinId } of joins.slice(SHOWN_RELAYS).filter((join) => join.waiting.length === 0)) {
        await tx.forget(`joining/${joinId}`);
      }
      return joins.some((join) => join.waiting.some((node) => !waiting.has(node)));
    });
    this.#ticks = isNotYet ? this.#restTicks : 1;
    this.#restTicks = isNotYet ? Math.min(MOST_REST_TICKS, this.#restTicks * 2) : 1;
    this.#onChange();
  }
}
