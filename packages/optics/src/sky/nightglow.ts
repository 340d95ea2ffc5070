/** The moonless natural night: airglow, zodiacal light and faint stars. */
import { BANDS, RAD, radianceOfMagnitude } from './radiance.ts';
import { clearAir } from './single-scattering.ts';
import { solarIrradiance } from './sunlight.ts';
import { straightInLogs, type Table } from './table.ts';

/**
 * Zenith brightness of a moonless dark site, from mag/arcsec^2. U to I: Paranal near the maximum of the solar cycle (Patat,
 * Astron. Astrophys. 400:1183, 2003). J and H: Calar Alto, typical (Sanchez et al., PASP 120:1244, 2008).
 */
const DARK_SKY: Table = (
  [
    ['U', 22.3],
    ['B', 22.6],
    ['V', 21.6],
    ['R', 20.9],
    ['I', 19.7],
    ['J', 15.95],
    ['H', 13.99],
  ] as const
).map(([band, magnitude]) => [BANDS[band].wavelengthNm, radianceOfMagnitude(band, magnitude)]);

/**
 * From outside the air, in V: 100 stars of magnitude 10 per square degree. An assumption for the mean over the sky:
 * zodiacal light goes from 60 at the ecliptic's pole to 140 on it away from the Sun (Benn & Ellison, New Astron. Rev.
 * 42:503, 1998), faint stars add 5 to 100 towards the Milky Way. Its colour is the Sun's (Leinert et al., Astron.
 * Astrophys. Suppl. 127:1, 1998, section 8: moderately redder).
 */
const BEYOND_V_MAG = 27.78 - 2.5 * Math.log10(100);

/** Zodiacal light and stars above the air, W m^-2 sr^-1 nm^-1. */
export function starlight(wavelengthNm: number): number {
  const inV = radianceOfMagnitude('V', BEYOND_V_MAG);
  return (inV * solarIrradiance(wavelengthNm)) / solarIrradiance(BANDS.V.wavelengthNm);
}

/**
 * Airglow in the zenith, W m^-2 sr^-1 nm^-1: the dark sky less what comes from beyond. A mean over photometric bands:
 * from 700 nm on it is the lines of OH, and a filter of 1 nm sees several times more on a line, several times less
 * between two; from night to night it varies by a factor of 2.
 */
export function zenithAirglow(wavelengthNm: number): number {
  return straightInLogs(DARK_SKY, wavelengthNm) - starlight(wavelengthNm);
}

/** Slant path through the glowing layer: Krisciunas & Schaefer, PASP 103:1033 (1991), eq. 3. */
export function layerPath(elevationDeg: number): number {
  return (1 - 0.96 * Math.cos(elevationDeg * RAD) ** 2) ** -0.5;
}

/** What the air takes more than in the zenith on the way from the layer: the same, eq. 2. */
function dimming(wavelengthNm: number, stationHeightM: number, elevationDeg: number): number {
  const air = clearAir(wavelengthNm, stationHeightM);
  return Math.exp(-(air.rayleigh + air.aerosol) * (layerPath(elevationDeg) - 1));
}

/** Airglow seen from the ground, W m^-2 sr^-1 nm^-1. */
export function airglow(wavelengthNm: number, stationHeightM: number, elevationDeg: number): number {
  return zenithAirglow(wavelengthNm) * layerPath(elevationDeg) * dimming(wavelengthNm, stationHeightM, elevationDeg);
}

/** Zodiacal light and stars seen from the ground, W m^-2 sr^-1 nm^-1. */
export function starlightThroughAir(wavelengthNm: number, stationHeightM: number, elevationDeg: number): number {
  return starlight(wavelengthNm) * dimming(wavelengthNm, stationHeightM, elevationDeg);
}
