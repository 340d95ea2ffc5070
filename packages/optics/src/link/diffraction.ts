/**
 * A diffraction-limited beam far away: the Fraunhofer integral of a Gaussian that an aperture with a central
 * obscuration has cut off, as SatQuMA takes it (Sidhu et al., arXiv:2109.01686).
 *
 * With a the radius of the aperture, x = r/a, u(x) = exp(-(x a/w0)^2) between the obscuration and 1, and
 * s = k a rho / R for the distance rho from the axis at the range R, the power inside rho is
 *   E(s) = int_0^s t |int x u(x) J0(t x) dx|^2 dt / int x u(x)^2 dx,
 * one function of s for all ranges and receivers. Its limit is 1 (Parseval), and swapping the radii of transmitter and
 * receiver leaves s as it is.
 *
 * It holds for a beam focused on the receiver at any range, and for a collimated beam from `farFieldKm` = D^2/lambda
 * on, where being out of focus changes the loss by 0.23 dB at most; that falls with the square of the range.
 */

import { demand, demandPositive } from '../error.ts';
import { besselJ } from '../numerics/bessel.ts';
import { gaussLegendre } from '../numerics/quadrature.ts';
import type { Beam } from './link.ts';

export type ApertureBeam = Extract<Beam, { kind: 'aperture' }>;

/** @throws OpticsError `optics/parameter` */
export function checkAperture({ diameterM, waistRadiusM, obscurationDiameterM }: ApertureBeam): void {
  demandPositive('beam.diameterM', diameterM);
  demandPositive('beam.waistRadiusM', waistRadiusM);
  demand('beam.obscurationDiameterM', obscurationDiameterM, 0, 0.99 * diameterM);
}

/** Range, km, from which a collimated beam of this aperture has the far field's pattern (D^2/lambda). */
export function farFieldKm(diameterM: number, wavelengthNm: number): number {
  return (diameterM ** 2 / (wavelengthNm * 1e-9)) * 1e-3;
}

/** Nodes and weights between two ends, eight nodes a panel. */
function ruleBetween(low: number, high: number, panels: number) {
  const { nodes, weights } = gaussLegendre(8, panels);
  return { at: nodes.map((node) => low + (high - low) * node), weight: weights.map((share) => (high - low) * share) };
}

/** The illuminated part of the aperture: lengths in units of its outer radius, so that a narrow waist needs no care. */
function pupilOf({ diameterM, waistRadiusM, obscurationDiameterM }: ApertureBeam) {
  const innerM = obscurationDiameterM / 2;
  // Beyond this radius the intensity is under e^-40 of its maximum.
  const outerM = Math.min(diameterM / 2, Math.sqrt(innerM ** 2 + 20 * waistRadiusM ** 2));
  return { outerM, inner: innerM / outerM, steepness: (outerM / waistRadiusM) ** 2 };
}

/** Integrates over the pupil with a rule that follows oscillations up to J0(`fastest` x). */
function sampled({ inner, steepness }: ReturnType<typeof pupilOf>, fastest: number) {
  const panels = 1 + Math.ceil((1 - inner) * (fastest / 4 + Math.sqrt(steepness) / 2));
  const { at, weight } = ruleBetween(inner, 1, panels);
  let power = 0;
  for (let j = 0; j < at.length; j++) {
    const field = Math.exp(steepness * (inner ** 2 - at[j]! ** 2));
    power += weight[j]! * at[j]! * field ** 2;
    weight[j]! *= at[j]! * field;
  }
  return { at, weight, power };
}

/** Beyond this s only the tail of the edges is left, 1 - E ~ 1/s. */
const TAIL = 64;

/**
 * Part of the power leaving the aperture that arrives between two radii around the axis, 0 to 1; within 1e-9 of the
 * integral up to s = 64; beyond, within 5e-5 for an open aperture and 3e-3 for one that hides no more than the waist.
 * @throws OpticsError `optics/parameter`
 */
export function ringShare({
  beam,
  wavelengthNm,
  rangeKm,
  innerRadiusM,
  outerRadiusM,
}: {
  readonly beam: ApertureBeam;
  readonly wavelengthNm: number;
  readonly rangeKm: number;
  readonly innerRadiusM: number;
  readonly outerRadiusM: number;
}): number {
  checkAperture(beam);
  demandPositive('wavelengthNm', wavelengthNm);
  demandPositive('rangeKm', rangeKm);
  demand('outerRadiusM', outerRadiusM, 0, Number.POSITIVE_INFINITY);
  demand('innerRadiusM', innerRadiusM, 0, outerRadiusM);
  const pupil = pupilOf(beam);
  const perMetre = ((2 * Math.PI) / (wavelengthNm * 1e-9)) * (pupil.outerM / (rangeKm * 1e3));
  const from = perMetre * innerRadiusM;
  const to = perMetre * outerRadiusM;
  const { at, weight, power } = sampled(pupil, Math.min(to, TAIL));
  const within = (low: number, high: number): number => {
    if (high === low) return 0;
    const rings = ruleBetween(low, high, Math.ceil((high - low) / 2));
    let sum = 0;
    for (let i = 0; i < rings.at.length; i++) {
      const t = rings.at[i]!;
      let field = 0;
      for (let j = 0; j < at.length; j++) field += weight[j]! * besselJ(0, t * at[j]!);
      sum += rings.weight[i]! * t * field ** 2;
    }
    return sum / power;
  };
  if (to <= TAIL) return Math.min(1, within(from, to));
  const core = from < TAIL ? within(from, TAIL) : 0;
  const outside = Math.max(0, 1 - (from > 0 ? within(0, TAIL) : core));
  return Math.min(1, core + outside * (TAIL / Math.max(from, TAIL) - TAIL / to));
}

/**
 * 1/e^2 half-angle of the Gaussian with the far field's curvature on the axis, which stands in for the beam where a
 * closed form needs one: 2/(k sqrt(m)) with m the mean of r^2 over the field in the aperture. Exact for a Gaussian
 * that nothing cuts off: lambda/(pi w0).
 * @throws OpticsError `optics/parameter`
 */
export function apertureHalfAngleRad(beam: ApertureBeam, wavelengthNm: number): number {
  checkAperture(beam);
  demandPositive('wavelengthNm', wavelengthNm);
  const pupil = pupilOf(beam);
  const { at, weight } = sampled(pupil, 0);
  let field = 0;
  let moment = 0;
  for (let j = 0; j < at.length; j++) {
    field += weight[j]!;
    moment += weight[j]! * at[j]! ** 2;
  }
  return (wavelengthNm * 1e-9) / (Math.PI * pupil.outerM * Math.sqrt(moment / field));
}
