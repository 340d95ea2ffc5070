/** How much of a wave that turbulence has wrinkled goes into a single-mode fibre. */

import { demand } from '../error.ts';
import { transmittanceOf } from '../link/decibel.ts';
import { checkReceiver, gaussianHalfAngleRad } from '../link/geometric.ts';
import { pointingLossDb } from '../link/pointing.ts';
import { besselJ } from '../numerics/bessel.ts';
import { gaussLegendre } from '../numerics/quadrature.ts';
import { type Correction, residualPhaseRad2 } from './adaptive-optics.ts';
import { waveNumber } from './cn2.ts';

/**
 * The fibre's mode, sent backwards into the pupil, is exp(-t r^2) with r from the obscuration (`inner`) to 1. This is
 * the coupling of a plane wave, 2 (e^(-t inner^2) - e^-t)^2 / (t (1 - inner^2)) (Ruilier & Cassaing, JOSA A 18:143,
 * 2001).
 */
const planeCoupling = (t: number, inner: number) =>
  (2 * (Math.exp(-t * inner * inner) - Math.exp(-t)) ** 2) / (t * (1 - inner * inner));

/** The t with which it is best, by halving: 1.2564 for an open pupil, 1/2 for a thin ring. */
function bestMode(inner: number): number {
  let [low, high] = [0.5, 1.26];
  while (high - low > 1e-12) {
    const t = (low + high) / 2;
    const [a, b] = [Math.exp(-t * inner * inner), Math.exp(-t)];
    if ((2 * (b - inner * inner * a)) / (a - b) > 1 / t) low = t;
    else high = t;
  }
  return (low + high) / 2;
}

const radial = gaussLegendre(24);
const angular = gaussLegendre(12);
const shifts = gaussLegendre(12, 3);

/** Autocorrelation of the mode within the pupil at a shift, radii of the pupil. */
function overlap(t: number, inner: number, shift: number): number {
  const from = Math.max(inner, shift - 1);
  let sum = 0;
  for (let i = 0; i < radial.nodes.length; i++) {
    const r = from + (1 - from) * radial.nodes[i]!;
    const middle = r * r + shift * shift;
    const cosine = 2 * r * shift;
    // Angles at which the shifted point is inside the pupil, and outside the obscuration.
    const first = Math.acos(Math.min(1, (middle - inner * inner) / cosine));
    const last = Math.acos(Math.min(1, Math.max(-1, (middle - 1) / cosine)));
    let around = 0;
    for (let j = 0; j < angular.nodes.length; j++) {
      const angle = first + (last - first) * angular.nodes[j]!;
      around += angular.weights[j]! * Math.exp(-t * (middle - cosine * Math.cos(angle)));
    }
    sum += radial.weights[i]! * r * Math.exp(-t * r * r) * 2 * (last - first) * around;
  }
  return sum * (1 - from);
}

/** A telescope that follows its source only so well. */
export interface Tracking {
  readonly wavelengthNm: number;
  /** Standard deviation of the tracking error per axis. */
  readonly jitterRad: number;
  /** Static, radial. */
  readonly biasRad: number;
}

/** Part of the fibre's light, sent backwards, that leaves through the open pupil of its telescope, 0 to 1. */
export function fibrePupilShare(diameterM: number, obscurationDiameterM: number): number {
  checkReceiver(diameterM, obscurationDiameterM);
  const inner = obscurationDiameterM / diameterM;
  if (inner === 1) return 0;
  const t = bestMode(inner);
  return Math.exp(-2 * t * inner * inner) - Math.exp(-2 * t);
}

/**
 * Mean coupling efficiency, 0 to 1, of a plane wave behind turbulence, relative to what passes the open part of the
 * pupil; the mode is the best one for that pupil without turbulence: 0.8145 unobscured (Shaklan & Roddier, Applied
 * Optics 27:2334, 1988).
 *
 * The mean is the autocorrelation of mode and pupil times exp(-D/2), D being the structure function of the phase, as in
 * Dikmelik & Davidson (Applied Optics 44:4946, 2005) with Kolmogorov's 5/3 in place of the square: without correction
 * D/2 = 3.44 (rho/r0)^(5/3). With the first modes corrected Skykey takes D/2 = v (1 - exp(-3.44 (rho/r0)^(5/3) / v)), v
 * being Noll's residual variance: Kolmogorov's at small distances and level where the residual has lost its memory. So a
 * coherent part exp(-v) and a part of speckles add up; the form between the two is an assumption. Beside random phase
 * screens it is within 0.3 dB where v is under 1, and too dark where the correction is too weak for the air: behind tip
 * and tilt alone by 0.8 dB at D = 5 r0 and by 2.5 dB at D = 10 r0. Scintillation is not in it.
 *
 * Tracking errors belong to the same mean: jitter multiplies the coherence by exp(-(k sigma rho)^2/2), a bias by
 * J0(k b rho), so that they cost little where turbulence has spread the light already. On the coherent part they cost
 * what `pointingLossDb` takes from the fibre's mode as a beam.
 * @throws OpticsError `optics/parameter`
 */
