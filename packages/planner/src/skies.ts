/** Which opportunities have a clear sky in which realisation: drawn from climates, or played from a record. */
import {
  type Climate,
  type JointAvailability,
  modelAvailability,
  replayWeather,
  type StateSeries,
  type WeatherModel,
  weatherModel,
} from '@skykey/optics';
import { seededRandom } from '@skykey/photons';
import type { Scenario } from '@skykey/scenario';
import { PlannerError } from './error.ts';
import type { Opportunity } from './opportunities.ts';

export interface Skies {
  readonly realisations: number;
  /** Whether all stations of an opportunity, by its place in the list, are clear. */
  clear(opportunity: number, realisation: number): boolean;
  /** Probability of that. */
  probability(opportunity: number): number;
  /**
   * How often skies are clear together, beside what independent skies would give; null when all are taken as clear, and
   * for a record, of which `jointAvailability` of the optics package tells.
   */
  readonly availability: JointAvailability | null;
  readonly warnings: readonly string[];
}

const DAY_MS = 86_400_000;
/** As many realisations say how often skies are clear together; their error is in the figures. */
const AVAILABILITY_RUNS = 200;
/** Streams of random numbers of a seed: weather has those below, everything named those far above. */
const AVAILABILITY_STREAM = 2 ** 21;

/** Every sky clear at every moment: what a plan without weather takes for granted. */
export function clearSkies(realisations: number): Skies {
  return { realisations, clear: () => true, probability: () => 1, availability: null, warnings: [] };
}

/**
 * Draws the weather over all stations of a scenario, once for all opportunities: two that share a station or a night share
 * its weather, and an opportunity is clear as its middle is.
 * @throws PlannerError `planner/weather` for a station without weather; OpticsError `optics/weather-month`
 */
export function drawSkies(
  scenario: Scenario,
  found: readonly Opportunity[],
  interval: { readonly fromMs: number; readonly toMs: number },
  chance: { readonly realisations: number; readonly seed: number },
  onProgress: (fraction: number) => void,
): Skies {
  const { realisations, seed } = chance;
  const model = modelOf(scenario, found, interval);
  const places = found.map(({ stationIds }) => stationIds.map((id) => model.stationIds.indexOf(id)));
  const middles = found.map(({ startMs, endMs }) => (startMs + endMs) / 2);
  const rowBytes = Math.ceil(realisations / 8);
  const bits = new Uint8Array(found.length * rowBytes);
  for (let r = 0; r < realisations; r++) {
    const random = seededRandom(seed, r);
    const run = model.draw(() => random.uniform());
    for (let i = 0; i < found.length; i++) {
      let clear = true;
      for (const place of places[i]!) clear &&= run.clear(place, middles[i]!);
      if (clear) bits[i * rowBytes + (r >> 3)]! |= 1 << (r & 7);
    }
    if (r % 50 === 49) onProgress((r + 1) / realisations);
  }
  const random = seededRandom(seed, AVAILABILITY_STREAM);
  return {
    realisations,
    clear: (i, r) => ((bits[i * rowBytes + (r >> 3)]! >> (r & 7)) & 1) === 1,
    probability(i) {
      const [one, other] = places[i]!;
      return other === undefined ? model.clearFraction(one!, middles[i]!) : model.jointClear(one!, other, middles[i]!);
    },
    availability:
      model.stationIds.length > 1
        ? modelAvailability(model, {
            uniform: () => random.uniform(),
            realisations: AVAILABILITY_RUNS,
          })
        : null,
    warnings: model.warnings,
  };
}

const YEAR_DAYS = 365.2425;
/** How far from its place in the year a record may be played: the season is about the same, the sky another. */
const SEASON_DAYS = 15;
/** Fewer different skies than this make percentiles of few steps. */
const FEW_SKIES = 20;

/**
 * Plays measured skies. Each realisation lays the record over the period, all stations together, moved by a whole number
 * of days that keeps the season to 15 days: what stations have in common, how long weather lasts and the hour of the day
 * stay as they were measured, and no model of weather is needed. The probability of a pass is its share of clear skies over
 * all moves, and no schedule knows more. A move must have a sample for every pass.
 * @throws PlannerError `planner/weather` for a station without a series, or a record that the period fits nowhere into;
 *   OpticsError `optics/weather-series`, `optics/weather-time` for a gap
 */
