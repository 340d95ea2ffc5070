/** What a background is made of, and how the magnitudes of astronomers become radiances. */
import { OpticsError } from '../error.ts';

/** One source of background light, with where its level comes from. */
export interface RadianceTerm {
  /** For example `airglow`, `moonlight`. */
  readonly name: string;
  /** W m^-2 sr^-1 nm^-1. */
  readonly radiance: number;
  /** Model and its source in a few words. */
  readonly source: string;
}

/** Background radiance in one direction. */
export interface Radiance {
  readonly terms: readonly RadianceTerm[];
  /** Sum of the terms, W m^-2 sr^-1 nm^-1. */
  readonly radiance: number;
}

export function sumOf(terms: readonly RadianceTerm[]): Radiance {
  return { terms, radiance: terms.reduce((sum, term) => sum + term.radiance, 0) };
}

/** Demands a wavelength that the spectra of this package cover. */
export function demandWavelength(wavelengthNm: number): void {
  if (wavelengthNm >= 400 && wavelengthNm <= 1600) return;
  throw new OpticsError(
    'optics/wavelength',
    `wavelengthNm is ${wavelengthNm}; background light is known here from 400 to 1600 nm`,
  );
}

/**
 * Effective wavelength (nm) and flux of magnitude 0 (W m^-2 nm^-1) of the photometric bands: Bessell, Castelli & Plez,
 * Astron. Astrophys. 333:231 (1998), table A2.
 */
export const BANDS = {
  U: { wavelengthNm: 366, zeroFlux: 4.175e-11 },
  B: { wavelengthNm: 438, zeroFlux: 6.32e-11 },
  V: { wavelengthNm: 545, zeroFlux: 3.631e-11 },
  R: { wavelengthNm: 641, zeroFlux: 2.177e-11 },
  I: { wavelengthNm: 798, zeroFlux: 1.126e-11 },
  J: { wavelengthNm: 1220, zeroFlux: 3.147e-12 },
  H: { wavelengthNm: 1630, zeroFlux: 1.138e-12 },
} as const;

const ARCSEC2_PER_SR = (180 * 3600) ** 2 / Math.PI ** 2;

/** W m^-2 sr^-1 nm^-1 of a surface brightness in mag/arcsec^2. */
export function radianceOfMagnitude(band: keyof typeof BANDS, magnitude: number): number {
  return 10 ** (-0.4 * magnitude) * BANDS[band].zeroFlux * ARCSEC2_PER_SR;
}

/**
 * W m^-2 sr^-1 nm^-1 in V of a brightness in nanolamberts, by way of V = (20.7233 - ln(B/34.08)) / 0.92104
 * (Krisciunas & Schaefer, PASP 103:1033, 1991, eq. 1).
 */
export function radianceOfNanolamberts(brightnessNl: number): number {
  return (brightnessNl / (34.08 * Math.exp(20.7233))) * radianceOfMagnitude('V', 0);
}

/** The same of a luminance in mcd/m^2: a lambert is 10^4/pi cd/m^2. */
export function radianceOfLuminance(luminanceMcdM2: number): number {
  return radianceOfNanolamberts((luminanceMcdM2 * Math.PI) / 1e-2);
}

/** cos of the angle between two directions over the same horizon. */
export function cosBetween(
  a: { readonly elevationDeg: number; readonly azimuthDeg: number },
  b: { readonly elevationDeg: number; readonly azimuthDeg: number },
): number {
  const [elevationA, elevationB] = [a.elevationDeg * RAD, b.elevationDeg * RAD];
  const across = Math.cos(elevationA) * Math.cos(elevationB) * Math.cos((a.azimuthDeg - b.azimuthDeg) * RAD);
  return Math.min(1, Math.max(-1, across + Math.sin(elevationA) * Math.sin(elevationB)));
}

export const RAD = Math.PI / 180;
