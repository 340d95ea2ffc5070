/**
 * Scattered sunlight, from noon to the end of twilight: light scattered once (`scatteredOnce`) plus light scattered
 * more often, which has forgotten where the Sun is. By day the second is a guess of its order; from a depression of
 * 5 degrees on both add up to the measured twilight of the zenith; between the two it goes over straight.
 *
 * Accuracy: with the Sun 30 or 60 degrees high the whole sky sends level ground the diffuse irradiance of Bird & Riordan
 * 1984 within 6 % from 400 to 1550 nm; true aerosol makes that a factor of 2. The measured twilight scatters by 0.1 to
 * 0.4 mag and is some 30 % brighter at a low site (the same paper).
 */
import { BANDS, RAD, radianceOfMagnitude } from './radiance.ts';
import {
  type ClearAir,
  clearAir,
  clearTransmittance,
  type SkyPoint,
  scatteredOnce,
  scatteringDepth,
  slantGain,
} from './single-scattering.ts';
import { solarIrradiance } from './sunlight.ts';
import { straightInLogs, type Table } from './table.ts';

/**
 * Zenith brightness at twilight, mag/arcsec^2: a0 + a1 x + a2 x^2 with x the Sun's depression less 5 degrees, for x
 * from 0 to 10 (Patat, Ugolnikov & Postylyakov, Astron. Astrophys. 455:385, 2006, table 1), night sky included; and
 * that night sky (Patat, Astron. Astrophys. 400:1183, 2003). Paranal, 2635 m.
 */
const TWILIGHT = {
  U: { fit: [11.78, 1.376, -0.039], night: 22.3 },
  B: { fit: [11.84, 1.411, -0.041], night: 22.6 },
  V: { fit: [11.84, 1.518, -0.057], night: 21.6 },
  R: { fit: [11.4, 1.567, -0.064], night: 20.9 },
  I: { fit: [10.93, 1.47, -0.062], night: 19.7 },
} as const;

const START_DEG = 5;
/** From here on the night sky is too much of what was measured: scattered light goes on falling at the same pace. */
const LAST_DEG = 12;

/** Scattered light alone, W m^-2 sr^-1 nm^-1, of one band at a depression of `START_DEG` or more. */
function twilightOf(band: keyof typeof TWILIGHT, depressionDeg: number): number {
  const { fit, night } = TWILIGHT[band];
  const x = Math.min(depressionDeg, LAST_DEG) - START_DEG;
  const total = radianceOfMagnitude(band, fit[0] + fit[1] * x + fit[2] * x * x);
  const scattered = total - radianceOfMagnitude(band, night);
  if (depressionDeg <= LAST_DEG) return scattered;
  const magPerDeg = ((fit[1] + 2 * fit[2] * x) * total) / scattered;
  return scattered * 10 ** (-0.4 * magPerDeg * (depressionDeg - LAST_DEG));
}

/**
 * Measured twilight in the zenith, W m^-2 sr^-1 nm^-1; straight in the logarithms between the bands, beyond I with the
 * Sun's spectrum and the optical depth of scattering (an assumption).
 */
function zenithTwilight(air: ClearAir, wavelengthNm: number, depressionDeg: number): number {
  const table: Table = (['U', 'B', 'V', 'R', 'I'] as const).map((band) => [
    BANDS[band].wavelengthNm,
    twilightOf(band, depressionDeg),
  ]);
  const reddest = BANDS.I.wavelengthNm;
  if (wavelengthNm <= reddest) return straightInLogs(table, wavelengthNm);
  const atReddest = clearAir(reddest, air.heightKm * 1000);
  const colour =
    (solarIrradiance(wavelengthNm) * scatteringDepth(air)) / (solarIrradiance(reddest) * scatteringDepth(atReddest));
  return straightInLogs(table, reddest) * colour;
}

const ZENITH = { elevationDeg: 90, azimuthDeg: 0 } as const;