export function playedSkies(
  series: readonly StateSeries[],
  found: readonly Opportunity[],
  interval: { readonly fromMs: number; readonly toMs: number },
  chance: { readonly realisations: number; readonly seed: number },
): Skies {
  const run = replayWeather(series);
  const places = found.map(({ stationIds }) =>
    stationIds.map((id) => {
      const place = run.stationIds.indexOf(id);
      if (place >= 0) return place;
      throw new PlannerError(
        'planner/weather',
        `the record of measured skies has no station ${id}; give its series, or a climate for every station`,
      );
    }),
  );
  const middles = found.map(({ startMs, endMs }) => (startMs + endMs) / 2);
  const firstMs = middles.reduce((first, middleMs) => Math.min(first, middleMs), interval.toMs);
  const lastMs = middles.reduce((last, middleMs) => Math.max(last, middleMs), interval.fromMs);
  const moves = movesOf(run.fromMs - firstMs, run.toMs - lastMs - 1);
  if (moves.length === 0) {
    const day = (utcMs: number): string => new Date(utcMs).toISOString().slice(0, 10);
    throw new PlannerError(
      'planner/weather',
      `the record of measured skies goes from ${day(run.fromMs)} to ${day(run.toMs)}; it must hold the passes from ` +
        `${day(firstMs)} to ${day(lastMs)} in some year, give or take ${SEASON_DAYS} days`,
    );
  }
  const clear = moves.map((moveMs) =>
    Uint8Array.from(middles, (middleMs, i) =>
      places[i]!.every((place) => run.clear(place, middleMs + moveMs)) ? 1 : 0,
    ),
  );
  const { realisations, seed } = chance;
  const moveOf = Int32Array.from({ length: realisations }, (_, r) =>
    Math.floor(seededRandom(seed, r).uniform() * moves.length),
  );
  return {
    realisations,
    clear: (i, r) => clear[moveOf[r]!]![i] === 1,
    probability: (i) => clear.reduce((sum, sky) => sum + sky[i]!, 0) / clear.length,
    availability: null,
    warnings: [
      `skies are played from a record: it can be laid over the period in ${moves.length} way${moves.length === 1 ? ', so that the schedule knows the weather beforehand' : 's, neighbours of which share most of their weather'}`,
      ...(moves.length > 1 && moves.length < FEW_SKIES
        ? [`${moves.length} skies make percentiles of few steps; a longer record would smooth them`]
        : []),
    ],
  };
}

/** Whole days within the bounds, ms, that keep the season. */
function movesOf(earliestMs: number, latestMs: number): number[] {
  const moves: number[] = [];
  for (let days = Math.ceil(earliestMs / DAY_MS); days <= Math.floor(latestMs / DAY_MS); days++) {
    const years = Math.round(days / YEAR_DAYS);
    if (Math.abs(days - years * YEAR_DAYS) <= SEASON_DAYS) moves.push(days * DAY_MS);
  }
  return moves;
}

/** @throws PlannerError `planner/weather` for a station of which the scenario says nothing */
export function climatesOf({ id: scenarioId, stations }: Scenario): Climate[] {
  return stations.map(({ id, climate }) => {
    if (climate) return climate;
    throw new PlannerError(
      'planner/weather',
      `the scenario ${scenarioId} says nothing about the weather at station ${id}; give stations.${id}.weather ` +
        '(clearFraction by month and correlationH), or plan for a clear sky',
    );
  });
}

function modelOf(
  scenario: Scenario,
  found: readonly Opportunity[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): WeatherModel {
  return weatherModel({
    climates: climatesOf(scenario),
    correlationKm: scenario.weatherCorrelationKm,
    fromMs,
    // As far as the last middle: a pass over the end of the period does not ask for the weather of the next month.
    toMs: found.reduce((latest, { startMs, endMs }) => Math.max(latest, (startMs + endMs) / 2 + 1), toMs),
  });
}