export function singleModeCoupling({
  obscurationDiameterM,
  tracking,
  ...correction
}: Correction & {
  /** Of the telescope's central obscuration; 0 for none. */
  readonly obscurationDiameterM: number;
  /** Perfect when left out. */
  readonly tracking?: Tracking;
}): number {
  const { diameterM, friedM, correctedModes } = correction;
  checkReceiver(diameterM, obscurationDiameterM);
  const variance = residualPhaseRad2(correction);
  const inner = obscurationDiameterM / diameterM;
  if (inner === 1) return 0;
  const t = bestMode(inner);
  const followed = tracking ? coherentTracking(tracking, diameterM, obscurationDiameterM) : 1;
  if (friedM === Number.POSITIVE_INFINITY) return planeCoupling(t, inner) * followed;
  const level = correctedModes > 1 ? variance : Number.POSITIVE_INFINITY;
  const coherent = Math.exp(-level);
  const unit = 3.44 * (diameterM / 2 / friedM) ** (5 / 3);
  // Tracking errors in radians of phase over the radius of the pupil.
  const perRad = tracking ? waveNumber(tracking.wavelengthNm) * (diameterM / 2) : 0;
  const [jitter, bias] = [perRad * (tracking?.jitterRad ?? 0), perRad * (tracking?.biasRad ?? 0)];
  // Beyond this shift only the coherent part is left.
  const reach = Math.min(2, (Math.min(60, 40 * level) / unit) ** (3 / 5), Math.sqrt(80) / jitter);
  const rule = bias * reach > 12 ? gaussLegendre(12, Math.ceil((bias * reach) / 4)) : shifts;
  let speckles = 0;
  for (let i = 0; i < rule.nodes.length; i++) {
    const shift = reach * rule.nodes[i]!;
    const free = unit * shift ** (5 / 3);
    const half = level === Number.POSITIVE_INFINITY ? free : -level * Math.expm1(-free / level);
    const stray = Math.exp(-0.5 * (jitter * shift) ** 2) * (bias > 0 ? besselJ(0, bias * shift) : 1);
    speckles += rule.weights[i]! * shift * overlap(t, inner, shift) * (Math.exp(-half) - coherent) * stray;
  }
  const pupil = Math.PI * (1 - inner * inner);
  const scattered = (speckles * reach * 2 * Math.PI * 2 * t) / (Math.PI * pupil);
  // Far outside a biased field rounding may pass zero by a hair.
  return coherent * planeCoupling(t, inner) * followed + Math.max(0, scattered);
}

/**
 * Noll's optimum: ratio of the pupil's radius to the 1/e^2 radius of a single fibre mode sent backwards into it (Shaklan
 * & Roddier, Applied Optics 27:2334, 1988).
 */
const FIBRE_MODE_RATIO = 1.12;

/** By reciprocity the fibre sees the sky as a beam that it would send, and a tracking error is that beam's pointing error. */
function coherentTracking(
  { wavelengthNm, jitterRad, biasRad }: Tracking,
  diameterM: number,
  obscurationDiameterM: number,
): number {
  demand('jitterRad', jitterRad, 0, Math.PI);
  demand('biasRad', biasRad, 0, Math.PI);
  const waistRadiusM = diameterM / 2 / FIBRE_MODE_RATIO;
  const fibreBeam = { kind: 'aperture', diameterM, obscurationDiameterM, waistRadiusM } as const;
  const beamHalfAngleRad = gaussianHalfAngleRad(fibreBeam, wavelengthNm);
  return transmittanceOf(pointingLossDb({ beamHalfAngleRad, jitterRad, biasRad }));
}
