import { lapsed } from './approvals.ts';
import type { LineState } from './line-state.ts';
import type { StateMessage } from './messages.ts';

/** A clock may be set back by so much without anybody having to know. */
export const CLOCK_TOLERANCE_MS = 2_000;

/** A peer that has answered nothing said within this time is silent. */
export const SILENT_MS = 10_000;

/** The state at the time handed in. What is no time is no step. */
export function advanced(state: LineState, atMs: number): LineState {
  const { clock, clockBack } = state;
  if (!Number.isSafeInteger(atMs) || atMs < 0) return state;
  if (atMs < clock.nowMs - CLOCK_TOLERANCE_MS) return setBack(state, atMs);
  if (atMs <= clock.nowMs) return state;
  const highestMs = Math.max(clock.highestMs, atMs);
  const passed = clockBack !== null && atMs > clockBack.fromMs;
  return { ...state, clock: { ...clock, nowMs: atMs, highestMs }, clockBack: passed ? null : clockBack };
}

/**
 * The clock went back: approvals would count for longer than they may, so none counts; and what the peer answered to is
 * in the future, so it has to answer anew. Which keys were made before an alarm is judged by the highest time ever seen.
 */
function setBack(state: LineState, atMs: number): LineState {
  const { clock } = state;
  return {
    ...state,
    clock: { ...clock, nowMs: atMs, toldMs: 0, echoMs: 0 },
    approvals: lapsed(state.approvals),
    clockBack: { fromMs: clock.highestMs, toMs: atMs },
  };
}

/** What a `state` message shows about time. */
export function heardClock(clock: LineState['clock'], message: StateMessage): LineState['clock'] {
  const echoMs = message.echoMs <= clock.nowMs ? Math.max(clock.echoMs, message.echoMs) : clock.echoMs;
  return { ...clock, echoMs, peerMs: message.atMs, heard: Math.max(clock.heard, message.heard), asked: message.asks };
}

/** The peer has answered something that was said lately; a message held back on the way shows nothing. */
export function isFresh({ nowMs, echoMs }: LineState['clock']): boolean {
  return echoMs > 0 && nowMs - echoMs <= SILENT_MS;
}
