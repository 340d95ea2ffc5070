/**
 * What is vouched for of the devices of a link: the side channels that every key of the link pays for, whoever is on the
 * line or nobody. It comes from the devices, a defect with which they were built included, and never from what is played
 * against them; what it does not cover is refused by the checks of `assumptions.ts`, or not covered at all.
 */
import type { SideChannels } from '@skykey/finitekey';
import {
  type Disturbance,
  honestConditions,
  injectedPowerW,
  type Receiver,
  type Source,
  seededRandom,
} from '@skykey/photons';
import type { Assumed } from './flaws.ts';
import { DRIFTS, MOST_TILT_MICRO_RAD, mostArrivalPs, receiverBackFlash, receiverMismatch } from './mismatch.ts';
import { CLASS } from './wander.ts';

/** The two ends of a link. */
interface Ends {
  readonly source: Source;
  readonly receiver: Receiver;
}

/**
 * What the checks miss is set by the thresholds that they were seen to have in single passes of the usual link, rounded up;
 * `declaration.test.ts` holds them to it. Change of all intensities that the power meter finds over a whole pass, and four
 * standard deviations of a class.
 */
const METER = 0.03;
const INTENSITY_TOLERANCE = METER + 4 * CLASS.sd;
/** Single pulses: standard deviations of the fluctuation. */
const FLUCTUATIONS = 3;
/** Standard error of the calibration of a diode on the ground, ps, and how many of them a difference may be wrong by. */
export const CALIBRATION_PS = 1e-3;
const CALIBRATIONS = 7;
/** Light into the transmitter that its monitor cannot miss: ten standard deviations of one reading, W. */
const INJECTED_W = 1e-8;
/** The same for the share of clicks that may be forged without a check of the receiver (bright light, other bands, floor) telling. */
export const FORGED = 0.005;

/** Emission of the diodes, ps, and whether phases are random, as a calibration finds them before anybody comes. */
export function calibrationOf({ source, receiver }: Ends, defect?: Disturbance) {
  const conditions = honestConditions(
    { source, receiver, channelTransmittance: 0, receiverTransmittance: 0, noiseHz: [0, 0, 0, 0] },
    { bin: 0, startS: 0, durationS: 0 },
  );
  defect?.source?.(conditions, seededRandom(0));
  const { diodeShiftPs, phaseRandomised } = conditions;
  const diodesPs = Array.from(diodeShiftPs, (shift, diode) => shift + (source.flaws?.diodeOffsetPs?.[diode] ?? 0));
  return { diodesPs, phaseRandomised };
}

/** All that is declared of these devices; `defect` is what one of them was built with, nobody making use of it. */
export function declarationOf(devices: Ends, defect?: Disturbance): Declaration {
  const { source, receiver } = devices;
  const { diodesPs, phaseRandomised } = calibrationOf(devices, defect);
  return {
    phaseRandomised,
    intensityTolerance: INTENSITY_TOLERANCE,
    fluctuation: FLUCTUATIONS * (source.flaws?.fluctuation ?? 0),
    correlation: { deviation: patternOf(source), range: 1 },
    timing: {
      offsetsPs: diodesPs,
      errorPs: CALIBRATIONS * Math.SQRT2 * CALIBRATION_PS,
      pulseWidthPs: source.flaws?.pulseWidthPs ?? 0,
      model: 'incoherent',
    },
    trojanMeanPhotons: INJECTED_W / injectedPowerW(1, source.pulseRateHz),
    efficiencyMismatch: receiverMismatch(receiver, source.pulseRateHz),
    // A click that was forged tells its detector as well.
    backFlashProbability: 1 - (1 - receiverBackFlash(receiver)) * (1 - FORGED),
  };
}

/** All side channels but one: nothing beside time, intensity and probing light is taken to tell classes apart. */
export type Declaration = Required<Omit<SideChannels, 'classTraceDistance'>>;

/** Greatest relative distance of a class after some other from its own mean. */
function patternOf({ intensities, flaws }: Source): number {
  const deviations = (flaws?.correlation ?? []).map((row) => {
    const mean = row.reduce((sum, change, before) => sum + intensities[before]!.probability * change, 1);
    return Math.max(...row.map((change) => Math.abs((1 + change) / mean - 1)));
  });
  return Math.max(0, ...deviations);
}

const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

/** Every member in words. */
export function declaredRows(devices: Ends): Assumed[] {
  const { source, receiver } = devices;
  const declared = declarationOf(devices);
  const mostPs = mostArrivalPs(receiver, source.pulseRateHz);
  return [
    {
      what: 'paid for: intensities',
      value: `±${percent(declared.intensityTolerance)}`,
      why: `the power meter finds ${percent(METER)} over a pass; four standard deviations of each class beside`,
    },
    {
      what: 'paid for: fluctuation',
      value: `±${percent(declared.fluctuation)}`,
      why: `${FLUCTUATIONS} standard deviations, pulse to pulse`,
    },
    {
      what: 'paid for: pattern effect',
      value: `±${percent(declared.correlation.deviation)}, one pulse back`,
      why: 'as measured on the transmitter',
    },
    {
      what: 'paid for: emission of the diodes',
      value: `as calibrated, each difference to ${Number(declared.timing.errorPs.toPrecision(1))} ps`,
      why: `${CALIBRATIONS} standard errors of a calibration to ${CALIBRATION_PS} ps a diode`,
    },
    {
      what: 'paid for: light probing the transmitter',
      value: `${declared.trojanMeanPhotons.toExponential(1)} photons a pulse come back`,
      why: `of ${INJECTED_W} W, ten standard deviations of a reading of the injected-power monitor, behind 100 dB in all`,
    },
    {
      what: 'paid for: mismatch of the detectors',
      value: percent(declared.efficiencyMismatch),
      why: `arrivals within ±${Math.round(mostPs)} ps of the slot, beyond which no click counts, and tilts within ±${MOST_TILT_MICRO_RAD} µrad, where the field stop ends; each detector drifting by ${DRIFTS} standard deviations`,
    },
    {
      what: 'paid for: clicks that tell their detector',
      value: `${percent(declared.backFlashProbability)} of clicks`,
      why: `back-flash of the worst detector, and ${percent(FORGED)} that may be forged unseen by the checks of the receiver`,
    },
  ];
}
