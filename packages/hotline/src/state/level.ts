/**
 * How safe a line is, worst last (hotline reference, section 10). `green`: key for more than a day. `amber`: less, so
 * one-time pads are kept for texts. `red`: no fresh key; only what the policy allows without it. `black`: an alarm; nothing
 * but the emergency pad leaves until the approvers of both desks reopen it.
 */
export type LineLevel = 'green' | 'amber' | 'red' | 'black';

const LEVELS: readonly LineLevel[] = ['green', 'amber', 'red', 'black'];

export function worse(a: LineLevel, b: LineLevel): LineLevel {
  return LEVELS.indexOf(a) >= LEVELS.indexOf(b) ? a : b;
}

/**
 * Why a desk is at its level. `stock`: the reserve in hours decides. `dry`: the reserve does not pay for one more renewal.
 * `no-qkd`: the keys in use were agreed without quantum key. `starting`: no keys were agreed since the desk started.
 */
export type LevelCause = 'stock' | 'dry' | 'no-qkd' | 'starting';

/** Where one desk stands by key alone; its alarms are counted beside it. */
export interface SideLevel {
  readonly level: Exclude<LineLevel, 'black'>;
  readonly cause: LevelCause;
  /** Whole hours that the reserve lasts at the expected consumption, at most 65,535. */
  readonly hours: number;
  readonly sinceMs: number;
}

/** Direction 1 is from the desk whose id sorts first, 2 is back. */
export type Direction = 1 | 2;

export function otherDirection(direction: Direction): Direction {
  return direction === 1 ? 2 : 1;
}
