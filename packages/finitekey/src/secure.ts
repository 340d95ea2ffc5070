import {
  ALIKE_PULSES_GAP,
  BOUNDS,
  EQUAL_DETECTORS_GAP,
  lim2014,
  phaseErrorBound,
  SHARES,
  type Triple,
} from './lim2014.ts';
import { untaggedContent } from './mismatch.ts';
import {
  CHARGED,
  checkSideChannels,
  classesDiffer,
  ORDER,
  type SecuredKeyLength,
  type SecuredKeyLengthRequest,
  type SideChannelCost,
  type SideChannelName,
  type SideChannels,
  tolerance,
} from './side-channels.ts';
import { type TimingDistances, timedPhaseErrors, timedTestYield, timeTradeOff, timingDistances } from './timing.ts';
import { compose, indistinguishable, poissonTradeOff, pureTradeOff, traceTradeOff, upper } from './trade-off.ts';
import type { KeyLength } from './types.ts';
import { type Gains, type Light, poissonLight, singleErrorsBound, singlesBound, vacuumBound } from './yields.ts';

/**
 * `lim2014` with every declared side channel paid for. `sideChannels: {}` is `lim2014` itself; no side channel ever adds a
 * bit, and a greater one never costs less, but for what the search for multipliers leaves (below 1e-3 of the length).
 *
 * Finite-size deviations, and what the proof leaves open, are those of `lim2014`; gains are bounded as counts are there.
 * Throws FiniteKeyError, naming the field.
 */
export function securedKeyLength(request: SecuredKeyLengthRequest): SecuredKeyLength {
  checkSideChannels(request);
  const plain = lim2014(request);
  const declared = ORDER.filter((name) => request.sideChannels[name] !== undefined);
  let charged: SideChannels = {};
  let decoys: DecoyBounds = plain;
  let length = plain;
  const costs: SideChannelCost[] = [];
  for (const name of declared) {
    charged = { ...charged, [name]: request.sideChannels[name] };
    if (!RECEIVERS.includes(name)) decoys = decoyBounds(request, plain, charged);
    const next = charge(request, plain, decoys, charged);
    // The search for multipliers ends near the optimum, not at it: what one more side channel seems to give is not given.
    const kept = next.rawSecretBits < length.rawSecretBits ? next : length;
    costs.push({ name, bits: length.secretBits - kept.secretBits, ...CHARGED[name] });
    length = kept;
  }
  return {
    ...length,
    proof: declared.length === 0 ? plain.proof : `${plain.proof}, side channels paid for: ${declared.join(', ')}`,
    gaps: gapsLeft(plain.gaps, declared),
    plainSecretBits: plain.secretBits,
    costs,
    refusals: refusals(request, plain, length, costs),
  };
}

/** Side channels that leave the light alone. */
const RECEIVERS: readonly SideChannelName[] = ['efficiencyMismatch', 'backFlashProbability'];

/** What the decoy method says, as in `KeyLength`. */
type DecoyBounds = Pick<KeyLength, 'keyVacuum' | 'keySingles' | 'testVacuum' | 'testSingles' | 'testSingleErrors'>;

/** The decoy bounds for that light; those of `plain` where it is what `lim2014` takes it to be. */
function decoyBounds(request: SecuredKeyLengthRequest, plain: KeyLength, channels: SideChannels): DecoyBounds {
  const distances = channels.timing === undefined ? undefined : timingDistances(channels.timing);
  if (channels.phaseRandomised === false || !lightTouched(channels, distances)) return plain;
  const { counts, bound, epsSec } = request;
  const light = lightOf(request, channels, distances);
  const pulses = request.pulses ?? ABUNDANT;
  const concentration = BOUNDS[bound](Math.log(SHARES) - Math.log(epsSec));
  const gains = (events: Triple, sent: number): Gains =>
    gainIntervals(events, sent, counts.probabilities, concentration);
  const key = gains(counts.keyDetections, pulses.key);
  const test = gains(counts.testDetections, pulses.test);
  const errors = pulses.test * singleErrorsBound(light, gains(counts.testErrors, pulses.test));
  const allErrors = counts.testErrors[0] + counts.testErrors[1] + counts.testErrors[2];
  return {
    keySingles: Math.min(plain.keySingles, pulses.key * singlesBound(light, key)),
    keyVacuum: Math.min(plain.keyVacuum, pulses.key * vacuumBound(light, key)),
    testSingles: Math.min(plain.testSingles, pulses.test * singlesBound(light, test)),
    testVacuum: Math.min(plain.testVacuum, pulses.test * vacuumBound(light, test)),
    testSingleErrors: Math.min(allErrors, Math.max(plain.testSingleErrors, errors)),
  };
}

