/**
 * The source gate put to the test: transmitters whose diodes fire apart at random, the best that an adversary can make of it,
 * what a bound that does not know of it would grant her, and what the gate decides from a calibration with its errors.
 *
 * Two questions, asked apart. Whether the payment is enough: the gate decides from the length alone, nothing else being
 * declared and no specification given, so that no other payment and no limit of hardware can hide that it is too small.
 * Whether good sources pass: the gate decides with all that is declared of the link and with its specification, which was
 * made of the counts of other passes.
 */
import { sourceGate, specificationPs } from '@skykey/finitekey';
import { type Source, seededRandom, timingTaggedYields } from '@skykey/photons';
import { CALIBRATION_PS, declarationOf } from './declaration.ts';
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
  /** By the length alone: timing paid for, nothing else, no specification. */
  readonly accepted: boolean;
  readonly secretBits: number;
  /** With everything declared and the specification of the link. */
  readonly inService: 'accepted' | 'no-key' | 'specification';
}

/** Spreads are log-uniform: of every ten sources outside the specification seven where the decision falls. */
const EVERYWHERE_PS = [0.01, 300] as const;
const DENSE_PS = [5, 100] as const;
const DENSE_SHARE = 0.7;
/** The eight diodes of signal and decoy; what leaks through as vacuum comes with the decoy. */
const DIODES = 8;
const ACCEPTED_INSIDE = 0.99;
/** Clean passes whose counts make the specification, and others, whose counts the gate decides on. */
const PASSES = 8;

type Question = ReturnType<KeyCounts['question']>;

/** Trials on one link, with the counts of clean passes of it. */
export class GateStudy {
  readonly specificationPs: number;
  readonly #link: LabLink;
  readonly #questions: readonly Question[];
  readonly #pulse: { readonly pulseWidthPs: number; readonly model: 'incoherent' };

  constructor(link: LabLink, seed: number) {
    const question = (pass: number): Question => {
      const counts = new KeyCounts(link.source, link.receiver);
      for (const observation of cleanPass(link, seed, pass)) counts.add(observation);
      return counts.question(link.rules);
    };
    this.#link = link;
    this.#pulse = { pulseWidthPs: link.source.flaws?.pulseWidthPs ?? 0, model: 'incoherent' };
    const specifications = Array.from({ length: PASSES }, (_, pass) =>
      specificationPs({
        ...question(pass).request,
        pulse: this.#pulse,
        sideChannels: this.#others(),
        calibrationErrorPs: CALIBRATION_PS,
      }),
    );
    // Passes differ by their clouds: the transmitter is built for the middle one.
    this.specificationPs = specifications.sort((a, b) => a - b)[PASSES >> 1]!;
    this.#questions = Array.from({ length: PASSES }, (_, pass) => question(PASSES + pass));
  }

  /** Every other source is inside the specification. */
  play(seed: number, trial: number): GateTrial {
    const random = seededRandom(passSeed(seed, 'source-gate', trial, 'photons'));
    const normal = normals(random);
    const inside = trial % 2 === 0;
    const [least, most] = random.uniform() < DENSE_SHARE ? DENSE_PS : EVERYWHERE_PS;
    const widest = least * (most / least) ** random.uniform();
    const reach = inside ? this.specificationPs : widest / 2;
    const eight = Array.from({ length: DIODES }, () => reach * (2 * random.uniform() - 1));
    const offsets = [...eight, ...eight.slice(4)];
    const measured = offsets.map((offset) => offset + CALIBRATION_PS * normal());
    const { request, siftedBits } = this.#questions[(trial >> 1) % PASSES]!;
    const gate = {
      ...request,
      pulse: this.#pulse,
      estimates: [{ offsetsPs: measured, errorsPs: measured.map(() => CALIBRATION_PS) }],
    };
    const { accepted, secretBits, length } = sourceGate(gate);
    const knownShare = this.#knownShare(offsets);
    const excess = (granted: number): number =>
      granted > 0
        ? knownShare * siftedBits - (siftedBits - granted - request.leakedBits - fixedBits(this.#link.rules))
        : 0;
    return {
      trial,
      inside,
      spreadPs: Math.max(...eight) - Math.min(...eight),
      knownShare,
      unpaidExcessBits: excess(length.plainSecretBits),
      paidExcessBits: excess(secretBits),
      accepted,
      secretBits,
      inService: sourceGate({ ...gate, sideChannels: this.#others(), specificationPs: this.specificationPs }).reason,
    };
  }

  /** What is declared of the link beside the times of its diodes. */
  #others() {
    const { timing: _, ...others } = declarationOf(this.#link);
    return others;
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
  const accepted = trials.filter((one) => one.accepted);
  const failed = accepted.filter(({ paidExcessBits }) => paidExcessBits > 0);
  const inside = trials.filter((one) => one.inside);
  const served = inside.filter(({ inService }) => inService === 'accepted').length;
  return [
    {
      says: 'some sources leak more than a bound grants that does not know of their diodes: the test can fail',
      measured: `${leaking.length} of ${trials.length} sources, from ${leastOf(leaking)} on`,
      holds: leaking.length > 0,
    },
    {
      says: 'each of those is refused by what the length pays, without a specification',
      measured: `${leaking.filter((one) => !one.accepted).length} of ${leaking.length} refused; accepted are spreads up to ${mostOf(accepted)}`,
      holds: leaking.every((one) => !one.accepted),
    },
    {
      says: 'no source that is accepted leaks more than is paid for',
      measured: `${failed.length} of ${accepted.length} accepted`,
      holds: accepted.length > 0 && failed.length === 0,
    },
    {
      says: `at least ${ACCEPTED_INSIDE * 100} % of the sources inside the specification are accepted with everything declared, on passes that it was not made of`,
      measured: `${served} of ${inside.length}`,
      holds: served >= ACCEPTED_INSIDE * inside.length,
    },
  ];
}

const inPs = (value: number): string => (Number.isFinite(value) ? `${value.toPrecision(3)} ps` : 'none');
const leastOf = (trials: readonly GateTrial[]): string => inPs(Math.min(...trials.map(({ spreadPs }) => spreadPs)));
const mostOf = (trials: readonly GateTrial[]): string => inPs(Math.max(...trials.map(({ spreadPs }) => spreadPs)));
