/** The Moon's disc in the field of view: the background of a link to the Moon. */
import { demand } from '../error.ts';
import { fraunhoferDepth } from './fraunhofer.ts';
import { demandWavelength, RAD, type RadianceTerm } from './radiance.ts';
import { clearAir, clearTransmittance } from './single-scattering.ts';
import { lambertPhase, moonToSun, solarIrradiance } from './sunlight.ts';

/** Solid angle of the Moon from its mean distance, sr. */
const MOON_SR = Math.PI * (1737.4 / 384_400) ** 2;
/** Geometric albedo of the Earth (Allen's Astrophysical Quantities, 4th edition), the same at every wavelength. */
const EARTH_ALBEDO = 0.367;
/** Radius of the Earth over the distance of the Moon. */
const EARTH_OVER_DISTANCE = 6371 / 384_400;
/** The phase law ends here: beyond, the crescent's shadows are not in it. */
const LARGEST_PHASE_DEG = 150;

/** A spot on the Moon's disc. */
export interface MoonSpot {
  /** 400 to 1600. */
  readonly wavelengthNm: number;
  /** 0 full, 180 new; at most 150 for the lit part. */
  readonly phaseAngleDeg: number;
  readonly part: 'lit' | 'dark';
  /** The station that looks, or null above the air. */
  readonly station: { readonly elevationDeg: number; readonly heightM: number } | null;
  /** As in `Sky`. */
  readonly filterWidthNm?: number;
}

/**
 * Radiance of the Moon's disc, W m^-2 sr^-1 nm^-1; the sky before it is not in it.
 *
 * `lit`: mean over the lit part, from the Moon's irradiance at the phase (law of Krisciunas & Schaefer 1991, without the
 * surge near full) spread over the solid angle that is lit. Highlands are twice as bright as maria. `dark`: earthshine,
 * with the Earth a matt sphere (an assumption; its clouds change it by a third) and the dark part reflecting as the
 * full Moon does.
 * @throws OpticsError `optics/wavelength`, `optics/parameter`
 */
export function moonDiscRadiance(spot: MoonSpot): RadianceTerm {
  const { wavelengthNm, phaseAngleDeg, part, station } = spot;
  demandWavelength(wavelengthNm);
  demand('phaseAngleDeg', phaseAngleDeg, 0, part === 'lit' ? LARGEST_PHASE_DEG : 180);
  if (station) {
    demand('station.elevationDeg', station.elevationDeg, 0, 90);
    demand('station.heightM', station.heightM, -500, 9000);
  }
  const through = station ? clearTransmittance(clearAir(wavelengthNm, station.heightM), station.elevationDeg) : 1;
  const fraunhofer = spot.filterWidthNm === undefined ? 1 : fraunhoferDepth(wavelengthNm, spot.filterWidthNm);
  const perMoonToSun = (solarIrradiance(wavelengthNm) * fraunhofer * through) / MOON_SR;
  if (part === 'lit') {
    const litShare = (1 + Math.cos(phaseAngleDeg * RAD)) / 2;
    return {
      name: 'lit Moon',
      radiance: (moonToSun(wavelengthNm, phaseAngleDeg) * perMoonToSun) / litShare,
      source: 'phase law of Krisciunas & Schaefer 1991, colour of Kieffer & Stone 2005, mean over the lit part',
    };
  }
  const earthToSun = EARTH_ALBEDO * EARTH_OVER_DISTANCE ** 2 * lambertPhase(180 - phaseAngleDeg);
  return {
    name: 'earthshine',
    radiance: moonToSun(wavelengthNm, 0) * perMoonToSun * earthToSun,
    source: 'Earth as a matt sphere of geometric albedo 0.367 (assumed shape), reflected as by the full Moon',
  };
}
