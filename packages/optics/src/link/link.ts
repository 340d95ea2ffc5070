/**
 * The words a link is described in: which way the light goes, what sends it, what it crosses, what receives it.
 * Lengths, angles and rates are in the units of the names; every loss is in dB and excludes detector efficiency.
 */

/** `down`: satellite (or Moon) to ground. `up`: ground to satellite. `space`: between two that are above the air. */
export type Direction = 'down' | 'up' | 'space';

/** How a transmitter's light spreads. */
export type Beam =
  /** Measured divergence, full angle; the spot is uniform with a sharp edge. */
  | { readonly kind: 'top-hat'; readonly divergenceRad: number }
  /** Measured divergence, full angle between the 1/e^2 points of the intensity. */
  | { readonly kind: 'gaussian'; readonly divergenceRad: number }
  /** Diffraction-limited: a Gaussian of this 1/e^2 radius of intensity, cut off by an aperture with a central obscuration. */
  | {
      readonly kind: 'aperture';
      readonly diameterM: number;
      readonly waistRadiusM: number;
      readonly obscurationDiameterM: number;
    };

/** The sending terminal. */
export interface Transmitter {
  readonly beam: Beam;
  /** Standard deviation of the pointing error per axis. */
  readonly jitterRad: number;
  /** Static pointing error, radial. */
  readonly biasRad: number;
  /** What is lost after the point where intensities are defined. */
  readonly lossDb: number;
}

/** How collected light gets to the detectors. */
export type Coupling =
  /** Detectors (or a wide fibre) take everything inside the field of view. */
  | { readonly kind: 'field-of-view' }
  /** Single-mode fibre; Noll modes removed by adaptive optics: 1 none, 3 tip and tilt, more with a deformable mirror. */
  | { readonly kind: 'single-mode-fibre'; readonly correctedModes: number };

/** The receiving terminal, without its detectors. */
export interface ReceivingOptics {
  readonly diameterM: number;
  /** Diameter of the telescope's central obscuration; 0 for none. */
  readonly obscurationDiameterM: number;
  /** Full angle. */
  readonly fieldOfViewRad: number;
  /** Standard deviation of the receiver's own tracking error per axis. */
  readonly jitterRad: number;
  readonly biasRad: number;
  readonly coupling: Coupling;
  /** Telescope, filter, analyser and whatever coupling is not modelled by `coupling`, 0 to 1. */
  readonly transmittance: number;
}

/** What clear or hazy air takes, without clouds. */
export type Extinction =
  /** MODTRAN table of that wavelength. */
  | { readonly kind: 'modtran' }
  /** Transmittance in the zenith that somebody measured or published, times airmass. */
  | { readonly kind: 'zenith'; readonly transmittance: number }
  /** Molecules by Rayleigh's law plus haze of a visibility at sea level that thins out with height. */
  | {
      readonly kind: 'visibility';
      readonly visibilityKm: number;
      readonly law: 'kim' | 'kruse';
      readonly hazeScaleHeightKm: number;
    };

/**
 * Hufnagel-Valley profile of the refractive-index structure constant: `windMS` is the rms upper wind (21 for HV-5/7),
 * `groundCn2` the strength A of the surface layer, m^(-2/3) (1.7e-14 for HV-5/7). The first two terms go with the height
 * above sea level, the surface layer with the height above the station.
 */
export interface TurbulenceProfile {
  readonly windMS: number;
  readonly groundCn2: number;
  /** Wind at the ground for the Bufton profile, m/s: it sets how fast fading changes. */
  readonly groundWindMS: number;
}

/** The air between a station and space. */
export interface Air {
  /** Height of the station above sea level, m. */
  readonly stationHeightM: number;
  readonly extinction: Extinction;
  /** Null for a link whose turbulence is contained in another, published term. */
  readonly turbulence: TurbulenceProfile | null;
}

/** A link as its optics describe it. */
export interface Link {
  readonly direction: Direction;
  readonly wavelengthNm: number;
  readonly transmitter: Transmitter;
  readonly receiver: ReceivingOptics;
  /** Null in space, required on the ground. */
  readonly air: Air | null;
}

/** Where the two ends stand at one moment; `Look` of the orbit package has the first two. */
export interface LinkGeometry {
  readonly rangeKm: number;
  /** Of the space end over the horizon of the ground end, geometric; ignored in space. */
  readonly elevationDeg: number;
  /** Angular rate of the line of sight, which blows the air across the beam; 0 when left out. */
  readonly slewRadS?: number;
  /** Angle by which an uplink leads its beacon; 0 when left out. */
  readonly pointAheadRad?: number;
}

/** One factor of the channel, with where it comes from. */
export interface LossTerm {
  /** For example `beam spread`, `pointing`, `extinction`. */
  readonly name: string;
  readonly lossDb: number;
  /** Model and its source in a few words. */
  readonly source: string;
}

/** The channel at one moment, term by term, in the mean over fading; detector efficiency is never in it. */
export interface LinkBudget {
  readonly terms: readonly LossTerm[];
  /** Sum of the terms. */
  readonly totalDb: number;
  /** The same as a factor, 0 to 1. */
  readonly transmittance: number;
}

/**
 * How the received light fluctuates around the mean of the budget at one moment. The product of the two factors has
 * mean 1.
 */
export interface Fading {
  /** Scintillation after aperture averaging, and the law that goes with its strength. */
  readonly scintillation: {
    readonly law: 'log-normal' | 'gamma-gamma';
    /** Normalised variance of irradiance, <I^2>/<I>^2 - 1. */
    readonly index: number;
    /** Large- and small-scale parameters of gamma-gamma; null for log-normal. */
    readonly alphaBeta: readonly [number, number] | null;
    /** Time in which the correlation of the log-irradiance falls to 1/e, s. */
    readonly correlationS: number;
  } | null;
  /**
   * Wander of a Gaussian beam over the receiver: rms angle per axis against the 1/e^2 half-angle, with a static bias.
   * Null for a beam without a Gaussian description.
   */
  readonly pointing: {
    readonly jitterRad: number;
    readonly biasRad: number;
    readonly beamHalfAngleRad: number;
    readonly correlationS: number;
  } | null;
}

/** What light loses between transmitter and detectors. */
export interface Channel {
  /** Whether the channel says something about this geometry. */
  covers(at: LinkGeometry): boolean;
  /** @throws OpticsError `optics/range` or `optics/elevation` where `covers` is false */
  loss(at: LinkGeometry): LinkBudget;
  /** Null where fading is unknown, as for a measured curve. Throws as `loss` does. */
  fading(at: LinkGeometry): Fading | null;
}

/** A source of uniform random numbers from 0 (inclusive) to 1, handed in: this package has none of its own. */
export type Uniform = () => number;