/** The length when `channels` and no others are there. */
function charge(
  request: SecuredKeyLengthRequest,
  plain: KeyLength,
  { keyVacuum, keySingles, testVacuum, testSingles, testSingleErrors }: DecoyBounds,
  channels: SideChannels,
): KeyLength {
  const beta = Math.log(SHARES) - Math.log(request.epsSec);
  const fixed = 6 * (beta / Math.LN2) + 1 - Math.log2(request.epsCor);
  const bounds = { ...plain, keyVacuum, keySingles, testVacuum, testSingles, testSingleErrors };
  const degenerate = plain.phaseErrorRate >= 0.5 || keySingles === 0 || testSingles === 0;
  if (channels.phaseRandomised === false || degenerate) {
    const rawSecretBits = Math.min(plain.rawSecretBits, -request.leakedBits - fixed);
    return { ...bounds, secretBits: 0, rawSecretBits, phaseErrorRate: 0.5 };
  }
  const sampled = phaseErrorBound(testSingleErrors, testSingles, keySingles, beta);
  const sent = (request.pulses?.key ?? ABUNDANT.key) * singlePhotonShare(request, channels);
  const phaseErrorRate = Math.max(sampled, leakyPhaseErrors(sampled, keySingles / sent, channels));
  const known = taggedShare(channels, keySingles, beta);
  // Clicks of empty pulses carry a bit that was never sent; only a detector that tells on itself gives them away.
  const vacuum = keyVacuum * (1 - share(channels.backFlashProbability ?? 0, keyVacuum, beta));
  const granted = vacuum + untaggedContent(keySingles, phaseErrorRate, known);
  const rawSecretBits = granted - request.leakedBits - fixed;
  return { ...bounds, secretBits: Math.max(0, Math.floor(rawSecretBits)), rawSecretBits, phaseErrorRate };
}

/** What the proof still leaves open. */
function gapsLeft(gaps: readonly string[], declared: readonly SideChannelName[]): string[] {
  const light = declared.filter((name) => !RECEIVERS.includes(name));
  return [
    ...gaps.filter(
      (gap) =>
        !(gap === EQUAL_DETECTORS_GAP && declared.includes('efficiencyMismatch')) &&
        !(gap === ALIKE_PULSES_GAP && light.length > 0),
    ),
    ...(light.length > 0
      ? [
          `Of side channels of the light those declared are in the bound (${light.join(', ')}), each as stated, and no others.`,
          'Deviations of counts are taken as they are for pulses independent of each other, also where yields depend on what went before.',
        ]
      : []),
  ];
}

/** Pulses sent, where only ratios of yields matter. */
const ABUNDANT = { key: 1e15, test: 1e15 } as const;

/** Whether the light itself, and so the decoy bound, is other than `lim2014` takes it to be. */
function lightTouched(channels: SideChannels, distances: TimingDistances | undefined): boolean {
  return tolerance(channels) > 0 || classesDiffer(channels) || (distances?.classPs ?? 0) > 0;
}

function lightOf(
  { counts }: SecuredKeyLengthRequest,
  channels: SideChannels,
  distances: TimingDistances | undefined,
): Light {
  const { correlation, classTraceDistance = 0, trojanMeanPhotons = 0, timing } = channels;
  const means = counts.meanPhotons;
  const memory =
    correlation === undefined
      ? indistinguishable
      : poissonTradeOff(
          correlation.range *
            Math.max(...means) *
            (1 + (channels.intensityTolerance ?? 0)) *
            (1 + (channels.fluctuation ?? 0)),
          correlation.deviation,
        );
  // Two coherent states of at most that many photons overlap by no less than <sqrt mu|-sqrt mu>.
  const read = compose(traceTradeOff(classTraceDistance), pureTradeOff(Math.exp(-2 * trojanMeanPhotons)));
  const still = compose(memory, read);
  return poissonLight(means, counts.probabilities, tolerance(channels), (n) =>
    n === 0 || timing === undefined || distances === undefined
      ? still
      : compose(timeTradeOff(distances.classPs, n, timing), still),
  );
}

