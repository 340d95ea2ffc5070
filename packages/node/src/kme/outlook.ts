/**
 * When the sites of a network will have key in common, and how much, from a plan of contacts: what the status of ETSI GS QKD
 * 014 and the 015 model say of it. Reckoned beside the requests, route by route.
 *
 * A route over other nodes uses up what its links have in store: a satellite joins as soon as it has both keys, so that what
 * is left waits for the other link. Of a direct link the store is no forecast; it can be had now.
 */
import { setImmediate as turn } from 'node:timers/promises';
import {
  type Contact,
  Forecaster,
  type JoinPlan,
  joinCuts,
  type KeyForecast,
  keyLane,
  LEAST_JOIN_BYTES,
  planFor,
  type Topology,
  wayOf,
} from '@skykey/kme';

export interface ContactPlan {
  /** Key as it comes into the lanes of both ends, what sessions take back for their tags being left out. */
  readonly contacts: readonly Contact[];
  /** Nothing is known of what comes later. */
  readonly untilMs: number;
}

export interface OutlookScene {
  readonly plan: ContactPlan | undefined;
  readonly routes: readonly JoinPlan[];
  /** By quantum link: bits that wait to be joined. Links that are not listed count as empty. */
  readonly stock: ReadonlyMap<string, number>;
  /** Under alarm. */
  readonly closed: ReadonlySet<string>;
  readonly nowMs: number;
}

interface Expected {
  readonly forecast: KeyForecast | null;
  /** Over the next day, or as far as the plan reaches. */
  readonly rateBps: number;
}

/** The least block that a link hands over, bytes (PROTOCOL.md). */
const LEAST_DIRECT_BYTES = 1024;
const DAY_MS = 86_400_000;
/** Rates are told anew this often, in the time of the plan. */
const HOUR_MS = 3_600_000;

export class KeyOutlook {
  readonly #siteId: string;
  readonly #topology: Topology;
  #expected: ReadonlyMap<JoinPlan, Expected> = new Map();
  #linkRates: ReadonlyMap<string, number> = new Map();
  #seen = '';
  #plan: ContactPlan | undefined;
  #routes: readonly JoinPlan[] = [];

  constructor(siteId: string, topology: Topology) {
    this.#siteId = siteId;
    this.#topology = topology;
  }

  /** The next key with a site, by whichever route it comes first; null: none is planned. */
  forecast(siteId: string): KeyForecast | null {
    let first: KeyForecast | null = null;
    for (const [route, { forecast }] of this.#expected) {
      if (!isBetween(route, this.#siteId, siteId) || !forecast) continue;
      if (!first || forecast.readyAtMs < first.readyAtMs) first = forecast;
    }
    return first;
  }

  /** Key that a quantum link is expected to make, bits a second. */
  linkRateBps(link: string): number {
    return this.#linkRates.get(link) ?? 0;
  }

  /** Those of this site that are planned. */
  ways(): { readonly peer: string; readonly way: string }[] {
    return [...this.#expected.keys()].map((route) => ({ peer: this.#peerOf(route), way: wayName(route) }));
  }

  #peerOf({ from, to }: JoinPlan): string {
    return from === this.#siteId ? to : from;
  }

  /** Key for this site's own use that is expected from a way, bits a second. */
  wayRateBps(siteId: string, way: string): number {
    for (const [route, { rateBps }] of this.#expected) {
      if (isBetween(route, this.#siteId, siteId) && wayName(route) === way) return rateBps;
    }
    return 0;
  }

  /** Reckons anew when something has changed. Rejects with KmeError for contacts that do not fit the network. */
  async observe({ plan, routes, stock, closed, nowMs }: OutlookScene): Promise<void> {
    const over = plan?.contacts.reduce((n, { readyMs }) => n + (readyMs <= nowMs ? 1 : 0), 0) ?? 0;
    const seen = JSON.stringify([[...stock], [...closed].sort(), over, Math.floor(nowMs / HOUR_MS)]);
    if (seen === this.#seen && plan === this.#plan && routes === this.#routes) return;
    if (!plan || plan.untilMs <= nowMs) {
      this.#expected = new Map();
      this.#linkRates = new Map();
    } else await this.#reckon({ plan, routes, stock, closed, nowMs });
    this.#seen = seen;
    this.#plan = plan;
    this.#routes = routes;
  }

  async #reckon({ plan, routes, stock, closed, nowMs }: OutlookScene & { readonly plan: ContactPlan }): Promise<void> {
    const { contacts, untilMs } = plan;
    const empty = this.#topology.withLinks(
      this.#topology.links.map((link) => ({
        ...{ ...link, state: closed.has(link.id) ? 'alarm' : 'open', stockBits: 0, oldestAtMs: null },
      })),
    );
    const filled = empty.withLinks(
      empty.links.map((link) => {
        const stockBits = stock.get(link.id) ?? 0;
        return { ...link, stockBits, oldestAtMs: stockBits > 0 ? nowMs : null };
      }),
    );
    const direct = new Forecaster({ topology: empty, contacts, nowMs, untilMs });
    await turn();
    const relayed = new Forecaster({ topology: filled, contacts, nowMs, untilMs });
    const toMs = Math.min(untilMs, nowMs + DAY_MS);
    const perS = (bits: number): number => Math.round((bits * 1000) / (toMs - nowMs));
    const expected = new Map<JoinPlan, Expected>();
    for (const route of routes.filter(({ from, to }) => from === this.#siteId || to === this.#siteId)) {
      const forecaster = route.steps.length > 0 ? relayed : direct;
      const least = route.steps.length > 0 ? LEAST_JOIN_BYTES : LEAST_DIRECT_BYTES;
      const found = forecaster.along(planFor(route, least * 8));
      const net = (bits: number): number => this.#ownBits(route, bits);
      expected.set(route, {
        forecast: found && {
          readyAtMs: found.readyAtMs,
          bits: [net(found.bits[0]), net(found.bits[1]), net(found.bits[2])],
        },
        rateBps: perS(net(median(forecaster.bitsBy(route, toMs)))),
      });
      await turn();
    }
    const rates = new Map<string, number>();
    for (const [link, its] of Map.groupBy(contacts, (contact) => contact.link)) {
      const coming = its.filter(({ readyMs }) => readyMs > nowMs && readyMs <= toMs);
      const sums = Float64Array.from({ length: coming[0]?.bits.length ?? 1 }, (_, r) =>
        coming.reduce((sum, { bits }) => sum + bits[r]!, 0),
      );
      rates.set(link, closed.has(link) ? 0 : perS(median(sums)));
    }
    this.#expected = expected;
    this.#linkRates = rates;
  }

  /** Of so many bits of a route: what this site may cut for its applications, after tags, the other direction's half apart. */
  #ownBits(route: JoinPlan, bits: number): number {
    const { from, to } = route;
    const way = wayName(route);
    const peer = this.#peerOf(route);
    const [a, b] = [from, to].sort() as [string, string];
    const cut = joinCuts(Math.floor(bits / 8), a, b, way).find(
      ({ lane }) => lane === keyLane(this.#siteId, peer, way),
    )!;
    return Math.max(0, cut.to - cut.from) * 8;
  }
}

const isBetween = ({ from, to }: JoinPlan, a: string, b: string): boolean =>
  (from === a && to === b) || (from === b && to === a);

const wayName = ({ shares }: JoinPlan): string =>
  shares
    .map(({ route }) => wayOf([route]))
    .sort()
    .join('+');

function median(values: Float64Array): number {
  const sorted = values.slice().sort();
  return sorted[sorted.length >> 1] ?? 0;
}
