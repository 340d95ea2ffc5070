/**
 * When a pair will have key, and how much: as soon as orbits allow. A satellite keeps the key it has with one station until
 * it has key with another, and hands the exclusive or over when it can talk. Key in store does not go away, so that the
 * network at a moment is a graph of what every link has got by then, and the earliest arrival is the first moment whose
 * graph has the paths that the policy demands: a search over moments in place of one over a time-expanded graph, which it
 * equals as long as no key is too old (`maxAgeMs`: then every moment is looked at).
 *
 * How sure that is comes from realisations (`Contact`). Sums over passes and the least of several links are taken in each of
 * them; quantiles are taken of the results, so that they are as exact as the number of realisations. What else the network
 * may want the same key for is not foreseen: every pair is reckoned for itself, with the stocks that are handed in.
 */
import { KmeError } from '../error.ts';
import type { KeyForecast } from '../service.ts';
import { type Contact, Supply } from './forecast-supply.ts';
import { type TalkWindow, TalkWindows } from './forecast-windows.ts';
import { disjointPaths, type PathAnswer, type PathDemand } from './paths.ts';
import { type JoinPlan, joinPlan, type KeySource } from './paths-join.ts';
import type { NetworkLink, Topology } from './topology.ts';

export interface Outlook {
  /** With what is in store now. */
  readonly topology: Topology;
  /** To come, of quantum links; on a link under alarm they count for nothing. */
  readonly contacts: readonly Contact[];
  /** When a node can talk, its own contacts included where they can carry it; nodes that are not listed can always. */
  readonly talks?: ReadonlyMap<string, readonly TalkWindow[]>;
  readonly nowMs: number;
  /** What comes later is not looked at. */
  readonly untilMs: number;
}

export interface ForecastDemand extends Omit<PathDemand, 'nowMs'> {
  /** How likely the key has to be there, 0.5 unless given. */
  readonly level?: number;
}

export interface Forecast extends KeyForecast {
  /** First moment at which the key is there with the probability asked for. */
  readonly readyAtMs: number;
  /** 5 %, 50 % and 95 % of the bits that can be joined along the plan by then, the key itself included. */
  readonly bits: readonly [number, number, number];
  /** First moments at which it is there with 5 %, 50 % and 95 %; null: not within the outlook. */
  readonly readyMs: readonly [number | null, number | null, number | null];
  /** Of having it by the end of the outlook. */
  readonly probability: number;
  readonly plan: JoinPlan;
}

export type ForecastAnswer =
  | { readonly found: true; readonly forecast: Forecast }
  | { readonly found: false; readonly why: string };

const QUANTILES = [0.05, 0.5, 0.95] as const;

export class Forecaster {
  readonly #outlook: Outlook;
  readonly #realisations: number;
  readonly #supplies: ReadonlyMap<string, Supply>;
  readonly #talks: ReadonlyMap<string, TalkWindows>;
  /** Whenever something gets better. */
  readonly #momentsMs: readonly number[];

