import type { LineOptions } from './joint.ts';
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
export function tellings({ direction }: LineOptions, policyHex: string, state: LineState): readonly ControlMessage[] {
  const { epoch, request, approvals, clock, record } = state;
  if (epoch === null) return [];
  const own = request === null ? [] : approvals.filter(({ side }) => side === 'own');
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
    ...own.map(
      ({ person, name, approvedMs, withdrawnMs }): ControlMessage => ({
        type: 'approval',
        direction,
        request: request!,
        person,
        name,
        approvedMs,
        withdrawnMs,
      }),
    ),
  ];
}
