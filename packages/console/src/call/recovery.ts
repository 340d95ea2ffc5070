/** What to do about a connection that is not there: nothing yet, find another way (ICE restart), build it anew, give up. */
export type RecoveryStep = 'wait' | 'restart' | 'rebuild' | 'give-up';

/** The connection often comes back by itself within a second. */
const FIRST_RESTART_MS = 1500;
const NEXT_RESTART_MS = 5000;
/** The polite side leaves the first try to the other, so that the two do not cross. */
const POLITE_DELAY_MS = 2500;
/** After this, what the two ends know of each other may be what is wrong; the impolite side begins afresh. */
const REBUILD_MS = 12_000;
/** Longer than this, and people should know that the call is over. */
export const GIVE_UP_MS = 30_000;

/** What was tried since the connection was lost; ms of a clock that only goes forward. */
export interface Attempts {
  readonly lostMs: number;
  readonly restartedMs: number | null;
  readonly rebuiltMs: number | null;
}

export function recoveryStep(
  { lostMs, restartedMs, rebuiltMs }: Attempts,
  nowMs: number,
  polite: boolean,
): RecoveryStep {
  const lostForMs = nowMs - lostMs;
  if (lostForMs >= GIVE_UP_MS) return 'give-up';
  if (!polite && rebuiltMs === null && lostForMs >= REBUILD_MS) return 'rebuild';
  const dueMs =
    restartedMs === null ? lostMs + FIRST_RESTART_MS : Math.max(restartedMs, rebuiltMs ?? 0) + NEXT_RESTART_MS;
  return nowMs >= dueMs + (polite && restartedMs === null ? POLITE_DELAY_MS : 0) ? 'restart' : 'wait';
}