/**
 * What goes with light scattered once: a factor on it, at most 1, for ozone that dims the long way of twilight and is not
 * in it; and the light scattered more than once in the zenith, W m^-2 sr^-1 nm^-1.
 */
interface Orders {
  readonly onceFactor: number;
  readonly often: number;
}

/**
 * Light scattered more than once over light scattered once, by day: an assumption, for thin air, in which each order is
 * weaker than the last by about the optical depth.
 */
const oftenToOnceByDay = scatteringDepth;

/** With the Sun 5 degrees or more under the horizon both follow from the measured zenith. */
function ordersInTwilight(air: ClearAir, wavelengthNm: number, depressionDeg: number): Orders {
  const sun = { elevationDeg: -depressionDeg, azimuthDeg: 0 };
  const once = solarIrradiance(wavelengthNm) * scatteredOnce(air, ZENITH, sun, 'true');
  const measured = zenithTwilight(air, wavelengthNm, depressionDeg);
  const byDay = oftenToOnceByDay(air);
  // Never less than by day: the share of higher orders grows as the direct light dies.
  const often = Math.max(measured - once, (measured * byDay) / (1 + byDay));
  return { onceFactor: once > 0 ? Math.min(1, (measured - often) / once) : 1, often };
}

function ordersAt(air: ClearAir, wavelengthNm: number, sunElevationDeg: number): Orders {
  if (sunElevationDeg <= -START_DEG) return ordersInTwilight(air, wavelengthNm, -sunElevationDeg);
  const evenly = (elevationDeg: number) =>
    solarIrradiance(wavelengthNm) * scatteredOnce(air, ZENITH, { elevationDeg, azimuthDeg: 0 }, 'even');
  const byDay = oftenToOnceByDay(air);
  if (sunElevationDeg >= 0) return { onceFactor: 1, often: byDay * evenly(sunElevationDeg) };
  const start = ordersInTwilight(air, wavelengthNm, START_DEG);
  const share = -sunElevationDeg / START_DEG;
  const oftenToOnce = byDay + share * (start.often / evenly(-START_DEG) - byDay);
  return { onceFactor: start.onceFactor ** share, often: oftenToOnce * evenly(sunElevationDeg) };
}

/** Radiance of scattered sunlight, W m^-2 sr^-1 nm^-1, along a view at or above the horizon. */
export function scatteredSunlight(wavelengthNm: number, stationHeightM: number, view: SkyPoint, sun: SkyPoint): number {
  const air = clearAir(wavelengthNm, stationHeightM);
  const { onceFactor, often } = ordersAt(air, wavelengthNm, sun.elevationDeg);
  const once = solarIrradiance(wavelengthNm) * scatteredOnce(air, view, sun, 'true');
  return onceFactor * once + often * slantGain(air, view.elevationDeg);
}

/**
 * Mean radiance of the daylit or twilit sky at sea level, as if it were even: the zenith's with scattering that favours
 * no direction. Pi times it is the diffuse irradiance of level ground.
 */
export function evenSkyRadiance(wavelengthNm: number, sunElevationDeg: number): number {
  const air = clearAir(wavelengthNm, 0);
  const { onceFactor, often } = ordersAt(air, wavelengthNm, sunElevationDeg);
  const sun = { elevationDeg: sunElevationDeg, azimuthDeg: 0 };
  return onceFactor * solarIrradiance(wavelengthNm) * scatteredOnce(air, ZENITH, sun, 'even') + often;
}

/** Irradiance of level ground by the Sun and its sky, W m^-2 nm^-1, continuous through sunset. */
export function groundIrradiance(wavelengthNm: number, sunElevationDeg: number): number {
  const air = clearAir(wavelengthNm, 0);
  const diffuse = Math.PI * evenSkyRadiance(wavelengthNm, sunElevationDeg);
  if (sunElevationDeg <= 0) return diffuse;
  const direct = clearTransmittance(air, sunElevationDeg) * Math.sin(sunElevationDeg * RAD);
  return solarIrradiance(wavelengthNm) * direct + diffuse;
}
