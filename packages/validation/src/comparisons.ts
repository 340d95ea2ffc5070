/**
 * Every published value that Skykey is compared with. Write a row from its source before running it: printed digits,
 * tolerance and what was left out must not follow from the difference; where it was known, `knownBefore` says so.
 */
import { AIR } from './air.ts';
import { BEAM } from './beam.ts';
import type { Comparison } from './comparison.ts';
import { FINITE_KEY } from './finite-key.ts';
import { MICIUS_COUNTS, MICIUS_LOSS } from './micius.ts';
import { ORBIT } from './orbit.ts';
import { PHOTONS } from './photons.ts';
import { RELAY } from './relay.ts';

const AREAS: readonly Comparison['area'][] = ['orbit', 'optics', 'photons', 'finite key', 'key and relay'];
const ROWS = [ORBIT, BEAM, MICIUS_LOSS, AIR, MICIUS_COUNTS, PHOTONS, FINITE_KEY, RELAY].flat();

/** Area by area, from orbit to key. */
export const COMPARISONS: readonly Comparison[] = AREAS.flatMap((area) => ROWS.filter((row) => row.area === area));
