/**
 * Mean elements for SGP4, wherever they come from: two-line sets (`tle.ts`), orbit mean-elements messages (`omm.ts`) or
 * an orbit made up for a study (`synthetic.ts`).
 */
import { json2satrec, type SatRec, SatRecError } from 'satellite.js';
import { OrbitError } from './error.ts';

/** Mean elements of one satellite at one epoch, ready for SGP4. */
export interface Elements {
  readonly kind: 'sgp4';
  /** `synthetic` elements are an orbit by definition: nothing flies there, so they do not age. */
  readonly origin: 'tle' | 'omm' | 'synthetic';
  /** Name in the set; `NORAD 41731` where the set has none. */
  readonly name: string;
  /** Satellite catalogue number, Alpha-5 numbers decoded (A0000 is 100000); 0 for a satellite that no catalogue has. */
  readonly noradId: number;
  /** Epoch, ms since 1970 UTC; not a whole number. */
  readonly epochMs: number;
  /** The two lines, where the set was written so; null for OMM and synthetic elements. */
  readonly lines: readonly [string, string] | null;
  /** The initialised SGP4 record. The propagator writes scratch values into it; take it as opaque. */
  readonly satrec: SatRec;
}

/** Mean elements as SGP4 takes them in: Kozai's mean motion, true equator and mean equinox of the epoch (TEME). */
export interface MeanElements {
  readonly name: string;
  readonly noradId: number;
  /** Ms since 1970 UTC. */
  readonly epochMs: number;
  /** Revolutions a day. */
  readonly meanMotion: number;
  readonly eccentricity: number;
  readonly inclinationDeg: number;
  readonly ascendingNodeDeg: number;
  readonly argumentOfPerigeeDeg: number;
  readonly meanAnomalyDeg: number;
  /** Drag term, 1 / Earth radius. */
  readonly bStar: number;
}

/** Epochs between these are taken, ms since 1970 UTC: Sputnik's year, and the end of the calendar that SGP4 reckons by. */
export const EARLIEST_EPOCH_MS = Date.UTC(1957, 0);
export const LATEST_EPOCH_MS = Date.UTC(2100, 0) - 1;

/** Mean motions that an element set may have, revolutions a day. */
export const LEAST_MEAN_MOTION = 0.01;
export const GREATEST_MEAN_MOTION = 20;

/** @throws OrbitError `orbit/elements` when SGP4 could not initialise the record */
export function started(satrec: SatRec, place: () => string): SatRec {
  if (satrec.error === SatRecError.None) return satrec;
  throw new OrbitError(
    'orbit/elements',
    `${place()}: SGP4 cannot start from these elements (${SatRecError[satrec.error]})`,
  );
}

/**
 * Starts SGP4 from numbers that the caller has checked.
 * @param place what the message of an error begins with
 * @throws OrbitError `orbit/elements` when SGP4 cannot start from them
 */
export function elementsOf(mean: MeanElements, origin: 'omm' | 'synthetic', place: () => string): Elements {
  const { name, noradId, epochMs } = mean;
  const satrec = json2satrec({
    OBJECT_NAME: name,
    OBJECT_ID: '',
    NORAD_CAT_ID: noradId,
    ELEMENT_SET_NO: 0,
    // Rounds to a millisecond. The record uses it for the place of Greenwich, Sun and Moon at the epoch alone (4e-8 rad);
    // the time that the satellite has flown is counted from `epochMs`.
    EPOCH: new Date(epochMs).toISOString(),
    MEAN_MOTION: mean.meanMotion,
    ECCENTRICITY: mean.eccentricity,
    INCLINATION: mean.inclinationDeg,
    RA_OF_ASC_NODE: mean.ascendingNodeDeg,
    ARG_OF_PERICENTER: mean.argumentOfPerigeeDeg,
    MEAN_ANOMALY: mean.meanAnomalyDeg,
    BSTAR: mean.bStar,
    MEAN_MOTION_DOT: 0,
    MEAN_MOTION_DDOT: 0,
  });
  return { kind: 'sgp4', origin, name, noradId, epochMs, lines: null, satrec: started(satrec, place) };
}
