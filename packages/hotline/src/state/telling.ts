import { counting } from './approvals.ts';
import { type LineOptions, peerDirection } from './joint.ts';
import type { LineState } from './line-state.ts';
import type { ControlMessage } from './messages.ts';

/** A desk tells how it stands again after so long while the peer has not confirmed it, lacks an answer, or an alarm stands. */
export const RETELL_MS = 500;

/** And otherwise, so that each knows that the other is there. */
export const HEARTBEAT_MS = 2_000;

/** Whether it is time to tell the peer again; messages may be lost, so everything is told until it is confirmed. */
export function isDue({ clock, revision, request }: LineState): boolean {
  const soon = clock.heard < revision || clock.asked || request !== null;
  const every = soon ? RETELL_MS : HEARTBEAT_MS;
  return clock.nowMs - clock.toldMs >= every;
}

/** All that the peer has to know; nothing before the first agreement, for there is no lane to tell it on. */
export function tellings(options: LineOptions, policyHex: string, state: LineState): readonly ControlMessage[] {
  const { epoch, clock, record } = state;
  if (epoch === null) return [];
  return [
    { type: 'policy', hash: policyHex },
    {
      type: 'state',
      epoch: epoch.id,
      revision: state.revision,
      heard: state.peer.revision,
      atMs: clock.nowMs,
      echoMs: clock.peerMs,
      asks: !state.peer.reachable,
      keysMadeAfterMs: state.keysMadeAfterMs,
      level: state.own,
      standing: state.standing,
    },
    { type: 'record', epoch: epoch.id, revision: record.revision + 1, wants: record.wants },
    ...approvalsTold(options, state),
  ];
}

/**
 * What this desk's approvers have said; and which words of the peer's count no more here, since they are too old or a clock
 * was set back: else it would wait for ever for what it believes to be agreed.
 */
function approvalsTold(options: LineOptions, state: LineState): readonly ControlMessage[] {
  const { request, approvals, decided, clock } = state;
  if (request === null) return [];
  const counted = counting(approvals, clock.nowMs);
  return approvals.flatMap((approval): readonly ControlMessage[] => {
    const { side, person, name, approvedMs, withdrawnMs } = approval;
    const word = { type: 'approval', request, person, name, approvedMs } as const;
    if (side === 'own') return [{ ...word, direction: options.direction, withdrawnMs }];
    if (decided || approvedMs === 0 || counted.includes(approval)) return [];
    return [{ ...word, direction: peerDirection(options), withdrawnMs: Math.max(withdrawnMs, approvedMs) }];
  });
}
