import type { Receiver, Source } from '../link.ts';

/** Readings of the monitors of a link in one bin, before their own noise (`observe/monitors.ts`). */
export interface MonitorReadings {
  /** Continuous light on the detectors' watchdog photodiode, W. */
  brightLightW: number;
  /** Light that comes in at the transmitter's exit, W. */
  injectedW: number;
  /** Counts of the photodiode outside the receiver's band, 1/s. */
  outOfBandHz: number;
  /** Alice's own power meter over its nominal value. */
  sourcePowerRatio: number;
  /** Second clock (sync pulses on the link) less the first (GNSS), ps. */
  clockResidualPs: number;
  /** Range from the sync pulses less the ephemeris, m. */
  rangeResidualM: number;
  /** Power of the beacon over the twin's prediction for a clear sky: clouds are in it. */
  beaconPowerRatio: number;
  /** Pointing residual of the tracked beacon against the ephemeris, microradian. */
  beaconResidualMicroRad: number;
  /** Start-of-pass self-test: worst deviation of attenuators, pinhole and detectors from calibration, relative. */
  selfTestDeviation: number;
}

/**
 * Everything of one bin that is not of a single pulse. The honest link fills it, then disturbances (weather, drift), then
 * the adversary change it through their hooks; samplers read it last. Times in ps, arrays of four are by detector.
 */
export interface BinConditions {
  readonly bin: number;
  readonly startS: number;
  readonly durationS: number;
  readonly source: Source;
  readonly receiver: Receiver;
  /** Alice's exit to the front of the receiver as an honest link would have it, clouds included. */
  channelTransmittance: number;
  /** Front of the receiver to photo-electron of a detector of efficiency 1. */
  readonly receiverTransmittance: number;
  /** Rotation of the frames that compensation left, rad. */
  frameRad: number;
  /** Counts per second of each detector that do not come from pulses, in the whole of time. */
  readonly noiseHz: Float64Array;
  /** Alice's true intensity over the nominal, by class. */
  readonly intensityScale: Float64Array;
  /** Factor on the efficiency of each detector. */
  readonly efficiencyScale: Float64Array;
  /** Factor on the after-pulse probability. */
  afterPulseScale: number;
  /** Share of the time in which detectors are blinded: neither noise nor single photons click there. */
  blindedShare: number;
  /** What shifts all light of Alice against what Bob reckons, ps: a false time, sync that was led astray. */
  arrivalShiftPs: number;
  /** Bob's clock less Alice's in the middle of the bin, ps, by the trace; it is not in `arrivalShiftPs`. */
  readonly clockPs: number;
  /** The same for each of Alice's diodes, ps, `[class * 4 + state]`, on top of the source's flaws. */
  readonly diodeShiftPs: Float64Array;
  readonly monitors: MonitorReadings;
  /** Eve's probability of guessing a bit right from a side channel of the source, for any detected pulse. 1/2: none. */
  sideChannelGuess: number;
  /** Whether Eve catches back-flash. */
  backFlashCaught: boolean;
  /** Whether the pulses' phases are random in this bin. */
  phaseRandomised: boolean;
}

/** Sets what a bin of an undisturbed link is like. */
export function honestConditions(
  link: {
    readonly source: Source;
    readonly receiver: Receiver;
    readonly channelTransmittance: number;
    readonly receiverTransmittance: number;
    /** By detector, 1/s. */
    readonly noiseHz: readonly [number, number, number, number];
    /** Left out: 0. */
    readonly clockPs?: number;
  },
  time: { readonly bin: number; readonly startS: number; readonly durationS: number },
): BinConditions {
  const classes = link.source.intensities.length;
  return {
    ...time,
    source: link.source,
    receiver: link.receiver,
    channelTransmittance: link.channelTransmittance,
    receiverTransmittance: link.receiverTransmittance,
    frameRad: 0,
    noiseHz: Float64Array.from(link.noiseHz),
    intensityScale: new Float64Array(classes).fill(1),
    efficiencyScale: new Float64Array(4).fill(1),
    afterPulseScale: 1,
    blindedShare: 0,
    arrivalShiftPs: 0,
    clockPs: link.clockPs ?? 0,
    diodeShiftPs: new Float64Array(classes * 4),
    monitors: {
      brightLightW: 0,
      injectedW: 0,
      outOfBandHz: 0,
      sourcePowerRatio: 1,
      clockResidualPs: 0,
      rangeResidualM: 0,
      beaconPowerRatio: 1,
      beaconResidualMicroRad: 0,
      selfTestDeviation: 0,
    },
    sideChannelGuess: 0.5,
    backFlashCaught: false,
    phaseRandomised: link.source.flaws?.phaseRandomised ?? true,
  };
}
