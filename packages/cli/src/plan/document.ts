/** A plan for programs: JSON with everything, CSV with one figure a row. */
import type { Distribution, Plan, Worth } from '@skykey/planner';
import { type Cell, csv, round } from '../csv.ts';
import { iso } from '../interval.ts';
import { VERSION } from '../version.ts';

/** What a plan is, apart from how long it took. */
export interface Planned {
  readonly plan: Plan;
  /** Null where there is nothing to compare, or nobody asked. */
  readonly worth: Worth | null;
  /** Where weather was taken from, when not from the scenario. */
  readonly notes: readonly string[];
}

/** What a plan is quoted by: the same run, seed and version give the same figures. */
export function runOf({ scenario, fromMs, toMs, realisations, seed }: Plan): string {
  return `${scenario}/plan-${iso(fromMs)}-${iso(toMs)}-${realisations}-seed-${seed}`;
}

const uniform = (...lists: readonly (readonly string[])[]): string[] => [...new Set(lists.flat())];

/** `skykey plan --json`. Bits are whole; `timing` alone differs between two runs of one seed. */
export function planDocument({ plan, worth, notes }: Planned, wallS: number) {
  const { fromMs, toMs, passes, scenario, ...rest } = plan;
  return {
    run: runOf(plan),
    version: VERSION,
    scenario,
    fromUtc: iso(fromMs),
    toUtc: iso(toMs),
    ...rest,
    passes: passes.map(({ startMs, endMs, served, maxElevationDeg, minRangeKm, qber, clearProbability, ...pass }) => ({
      ...pass,
      startUtc: iso(startMs),
      endUtc: iso(endMs),
      maxElevationDeg: round(maxElevationDeg, 2),
      minRangeKm: round(minRangeKm, 1),
      qber: round(qber, 6),
      clearProbability: round(clearProbability, 4),
      served: served.map((part) => ({ startUtc: iso(part.startMs), endUtc: iso(part.endMs) })),
    })),
    worth: worth && {
      entries: worth.entries.map(({ gapBits, ...entry }) => ({ ...entry, gapBits: gapBits && round(gapBits, 1) })),
    },
    assumptions: uniform(plan.assumptions, worth?.assumptions ?? []),
    warnings: uniform(plan.warnings, worth?.warnings ?? []),
    notes,
    timing: { wallS: round(wallS, 2) },
  };
}

const HEADER = [
  'run',
  'skykey version',
  'figure',
  'satellite',
  'stations',
  'date',
  'pass',
  'start (UTC)',
  'end (UTC)',
  'max elevation (deg)',
  'min range (km)',
  'served (s)',
  'clear-sky probability',
  'clear-sky key (bits)',
  'clear-sky spread (bits)',
  'QBER',
  'mean (bits)',
  'p5 (bits)',
  'p25 (bits)',
  'p50 (bits)',
  'p75 (bits)',
  'p95 (bits)',
];

const spread = (bits: Distribution | null): Cell[] =>
  bits ? [bits.mean, bits.p5, bits.p25, bits.p50, bits.p75, bits.p95] : [null, null, null, null, null, null];

/** `skykey plan --csv`: `figure` says what the row is about; columns that do not concern it are empty. */
export function planCsv({ plan, worth }: Planned): string {
  const run = runOf(plan);
  const none = Array.from({ length: 9 }, () => null);
  const row = (figure: string, satellite: string, stations: string, date: string, bits: Distribution): Cell[] => [
    run,
    VERSION,
    figure,
    satellite,
    stations,
    date,
    null,
    ...none,
    ...spread(bits),
  ];
  const passes = plan.passes.map((pass): Cell[] => [
    run,
    VERSION,
    'pass',
    pass.satelliteId,
    pass.stationIds.join(' '),
    pass.night,
    pass.id,
    iso(pass.startMs),
    iso(pass.endMs),
    round(pass.maxElevationDeg, 2),
    round(pass.minRangeKm, 1),
    round(pass.served.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0) / 1000, 1),
    round(pass.clearProbability, 4),
    pass.clearBits,
    pass.clearSpreadBits,
    round(pass.qber, 6),
    ...spread(pass.bits),
  ]);
  return csv(HEADER, [
    ...passes,
    ...plan.nights.map(({ stationId, night, bits }) => row('night', '', stationId, night, bits)),
    ...plan.months.map(({ month, bits }) => row('month', '', '', month, bits)),
    ...plan.stations.map(({ stationId, bits }) => row('station', '', stationId, '', bits)),
    ...plan.satellites.map(({ satelliteId, bits }) => row('satellite', satelliteId, '', '', bits)),
    ...plan.pairs.map(({ stationIds, bits }) => row('pair', '', stationIds.join(' '), '', bits)),
    row('total', '', '', '', plan.total),
    ...(worth?.entries ?? []).map(({ kind, id, bits }) =>
      kind === 'station' ? row('worth', '', id, '', bits) : row('worth', id, '', '', bits),
    ),
  ]);
}
