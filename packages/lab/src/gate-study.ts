/**
 * The source gate put to the test: transmitters whose diodes fire apart at random, the best that an adversary can make of it,
 * what a bound that does not know of it would grant her, and what the gate decides from a calibration with its errors.
 */
import { sourceGate, specificationPs } from '@skykey/finitekey';
import { type Source, seededRandom, timingTaggedYields } from '@skykey/photons';
import { calibrated, fixedBits, KeyCounts } from './key.ts';
import type { LabLink } from './link.ts';
import type { Claim } from './long-studies.ts';
import { cleanPass } from './play.ts';
import { normals, passSeed } from './random.ts';

export interface GateTrial {
  readonly trial: number;
  /** Drawn inside the specification of the source. */
  readonly inside: boolean;
  /** Greatest distance of two diodes, ps. */
  readonly spreadPs: number;
  /** Share of the sifted bits that the best attack knows. */
  readonly knownShare: number;
  /** Bits known above what the bound grants that takes all diodes to fire together, and what the gate grants; 0 without key. */
  readonly unpaidExcessBits: number;
  readonly paidExcessBits: number;
  readonly accepted: boolean;
  readonly reason: 'accepted' | 'no-key' | 'specification';
  readonly secretBits: number;
}

/** Assumed: standard error of the ground calibration of a diode, ps. */
const CALIBRATION_PS = 1e-3;
const LEAST_SPREAD_PS = 0.01;
const MOST_SPREAD_PS = 300;
/** The eight diodes of signal and decoy; what leaks through as vacuum comes with the decoy. */
const DIODES = 8;
const ACCEPTED_INSIDE = 0.99;

/** Trials on one link, with the counts of one clean pass of it. */
export class GateStudy {
  readonly specificationPs: number;
  readonly #link: LabLink;
  readonly #question: ReturnType<KeyCounts['question']>;
  readonly #pulse: { readonly pulseWidthPs: number; readonly model: 'incoherent' };

  constructor(link: LabLink, seed: number) {
    const counts = new KeyCounts(link.source, link.receiver);
    for (const observation of cleanPass(link, seed, 0)) counts.add(observation);
    this.#link = link;
    this.#question = counts.question(link.rules);
    this.#pulse = { pulseWidthPs: link.source.flaws?.pulseWidthPs ?? 0, model: 'incoherent' };
    this.specificationPs = specificationPs({
      ...this.#question.request,
      pulse: this.#pulse,
      calibrationErrorPs: CALIBRATION_PS,
    });
  }

  /** Every other source is inside the specification; the spread of the others is log-uniform from 0.01 to 300 ps. */
  play(seed: number, trial: number): GateTrial {
    const random = seededRandom(passSeed(seed, 'source-gate', trial, 'photons'));
    const normal = normals(random);
    const inside = trial % 2 === 0;
    const widest = LEAST_SPREAD_PS * (MOST_SPREAD_PS / LEAST_SPREAD_PS) ** random.uniform();
    const reach = inside ? this.specificationPs : widest / 2;
    const eight = Array.from({ length: DIODES }, () => reach * (2 * random.uniform() - 1));
    const offsets = [...eight, ...eight.slice(4)];
    const measured = offsets.map((offset) => offset + CALIBRATION_PS * normal());
    const { request, siftedBits } = this.#question;
    const decision = sourceGate({
      ...request,
      pulse: this.#pulse,
      estimates: [{ offsetsPs: measured, errorsPs: measured.map(() => CALIBRATION_PS) }],
      specificationPs: this.specificationPs,
    });
    const knownShare = this.#knownShare(offsets);
    const excess = (secretBits: number): number =>
      secretBits > 0
        ? knownShare * siftedBits - (siftedBits - secretBits - request.leakedBits - fixedBits(this.#link.rules))
        : 0;
    return {
      trial,
      inside,
      spreadPs: Math.max(...eight) - Math.min(...eight),
      knownShare,
      unpaidExcessBits: excess(decision.length.plainSecretBits),
      paidExcessBits: excess(decision.secretBits),
      accepted: decision.accepted,
      reason: decision.reason,
      secretBits: decision.secretBits,
    };
  }

  /** Of the best attack, at the mean transmittance of the pass. */
  #knownShare(offsetPs: readonly number[]): number {
    const { source, trace } = this.#link;
    const { channelTransmittance, receiverTransmittance } = trace;
    const mean = channelTransmittance.reduce((sum, value) => sum + value, 0) / channelTransmittance.length;
    const yields = timingTaggedYields({
      intensities: calibratedIntensities(source),
      offsetPs,
      pulseWidthPs: this.#pulse.pulseWidthPs,
      channelTransmittance: mean,
      receiverTransmittance,
    });
    return yields?.knownBits ?? 0;
  }
}

function calibratedIntensities(source: Source): Source['intensities'] {
  const means = calibrated(source);
  return source.intensities.map((one, k) => ({ ...one, meanPhotons: means[k]! }));
}

/** What the gate must do. */
export function gateClaims(trials: readonly GateTrial[]): Claim[] {
  const leaking = trials.filter(({ unpaidExcessBits }) => unpaidExcessBits > 0);
  const failed = trials.filter(({ paidExcessBits }) => paidExcessBits > 0);
  const inside = trials.filter((one) => one.inside);
  const accepted = inside.filter((one) => one.accepted).length;
  return [
    {
      says: 'some sources leak more than a bound grants that does not know of their diodes: the test can fail',
      measured: `${leaking.length} of ${trials.length} sources`,
      holds: leaking.length > 0,
    },
    {
      says: 'each of those is refused',
      measured: `${leaking.filter((one) => !one.accepted).length} of ${leaking.length} refused`,
      holds: leaking.every((one) => !one.accepted),
    },
    {
      says: 'no source that is accepted leaks more than is paid for',
      measured: `${failed.length} of ${trials.length - trials.filter((one) => !one.accepted).length} accepted`,
      holds: failed.length === 0,
    },
    {
      says: `at least ${ACCEPTED_INSIDE * 100} % of the sources inside the specification are accepted`,
      measured: `${accepted} of ${inside.length}`,
      holds: accepted >= ACCEPTED_INSIDE * inside.length,
    },
  ];
}
