/** Fraunhofer lines: wavelengths at which the Sun itself is dark, and with it everything that it lights. */
import { demandPositive } from '../error.ts';
import { demandWavelength } from './radiance.ts';

/**
 * Wavelength in air (nm), equivalent width (nm) and intensity at the centre over the continuum. Wavelengths and widths:
 * Moore, Minnaert & Houtgast, The Solar Spectrum 2935 A to 8770 A, NBS Monograph 61 (1966). Central intensities:
 * H alpha as in the atlas of Delbouille, Neven & Roland (1973); the others are assumptions, rounded from what such
 * atlases show.
 */
export const FRAUNHOFER_LINES = [
  { name: 'H beta', wavelengthNm: 486.135, equivalentWidthNm: 0.368, centralIntensity: 0.15 },
  { name: 'Na D2', wavelengthNm: 588.997, equivalentWidthNm: 0.0752, centralIntensity: 0.05 },
  { name: 'Na D1', wavelengthNm: 589.594, equivalentWidthNm: 0.0564, centralIntensity: 0.05 },
  { name: 'H alpha', wavelengthNm: 656.281, equivalentWidthNm: 0.402, centralIntensity: 0.16 },
  { name: 'Ca II', wavelengthNm: 849.806, equivalentWidthNm: 0.147, centralIntensity: 0.3 },
  { name: 'Ca II', wavelengthNm: 854.214, equivalentWidthNm: 0.367, centralIntensity: 0.2 },
  { name: 'Ca II', wavelengthNm: 866.217, equivalentWidthNm: 0.26, centralIntensity: 0.2 },
] as const;

/**
 * Share of sunlight that a filter lets in against the continuum beside the line, above 0 and at most 1. The filter is a
 * box of that width around the wavelength (in air). Each line is a Lorentzian with the published equivalent width and
 * centre (an assumption: strong lines have such wings, their cores are flatter), several lines multiply, and the
 * thousands of weak ones count as continuum. Not in it: the filling-in of lines by rotational Raman scattering in the
 * air, some per cent of the continuum in a cloudless sky, which limits what a filter much narrower than the line saves.
 * @throws OpticsError `optics/wavelength`, `optics/parameter`
 */
export function fraunhoferDepth(wavelengthNm: number, filterWidthNm: number): number {
  demandWavelength(wavelengthNm);
  demandPositive('filterWidthNm', filterWidthNm);
  return FRAUNHOFER_LINES.reduce((share, line) => {
    const depth = 1 - line.centralIntensity;
    const halfWidthNm = line.equivalentWidthNm / (Math.PI * depth);
    const [from, to] = [-0.5, 0.5].map(
      (side) => (wavelengthNm + side * filterWidthNm - line.wavelengthNm) / halfWidthNm,
    );
    const taken = (depth * halfWidthNm * (Math.atan(to!) - Math.atan(from!))) / filterWidthNm;
    return share * (1 - taken);
  }, 1);
}
