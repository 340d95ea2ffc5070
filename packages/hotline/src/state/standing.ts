import { type Alarm, byAge, joined, MAX_ALARMS } from './alarm.ts';
import { jointAlarms } from './joint.ts';
import type { LineState } from './line-state.ts';

/** Ids of alarms that are over and still known as such. */
const MAX_CLOSED = 512;

/**
 * Alarms that this desk hears of. Those it knows, or knows to be over, change nothing. After a new one no key made so far
 * is used, and what was counted is not counted; the time is the latest ever seen here, so that no clock set back can make
 * old keys young.
 */
export function raise(state: LineState, alarms: readonly Alarm[]): LineState {
  const open = alarms.filter(({ id }) => !state.closed.includes(id));
  const standing = joined(state.standing, open);
  const fresh = standing.filter((alarm) => !state.standing.includes(alarm));
  if (fresh.length === 0) return state;
  // The newest to be heard of stays listed, however long ago it was found.
  const surplus = standing
    .filter((alarm) => !fresh.includes(alarm))
    .sort(byAge)
    .slice(0, Math.max(0, standing.length - MAX_ALARMS));
  return {
    ...state,
    standing: standing.filter((alarm) => !surplus.includes(alarm)),
    closed: over(state, surplus),
    keysMadeAfterMs: Math.max(state.keysMadeAfterMs, state.clock.highestMs),
    stock: null,
  };
}

/** This desk has reopened after all alarms that stand at either. The other one's list is its own until it says otherwise. */
export function close(state: LineState): LineState {
  return { ...state, standing: [], closed: over(state, jointAlarms(state)) };
}

function over({ closed }: LineState, alarms: readonly Alarm[]): readonly string[] {
  if (alarms.length === 0) return closed;
  return [...new Set([...closed, ...alarms.map(({ id }) => id)])].slice(-MAX_CLOSED);
}
