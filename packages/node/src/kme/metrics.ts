/** What a KME tells Prometheus. Names and labels are those of docs/grafana/skykey-kme.json; none of them names an SAE. */
import type { DeliveredKey } from '@skykey/kme';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { PeerState } from './peer-kmes.ts';

export type Interface = 'etsi014' | 'etsi004' | 'etsi020' | 'skip' | 'peer';

/** What is read from the vault and from the lines when somebody asks. */
export interface Readings {
  readonly stock: readonly { readonly peer: string; readonly way: string; readonly bits: number }[];
  readonly pads: readonly { readonly peer: string; readonly left: number }[];
  readonly alarms: readonly { readonly link: string }[];
  readonly peers: readonly PeerState[];
  readonly voidedKeys: number;
  readonly poisonedBits: number;
  readonly ready: boolean;
}

/** From a millisecond to the five seconds after which a peer is given up. */
const BUCKETS_S = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5];

export class KmeMetrics {
  readonly registry = new Registry();
  readonly #requests = this.#counter('requests_total', 'Requests answered, by interface and status', [
    'interface',
    'status',
  ]);
  readonly #seconds = new Histogram({
    name: 'skykey_kme_request_seconds',
    help: 'From the request, read in full, to its answer',
    labelNames: ['interface'],
    buckets: BUCKETS_S,
    registers: [this.registry],
  });
  readonly #delivered = this.#counter(
    'keys_delivered_total',
    'Copies of keys that left this process for applications, by the other site and by how the key came',
    ['peer', 'way'],
  );
  readonly #voided = this.#gauge('keys_voided', 'Keys burned at this site since its vault was made');
  readonly #poisoned = this.#gauge(
    'poisoned_bits',
    'Undelivered bits that alarms have overwritten at this site since its vault was made',
  );
  readonly #stock = this.#gauge(
    'stock_bits',
    'Key that this site may cut for applications, before policy, by the other site and the way it came',
    ['peer', 'way'],
  );
  readonly #pads = this.#gauge('pads_left', 'Messages to the other site that can still be authenticated', ['peer']);
  readonly #alarms = this.#gauge('link_alarm', '1 for every quantum link under alarm', ['link']);
  readonly #reachable = this.#gauge('peer_reachable', 'Whether the KME of the other site answers', ['peer']);
  readonly #usable = this.#gauge(
    'peer_usable',
    'Whether keys are made with the other site: it answers, and its clock is right',
    ['peer'],
  );
  readonly #ahead = this.#gauge(
    'peer_clock_ahead_seconds',
    'How far the clock of the other site is ahead of this one, at least',
    ['peer'],
  );
  readonly #transactions = this.#counter('vault_transactions_total', 'Transactions of the vault');
  readonly #commits = this.#counter(
    'vault_commits_total',
    'Groups of transactions that shared one write to the disk (SQLite)',
  );
  readonly #ready = this.#gauge('ready', 'Whether /readyz says so');

  request(name: Interface, status: string, seconds: number): void {
    this.#requests.inc({ interface: name, status });
    this.#seconds.observe({ interface: name }, seconds);
  }

  /** A key for several sites counts for the first that its labels name. */
  delivered(keys: readonly DeliveredKey[], siteId: string): void {
    for (const { labels } of keys) {
      const [route = []] = labels.routes;
      const peer = [route[0], route.at(-1)].find((end) => end !== siteId) ?? siteId;
      this.#delivered.inc({ peer, way: wayClass(labels.routes) });
    }
  }

  transaction(): void {
    this.#transactions.inc();
  }

  commit(): void {
    this.#commits.inc();
  }

  /** The text of `/metrics`. */
  async text(readings: Readings): Promise<string> {
    for (const gauge of [this.#stock, this.#pads, this.#alarms, this.#reachable, this.#usable, this.#ahead])
      gauge.reset();
    for (const { peer, way, bits } of readings.stock) this.#stock.set({ peer, way }, bits);
    for (const { peer, left } of readings.pads) this.#pads.set({ peer }, left);
    for (const { link } of readings.alarms) this.#alarms.set({ link }, 1);
    for (const { siteId: peer, reachable, problem, aheadMs } of readings.peers) {
      this.#reachable.set({ peer }, reachable ? 1 : 0);
      this.#usable.set({ peer }, problem === null ? 1 : 0);
      if (aheadMs !== null) this.#ahead.set({ peer }, aheadMs / 1000);
    }
    this.#voided.set(readings.voidedKeys);
    this.#poisoned.set(readings.poisonedBits);
    this.#ready.set(readings.ready ? 1 : 0);
    return this.registry.metrics();
  }

  #counter(name: string, help: string, labelNames: string[] = []): Counter {
    return new Counter({ name: `skykey_kme_${name}`, help, labelNames, registers: [this.registry] });
  }

  #gauge(name: string, help: string, labelNames: string[] = []): Gauge {
    return new Gauge({ name: `skykey_kme_${name}`, help, labelNames, registers: [this.registry] });
  }
}

/** `local`: it never left the site; `direct`, `relayed`, or `combined` of several disjoint ways. */
export function wayClass(routes: readonly (readonly string[])[]): string {
  if (routes.length > 1) return 'combined';
  const [route = []] = routes;
  if (route.length > 2) return 'relayed';
  return route[0] === route[1] ? 'local' : 'direct';
}
