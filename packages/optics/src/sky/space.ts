/** What a receiver above the air looks at where neither Sun, Moon nor Earth is in its field of view. */
import { starlight } from './nightglow.ts';
import { demandWavelength, type Radiance, sumOf } from './radiance.ts';

/**
 * Radiance of the dark sky above the air, W m^-2 sr^-1 nm^-1: zodiacal light and stars, the same in every direction. The
 * mean over the sky is an assumption; zodiacal light grows towards the Sun. Sun, Moon and Earth, airglow and twilight
 * over its limb, bright stars and planets, and stray light are not in it.
 * @throws OpticsError `optics/wavelength` outside 400 to 1600 nm
 */
export function spaceRadiance(wavelengthNm: number): Radiance {
  demandWavelength(wavelengthNm);
  return sumOf([
    {
      name: 'zodiacal light and stars',
      radiance: starlight(wavelengthNm),
      source: 'assumed mean over the sky, 100 S10 in V, colour of the Sun',
    },
  ]);
}
