/** Adds up what blocks bring to the figures of a plan. */
import type { Scenario } from '@skykey/scenario';
import { type Distribution, distribution } from './chance.ts';
import { type Delivery, Stocks } from './harvest.ts';
import { dateOf, monthName, nightAt } from './night.ts';
import type { Opportunity } from './opportunities.ts';
import type { Service, ServiceRules } from './service.ts';

export interface PairPlan {
  readonly stationIds: readonly [string, string];
  /** `relay`: over satellites that are trusted, every pair reckoned for itself. `entanglement`: trusting none. */
  readonly kind: 'relay' | 'entanglement';
  /** End to end over the whole period. */
  readonly bits: Distribution;
  /** Share of realisations with any key at all. */
  readonly anyProbability: number;
  /** Mean of what could have been handed over by the end of each UTC day; a day more where the last pass ends after the period. */
  readonly byDay: readonly { readonly date: string; readonly meanBits: number }[];
}

/** How much key, by whatever people ask for. */
export interface Figures {
  /** Empty where blocks are made of the whole period, like `months`. */
  readonly nights: readonly { readonly stationId: string; readonly night: string; readonly bits: Distribution }[];
  /** UTC months, by the start of the service. */
  readonly months: readonly { readonly month: string; readonly bits: Distribution }[];
  /** Key that each station makes with all satellites, or with all partners. */
  readonly stations: readonly { readonly stationId: string; readonly bits: Distribution }[];
  readonly satellites: readonly { readonly satelliteId: string; readonly bits: Distribution }[];
  readonly pairs: readonly PairPlan[];
  /** Key of all links together. */
  readonly total: Distribution;
}

interface TallyRequest {
  readonly scenario: Scenario;
  readonly fromMs: number;
  readonly toMs: number;
  readonly realisations: number;
}

const DAY_MS = 86_400_000;

/** Sums of rows of which it is known beforehand how many parts they have: each is given up when its last part has come. */
class Sums<Name> {
  readonly #left = new Map<Name, number>();
  readonly #open = new Map<Name, Float64Array>();

  expect(name: Name): void {
    this.#left.set(name, (this.#left.get(name) ?? 0) + 1);
  }

  /** The distribution of the whole sum with its last part, null before. */
  add(name: Name, bits: Float64Array): Distribution | null {
    const left = this.#left.get(name)! - 1;
    this.#left.set(name, left);
    const sum = this.#open.get(name) ?? new Float64Array(bits.length);
    accumulate(sum, bits);
    if (left > 0) this.#open.set(name, sum);
    else this.#open.delete(name);
    return left > 0 ? null : distribution(sum);
  }
}

/** Adds up what is delivered; holds one row of realisations for each figure that is still open. */
export class Tally {
  readonly #scenario: Scenario;
  readonly #days: readonly number[];
  readonly #realisations: number;
  readonly #total: Float64Array;
  readonly #stations: Map<string, Float64Array>;
  readonly #satellites: Map<string, Float64Array>;
  readonly #direct = new Map<string, Float64Array>();
  readonly #months = new Map<string, Float64Array>();
  readonly #stocks: Stocks;
  readonly #nights: { stationId: string; night: string; bits: Distribution }[] = [];
  readonly #openNights = new Sums<string>();
  /** By the place of the opportunity. */
  readonly #passes = new Map<number, Distribution>();
  readonly #openPasses = new Sums<number>();
  readonly #byDay = new Map<string, { date: string; meanBits: number }[]>();
  #day = 0;

  constructor(
    { scenario, fromMs, toMs, realisations }: TallyRequest,
    { blocks }: ServiceRules,
    services: readonly Service[],
    found: readonly Opportunity[],
  ) {
    const row = () => new Float64Array(realisations);
    this.#scenario = scenario;
    this.#realisations = realisations;
    this.#total = row();
    this.#stations = new Map(scenario.stations.map(({ id }) => [id, row()]));
    this.#satellites = new Map(scenario.satellites.map(({ id }) => [id, row()]));
    this.#stocks = new Stocks(realisations);
    const firstDay = Math.floor(fromMs / DAY_MS);
    // A block of the whole period has no day of its own.
    const lastMs = services.reduce((latest, { endMs }) => Math.max(latest, endMs), toMs);
    const days = blocks === 'pass' ? Math.ceil(lastMs / DAY_MS) - firstDay : 0;
    this.#days = Array.from({ length: days }, (_, i) => (firstDay + i + 1) * DAY_MS);
    for (const { opportunity, startMs } of services) {
      this.#openPasses.expect(opportunity);
      for (const stationId of found[opportunity]!.stationIds) {
        this.#openNights.expect(this.#nightName(stationId, startMs));
      }
    }
  }

