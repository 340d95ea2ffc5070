/** Which opportunities have a clear sky in which realisation of the weather. */
import { type JointAvailability, modelAvailability, type WeatherModel, weatherModel } from '@skykey/optics';
import { seededRandom } from '@skykey/photons';
import type { Scenario, StationScenario } from '@skykey/scenario';
import { PlannerError } from './error.ts';
import type { Opportunity } from './opportunities.ts';

export interface Skies {
  readonly realisations: number;
  /** Whether all stations of an opportunity, by its place in the list, are clear. */
  clear(opportunity: number, realisation: number): boolean;
  /** Probability of that. */
  probability(opportunity: number): number;
  /** How often skies are clear together, beside what independent skies would give; null when all are taken as clear. */
  readonly availability: JointAvailability | null;
  readonly warnings: readonly string[];
}

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

function modelOf(
  scenario: Scenario,
  found: readonly Opportunity[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): WeatherModel {
  const climateOf = ({ id, climate }: StationScenario) => {
    if (climate) return climate;
    throw new PlannerError(
      'planner/weather',
      `the scenario ${scenario.id} says nothing about the weather at station ${id}; give stations.${id}.weather ` +
        '(clearFraction by month and correlationH), or plan for a clear sky',
    );
  };
  return weatherModel({
    climates: scenario.stations.map(climateOf),
    correlationKm: scenario.weatherCorrelationKm,
    fromMs,
    toMs: found.reduce((latest, { endMs }) => Math.max(latest, endMs), toMs),
  });
}
