/** Light of cities: scattered back by the sky over a station, and sent up to a satellite. */
import { radianceOfLuminance } from './radiance.ts';
import { clearAir, scatteringDepth, slantGain } from './single-scattering.ts';
import { straight, type Table } from './table.ts';

/**
 * Colour of lamps, spectral radiance over that at 550 nm: an assumption for streets lit by high-pressure sodium and
 * white diodes together. Sodium lamps go on into the infrared (lines at 819 and 1139 nm), diodes end at 750 nm; real
 * lamps come in lines, so that a filter of 1 nm may see a tenth of this or ten times as much.
 */
const LAMPS: Table = [
  [400, 0.3],
  [500, 0.7],
  [550, 1],
  [620, 1],
  [700, 0.5],
  [800, 0.3],
  [1600, 0.3],
];

/** Day/night band of VIIRS, nm. */
const DAY_NIGHT_BAND_NM = [500, 900] as const;
const V_NM = 550;

/**
 * Artificial sky radiance, W m^-2 sr^-1 nm^-1, from the artificial zenith luminance in V (mcd/m^2; Falchi et al., Science
 * Advances 2:e1600377, 2016). Assumptions: the colour of lamps times the optical depth of scattering; the same all
 * around, brighter towards the horizon as evenly lit air is. Over a station beside a city the true glow is lopsided.
 */
export function cityGlow(
  wavelengthNm: number,
  stationHeightM: number,
  elevationDeg: number,
  zenithMcdM2: number,
): number {
  const air = clearAir(wavelengthNm, stationHeightM);
  const colour =
    (straight(LAMPS, wavelengthNm) * scatteringDepth(air)) / scatteringDepth(clearAir(V_NM, stationHeightM));
  return radianceOfLuminance(zenithMcdM2) * colour * slantGain(air, elevationDeg);
}

/**
 * Spectral radiance of lit ground from above, W m^-2 sr^-1 nm^-1, from what the day/night band of VIIRS maps (nW cm^-2
 * sr^-1, 500 to 900 nm, response taken as even), with the colour of lamps.
 */
export function litGround(wavelengthNm: number, dayNightBandNw: number): number {
  const [from, to] = DAY_NIGHT_BAND_NM;
  const steps = 80;
  const stepNm = (to - from) / steps;
  let bandNm = 0;
  for (let step = 0; step < steps; step++) bandNm += stepNm * straight(LAMPS, from + (step + 0.5) * stepNm);
  return ((dayNightBandNw * 1e-5) / bandNm) * straight(LAMPS, wavelengthNm);
}
