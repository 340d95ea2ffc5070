/** Sunlight off the satellite itself, in the field of view of the station that receives it. */
import { demand, demandPositive } from '../error.ts';
import { fraunhoferDepth } from './fraunhofer.ts';
import { demandWavelength, type RadianceTerm } from './radiance.ts';
import { clearAir, clearTransmittance } from './single-scattering.ts';
import { lambertPhase, solarIrradiance } from './sunlight.ts';

/** A satellite outside the Earth's shadow. Every size here is an assumption of the caller. */
export interface SunlitSatellite {
  /** 400 to 1600. */
  readonly wavelengthNm: number;
  /** Of the sphere that stands in for it. */
  readonly crossSectionM2: number;
  /** Share of light that it reflects, 0 to 1. */
  readonly albedo: number;
  /** Angle at the satellite between Sun and station: 0 with the Sun behind the station. */
  readonly phaseAngleDeg: number;
  readonly rangeKm: number;
  readonly elevationDeg: number;
  readonly stationHeightM: number;
  /** Full angle; the whole satellite is inside. */
  readonly fieldOfViewRad: number;
  /** As in `Sky`. */
  readonly filterWidthNm?: number;
}

/**
 * Light of a sunlit satellite as a radiance over the field of view, so that `backgroundRateHz` counts it with the rest,
 * W m^-2 sr^-1 nm^-1. Assumed throughout: a matt sphere; no measured figure exists for a quantum satellite, and a flat
 * panel or foil may glint a thousand times brighter. Not part of `skyRadiance`.
 * @throws OpticsError `optics/wavelength`, `optics/parameter`
 */
export function sunlitSatellite(satellite: SunlitSatellite): RadianceTerm {
  const { wavelengthNm, rangeKm, fieldOfViewRad, stationHeightM, elevationDeg } = satellite;
  demandWavelength(wavelengthNm);
  demand('crossSectionM2', satellite.crossSectionM2, 0, Number.POSITIVE_INFINITY);
  demand('albedo', satellite.albedo, 0, 1);
  demand('phaseAngleDeg', satellite.phaseAngleDeg, 0, 180);
  demandPositive('rangeKm', rangeKm);
  demand('elevationDeg', elevationDeg, 0, 90);
  demand('stationHeightM', stationHeightM, -500, 9000);
  demandPositive('fieldOfViewRad', fieldOfViewRad);
  const fraunhofer = satellite.filterWidthNm === undefined ? 1 : fraunhoferDepth(wavelengthNm, satellite.filterWidthNm);
  // A matt sphere sends back 2/3 of what a matt disc of its albedo does, whose radiance is albedo/pi of the irradiance.
  const intensity =
    ((2 / 3) * satellite.albedo * satellite.crossSectionM2 * lambertPhase(satellite.phaseAngleDeg)) / Math.PI;
  const irradiance = (solarIrradiance(wavelengthNm) * fraunhofer * intensity) / (rangeKm * 1000) ** 2;
  const through = clearTransmittance(clearAir(wavelengthNm, stationHeightM), elevationDeg);
  return {
    name: 'sunlit satellite',
    radiance: (irradiance * through) / ((Math.PI / 4) * fieldOfViewRad ** 2),
    source: 'assumed matt sphere of given cross-section and albedo',
  };
}
