/**
 * A plan: all windows of a scenario in a period, which of them are served, and how much key they bring.
 *
 * Key is net: what a block gives, less what the tags of its session use up (`AUTHENTICATION_BITS`).
 *
 * What an interval covers: weather as the scenario's climates have it (realisations of cloud with their correlation in time
 * and between stations) and chance in the counts. What it does not: parameters that are wrong for all passes alike
 * (divergence, pointing, efficiencies, background, climates of another decade, elements that age). Those are in
 * `assumptions`, and no realisation moves them.
 */
import type { JointAvailability, StateSeries } from '@skykey/optics';
import { checkAge } from '@skykey/orbit';
import { assumptions, type Scenario } from '@skykey/scenario';
import type { Distribution } from './chance.ts';
import { demand, PlannerError } from './error.ts';
import { harvest } from './harvest.ts';
import { AUTHENTICATION_BITS } from './key.ts';
import { nightAt } from './night.ts';
import { type Opportunity, opportunities } from './opportunities.ts';
import { Keys, type Service, type ServiceRules, serve } from './service.ts';
import { clearSkies, climatesOf, drawSkies, playedSkies, type Skies } from './skies.ts';
import { type Figures, Tally } from './tally.ts';

export interface PlanRequest {
  readonly scenario: Scenario;
  /** Windows that begin from here on … */
  readonly fromMs: number;
  /** … and before here. */
  readonly toMs: number;
  /** Of weather and counts, 1 to 100,000. */
  readonly realisations: number;
  /** Whole number from 0 on; the same seed gives the same plan. */
  readonly seed: number;
  /** Passes are listed above it; windows follow the stations' own rules. */
  readonly minElevationDeg?: number;
  /** Use elements up to this many days from their epoch in place of 30. */
  readonly allowDays?: number;
  /** `clear`: every sky is clear, and the intervals hold chance in the counts alone. `scenario` unless given. */
  readonly weather?: 'scenario' | 'clear';
  /**
   * Skies that were watched, a series for each station that has a window: they are played in place of the scenario's
   * climates. An interval then holds what the record holds of weather, and chance in the counts.
   */
  readonly measured?: readonly StateSeries[];
  /** Between two services of one satellite or station, s; 60 unless given, an assumption. */
  readonly setupS?: number;
  /** `total` unless given; see `schedule`. */
  readonly objective?: 'total' | 'fair';
  /** Whether windows may be served in part where they collide; unless given, they may where there are at most 3000. */
  readonly fragments?: boolean;
  /** Whether a pass or the whole period makes a block of key; unless given, passes do for decoy pulses, the period for pairs. */
  readonly blocks?: 'pass' | 'period';
  readonly onProgress?: (progress: PlanProgress) => void;
}

export interface PlanProgress {
  readonly stage: 'passes' | 'weather' | 'schedule' | 'key';
  /** Of the stage, 0 to 1. */
  readonly fraction: number;
}

/** A window and what it is worth. */
export interface PassPlan {
  readonly id: string;
  readonly satelliteId: string;
  readonly stationIds: readonly string[];
  /** Of the evening, by the first station. */
  readonly night: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly maxElevationDeg: number;
  readonly minRangeKm: number;
  /** Net key of the whole window as a block of its own under a clear sky, at expected counts. */
  readonly clearBits: number;
  /** Standard deviation of it by chance in the counts. */
  readonly clearSpreadBits: number;
  /** Basis-matched detections kept for the key under a clear sky. */
  readonly siftedBits: number;
  readonly qber: number;
  readonly clearProbability: number;
  /** Parts of the window that the schedule serves; empty when it serves none. */
  readonly served: readonly { readonly startMs: number; readonly endMs: number }[];
  /** Mean over weather and counts of the key of the parts served; null where blocks are made of the whole period. */
  readonly expectedBits: number | null;
  /** The same over the realisations; null where no part is served, or blocks are made of the whole period. */
  readonly bits: Distribution | null;
}

