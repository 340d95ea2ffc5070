/** What to do about a connection that is not there: nothing yet, find another way (ICE restart), build it anew, give up. */
export type RecoveryStep = 'wait' | 'restart' | 'rebuild' | 'give-up';

/** The connection often comes back by itself within a second. */
const FIRST_RESTART_MS = 1500;
const NEXT_RESTART_MS = 5000;
/** After this, what the two ends know of each other may be what is wrong: it is built anew. */
const REBUILD_MS = 12_000;
/** Longer than this, and people should know that the call is over. */
export const GIVE_UP_MS = 30_000;

/** What was tried since the connection was lost; ms of a clock that only goes forward. */
export interface Attempts {
  readonly lostMs: number;
  readonly restartedMs: number | null;
  readonly rebuiltMs: number | null;
}

/** The polite side waits for the other to act, so that the two never cross. */
export function recoveryStep(
  { lostMs, restartedMs, rebuiltMs }: Attempts,
  nowMs: number,
  polite: boolean,
): RecoveryStep {
  if (nowMs - lostMs >= GIVE_UP_MS) return 'give-up';
  if (polite) return 'wait';
  if (rebuiltMs === null && nowMs - lostMs >= REBUILD_MS) return 'rebuild';
  const dueMs =
    restartedMs === null ? lostMs + FIRST_RESTART_MS : Math.max(restartedMs, rebuiltMs ?? 0) + NEXT_RESTART_MS;
  return nowMs >= dueMs ? 'restart' : 'wait';
}
