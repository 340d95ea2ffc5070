/** What a study of a network has found, in figures. */
import type { BitsForecast, CoalitionTally, NetworkStudy, PlayedDay, ReadyForecast } from '@skykey/node';
import { seededRandom } from '@skykey/photons';
import {
  binomialRange,
  type Coverage,
  coverage,
  isCertain,
  oneADay,
  overDays,
  PROMISED,
  uncertain,
} from './coverage.ts';

export interface Promise90 extends Coverage {
  readonly what: string;
  /** Mean over days, and its standard error. */
  readonly share: number;
  readonly error: number;
  /** One forecast a day: how many, how many held, and between what that lies with 95 %. */
  readonly independent: { readonly days: number; readonly held: number; readonly range: readonly [number, number] };
  /** Null: of so few days any number would have done. */
  readonly holds: boolean | null;
}

export interface PairSummary {
  readonly master: string;
  readonly slave: string;
  readonly routes: readonly (readonly string[])[];
  /** Bits that the forecast at the begin of the day said for its end: 5 %, 50 %, 95 %. */
  readonly said: readonly [number, number, number];
  /** Bits that came by the end: least, mean and most over days. */
  readonly came: { readonly least: number; readonly mean: number; readonly most: number };
  readonly asked: number;
  readonly got: number;
  readonly refused: Readonly<Record<string, number>>;
}

export interface NetworkSummary {
  readonly days: number;
  readonly promises: readonly Promise90[];
  /** Forecasts that were certain, and how many of them came true. */
  readonly certain: { readonly forecasts: number; readonly held: number };
  /** Forecasts made before an alarm of what came after its begin. */
  readonly alarmed: Coverage;
  /** The same moments as in `promises`, each pair forecast as if nobody else wanted its links. */
  readonly alone: { readonly forecasts: number; readonly above: number; readonly below: number };
  readonly pairs: readonly PairSummary[];
  readonly coalitions: readonly CoalitionTally[];
  /** Every coalition that must know a key knew it, and no other did. */
  readonly secret: boolean;
  readonly keys: number;
  readonly messages: number;
}

/** Ties are broken with numbers of their own, far from those of weather. */
const TIES = 2 ** 25;

export function summaryOf(study: NetworkStudy, days: readonly PlayedDay[]): NetworkSummary {
  const random = seededRandom(study.scene.seed, TIES);
  const uniform = (): number => random.uniform();
  const bits = uncertain(days, (day) => day.bits, false);
  const ready = uncertain(days, (day) => day.ready, false);
  const startMs = study.scene.startMs;
  const issues = [...new Set(days.flatMap((day) => day.bits.map(({ issuedMs }) => issuedMs)))].sort((a, b) => a - b);
  const certain = days.flatMap((day) =>
    day.bits.filter((one) => !one.alarmed && one.said[0] === one.said[2] && isSure(one)),
  );
  const coalitions = mergedTallies(days.flatMap((day) => day.coalitions));
  const alarmed = uncertain(days, (day) => day.bits, true).flat();
  return {
    days: days.length,
    promises: [
      promise('bits, whenever they were forecast', bits, uniform),
      ...issues.map((issuedMs) =>
        promise(
          `bits, forecast ${(issuedMs - startMs) / 3_600_000} h into the day`,
          bits.map((list) => list.filter((one) => one.issuedMs === issuedMs)),
          uniform,
        ),
      ),
      promise('when the first key is ready', ready, uniform),
    ],
    certain: { forecasts: certain.length, held: certain.filter(isCertain).length },
    alarmed: coverage(alarmed, uniform),
    alone: aloneOf(bits.flat()),
    pairs: pairsOf(study, days),
    coalitions,
    secret: coalitions.every(isAsItMust),
    keys: days.reduce((sum, { keys }) => sum + keys, 0),
    messages: days.reduce((sum, { messages }) => sum + messages, 0),
  };
}

/** All realisations alike: whatever came is either all of them or none. */
const isSure = ({ equal, below, of }: BitsForecast): boolean =>
  equal === of || (equal === 0 && (below === 0 || below === of));

function promise(
  what: string,
  days: readonly (readonly (BitsForecast | ReadyForecast)[])[],
  uniform: () => number,
): Promise90 {
  const each = days.map((list) => coverage(list, uniform));
  const sum = (of: (one: Coverage) => number): number => each.reduce((total, one) => total + of(one), 0);
  const { share, error } = overDays(each);
  const drawn = coverage(oneADay(days, uniform), uniform);
  const range = binomialRange(drawn.forecasts, PROMISED);
  return {
    ...{ what, forecasts: sum(({ forecasts }) => forecasts), held: sum(({ held }) => held) },
    ...{ heldAsSaid: sum((one) => one.heldAsSaid), share, error },
    independent: { days: drawn.forecasts, held: drawn.held, range },
    holds: range[0] === 0 ? null : drawn.held >= range[0] && drawn.held <= range[1],
  };
}

function aloneOf(forecasts: readonly BitsForecast[]): NetworkSummary['alone'] {
  const known = forecasts.flatMap(({ alone, came }) => (alone ? [{ alone, came }] : []));
  return {
    forecasts: known.length,
    above: known.filter(({ alone, came }) => came > alone[1]).length,
    below: known.filter(({ alone, came }) => came < alone[0]).length,
  };
}

function pairsOf(study: NetworkStudy, days: readonly PlayedDay[]): PairSummary[] {
  const siteOf = new Map(study.scene.network.saes.map(({ saeId, siteId }) => [saeId, siteId]));
  return study.scene.network.demand.map(({ master, slave }, i): PairSummary => {
    const ends = [siteOf.get(master)!, siteOf.get(slave)!].sort();
    const plan = study.plans.findIndex(({ from, to }) => from === ends[0] && to === ends[1]);
    const came = days.map((day) => day.came[plan]?.at(-1)?.bits ?? 0);
    const first = days[0]!.bits.findLast((one) => one.plan === plan && one.issuedMs === study.scene.startMs);
    const refused: Record<string, number> = {};
    for (const { demand } of days) {
      for (const [why, count] of Object.entries(demand[i]!.refused)) refused[why] = (refused[why] ?? 0) + count;
    }
    return {
      ...{ master, slave, routes: study.plans[plan]?.routes ?? [], said: first?.said ?? [0, 0, 0] },
      came: { least: Math.min(...came), mean: came.reduce((a, b) => a + b, 0) / came.length, most: Math.max(...came) },
      asked: days.reduce((sum, { demand }) => sum + demand[i]!.asked, 0),
      got: days.reduce((sum, { demand }) => sum + demand[i]!.got, 0),
      refused,
    };
  });
}

/** A vault may hold a key only in parts (an exclusive or of them), so that seeing nothing in it is no fault. */
export const isAsItMust = ({ kind, covers, attempts, recovered }: CoalitionTally): boolean =>
  covers ? recovered === attempts || kind === 'sight of one vault' : recovered === 0;

function mergedTallies(tallies: readonly CoalitionTally[]): CoalitionTally[] {
  const merged = new Map<string, CoalitionTally>();
  for (const tally of tallies) {
    const name = JSON.stringify([tally.paths, tally.kind, tally.covers]);
    const known = merged.get(name);
    const { attempts, recovered } = tally;
    merged.set(name, {
      ...tally,
      attempts: attempts + (known?.attempts ?? 0),
      recovered: recovered + (known?.recovered ?? 0),
    });
  }
  return [...merged.values()].sort((a, b) => a.paths - b.paths);
}
