/** Every window in which a scenario could make key, clear sky taken for granted. */
import { jointScenarioPasses, type Scenario, type ScenarioPass, scenarioPasses, type Window } from '@skykey/scenario';
import { PlannerError } from './error.ts';
import { type BlockKey, blockKey, clippedMean, type KeyRules, keySpread } from './key.ts';
import { countsBetween, type Light, lightAlong } from './light.ts';

/** A window of a pass, or a piece of one that is too long to be a block of its own. */
export interface Opportunity {
  /** Of the pass, with `-2`, `-3` … for further pieces: unique for ever. */
  readonly id: string;
  readonly satelliteId: string;
  /** One station, or the two ends of entangled pairs. */
  readonly stationIds: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
  readonly maxElevationDeg: number;
  readonly minRangeKm: number;
  readonly light: Light;
  readonly rules: KeyRules;
}

/** What part of an opportunity gives as a block of its own under a clear sky. */
export interface ClearKey extends BlockKey {
  /** Standard deviation of `rawSecretBits` by chance in the counts alone. */
  readonly spreadBits: number;
  /** Expectation of the secret bits over that chance: a block with little key has some now and then. */
  readonly meanBits: number;
}

/**
 * Longest block, s. A low orbit never gets there; the night of a geostationary satellite is cut, because clouds do not
 * wait for the morning and a block under half a cloud is what nobody plans for.
 */
const LONGEST_BLOCK_S = 3600;

export interface OpportunityQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly minElevationDeg?: number;
  /** Lies between two blocks of one stay as between any two services, 0 unless given. */
  readonly setupS?: number;
}

/**
 * All opportunities that begin in the interval, in order of time: neighbouring intervals share none and miss none.
 * @throws as `scenarioPasses`, `lightAlong`
 */
export function opportunities(
  scenario: Scenario,
  { setupS = 0, ...query }: OpportunityQuery,
  onProgress: (fraction: number) => void = () => undefined,
): Opportunity[] {
  const rules = keyRules(scenario);
  const monitored = scenario.document.live?.monitorProbability.value ?? 0;
  const found: Opportunity[] = [];
  const add = (
    passId: string,
    over: readonly ScenarioPass[],
    windows: readonly Window[],
    maxElevationDeg: number,
    minRangeKm: number,
  ): void => {
    let piece = 0;
    for (const { startMs, endMs } of windows.flatMap((window) => pieces(window, setupS * 1000))) {
      piece++;
      if (startMs < query.fromMs || startMs >= query.toMs) continue;
      found.push({
        id: piece === 1 ? passId : `${passId}-${piece}`,
        satelliteId: over[0]!.link.satellite.id,
        stationIds: over.map(({ link }) => link.station.id),
        startMs,
        endMs,
        maxElevationDeg,
        minRangeKm,
        light: lightAlong(over, { startMs, endMs }, monitored),
        rules,
      });
    }
  };
  if (scenario.kind === 'entanglement') {
    const joint = jointScenarioPasses(scenario, query);
    for (const [n, { passId, arms, windows }] of joint.entries()) {
      const lowest = Math.min(...arms.map(({ pass }) => pass.maxElevationDeg));
      const farthest = Math.max(...arms.map(({ pass }) => pass.minRangeKm));
      add(passId, arms, windows, lowest, farthest);
      onProgress((n + 1) / joint.length);
    }
  } else {
    const passes = scenarioPasses(scenario, query);
    for (const [n, one] of passes.entries()) {
      const { passId, pass, windows } = one;
      add(passId, [one], windows, pass.maxElevationDeg, pass.minRangeKm);
      onProgress((n + 1) / passes.length);
    }
  }
  return found.sort((a, b) => a.startMs - b.startMs || (a.id < b.id ? -1 : 1));
}

function pieces({ startMs, endMs }: Window, setupMs: number): Window[] {
  const count = Math.ceil((endMs - startMs) / (LONGEST_BLOCK_S * 1000));
  const begin = (i: number): number => startMs + Math.round(((endMs + setupMs - startMs) * i) / count);
  return Array.from({ length: count }, (_, i) => ({ startMs: begin(i), endMs: begin(i + 1) - setupMs }));
}

/** @throws PlannerError `planner/parameter` where a decoy source has other than three intensities */
export function keyRules(scenario: Scenario): KeyRules {
  const { epsSec, epsCor, proof, reconciliationEfficiency } = scenario.document.protocol;
  const source = scenario.links[0]!.source;
  const common = {
    epsSec: epsSec.value,
    epsCor: epsCor.value,
    reconciliationEfficiency: reconciliationEfficiency.value,
  };
  if (source.kind === 'pairs') {
    return { kind: 'pairs', proof: 'bbm92', meanPhotons: [0, 0, 0], probabilities: [0, 0, 0], ...common };
  }
  const [signal, decoy, weakest, ...more] = source.intensities;
  if (!signal || !decoy || !weakest || more.length > 0) {
    throw new PlannerError(
      'planner/parameter',
      `the source of ${scenario.id} has ${source.intensities.length} intensities; the key length is known for three`,
    );
  }
  return {
    kind: 'decoy',
    proof: proof.value,
    meanPhotons: [signal.meanPhotons, decoy.meanPhotons, weakest.meanPhotons],
    probabilities: [signal.probability, decoy.probability, weakest.probability],
    ...common,
  };
}

/**
 * The key of the part of an opportunity from one moment to another, served alone: never pro rata of the whole. Its spread
 * costs a dozen lengths, and is computed when somebody asks.
 */
export function clearKey(opportunity: Opportunity, fromMs = opportunity.startMs, toMs = opportunity.endMs): ClearKey {
  const counts = countsBetween(opportunity.light, fromMs, toMs);
  const key = blockKey(opportunity.rules, counts);
  let spread: number | undefined;
  const spreadBits = (): number => {
    spread ??= keySpread(opportunity.rules, counts, key);
    return spread;
  };
  return {
    ...key,
    get spreadBits() {
      return spreadBits();
    },
    get meanBits() {
      return clippedMean(key.rawSecretBits, spreadBits());
    },
  };
}
