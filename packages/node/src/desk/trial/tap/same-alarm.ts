import { setTimeout as pause } from 'node:timers/promises';
import type { DeskState } from '@skykey/telemetry';
import type { DeskClient } from '../../desk-client.ts';

/**
 * Resolves with what the desks show as soon as all name the same newest alarm, id and reason; with null when they do not
 * within `limitMs`. Each site finds an alarm by itself, and for a moment its desk knows of no other one.
 */
export async function sameAlarm(
  desks: readonly Pick<DeskClient, 'state'>[],
  limitMs: number,
  everyMs = 100,
): Promise<readonly DeskState[] | null> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const states = await Promise.all(desks.map((desk) => desk.state()));
    const [first, ...others] = states.map(({ line }) => line.alarm);
    if (first && others.every((alarm) => alarm?.id === first.id && alarm.reason === first.reason)) return states;
    if (performance.now() > deadline) return null;
    await pause(everyMs);
  }
}
