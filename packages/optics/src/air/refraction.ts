/** Air bends light down: a satellite stands a little higher than geometry says, and its light crosses a little less air. */
import { demand, OpticsError } from '../error.ts';

/** Pressure and temperature of the air at a place. */
export interface AirState {
  readonly pressureHPa: number;
  readonly temperatureC: number;
}

/**
 * Pressure and temperature of the standard atmosphere, -500 to 9000 m above sea level (U.S. Standard Atmosphere, 1976:
 * 1013.25 hPa and 15 C at sea level, 6.5 K less each km).
 * @throws OpticsError `optics/parameter`
 */
export function standardAir(heightM: number): AirState {
  demand('stationHeightM', heightM, -500, 9000);
  const cooling = (0.0065 * heightM) / 288.15;
  return { pressureHPa: 1013.25 * (1 - cooling) ** 5.25588, temperatureC: 15 - 0.0065 * heightM };
}

/** Refractivity n - 1 of standard air, 230 to 1690 nm (Ciddor, Applied Optics 35:1566, 1996, eq. 1). */
function refractivity(wavelengthNm: number): number {
  const wavenumber2 = (1000 / wavelengthNm) ** 2;
  return 1e-8 * (5_792_105 / (238.0185 - wavenumber2) + 167_917 / (57.362 - wavenumber2));
}

/**
 * Refraction, degrees, at a geometric elevation: how much higher a source outside the air appears. Saemundsson's
 * formula (Sky and Telescope 72:70, 1986) as Meeus gives it (Astronomical Algorithms, 1998, 16.4, with its correction
 * that makes it zero in the zenith), within 0.1' of Bennett's; scaled by pressure and temperature, and from visual
 * light (550 nm, an assumption: 1 % down to 850 nm) by the refractivity of air to a wavelength. A satellite at 500 km
 * is not infinitely far and shows less by a part in a hundred: left out.
 * @param elevationDeg above the horizon, 0 to 90
 * @throws OpticsError `optics/elevation`, `optics/wavelength` outside 230 to 1690 nm, `optics/parameter` for air that
 *   is none
 */
export function refractionDeg(
  elevationDeg: number,
  { pressureHPa, temperatureC, wavelengthNm }: AirState & { readonly wavelengthNm?: number },
): number {
  if (!(elevationDeg >= 0 && elevationDeg <= 90)) {
    throw new OpticsError(
      'optics/elevation',
      `elevationDeg is ${elevationDeg}; refraction is known from 0 to 90 degrees`,
    );
  }
  demand('pressureHPa', pressureHPa, 0, 1100);
  demand('temperatureC', temperatureC, -100, 60);
  if (wavelengthNm !== undefined && !(wavelengthNm >= 230 && wavelengthNm <= 1690)) {
    throw new OpticsError(
      'optics/wavelength',
      `wavelengthNm is ${wavelengthNm}; the refractivity of air is known from 230 to 1690 nm`,
    );
  }
  const visualDeg = (1.02 / Math.tan(((elevationDeg + 10.3 / (elevationDeg + 5.11)) * Math.PI) / 180) + 0.0019279) / 60;
  const colour = wavelengthNm === undefined ? 1 : refractivity(wavelengthNm) / refractivity(550);
  // The formula ends at 1e-9 degrees below zero in the zenith.
  return Math.max(0, visualDeg) * (pressureHPa / 1010) * (283 / (273 + temperatureC)) * colour;
}

/**
 * Elevation, degrees, under which a station sees a satellite of that geometric elevation.
 * @throws OpticsError as `refractionDeg`
 */
export function apparentElevationDeg(elevationDeg: number, air: AirState & { readonly wavelengthNm?: number }): number {
  return Math.min(90, elevationDeg + refractionDeg(elevationDeg, air));
}