  /** Throws KmeError `kme/argument` for contacts that do not fit together, `kme/topology` for a link that is not there. */
  constructor(outlook: Outlook) {
    const { topology, contacts, talks = new Map(), nowMs, untilMs } = outlook;
    if (!(nowMs <= untilMs && Number.isFinite(untilMs - nowMs))) {
      throw new KmeError('kme/argument', `an outlook from ${nowMs} to ${untilMs}: it must begin before it ends`);
    }
    this.#outlook = outlook;
    this.#realisations = contacts[0]?.bits.length ?? 1;
    for (const contact of contacts) checkContact(topology, contact, this.#realisations);
    const coming = Map.groupBy(
      contacts.filter(({ readyMs }) => readyMs > nowMs),
      ({ link }) => link,
    );
    this.#supplies = new Map(
      topology.links.map(({ id, stockBits, oldestAtMs }) => {
        const supply = new Supply(stockBits, oldestAtMs ?? nowMs, coming.get(id) ?? [], this.#realisations);
        return [id, supply];
      }),
    );
    this.#talks = new Map(
      [...talks].map(([node, windows]) => [topology.node(node).id, new TalkWindows(node, windows)]),
    );
    const moments = [
      nowMs,
      ...contacts.map(({ readyMs }) => readyMs),
      ...[...this.#talks.values()].flatMap(({ starts }) => starts),
    ];
    this.#momentsMs = [...new Set(moments)].filter((ms) => ms >= nowMs && ms <= untilMs).sort((a, b) => a - b);
  }

  /**
   * The plan that has the key first with the probability asked for, and its forecast. Candidates are the cheapest paths at
   * each moment among links that each have enough with that probability; which of them is first is decided with all their
   * links together. A network that chooses anew when the time comes is never later.
   *
   * Where two nodes that cannot always talk are neighbours on a path, one waits for the other's word; the forecast of the
   * plan counts that, the choice of the plan does not.
   *
   * @throws as `disjointPaths`; KmeError `kme/argument` for a level that is none
   */
  earliest(demand: ForecastDemand): ForecastAnswer {
    const { level = 0.5, rules } = demand;
    if (!(level > 0 && level <= 1)) {
      throw new KmeError('kme/argument', `level is ${level}; it must be a probability above 0, up to 1`);
    }
    const { maxAgeMs } = rules;
    const known: Known = new Map();
    const pathsAt = (atMs: number) => this.#pathsAt(demand, level, atMs, known);
    let best: { readonly plan: JoinPlan; readonly atMs: number } | null = null;
    const tried = new Set<string>();
    for (const atMs of this.#momentsMs.slice(maxAgeMs === null ? this.#first((ms) => pathsAt(ms).found) : 0)) {
      if (best && atMs >= best.atMs) break;
      const answer = pathsAt(atMs);
      if (!answer.found) continue;
      const plan = joinPlan(this.#outlook.topology, answer.paths, demand.bits);
      const name = JSON.stringify(plan.pays);
      if (tried.has(name)) continue;
      tried.add(name);
      const readyMs = this.#readyMs(plan, level, maxAgeMs);
      if (readyMs !== null && !(best && best.atMs <= readyMs)) best = { plan, atMs: readyMs };
    }
    if (best) return { found: true, forecast: this.#told(best.plan, best.atMs, maxAgeMs) };
    if (tried.size > 0) {
      return {
        found: false,
        why: `each link has enough in time with probability ${level}, but not all of them together`,
      };
    }
    const last = pathsAt(this.#momentsMs.at(-1)!);
    return { found: false, why: last.found ? '' : last.why };
  }

  /** The forecast of a plan that was chosen already; null when its key is not there by the end with probability `level`. */
  along(plan: JoinPlan, options: { readonly level?: number; readonly maxAgeMs?: number | null } = {}): Forecast | null {
    const { level = 0.5, maxAgeMs = null } = options;
    const readyMs = this.#readyMs(plan, level, maxAgeMs);
    return readyMs === null ? null : this.#told(plan, readyMs, maxAgeMs);
  }

  #told(plan: JoinPlan, readyAtMs: number, maxAgeMs: number | null): Forecast {
    const [early, middle, late] = QUANTILES.map((q) => this.#readyMs(plan, q, maxAgeMs)) as [null, null, null];
    return {
      readyAtMs,
      bits: bitQuantiles(this.bitsBy(plan, readyAtMs, maxAgeMs)),
      readyMs: [early, middle, late],
      probability: shareOf(this.bitsBy(plan, this.#momentsMs.at(-1)!, maxAgeMs), plan.bits),
      plan,
    };
  }

  /** First moment at which the key of a plan is there with probability `level`. */
  #readyMs(plan: JoinPlan, level: number, maxAgeMs: number | null): number | null {
    const ready = (atMs: number): boolean => shareOf(this.bitsBy(plan, atMs, maxAgeMs), plan.bits) >= level;
    return (maxAgeMs === null ? this.#momentsMs[this.#first(ready)] : this.#momentsMs.find(ready)) ?? null;
  }

  /** In every realisation the bits that can be joined along the plan by a moment, nothing of it older than `maxAgeMs` then. */
  bitsBy(plan: JoinPlan, atMs: number, maxAgeMs: number | null = null): Float64Array {
    const bits = new Float64Array(this.#realisations).fill(Number.POSITIVE_INFINITY);
    const sinceMs = maxAgeMs === null ? Number.NEGATIVE_INFINITY : atMs - maxAgeMs;
    for (const [id, byMs] of this.#neededBy(plan, atMs)) this.#limit(bits, id, sinceMs, byMs);
    return bits;
  }

  #limit(bits: Float64Array, link: string, sinceMs: number, byMs: number): void {
    // What was joined before now is no longer in store.
    if (byMs < this.#outlook.nowMs || this.#outlook.topology.link(link).state === 'alarm') bits.fill(0);
    else this.#supplies.get(link)!.limit(bits, sinceMs, byMs);
  }

  /** The last moment up to `byMs` at which a node can send or get a word. */
  #talk(node: string, byMs: number): number {
    return this.#talks.get(node)?.last(byMs) ?? byMs;
  }

  /** By when the key of each link has to be there, so that both ends have the whole at `atMs`. */
  #neededBy(plan: JoinPlan, atMs: number): Map<string, number> {
    const needed = new Map<string, number>();
    const visit = (source: KeySource, holder: string, byMs: number): void => {
      if ('link' in source) {
        needed.set(source.link, Math.min(needed.get(source.link) ?? byMs, byMs));
        return;
      }
      const { node, left, right } = plan.steps[source.step]!;
      // The holder's own side is there by then: `node` needs it earlier, from the same source.
      const saidMs = this.#talk(node, this.#talk(holder, byMs));
      visit(left, node, saidMs);
      visit(right, node, saidMs);
    };
    for (const share of plan.shares) {
      visit(share, plan.from, atMs);
      visit(share, plan.to, atMs);
    }
    return needed;
  }

  /** Place of the first moment at which something holds that goes on to hold: all of them where it never does. */
  #first(holds: (atMs: number) => boolean): number {
    let low = 0;
    let high = this.#momentsMs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this.#momentsMs[middle]!)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #pathsAt(demand: ForecastDemand, level: number, atMs: number, known: Known): PathAnswer {
    const { topology, nowMs } = this.#outlook;
    const { from, to, rules } = demand;
    const byMs = (node: string): number => (node === from || node === to ? atMs : this.#talk(node, atMs));
    const sinceMs = rules.maxAgeMs === null ? Number.NEGATIVE_INFINITY : atMs - rules.maxAgeMs;
    const links: NetworkLink[] = [];
    for (const link of topology.links) {
      const usedMs = Math.min(byMs(link.ends[0]), byMs(link.ends[1]));
      const place = usedMs < nowMs ? 'none' : this.#supplies.get(link.id)!.place(sinceMs, usedMs);
      const name = `${link.id} ${place}`;
      let then = known.get(name);
      if (then === undefined) {
        then = this.#linkThen(link, demand.bits, level, sinceMs, usedMs);
        known.set(name, then);
      }
      if (then !== null) links.push(then);
    }
    const fresh = { ...rules, maxAgeMs: null };
    return disjointPaths(topology.withLinks(links), { ...demand, rules: fresh, nowMs });
  }

  /** A link as it will be, with what it has on average; null when that it has enough is less likely than `level`. */
  #linkThen(link: NetworkLink, bits: number, level: number, sinceMs: number, usedMs: number): NetworkLink | null {
    const got = new Float64Array(this.#realisations).fill(Number.POSITIVE_INFINITY);
    this.#limit(got, link.id, sinceMs, usedMs);
    if (shareOf(got, bits) < level) return null;
    const mean = got.reduce((sum, x) => sum + x, 0) / got.length;
    const stockBits = Math.max(bits, Math.floor(mean));
    return { ...link, rateBps: 0, stockBits, oldestAtMs: stockBits > 0 ? this.#outlook.nowMs : null };
  }
}

/** Links as they will be, by name and by which contacts count. */
type Known = Map<string, NetworkLink | null>;

function checkContact(topology: Topology, contact: Contact, realisations: number): void {
  const { link, startMs, endMs, readyMs, bits } = contact;
  const refuse = (what: string): never => {
    throw new KmeError('kme/argument', `the contact of ${link} at ${startMs} ${what}`);
  };
  if ((topology.link(link).through ?? []).length > 0)
    refuse('is one of a virtual link; only quantum links have contacts');
  if (!(startMs <= endMs && endMs <= readyMs && Number.isFinite(readyMs - startMs))) {
    refuse(`ends at ${endMs} and is ready at ${readyMs}; it must start, then end, then be ready`);
  }
  if (bits.length !== realisations) {
    refuse(
      `has ${bits.length} realisations and the first contact ${realisations}; all contacts of a plan have as many`,
    );
  }
  if (!bits.every((x) => x >= 0 && x < Number.POSITIVE_INFINITY))
    refuse('has a realisation that is no number of bits, 0 or more');
}

function shareOf(bits: Float64Array, atLeast: number): number {
  let n = 0;
  for (let r = 0; r < bits.length; r++) if (bits[r]! >= atLeast) n++;
  return n / bits.length;
}

/** 5 %, 50 % and 95 %, straight between order statistics (Hyndman and Fan 1996, type 7), in whole bits. */
export function bitQuantiles(bits: Float64Array): [number, number, number] {
  const sorted = bits.slice().sort();
  return QUANTILES.map((q) => {
    const place = q * (sorted.length - 1);
    const low = sorted[Math.floor(place)]!;
    return Math.floor(low + (sorted[Math.ceil(place)]! - low) * (place % 1));
  }) as [number, number, number];
}
