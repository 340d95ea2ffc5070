/** Sunlight and moonlight above the air. */
import { RAD } from './radiance.ts';
import { straight, type Table } from './table.ts';

/**
 * Spectral irradiance of the Sun at 1 au, nm and W m^-2 nm^-1: Bird & Riordan, Simple Solar Spectral Model, SERI
 * TR-215-2436 (1984), table 2-1. Its row at 656 nm is left out, so that H alpha is in `fraunhoferDepth` alone.
 */
const SUN: Table = [
  [400, 1.4791],
  [410, 1.7013],
  [420, 1.7404],
  [430, 1.5872],
  [440, 1.837],
  [450, 2.005],
  [460, 2.043],
  [470, 1.987],
  [480, 2.027],
  [490, 1.896],
  [500, 1.909],
  [510, 1.927],
  [520, 1.831],
  [530, 1.891],
  [540, 1.898],
  [550, 1.892],
  [570, 1.84],
  [593, 1.768],
  [610, 1.728],
  [630, 1.658],
  [667.6, 1.531],
  [690, 1.42],
  [710, 1.399],
  [740, 1.298],
  [780, 1.183],
  [800, 1.148],
  [816, 1.091],
  [840, 1.022],
  [860, 0.9987],
  [880, 0.9472],
  [905, 0.8932],
  [937, 0.814],
  [980, 0.767],
  [1040, 0.6881],
  [1100, 0.6062],
  [1200, 0.5016],
  [1290, 0.44],
  [1395, 0.3589],
  [1497, 0.3004],
  [1558, 0.2721],
  [1610, 0.244],
];

/**
 * Logarithm of the Moon's reflectance, the term of its model that depends on neither phase nor libration: Kieffer &
 * Stone, Astron. J. 129:2887 (2005), table 4, coefficient a0, every third band or so.
 */
const MOON_COLOUR: Table = [
  [405, -2.35754],
  [441.6, -2.31964],
  [486.9, -2.23351],
  [549.1, -2.10782],
  [665.1, -1.88914],
  [745.3, -1.86896],
  [774.8, -1.80271],
  [865.3, -1.74561],
  [928.4, -1.75981],
  [1059.5, -1.59323],
  [1243.2, -1.53594],
  [1538.7, -1.33802],
  [1633.6, -1.34567],
];

/** Visual magnitudes: the Sun's, and the full Moon's of Krisciunas & Schaefer 1991, eq. 9. */
const SUN_V = -26.74;
const FULL_MOON_V = -12.73;

/** W m^-2 nm^-1, 1 au from the Sun; the 3 % of the year are left out. */
export function solarIrradiance(wavelengthNm: number): number {
  return straight(SUN, wavelengthNm);
}

/** By how much the Moon reflects a wavelength better than V. */
export function moonColour(wavelengthNm: number): number {
  return Math.exp(straight(MOON_COLOUR, wavelengthNm) - straight(MOON_COLOUR, 549.1));
}

/** By how many magnitudes V the Moon is fainter than full at a phase angle: the same equation, without the surge. */
export function moonFading(phaseAngleDeg: number): number {
  return 0.026 * phaseAngleDeg + 4e-9 * phaseAngleDeg ** 4;
}

/** Irradiance of the Moon at its mean distance over that of the Sun. */
export function moonToSun(wavelengthNm: number, phaseAngleDeg: number): number {
  return 10 ** (-0.4 * (FULL_MOON_V + moonFading(phaseAngleDeg) - SUN_V)) * moonColour(wavelengthNm);
}

/** What a sphere with a white, matt surface sends to a phase angle, over what it sends back to the source: 1 to 0. */
export function lambertPhase(phaseAngleDeg: number): number {
  const angle = phaseAngleDeg * RAD;
  return Math.max(0, (Math.sin(angle) + (Math.PI - angle) * Math.cos(angle)) / Math.PI);
}
