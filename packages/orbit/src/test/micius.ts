/** Element sets and stations that several tests of this package share. */

import type { Station } from '../station.ts';
import { parseTle } from '../tle.ts';

export const MICIUS_LINE_1 = '1 41731U 16051A   16353.90152003  .00000364  00000-0  17957-4 0  9993';
export const MICIUS_LINE_2 = '2 41731  97.3699 267.4500 0013200 178.5836 246.0824 15.23915303 19063';

/** Micius (QUESS), epoch 2016-12-18T21:38Z. */
export const MICIUS = parseTle(`MICIUS\n${MICIUS_LINE_1}\n${MICIUS_LINE_2}\n`);

/** Molniya 2-14 of the SGP4 verification set (Vallado et al., AIAA 2006-6753): 12 h, eccentricity 0.69. */
export const MOLNIYA = parseTle(
  '1 08195U 75081A   06176.33215444  .00000099  00000-0  11873-3 0   813\n' +
    '2 08195  64.1586 279.0717 6877146 264.7651  20.2257  2.00491383225656',
);

export const XINGLONG: Station = {
  id: 'xinglong',
  name: 'Xinglong',
  latitudeDeg: 40.39587,
  longitudeDeg: 117.57746,
  altitudeM: 890,
};

export const ZVENIGOROD: Station = {
  id: 'zvenigorod',
  name: 'Zvenigorod',
  latitudeDeg: 55.7,
  longitudeDeg: 36.76,
  altitudeM: 180,
};