export interface Plan extends Figures {
  readonly scenario: string;
  readonly kind: Scenario['kind'];
  readonly fromMs: number;
  readonly toMs: number;
  readonly realisations: number;
  readonly seed: number;
  readonly weather: 'scenario' | 'clear' | 'measured';
  readonly rules: ServiceRules;
  readonly passes: readonly PassPlan[];
  readonly schedule: {
    readonly objective: 'total' | 'fair';
    /**
     * Mean bits of the objective, and the most that any schedule of the same proposals could reach: whole windows, and
     * their parts between the moments at which colliding ones were tried to hand over. Another moment between those can
     * bring a little more (some parts in 10,000 where two satellites share a pass).
     */
    readonly value: number;
    readonly bound: number;
    readonly gap: number;
    readonly optimal: boolean;
    readonly contested: number;
  };
  /** How often skies are clear together, beside independence; null for one station or a clear sky. */
  readonly availability: JointAvailability | null;
  readonly proof: string;
  readonly proofGaps: readonly string[];
  readonly assumptions: readonly string[];
  readonly warnings: readonly string[];
}

const MOST_REALISATIONS = 100_000;
const SETUP_S = 60;
/** Cutting more windows than this takes minutes and brings little. */
const MOST_CUT = 3000;
/** Beyond this share of dead time, fading starts to matter to the mean. */
const DEAD_SHARE = 0.01;
/** Most detections of one live session (`packages/distill/PROTOCOL.md`). */
const MOST_DETECTIONS = 2 ** 24;

/** Everything that plans of one scenario and period share. */
export interface Ground {
  readonly found: readonly Opportunity[];
  readonly skies: Skies;
  readonly keys: Keys;
  readonly rules: ServiceRules;
  readonly warnings: readonly string[];
}

/** @throws PlannerError, OrbitError (`orbit/elements-age`), OpticsError (`optics/weather-month`) */
export function prepare(request: PlanRequest): Ground {
  const { scenario, fromMs, toMs, allowDays, onProgress } = request;
  check(request);
  const report = (stage: PlanProgress['stage']) => (fraction: number) => onProgress?.({ stage, fraction });
  const ages = scenario.satellites.flatMap(({ target }) =>
    target.kind === 'sgp4' ? checkAge(target, { fromMs, toMs, ...(allowDays === undefined ? {} : { allowDays }) }) : [],
  );
  const { minElevationDeg } = request;
  const setupS = request.setupS ?? SETUP_S;
  const query = { fromMs, toMs, setupS, ...(minElevationDeg === undefined ? {} : { minElevationDeg }) };
  // Refused before the search, which may take long.
  if (weatherOf(request) === 'scenario') climatesOf(scenario);
  const found = opportunities(scenario, query, report('passes'));
  const skies = skiesOf(request, found, report('weather'));
  const dead = found.reduce((most, { light }) => Math.max(most, light.dead), 0);
  const matched = found.reduce(
    (most, one) => Math.max(most, one.light.cumulative.slice(-one.light.cells).reduce(add)),
    0,
  );
  const warnings = [
    ...ages,
    ...skies.warnings,
    ...(dead > DEAD_SHARE
      ? [
          `detectors are dead for up to ${(100 * dead).toFixed(1)} % of the time: fading then costs more than the mean transmittance says`,
        ]
      : []),
    ...(matched > MOST_DETECTIONS
      ? [
          `blocks hold up to ${(matched / 1e6).toFixed(0)} million basis-matched detections; a live session takes ` +
            `${(MOST_DETECTIONS / 1e6).toFixed(1)} million detections, so that shorter blocks would bring a little less key`,
        ]
      : []),
    ...(request.fragments === undefined && found.length > MOST_CUT
      ? [`${found.length} windows: they are served whole or not at all; ask for fragments to have them cut`]
      : []),
    ...(request.weather === 'clear' ? ['every sky was taken as clear: the key is an upper limit'] : []),
  ];
  return { found, skies, keys: new Keys(found), rules: rulesOf(request, found.length), warnings };
}

const add = (a: number, b: number): number => a + b;

function skiesOf(request: PlanRequest, found: readonly Opportunity[], onProgress: (fraction: number) => void): Skies {
  const { scenario, fromMs, toMs, realisations, seed, measured } = request;
  switch (weatherOf(request)) {
    case 'clear':
      return clearSkies(realisations);
    case 'measured':
      return playedSkies(measured!, found, { fromMs, toMs }, { realisations, seed });
    case 'scenario':
      return drawSkies(scenario, found, { fromMs, toMs }, { realisations, seed }, onProgress);
  }
}

const weatherOf = ({ weather, measured }: PlanRequest): Plan['weather'] =>
  weather ?? (measured === undefined ? 'scenario' : 'measured');