/** Gains from counts, with the deviations of `lim2014` and within [0, 1]. */
function gainIntervals(
  events: Triple,
  sent: number,
  probabilities: Triple,
  concentration: (count: number, total: number) => readonly [lower: number, upper: number],
): Gains {
  const total = events[0] + events[1] + events[2];
  const ends = events.map((count, k) => {
    const [low, high] = concentration(count, total);
    return [Math.max(0, low) / (sent * probabilities[k]!), Math.min(1, high / (sent * probabilities[k]!))] as const;
  });
  return {
    low: [ends[0]![0], ends[1]![0], ends[2]![0]],
    high: [ends[0]![1], ends[1]![1], ends[2]![1]],
  };
}

/** Greatest probability that a pulse holds one photon, over all classes. */
function singlePhotonShare({ counts }: SecuredKeyLengthRequest, channels: SideChannels): number {
  const { probabilities, greatest } = poissonLight(counts.meanPhotons, counts.probabilities, tolerance(channels));
  return probabilities.reduce((sum, p, k) => sum + p * greatest[k]![1]!, 0);
}

/** Phase error rate of the key basis from the error rate of the test basis, where the states of a basis can be told apart. */
function leakyPhaseErrors(
  errorRate: number,
  keyYield: number,
  { timing, trojanMeanPhotons = 0 }: SideChannels,
): number {
  const distances = timing === undefined ? undefined : timingDistances(timing);
  const timed = timing !== undefined && distances !== undefined && distances.basisPs + distances.keyPs > 0;
  if (!timed && trojanMeanPhotons === 0) return errorRate;
  // Overlap of the virtual states of the two bases, 1 - 2 Delta in eq. 7 of Lucamarini et al. 2015.
  const trojan = pureTradeOff(Math.exp(-trojanMeanPhotons) * Math.cos(Math.min(trojanMeanPhotons, Math.PI / 2)));
  const testYield = upper(trojan, timed ? timedTestYield(keyYield, distances, timing) : keyYield);
  const testErrors = errorRate * testYield;
  const errors = upper(trojan, timed ? timedPhaseErrors(testErrors, keyYield, distances, timing) : testErrors);
  return Math.min(0.5, errors / keyYield);
}

/** Share of single photons given away with their detector. */
function taggedShare(channels: SideChannels, singles: number, beta: number): number {
  const { efficiencyMismatch = 0, backFlashProbability = 0 } = channels;
  const mismatch = share(efficiencyMismatch, singles, beta);
  return mismatch + (1 - mismatch) * share(backFlashProbability, singles, beta);
}

/**
 * Greatest share of `events` that an event of probability at most `probability` each, whatever went before, happens to:
 * Chernoff, P(N >= x + d) <= e^(-d^2 / (2 x + d)) with x = probability * events.
 */
function share(probability: number, events: number, beta: number): number {
  if (probability === 0 || events <= 0) return 0;
  const mean = probability * events;
  return Math.min(1, (mean + beta / 2 + Math.sqrt(2 * beta * mean + (beta * beta) / 4)) / events);
}

function refusals(
  { sideChannels, leakedBits }: SecuredKeyLengthRequest,
  plain: KeyLength,
  length: KeyLength,
  costs: readonly SideChannelCost[],
): string[] {
  if (length.secretBits > 0) return [];
  if (sideChannels.phaseRandomised === false) {
    return ['Pulses are not phase-randomised: photon numbers are no classical mixture, and no decoy statement holds.'];
  }
  if (plain.secretBits === 0) {
    return [
      `Nothing is left even without side channels: ${leakedBits} bits were disclosed, and the counts grant no more.`,
    ];
  }
  const dearest = costs.reduce((most, cost) => (cost.bits > most.bits ? cost : most));
  return [
    `The side channels declared take all ${plain.secretBits} bits; most of it ${dearest.name} (${dearest.bits} bits).`,
  ];
}
