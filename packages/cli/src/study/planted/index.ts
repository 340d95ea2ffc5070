/** Every fault of `skykey study hotline-planted`, by room. */
import { CARRIED } from './carried.ts';
import { DESK } from './desk.ts';
import type { Fault } from './fault.ts';
import { LINE_FAULTS } from './line.ts';
import { SECRET } from './secret.ts';

export type { Fault } from './fault.ts';

export const FAULTS: readonly Fault[] = [...SECRET, ...CARRIED, ...LINE_FAULTS, ...DESK];