function check({ fromMs, toMs, realisations, seed, setupS = SETUP_S, weather, measured }: PlanRequest): void {
  if (!(Number.isFinite(fromMs) && Number.isFinite(toMs) && fromMs < toMs)) {
    throw new PlannerError(
      'planner/interval',
      `a plan from ${fromMs} to ${toMs}: both must be milliseconds since 1970 UTC, and fromMs before toMs`,
    );
  }
  if (weather !== undefined && measured !== undefined) {
    throw new PlannerError(
      'planner/weather',
      `weather is "${weather}" and measured skies are given as well; leave one of the two`,
    );
  }
  demand('realisations', realisations, 1, MOST_REALISATIONS, 'whole');
  demand('seed', seed, 0, Number.MAX_SAFE_INTEGER, 'whole');
  demand('setupS', setupS, 0, 86_400);
}

function rulesOf({ scenario, setupS, objective, fragments, blocks }: PlanRequest, windows: number): ServiceRules {
  return {
    setupS: setupS ?? SETUP_S,
    objective: objective ?? 'total',
    fragments: fragments ?? windows <= MOST_CUT,
    blocks: blocks ?? (scenario.kind === 'entanglement' ? 'period' : 'pass'),
  };
}

/** Makes a plan; see the head of this file for what its intervals cover. Throws as `prepare`. */
export function plan(request: PlanRequest): Plan {
  const { scenario, fromMs, toMs, realisations, seed, onProgress } = request;
  const ground = prepare(request);
  const { found, skies, keys, rules } = ground;
  onProgress?.({ stage: 'schedule', fraction: 0 });
  const { services, schedule } = serve(found, skies, keys, rules);
  onProgress?.({ stage: 'schedule', fraction: 1 });
  const tally = new Tally(request, rules, services, found);
  harvest(found, services, skies, rules, seed, tally.deliver, (fraction) => onProgress?.({ stage: 'key', fraction }));
  const sample = found.length > 0 ? keys.of(0, found[0]!.startMs, found[0]!.endMs) : null;
  return {
    scenario: scenario.id,
    kind: scenario.kind,
    fromMs,
    toMs,
    realisations,
    seed,
    weather: weatherOf(request),
    rules,
    passes: found.map((one, i) => ({ ...passPlan(scenario, one, i, services, ground), bits: tally.ofPass(i) })),
    ...tally.result(),
    schedule: {
      objective: rules.objective,
      value: Math.round(schedule.value),
      bound: Math.ceil(schedule.bound),
      gap: schedule.gap,
      optimal: schedule.optimal,
      contested: schedule.contested,
    },
    availability: skies.availability,
    proof: sample?.proof ?? 'none: there was no window',
    proofGaps: sample?.gaps ?? [],
    assumptions: [
      ...assumptions(scenario.document),
      `${AUTHENTICATION_BITS} bits are taken off every block: its session's three tags use up as much, and somebody has to put it back; tags of relays are not counted`,
      ...(request.setupS === undefined
        ? [`setupS = ${SETUP_S}: time to turn to the next satellite or station; no published figure`]
        : []),
    ],
    warnings: [
      ...ground.warnings,
      ...(rules.blocks === 'period'
        ? ['the services of a link make one block at the end of the period: no night or month has key of its own']
        : []),
      ...(found.length === 0 ? ['no window of any pass falls into this period'] : []),
    ],
  };
}

function passPlan(
  scenario: Scenario,
  one: Opportunity,
  i: number,
  services: readonly Service[],
  { skies, keys, rules }: Ground,
): Omit<PassPlan, 'bits'> {
  const { id, satelliteId, stationIds, startMs, endMs, maxElevationDeg, minRangeKm } = one;
  const whole = keys.of(i, startMs, endMs);
  const mine = services.filter(({ opportunity }) => opportunity === i);
  const clearProbability = skies.probability(i);
  return {
    id,
    satelliteId,
    stationIds,
    night: nightAt(scenario, stationIds[0]!, startMs),
    startMs,
    endMs,
    maxElevationDeg,
    minRangeKm,
    clearBits: whole.secretBits,
    clearSpreadBits: Math.round(whole.spreadBits),
    siftedBits: Math.round(whole.siftedBits),
    qber: whole.qber,
    clearProbability,
    served: mine.map((service) => ({ startMs: service.startMs, endMs: service.endMs })),
    expectedBits:
      rules.blocks === 'pass'
        ? Math.round(clearProbability * mine.reduce((sum, { key }) => sum + key.meanBits, 0))
        : null,
  };
}
