/** How much of a telescope's image falls into a round field of view. */

import { demand, demandPositive } from '../error.ts';
import { besselJ } from '../numerics/bessel.ts';
import { gaussLegendre } from '../numerics/quadrature.ts';
import { checkFried } from './adaptive-optics.ts';

const rule = gaussLegendre(16);
/** Where the exponent of the transfer function has reached this, nothing is left. */
const SPENT = 36;

/**
 * Share, 0 to 1, of the image of a far point inside a round field stop, in the mean over turbulence and tracking error.
 * The image is the long exposure, FWHM 0.98 lambda/r0 (Fried, JOSA 56:1372, 1966): transfer function of the open
 * aperture times exp(-3.44 (lambda f/r0)^(5/3)) times that of Gaussian jitter, so that Airy's rings and the halo of
 * Kolmogorov turbulence are in it, which a Gaussian image would leave out. The share within the angle a of a point at the
 * distance b from the image's middle is 2 pi a int OTF(f) J1(2 pi a f) J0(2 pi b f) df. A central obscuration is not in
 * it: it takes more light out of the core than this has.
 * @throws OpticsError `optics/parameter`
 */
export function fieldOfViewCoupling({
  friedM,
  wavelengthNm,
  diameterM,
  fieldOfViewRad,
  jitterRad,
  biasRad,
}: {
  /** Fried parameter; infinite without turbulence. */
  readonly friedM: number;
  readonly wavelengthNm: number;
  readonly diameterM: number;
  /** Full angle. */
  readonly fieldOfViewRad: number;
  /** Standard deviation of the tracking error per axis. */
  readonly jitterRad: number;
  /** Static, radial. */
  readonly biasRad: number;
}): number {
  checkFried(friedM);
  demandPositive('wavelengthNm', wavelengthNm);
  demandPositive('diameterM', diameterM);
  demand('fieldOfViewRad', fieldOfViewRad, 0, Math.PI, 'open');
  demand('jitterRad', jitterRad, 0, Math.PI);
  demand('biasRad', biasRad, 0, Math.PI);
  const wavelengthM = wavelengthNm * 1e-9;
  const radius = fieldOfViewRad / 2;
  // Frequencies in cycles a radian.
  const cutoff = diameterM / wavelengthM;
  const seeingEnd = (SPENT / 3.44) ** (3 / 5) * (friedM / wavelengthM);
  const jitterEnd = Math.sqrt(SPENT / 2) / (Math.PI * jitterRad);
  const end = Math.min(cutoff, seeingEnd, jitterEnd);
  const panels = Math.ceil((radius + biasRad) * end) + 2;
  let share = 0;
  for (let panel = 0; panel < panels; panel++) {
    for (let i = 0; i < rule.nodes.length; i++) {
      const f = (end * (panel + rule.nodes[i]!)) / panels;
      const nu = f / cutoff;
      const aperture = (2 / Math.PI) * (Math.acos(nu) - nu * Math.sqrt(1 - nu * nu));
      const blur = 3.44 * ((wavelengthM * f) / friedM) ** (5 / 3) + 2 * (Math.PI * jitterRad * f) ** 2;
      const stop = besselJ(1, 2 * Math.PI * radius * f) * (biasRad > 0 ? besselJ(0, 2 * Math.PI * biasRad * f) : 1);
      share += rule.weights[i]! * aperture * Math.exp(-blur) * stop;
    }
  }
  // Rounding may pass a share of all by a hair.
  return Math.min(1, Math.max(0, (share * 2 * Math.PI * radius * end) / panels));
}
