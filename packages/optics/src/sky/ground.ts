/** The Earth that a receiver on a satellite looks down at: the background of an uplink. */

import { demand } from '../error.ts';
import { litGround } from './city-glow.ts';
import { evenSkyRadiance, groundIrradiance } from './daylight.ts';
import { fraunhoferDepth } from './fraunhofer.ts';
import { layerPath, starlight, zenithAirglow } from './nightglow.ts';
import { demandWavelength, type Radiance, sumOf } from './radiance.ts';
import { clearAir, clearTransmittance, slantGain } from './single-scattering.ts';
import { moonToSun } from './sunlight.ts';

/** A place on the ground, seen from a satellite. */
export interface GroundScene {
  /** 400 to 1600. */
  readonly wavelengthNm: number;
  /** Of the satellite over the horizon of the place. */
  readonly viewElevationDeg: number;
  readonly sunElevationDeg: number;
  /** Phase angle 0 full, 180 new. */
  readonly moon: { readonly elevationDeg: number; readonly phaseAngleDeg: number };
  /** Share of light that the ground reflects, evenly in all directions; 0 to 1. */
  readonly albedo: number;
  /** Lights of the place as mapped by the day/night band of VIIRS, nW cm^-2 sr^-1; a bright city has 100. */
  readonly cityRadianceNwCm2Sr: number;
  /** As in `Sky`. */
  readonly filterWidthNm?: number;
}

/**
 * Radiance of the Earth from above through clear air at sea level, W m^-2 sr^-1 nm^-1, continuous through sunset: ground
 * (matt) and air lit by Sun and Moon, the lights of the place, airglow from above and mirrored in the ground. The air
 * sends up as much sunlight as an even sky sends down (an assumption, too bright by the forward share of aerosol).
 * Clouds are not in it: a cloudy scene is a ground of albedo 0.5 and more.
 * @throws OpticsError `optics/wavelength`, `optics/parameter`
 */
export function groundRadiance(scene: GroundScene): Radiance {
  const { wavelengthNm, viewElevationDeg, moon, albedo } = scene;
  demandWavelength(wavelengthNm);
  demand('viewElevationDeg', viewElevationDeg, 0, 90);
  demand('sunElevationDeg', scene.sunElevationDeg, -90, 90);
  demand('moon.elevationDeg', moon.elevationDeg, -90, 90);
  demand('moon.phaseAngleDeg', moon.phaseAngleDeg, 0, 180);
  demand('albedo', albedo, 0, 1);
  demand('cityRadianceNwCm2Sr', scene.cityRadianceNwCm2Sr, 0, Number.POSITIVE_INFINITY);
  const fraunhofer = scene.filterWidthNm === undefined ? 1 : fraunhoferDepth(wavelengthNm, scene.filterWidthNm);
  const air = clearAir(wavelengthNm, 0);
  const through = clearTransmittance(air, viewElevationDeg);
  const glow = zenithAirglow(wavelengthNm);
  const litFrom = (elevationDeg: number) => {
    const ground = (albedo / Math.PI) * groundIrradiance(wavelengthNm, elevationDeg) * through;
    return fraunhofer * (ground + evenSkyRadiance(wavelengthNm, elevationDeg) * slantGain(air, viewElevationDeg));
  };
  return sumOf([
    {
      name: 'sunlit Earth',
      radiance: litFrom(scene.sunElevationDeg),
      source: 'matt ground and single scattering in air of Bird & Riordan 1984, twilight of Patat et al. 2006',
    },
    {
      name: 'moonlit Earth',
      radiance: moonToSun(wavelengthNm, moon.phaseAngleDeg) * litFrom(moon.elevationDeg),
      source: 'the same under the Moon, phase law of Krisciunas & Schaefer 1991, colour of Kieffer & Stone 2005',
    },
    {
      name: 'city lights',
      radiance: litGround(wavelengthNm, scene.cityRadianceNwCm2Sr),
      source: 'day/night band of VIIRS given; colour of lamps assumed',
    },
    {
      name: 'airglow',
      radiance: glow * layerPath(viewElevationDeg) + albedo * (glow + starlight(wavelengthNm)) * through,
      source: 'dark sky of Patat 2003 and Sanchez et al. 2008, less starlight; with its mirror image in the ground',
    },
  ]);
}
