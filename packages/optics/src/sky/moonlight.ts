/** Moonlight scattered by clear air. */
import { evenSkyRadiance, scatteredSunlight } from './daylight.ts';
import { layerPath } from './nightglow.ts';
import { cosBetween, RAD, radianceOfNanolamberts } from './radiance.ts';
import type { SkyPoint } from './single-scattering.ts';
import { moonColour, moonFading } from './sunlight.ts';

/** Where the Moon stands and how much of it is lit. */
export interface MoonAt extends SkyPoint {
  /** Angle at the Moon between Sun and Earth: 0 full, 180 new. */
  readonly phaseAngleDeg: number;
}

/** Extinction in V of the site where the model was made (Mauna Kea), mag per airmass: part of the model. */
const EXTINCTION_MAG = 0.172;
/** Wavelength at which the model's V is taken, nm. */
const V_NM = 550;
/** Below this elevation the model's path of at most five airmasses is too short, degrees. */
const LOW_DEG = 10;
/** Half the Moon's apparent diameter, degrees. */
const DISC_DEG = 0.26;

/** Brightness in V, nanolamberts: Krisciunas & Schaefer, PASP 103:1033 (1991), eqs. 3, 15, 20 and 21. */
function brightnessNl(view: SkyPoint, moon: MoonAt): number {
  const separationDeg = Math.max(DISC_DEG, Math.acos(cosBetween(view, moon)) / RAD);
  const rayleigh = 10 ** 5.36 * (1.06 + Math.cos(separationDeg * RAD) ** 2);
  // Their eq. 19, for within 10 degrees of the Moon, meets eq. 18 at 8.4 degrees: the greater of both has no jump.
  const far = 10 ** (6.15 - separationDeg / 40);
  const aerosol = separationDeg < 10 ? Math.max(far, 6.2e7 / separationDeg ** 2) : far;
  const illuminance = 10 ** (-0.4 * (3.84 + moonFading(moon.phaseAngleDeg)));
  const through = (elevationDeg: number) => 10 ** (-0.4 * EXTINCTION_MAG * layerPath(elevationDeg));
  const moonThrough = through(Math.max(LOW_DEG, moon.elevationDeg));
  return (rayleigh + aerosol) * illuminance * moonThrough * (1 - through(view.elevationDeg));
}

/**
 * Radiance of moonlit air along a view at or above the horizon, W m^-2 sr^-1 nm^-1, without the surge of some 35 % near
 * full Moon. The model in V is within 8 to 23 % (its abstract). To another wavelength it goes as sunlight from the same
 * place scatters, times the Moon's colour; from a Moon lower than 10 degrees, and under the horizon, it falls as the
 * daylit and twilit sky does under a Sun that low.
 *
 * A view into the Moon itself gets the brightness of the air at its limb, 0.26 degrees from the centre: the disc is
 * `moonDiscRadiance`.
 */
export function scatteredMoonlight(wavelengthNm: number, stationHeightM: number, view: SkyPoint, moon: MoonAt): number {
  const inV = radianceOfNanolamberts(brightnessNl(view, moon));
  const fall =
    moon.elevationDeg < LOW_DEG ? evenSkyRadiance(V_NM, moon.elevationDeg) / evenSkyRadiance(V_NM, LOW_DEG) : 1;
  const colour =
    scatteredSunlight(wavelengthNm, stationHeightM, view, moon) / scatteredSunlight(V_NM, stationHeightM, view, moon);
  return inV * fall * colour * moonColour(wavelengthNm);
}
