import type { DeskCall } from '@skykey/telemetry';
import type { SessionStatus } from './call-session.ts';

/** What a window shows of a call. */
export type CallPhase =
  /** No call; one may be begun. */
  | 'idle'
  /** Devices are being opened, or the site is being asked. */
  | 'preparing'
  /** It rings over there; it rings here. */
  | 'calling'
  | 'ringing'
  | 'connecting'
  | 'running'
  /** The way to the peer is lost; a new one is looked for. */
  | 'reconnecting'
  /** The site gives no leave at the moment: nothing flows. */
  | 'paused'
  /** Another window of this site has the call. */
  | 'elsewhere';

/** What a window knows of its own part in calls. */
export interface OwnPart {
  /** The call this window began or answered. */
  readonly ownId: string | null;
  /** Calls that are over for this window, whatever the site still says. */
  readonly overIds: readonly string[];
  readonly preparing: boolean;
  readonly status: SessionStatus | null;
}

export function phaseOf(call: DeskCall | null, { ownId, overIds, preparing, status }: OwnPart): CallPhase {
  if (preparing) return 'preparing';
  if (call === null || call.state === 'ended' || overIds.includes(call.id)) return 'idle';
  const own = call.id === ownId;
  if (call.state === 'ringing') return call.direction === 'incoming' ? 'ringing' : own ? 'calling' : 'elsewhere';
  if (!own) return 'elsewhere';
  if (status === null) return 'connecting';
  if (status.lease === 'paused') return 'paused';
  if (status.connection === 'connected') return status.lease === 'valid' ? 'running' : 'connecting';
  return status.connection;
}
