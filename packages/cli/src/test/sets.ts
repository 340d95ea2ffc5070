/** The element set of the shipped scenario, in the two ways of writing it. For tests only. */
export const TLE = `MICIUS
1 41731U 16051A   16353.90152003  .00000364  00000-0  17957-4 0  9993
2 41731  97.3699 267.4500 0013200 178.5836 246.0824 15.23915303 19063
`;

/** Day 353.90152003 of 2016 is 18 December, 21:38:11.330592. */
export const OMM = JSON.stringify([
  {
    CCSDS_OMM_VERS: '2.0',
    OBJECT_NAME: 'MICIUS',
    OBJECT_ID: '2016-051A',
    CENTER_NAME: 'EARTH',
    REF_FRAME: 'TEME',
    TIME_SYSTEM: 'UTC',
    MEAN_ELEMENT_THEORY: 'SGP4',
    EPOCH: '2016-12-18T21:38:11.330592',
    MEAN_MOTION: 15.23915303,
    ECCENTRICITY: 0.00132,
    INCLINATION: 97.3699,
    RA_OF_ASC_NODE: 267.45,
    ARG_OF_PERICENTER: 178.5836,
    MEAN_ANOMALY: 246.0824,
    EPHEMERIS_TYPE: 0,
    CLASSIFICATION_TYPE: 'U',
    NORAD_CAT_ID: 41731,
    ELEMENT_SET_NO: 999,
    REV_AT_EPOCH: 1906,
    BSTAR: 0.000017957,
    MEAN_MOTION_DOT: 0.00000364,
    MEAN_MOTION_DDOT: 0,
  },
]);

/** A line with the checksum that it should have. */
export function summed(line: string): string {
  const body = line.slice(0, 68);
  const sum = [...body].reduce((total, symbol) => total + (symbol === '-' ? 1 : Number(symbol) || 0), 0);
  return `${body}${sum % 10}`;
}
