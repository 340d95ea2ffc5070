/**
 * What a station or a satellite is worth: the plan with it less the plan without it. Both plans see the same clouds and
 * every pass has the same luck in both, so the interval is that of the difference and not of two plans.
 *
 * As in a plan, an interval covers weather and counts, not parameters that are wrong for all passes alike. Where schedules
 * are not proved best, the best ones could differ by more or less than those found: `gapBits` says by how much.
 */
import { type Candidate, extend } from './candidate.ts';
import { type Distribution, distribution } from './chance.ts';
import { demand, PlannerError } from './error.ts';
import { harvest, Stocks } from './harvest.ts';
import { type Ground, type PlanRequest, prepare } from './plan.ts';
import { serve } from './service.ts';

export interface WorthRequest extends PlanRequest {
  /** Stations and satellites to try, each for itself. */
  readonly candidates?: readonly Candidate[];
}

/** What one of them brings. */
export interface WorthEntry {
  readonly kind: 'station' | 'satellite';
  readonly id: string;
  /** `there`: in the scenario, compared with the scenario without it. `candidate`: added to the scenario. */
  readonly status: 'there' | 'candidate';
  /** Key of all links, with it less without it. */
  readonly bits: Distribution;
  /** End-to-end key of each pair of stations, with it less without it; pairs that change in no realisation are left out. */
  readonly pairs: readonly { readonly stationIds: readonly [string, string]; readonly bits: Distribution }[];
  /**
   * Most by which the schedule on either side may lie below the best, in mean bits of the whole plan; null where schedules
   * are not made for most key in all, or blocks not of passes: then nothing is known about this difference.
   */
  readonly gapBits: number | null;
}

export interface Worth {
  readonly scenario: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly realisations: number;
  readonly seed: number;
  /** Key of all links of the scenario as it is. */
  readonly total: Distribution;
  /** Most worth first. */
  readonly entries: readonly WorthEntry[];
  readonly assumptions: readonly string[];
  readonly warnings: readonly string[];
}

/** Rows of realisations of one choice of stations and satellites. */
interface Outcome {
  readonly total: Float64Array;
  between(one: string, other: string): Float64Array | null;
  readonly gapBits: number | null;
}

/**
 * The worth of every station and satellite of the scenario, where there are two or more of them, and of every candidate.
 * @throws as `plan`; PlannerError `planner/candidate`
 */
export function worth(request: WorthRequest): Worth {
  const { scenario, candidates = [], fromMs, toMs, realisations, seed } = request;
  demand('candidates.length', candidates.length, 0, 1000, 'whole');
  const extended = extend(scenario, candidates);
  const ground = prepare({ ...request, scenario: extended.scenario });
  const all = new Set([...scenario.stations, ...scenario.satellites].map(({ id }) => id));
  const only = (ids: ReadonlySet<string>): Outcome => outcomeOf(ground, ids, seed, scenario.kind === 'entanglement');
  const base = only(all);
  const names = extended.scenario.stations.map(({ id }) => id);
  const entry = (
    kind: WorthEntry['kind'],
    id: string,
    status: WorthEntry['status'],
    more: Outcome,
    less: Outcome,
  ): WorthEntry => ({
    kind,
    id,
    status,
    bits: distribution(difference(more.total, less.total)),
    pairs: names.flatMap((one, i) =>
      names.slice(i + 1).flatMap((other) => {
        const there = more.between(one, other);
        if (!there) return [];
        const bits = difference(there, less.between(one, other));
        return bits.some((x) => x !== 0) ? [{ stationIds: [one, other] as const, bits: distribution(bits) }] : [];
      }),
    ),
    gapBits: more.gapBits === null || less.gapBits === null ? null : Math.max(more.gapBits, less.gapBits),
  });
  const without = (id: string): Outcome => only(new Set([...all].filter((other) => other !== id)));
  const entries: WorthEntry[] = [];
  for (const [kind, list] of [
    ['station', scenario.stations],
    ['satellite', scenario.satellites],
  ] as const) {
    if (list.length < 2) continue;
    for (const { id } of list) entries.push(entry(kind, id, 'there', base, without(id)));
  }
  for (const { kind, id } of candidates) entries.push(entry(kind, id, 'candidate', only(new Set([...all, id])), base));
  if (entries.length === 0) {
    throw new PlannerError(
      'planner/candidate',
      `the scenario ${scenario.id} has one station and one satellite, and there is no candidate: nothing to compare`,
    );
  }
  return {
    scenario: scenario.id,
    fromMs,
    toMs,
    realisations,
    seed,
    total: distribution(base.total),
    entries: entries.sort((a, b) => b.bits.mean - a.bits.mean),
    assumptions: extended.assumptions,
    warnings: [
      ...ground.warnings,
      ...(ground.rules.objective === 'fair'
        ? [
            'worth counts key in all, while schedules are made for whoever gets least: a station that is hard to serve takes from the others, and its worth can be negative',
          ]
        : []),
    ],
  };
}

function outcomeOf(
  { found, skies, keys, rules }: Ground,
  ids: ReadonlySet<string>,
  seed: number,
  direct: boolean,
): Outcome {
  const which = found.flatMap(({ satelliteId, stationIds }, i) =>
    ids.has(satelliteId) && stationIds.every((id) => ids.has(id)) ? [i] : [],
  );
  const { services, schedule } = serve(found, skies, keys, rules, which);
  const total = new Float64Array(skies.realisations);
  const stocks = new Stocks(skies.realisations);
  const pairs = new Map<string, Float64Array>();
  harvest(found, services, skies, rules, seed, ({ satelliteId, stationIds, bits }) => {
    add(total, bits);
    const [one, other] = stationIds;
    if (other === undefined) return stocks.add(satelliteId, one!, bits);
    const name = [one, other].sort().join(' ');
    const row = pairs.get(name) ?? new Float64Array(skies.realisations);
    pairs.set(name, row);
    add(row, bits);
  });
  return {
    total,
    between: (one, other) => {
      if (!ids.has(one) || !ids.has(other)) return null;
      return direct ? (pairs.get([one, other].sort().join(' ')) ?? null) : stocks.between(one, other);
    },
    gapBits: rules.objective === 'total' && rules.blocks === 'pass' ? schedule.bound - schedule.value : null,
  };
}

function add(into: Float64Array, bits: Float64Array): void {
  for (let r = 0; r < bits.length; r++) into[r]! += bits[r]!;
}

const difference = (more: Float64Array, less: Float64Array | null): Float64Array =>
  more.map((x, r) => x - (less?.[r] ?? 0));
