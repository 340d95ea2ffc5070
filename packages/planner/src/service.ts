/** From opportunities to what is served: proposals, whole and cut, and the schedule over them. */
import { clippedMean, pairBitsWithoutEnd } from './key.ts';
import { countsBetween } from './light.ts';
import { type ClearKey, clearKey, type Opportunity } from './opportunities.ts';
import { type Proposal, type Schedule, schedule } from './schedule.ts';
import type { Skies } from './skies.ts';

/** An opportunity, or a part of one, that is used. */
export interface Service {
  /** Place of the opportunity in the list. */
  readonly opportunity: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly key: ClearKey;
}

export interface ServiceRules {
  readonly setupS: number;
  readonly objective: 'total' | 'fair';
  /** Whether parts of a window may be served where another one gets in its way. */
  readonly fragments: boolean;
  /** `pass`: every service makes a block. `period`: all services of a link make one at the end. */
  readonly blocks: 'pass' | 'period';
}

/** A window is cut at this many moments of each overlap with another one, its ends included. */
const SWITCHES = 5;
/** Cuts that one window may have at either end, the whole aside. */
const MOST_CUTS = 6;
const SHORTEST_MS = 10_000;

/** The keys of opportunities, computed once however many plans are made of them. */
export class Keys {
  readonly #opportunities: readonly Opportunity[];
  readonly #known = new Map<string, ClearKey>();

  constructor(list: readonly Opportunity[]) {
    this.#opportunities = list;
  }

  of(i: number, fromMs: number, toMs: number): ClearKey {
    const name = `${i} ${fromMs} ${toMs}`;
    const known = this.#known.get(name);
    if (known) return known;
    const key = clearKey(this.#opportunities[i]!, fromMs, toMs);
    this.#known.set(name, key);
    return key;
  }
}

/**
 * Chooses among the opportunities of `which` (all unless given) what is served. A proposal is worth its expected key: the
 * probability of a clear sky times the mean key of exactly this part, a block of its own. Where blocks are made at the end
 * of the period, parts are worth what they bring to a block without end.
 */
export function serve(
  found: readonly Opportunity[],
  skies: Skies,
  keys: Keys,
  rules: ServiceRules,
  which = found.map((_, i) => i),
): { services: Service[]; schedule: Schedule } {
  const cuts = cutsOf(found, which, rules);
  const offers = which.flatMap((i) =>
    parts(found[i]!, cuts.get(i)!).map(([startMs, endMs]) => ({ i, startMs, endMs })),
  );
  const proposals = offers.map(({ i, startMs, endMs }): Proposal => {
    const { id, satelliteId, stationIds } = found[i]!;
    return {
      id,
      resources: [`satellite ${satelliteId}`, ...stationIds.map((station) => `station ${station}`)],
      startMs,
      endMs,
      value: skies.probability(i) * worthOf(found[i]!, keys, i, [startMs, endMs], rules),
      group: stationIds.join(' '),
    };
  });
  const { setupS, objective } = rules;
  const result = schedule({ proposals, setupS, objective });
  const services = result.chosen.map((at) => {
    const { i, startMs, endMs } = offers[at]!;
    return { opportunity: i, startMs, endMs, key: keys.of(i, startMs, endMs) };
  });
  return { services, schedule: result };
}

/**
 * What a part of an opportunity is weighed by. Its spread is taken to go with the root of its bits, which is up to half more
 * than it is, and a spread moves a mean only where that is near zero: by some tens of bits (`opportunities.test.ts`). That
 * is enough to choose by; for what is chosen its own spread is reckoned.
 */
function worthOf(
  { light, rules, startMs, endMs }: Opportunity,
  keys: Keys,
  i: number,
  [fromMs, toMs]: readonly [number, number],
  { blocks }: ServiceRules,
): number {
  const { rawSecretBits, siftedBits } = keys.of(i, fromMs, toMs);
  if (blocks === 'period') {
    return rules.kind === 'decoy' ? siftedBits : pairBitsWithoutEnd(rules, countsBetween(light, fromMs, toMs));
  }
  const whole = keys.of(i, startMs, endMs);
  const share = whole.siftedBits > 0 ? siftedBits / whole.siftedBits : 0;
  return clippedMean(rawSecretBits, whole.spreadBits * Math.sqrt(share));
}

interface Cuts {
  readonly starts: number[];
  readonly ends: number[];
}

/** Where each window may begin late or end early: moments at which one of two rivals hands over to the other. */
function cutsOf(
  found: readonly Opportunity[],
  which: readonly number[],
  { fragments, setupS }: ServiceRules,
): Map<number, Cuts> {
  const cuts = new Map(which.map((i): [number, Cuts] => [i, { starts: [], ends: [] }]));
  if (!fragments) return cuts;
  const setupMs = setupS * 1000;
  const inOrder = [...which].sort((a, b) => found[a]!.startMs - found[b]!.startMs);
  const longestMs = inOrder.reduce((most, i) => Math.max(most, found[i]!.endMs - found[i]!.startMs), 0);
  for (const [n, i] of inOrder.entries()) {
    const a = found[i]!;
    for (let m = n + 1; m < inOrder.length; m++) {
      const j = inOrder[m]!;
      const b = found[j]!;
      if (b.startMs >= a.startMs + longestMs + setupMs) break;
      if (b.startMs >= a.endMs + setupMs || !rivals(a, b)) continue;
      for (const [first, second, before, after] of [
        [a, b, cuts.get(i)!, cuts.get(j)!],
        [b, a, cuts.get(j)!, cuts.get(i)!],
      ] as const) {
        // `first` ends at a moment x, `second` begins a set-up time later.
        const low = Math.max(first.startMs, second.startMs - setupMs);
        const high = Math.min(first.endMs, second.endMs - setupMs);
        for (let k = 0; k < SWITCHES && high > low; k++) {
          const x = low + Math.round(((high - low) * k) / (SWITCHES - 1));
          before.ends.push(x);
          after.starts.push(x + setupMs);
        }
      }
    }
  }
  return cuts;
}

const rivals = (a: Opportunity, b: Opportunity): boolean =>
  a.satelliteId === b.satelliteId || a.stationIds.some((id) => b.stationIds.includes(id));

/** The whole and the parts between cuts, each long enough to be worth turning a telescope for. */
function parts({ startMs, endMs }: Opportunity, { starts, ends }: Cuts): [number, number][] {
  const from = [startMs, ...few(starts.filter((x) => x > startMs && x < endMs))];
  const to = [endMs, ...few(ends.filter((x) => x > startMs && x < endMs))];
  return from.flatMap((a) =>
    to.filter((b) => b - a >= SHORTEST_MS || (a === startMs && b === endMs)).map((b): [number, number] => [a, b]),
  );
}

/** At most `MOST_CUTS` of them, evenly picked. */
function few(moments: readonly number[]): number[] {
  const sorted = [...new Set(moments)].sort((a, b) => a - b);
  if (sorted.length <= MOST_CUTS) return sorted;
  return Array.from({ length: MOST_CUTS }, (_, k) => sorted[Math.round((k * (sorted.length - 1)) / (MOST_CUTS - 1))]!);
}
