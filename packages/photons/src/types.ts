import type { Random } from './random.ts';

/**
 * Bases and bits, everywhere in Skykey: basis 0 is X, basis 1 is Z; the four detectors are numbered `basis * 2 + bit`,
 * so 0 = X0, 1 = X1, 2 = Z0, 3 = Z1.
 */
export type Basis = 0 | 1;

/** One intensity class of a decoy-state source. */
export interface Intensity {
  /** `signal`, `decoy`, `vacuum`. */
  readonly name: string;
  /** Mean photon number at the transmitter exit. */
  readonly meanPhotons: number;
  /** Probability that a pulse has this intensity; those of a source sum to 1. */
  readonly probability: number;
}

/** A phase-randomised weak coherent source: photon number is Poisson for each intensity. */
export interface Source {
  readonly pulseRateHz: number;
  /** Signal first, then decoys in falling order of intensity. */
  readonly intensities: readonly Intensity[];
  /** Probability that a pulse is prepared in basis X. */
  readonly basisXProbability: number;
}

/**
 * A receiver with four gated single-photon detectors behind a passive basis choice. A count outside the gate, or in the
 * dead time, neither is recorded nor starts a dead time; several counts of a detector in one gate are one click, at the
 * earliest of them.
 */
export interface Receiver {
  /** Probability that a photon goes to the X analyser. */
  readonly basisXProbability: number;
  /** Probability that a photon measured in the right basis leaves by the wrong port. */
  readonly misalignment: number;
  /** Dead time of each detector after a click, ns; counts in it do not prolong it. */
  readonly deadTimeNs: number;
  /** Timing jitter of a photon click against its slot, standard deviation, ps. */
  readonly jitterPs: number;
  /** Full width of the gate around the slot centre, ns, at most a slot. */
  readonly gateNs: number;
}

/** What the channel does over a pass, in equal time bins; arrays have one element a bin. */
export interface LinkTrace {
  /** Length of a bin, s; `binS * pulseRateHz` is a whole number of pulses. */
  readonly binS: number;
  /** Transmittance from the transmitter exit to the front of the receiver's optics, where adversaries stand, 0..1. */
  readonly channelTransmittance: Float64Array;
  /** From there to a photo-electron: receiver optics where the channel leaves them out, and detector efficiency. */
  readonly receiverTransmittance: number;
  /** Expected background and dark counts per gate and detector. */
  readonly noisePerGate: Float64Array;
}

/**
 * What Bob's hardware records: columnar, in order of slot, then of detector; two detectors in one slot are two rows.
 */
export interface Detections {
  /** Slot (pulse) number since the start of the pass, exact integers below 2^53. */
  readonly slot: Float64Array;
  /** Detector 0..3. */
  readonly detector: Uint8Array;
  /** Time of the click against the centre of its slot, rounded to the ps. */
  readonly offsetPs: Int16Array;
}

/** What Alice's hardware sent in given slots: one row a slot. */
export interface Emissions {
  readonly slot: Float64Array;
  /** Index into `Source.intensities`. */
  readonly intensity: Uint8Array;
  readonly basis: Uint8Array;
  readonly bit: Uint8Array;
}

/** What caused a click. */
export const Cause = { photon: 0, noise: 1, adversary: 2 } as const;

/** What the adversary knows of the bit Alice sent, once bases are announced. */
export const Knowledge = { none: 0, full: 1 } as const;

/** The truth beside the stream, one row a detection; only a test harness and the sky itself may look at it. */
export interface GroundTruth {
  /** Photons in the pulse at the transmitter exit; 255 stands for 255 and more. */
  readonly photons: Uint8Array;
  /** `Cause`. */
  readonly cause: Uint8Array;
  /** Whether the adversary acted on the pulse, 0 or 1. */
  readonly attacked: Uint8Array;
  /** `Knowledge`: full only where the adversary measured this pulse in Alice's basis. */
  readonly eveKnows: Uint8Array;
}

/** One bin of a simulated pass. `emissions` has one row per distinct slot in `detections`. */
export interface PhotonBin {
  readonly bin: number;
  readonly firstSlot: number;
  readonly pulses: number;
  readonly detections: Detections;
  readonly emissions: Emissions;
  readonly truth: GroundTruth;
}

/**
 * Somebody in front of the receiver's optics who takes some of the pulses. In her place at most one photo-electron comes
 * of each of them, in a state that she chose; the rest are Alice's own coherent pulses. What she answers may depend on
 * the number of photons that reach her, never on Alice's settings other than through what `resend` makes of them.
 */
export interface Adversary {
  readonly name: string;
  /** D1 visible in link statistics, D2 with a dedicated monitor, D3 only bounded. */
  readonly visibility: 'D1' | 'D2' | 'D3';
  /** Probability that a pulse is acted on, 0..1, independently for each pulse. */
  readonly fraction: number;
  /**
   * Probability that an attacked pulse, of this mean photon number in front of the receiver, leads to a photo-electron,
   * before noise and gate: the Poisson average of `responseGivenPhotons`. The engine refuses an adversary of which the
   * two disagree.
   */
  responseProbability(meanPhotonsAtReceiver: number, receiverTransmittance: number): number;
  /** The same for a pulse of which exactly `photons` reach her. */
  responseGivenPhotons(photons: number, receiverTransmittance: number): number;
  /**
   * What she sent on, and the `Knowledge` that she has of Alice's bit. Asked of every attacked pulse that has a row in
   * the detections and of which photons reached her or her answer reached a detector.
   */
  resend(
    alice: { basis: Basis; bit: 0 | 1 },
    random: Random,
    photons: number,
  ): { basis: Basis; bit: 0 | 1; knowledge: number };
}
