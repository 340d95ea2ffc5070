/** The clear sky that a receiver on the ground looks at, term by term. */

import { demand, OpticsError } from '../error.ts';
import { cityGlow } from './city-glow.ts';
import { scatteredSunlight } from './daylight.ts';
import { fraunhoferDepth } from './fraunhofer.ts';
import { type MoonAt, scatteredMoonlight } from './moonlight.ts';
import { airglow, starlightThroughAir } from './nightglow.ts';
import { cosBetween, demandWavelength, RAD, type Radiance, sumOf } from './radiance.ts';
import type { SkyPoint } from './single-scattering.ts';

/** A line of sight through clear air and the lights around it. Azimuths from any one direction, the same for all. */
export interface Sky {
  /** 400 to 1600. */
  readonly wavelengthNm: number;
  /** Above sea level. */
  readonly stationHeightM: number;
  /** At or above the horizon. */
  readonly view: SkyPoint;
  readonly sun: SkyPoint;
  readonly moon: MoonAt;
  /** Artificial, zenith, V (Falchi et al., Science Advances 2:e1600377, 2016); the natural sky, 0.174, not included. */
  readonly artificialBrightnessMcdM2: number;
  /**
   * Width of the receiver's filter. With it sunlight and moonlight are darker on a Fraunhofer line (`fraunhoferDepth`);
   * without, the continuum is taken.
   */
  readonly filterWidthNm?: number;
}

/** Half the Sun's apparent diameter, degrees. */
const SUN_DISC_DEG = 0.27;

/**
 * Radiance of a clear sky along a line of sight, W m^-2 sr^-1 nm^-1, continuous in every angle: scattered sunlight by
 * day and twilight, scattered moonlight, airglow, zodiacal light and stars, city glow. A factor of 2 to 3 is what to
 * expect of it, from night to night more. Clouds, snow, haze beyond clear rural air, bright stars and planets in the
 * field of view, gas absorption, and the discs of Sun and Moon are not in it.
 * @throws OpticsError `optics/wavelength` outside 400 to 1600 nm, `optics/parameter`, also for a view into the Sun
 */
export function skyRadiance(sky: Sky): Radiance {
  const { wavelengthNm, stationHeightM, view, sun, moon } = sky;
  demandWavelength(wavelengthNm);
  demand('stationHeightM', stationHeightM, -500, 9000);
  demand('view.elevationDeg', view.elevationDeg, 0, 90);
  demand('sun.elevationDeg', sun.elevationDeg, -90, 90);
  demand('moon.elevationDeg', moon.elevationDeg, -90, 90);
  demand('moon.phaseAngleDeg', moon.phaseAngleDeg, 0, 180);
  for (const [field, point] of Object.entries({ view, sun, moon })) {
    demand(`${field}.azimuthDeg`, point.azimuthDeg, -360, 720);
  }
  demand('artificialBrightnessMcdM2', sky.artificialBrightnessMcdM2, 0, Number.POSITIVE_INFINITY);
  if (cosBetween(view, sun) > Math.cos(SUN_DISC_DEG * RAD)) {
    throw new OpticsError(
      'optics/parameter',
      `view is in the disc of the Sun; it must be ${SUN_DISC_DEG} degrees or more from its centre`,
    );
  }
  const fraunhofer = sky.filterWidthNm === undefined ? 1 : fraunhoferDepth(wavelengthNm, sky.filterWidthNm);
  return sumOf([
    {
      name: sun.elevationDeg > 0 ? 'daylight' : 'twilight',
      radiance: fraunhofer * scatteredSunlight(wavelengthNm, stationHeightM, view, sun),
      source: 'single scattering in air of Bird & Riordan 1984, zenith twilight of Patat et al. 2006',
    },
    {
      name: 'moonlight',
      radiance: fraunhofer * scatteredMoonlight(wavelengthNm, stationHeightM, view, moon),
      source: 'Krisciunas & Schaefer 1991 in V, scattering law and colour of the Moon to the wavelength',
    },
    {
      name: 'airglow',
      radiance: airglow(wavelengthNm, stationHeightM, view.elevationDeg),
      source: 'dark sky of Patat 2003 and Sanchez et al. 2008, less starlight',
    },
    {
      name: 'zodiacal light and stars',
      radiance: starlightThroughAir(wavelengthNm, stationHeightM, view.elevationDeg),
      source: 'assumed mean over the sky, 100 S10 in V, colour of the Sun',
    },
    {
      name: 'city glow',
      radiance: cityGlow(wavelengthNm, stationHeightM, view.elevationDeg, sky.artificialBrightnessMcdM2),
      source: 'zenith in V given (Falchi et al. 2016); colour of lamps and growth to the horizon assumed',
    },
  ]);
}