  #nightName(stationId: string, utcMs: number): string {
    return `${nightAt(this.#scenario, stationId, utcMs)} ${stationId}`;
  }

  readonly deliver: Delivery = ({ satelliteId, stationIds, utcMs, service, bits }) => {
    while (this.#days[this.#day]! < utcMs) this.#endDay();
    accumulate(this.#total, bits);
    accumulate(this.#satellites.get(satelliteId)!, bits);
    for (const stationId of stationIds) accumulate(this.#stations.get(stationId)!, bits);
    if (stationIds.length === 1) this.#stocks.add(satelliteId, stationIds[0]!, bits);
    else accumulate(rowOf(this.#direct, pairName(stationIds), this.#realisations), bits);
    if (!service) return;
    accumulate(rowOf(this.#months, monthName(service.startMs), this.#realisations), bits);
    const pass = this.#openPasses.add(service.opportunity, bits);
    if (pass) this.#passes.set(service.opportunity, pass);
    for (const stationId of stationIds) {
      const name = this.#nightName(stationId, service.startMs);
      const night = this.#openNights.add(name, bits);
      if (night) this.#nights.push({ stationId, night: name.slice(0, 10), bits: night });
    }
  };

  /** What the parts of a pass bring together, by the place of its opportunity; null where no part makes a block. */
  ofPass(opportunity: number): Distribution | null {
    return this.#passes.get(opportunity) ?? null;
  }

  #endDay(): void {
    const date = dateOf(this.#days[this.#day]! - DAY_MS);
    for (const [one, other] of this.#pairs()) {
      const name = pairName([one, other]);
      const days = this.#byDay.get(name) ?? [];
      this.#byDay.set(name, days);
      days.push({ date, meanBits: Math.round(mean(this.#between(one, other))) });
    }
    this.#day++;
  }

  #pairs(): [string, string][] {
    const ids = this.#scenario.stations.map(({ id }) => id);
    return ids.flatMap((one, i) => ids.slice(i + 1).map((other): [string, string] => [one, other]));
  }

  #between(one: string, other: string): Float64Array {
    return this.#scenario.kind === 'entanglement'
      ? rowOf(this.#direct, pairName([one, other]), this.#realisations)
      : this.#stocks.between(one, other);
  }

  result(): Figures {
    while (this.#day < this.#days.length) this.#endDay();
    const order = (a: string, b: string): number => (a < b ? -1 : 1);
    return {
      nights: this.#nights.sort((a, b) => order(a.night + a.stationId, b.night + b.stationId)),
      months: [...this.#months]
        .sort(([a], [b]) => order(a, b))
        .map(([month, bits]) => ({ month, bits: distribution(bits) })),
      stations: [...this.#stations].map(([stationId, bits]) => ({ stationId, bits: distribution(bits) })),
      satellites: [...this.#satellites].map(([satelliteId, bits]) => ({ satelliteId, bits: distribution(bits) })),
      pairs: this.#pairs().map((stationIds): PairPlan => {
        const bits = this.#between(...stationIds);
        return {
          stationIds,
          kind: this.#scenario.kind === 'entanglement' ? 'entanglement' : 'relay',
          bits: distribution(bits),
          anyProbability: bits.reduce((sum, x) => sum + (x > 0 ? 1 : 0), 0) / bits.length,
          byDay: this.#byDay.get(pairName(stationIds)) ?? [],
        };
      }),
      total: distribution(this.#total),
    };
  }
}

const pairName = (stationIds: readonly string[]): string => [...stationIds].sort().join(' ');

function rowOf(rows: Map<string, Float64Array>, name: string, length: number): Float64Array {
  const row = rows.get(name) ?? new Float64Array(length);
  rows.set(name, row);
  return row;
}

function accumulate(into: Float64Array, bits: Float64Array): void {
  for (let r = 0; r < bits.length; r++) into[r]! += bits[r]!;
}

const mean = (values: Float64Array): number => values.reduce((sum, x) => sum + x, 0) / values.length;
