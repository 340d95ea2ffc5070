/** The two ends of a link and the light between them, as far as photons feel it. */

/**
 * Bases and bits, everywhere in Skykey: basis 0 is X, basis 1 is Z; states and detectors are numbered `basis * 2 + bit`,
 * so 0 = X0, 1 = X1, 2 = Z0, 3 = Z1. In linear polarisation they stand at 45, 135, 0 and 90 degrees.
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

/** A source of weak coherent pulses: photon number is Poisson for each intensity. One or two decoys. */
export interface Source {
  readonly pulseRateHz: number;
  /** Signal first, then decoys in falling order of intensity. */
  readonly intensities: readonly Intensity[];
  /** Probability that a pulse is prepared in basis X. */
  readonly basisXProbability: number;
  /** Left out: none. */
  readonly flaws?: SourceFlaws;
}

/** What a real transmitter does beside what it was told; every member may be left out and is then without effect. */
export interface SourceFlaws {
  /**
   * Relative standard deviation s of the intensity from pulse to pulse, 0..0.3, as three steps: two pulses in three as they
   * should be, one in six each brighter and fainter by sqrt(3) s. Moments up to the fifth are those of a Gaussian.
   */
  readonly fluctuation?: number;
  /**
   * Pattern effect of order one: `[k][p]` is the relative change of a pulse of class k after one of class p; as many rows
   * and columns as there are classes, each above -1.
   */
  readonly correlation?: readonly (readonly number[])[];
  /** Time of emission of each diode, ps, `[class * 4 + state]`. */
  readonly diodeOffsetPs?: readonly number[];
  /** Standard deviation of a pulse in time, ps. */
  readonly pulseWidthPs?: number;
  /** Light of the signal that leaks through in every class, as a share of the signal (1 over the extinction ratio). */
  readonly leakage?: number;
  /** Share of a pulse that leaves in the orthogonal polarisation (1 over the contrast). */
  readonly polarisationLeakage?: number;
  /** Whether each pulse has a random phase; true when left out. Nothing but what an adversary can do depends on it. */
  readonly phaseRandomised?: boolean;
}

/** A receiver with four single-photon detectors. */
export interface Receiver {
  /** Probability that a photon (passive choice) or a slot (active choice) is measured in X. */
  readonly basisXProbability: number;
  /** Probability that a photon measured in the right basis leaves by the wrong port, whatever the frames do. */
  readonly misalignment: number;
  /** Dead time after a click, ns; light in it does not prolong it. */
  readonly deadTimeNs: number;
  /** Timing jitter of a click, standard deviation, ps. */
  readonly jitterPs: number;
  /** Full width of the gate around the slot centre, ns, at most a slot. It is cut in time tags, after the fact. */
  readonly gateNs: number;
  /** Left out: none. */
  readonly flaws?: ReceiverFlaws;
}

/** What real detectors do; every member may be left out and is then without effect. */
export interface ReceiverFlaws {
  /** `passive` beam splitter (default) or `active` modulator, which looks at one basis in each slot. */
  readonly basisChoice?: 'passive' | 'active';
  /** After a click of one detector all four are dead. False when left out. */
  readonly deadTogether?: boolean;
  /** Probability that a click is followed by an after-pulse, and the time constant of its delay after the dead time, ns. */
  readonly afterPulse?: { readonly probability: number; readonly timeConstantNs: number };
  /** After the dead time efficiency comes back as 1 - e^(-t / this), ns. */
  readonly recoveryNs?: number;
  /**
   * Timing walk: a click that comes `t` after the previous one of its detector is late by `latePs * e^(-t / decayNs)`.
   */
  readonly walk?: { readonly latePs: number; readonly decayNs: number };
  /** Four, in the order of detectors. */
  readonly detectors?: readonly DetectorFlaws[];
  /** Reflectivity of the passive splitter against wavelength: probability of X at `nm` beside the band, `[nm, p]` rows. */
  readonly splitter?: readonly (readonly [nm: number, basisXProbability: number])[];
  /** Filter before the detectors: full width, nm, and what passes outside of it, 0..1. */
  readonly filter?: { readonly centreNm: number; readonly widthNm: number; readonly outside: number };
}

/** One detector against the nominal one. */
export interface DetectorFlaws {
  /** Efficiency relative to the nominal, 0..1. 1 when left out. */
  readonly efficiency?: number;
  /** Delay of its cable and electronics, ps, after calibration. */
  readonly delayPs?: number;
  /**
   * Sensitivity against time of arrival: Gaussian of this centre and standard deviation, ps, about the centre of a slot as
   * Bob's clock has it. It opens in every slot: light that comes whole slots late finds the window of another one. Flat
   * when left out.
   */
  readonly timeResponse?: { readonly centrePs: number; readonly widthPs: number };
  /** Sensitivity against the angle of arrival along the tilt axis: Gaussian, microradian. Flat when left out. */
  readonly angleResponse?: { readonly centreMicroRad: number; readonly widthMicroRad: number };
  /** Sensitivity against wavelength: Gaussian, nm. Flat when left out. */
  readonly wavelengthResponse?: { readonly centreNm: number; readonly widthNm: number };
  /** Continuous light on this detector from which on it is blinded (linear mode), W. 1e-9 when left out. */
  readonly blindingW?: number;
  /** In linear mode a pulse of less energy than `never` makes no click, of more than `always` one, J; linear between. */
  readonly linearMode?: { readonly neverJ: number; readonly alwaysJ: number };
  /** Probability that a click sends a photon back that tells which detector it was (back-flash) and that it is caught. */
  readonly backFlash?: number;
}

/** Time of flight over one bin: `atStartPs + rate * t + curvature * t^2 / 2`, t in seconds of emission since its start. */
export interface FlightTime {
  readonly atStartPs: Float64Array;
  readonly ratePsPerS: Float64Array;
  readonly curvaturePsPerS2: Float64Array;
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
  /**
   * Fading inside the bins: `stepsPerBin` factors a bin, their mean over a pass about 1, multiplying
   * `channelTransmittance`. Left out: steady light.
   */
  readonly fading?: { readonly stepsPerBin: number; readonly gain: Float32Array };
  /** Rotation of the receiver's polarisation frame against the sender's that is left after compensation, rad. */
  readonly frameRad?: Float64Array;
  /** Left out: no flight time, tags are times of emission. */
  readonly flight?: FlightTime;
  /** Bob's clock less Alice's at the start of each bin, ps, straight between; and white jitter of each tag, ps. */
  readonly clock?: { readonly offsetPs: Float64Array; readonly jitterPs: number };
}

/**
 * The polarisation angle of a state, rad, at which it is prepared and at which its detector looks (see `Basis`).
 */
export const stateAngleRad: readonly [number, number, number, number] = [
  Math.PI / 4,
  (3 * Math.PI) / 4,
  0,
  Math.PI / 2,
];
