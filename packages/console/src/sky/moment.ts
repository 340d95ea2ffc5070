import type { PassState, SkyState } from '@skykey/telemetry';

/** Beyond this age of the last event nothing is guessed: the clock stands until the sky speaks again. */
const LONGEST_GUESS_MS = 1500;

/** Whether mission time runs. */
export function isMoving(sky: SkyState): boolean {
  return !sky.clock.paused && sky.clock.stopped === undefined && sky.clock.speed > 0;
}

/**
 * Mission time between two events of the sky: its last word plus what has passed since at the speed it named.
 * `receivedMs` and `nowMs` are of the same monotonic clock.
 */
export function momentAt(sky: SkyState, receivedMs: number, nowMs: number): number {
  if (!isMoving(sky)) return sky.utcMs;
  const sinceMs = Math.min(Math.max(nowMs - receivedMs, 0), LONGEST_GUESS_MS);
  return sky.utcMs + sinceMs * sky.clock.speed;
}

export interface Direction {
  readonly azimuthDeg: number;
  readonly elevationDeg: number;
}

/** Where the satellite stands along a pass, between the points of its path; null outside. */
export function alongPass(path: PassState['path'], utcMs: number): Direction | null {
  const first = path[0];
  const last = path.at(-1);
  if (first === undefined || last === undefined || utcMs < first.utcMs || utcMs > last.utcMs) return null;
  let low = 0;
  let high = path.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (path[middle]!.utcMs <= utcMs) low = middle;
    else high = middle;
  }
  const from = path[low]!;
  const to = path[high]!;
  const span = to.utcMs - from.utcMs;
  const share = span > 0 ? (utcMs - from.utcMs) / span : 0;
  return {
    azimuthDeg: turn(from.azimuthDeg, to.azimuthDeg, share),
    elevationDeg: from.elevationDeg + (to.elevationDeg - from.elevationDeg) * share,
  };
}

/** From one direction to another the short way round, degrees 0..360. */
export function turn(fromDeg: number, toDeg: number, share: number): number {
  const step = ((toDeg - fromDeg + 540) % 360) - 180;
  return (fromDeg + step * share + 360) % 360;
}
