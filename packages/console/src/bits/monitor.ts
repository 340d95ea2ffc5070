import type { LinkState } from '@skykey/telemetry';

/** Below this many comparisons a ratio says nothing (the node's own rule for its live value). */
const FEWEST = 30;

/** Error rate over everything the monitor compared in a session; null while that is too little. */
export function sessionQber({
  monitored,
  monitorErrors,
}: Pick<LinkState, 'monitored' | 'monitorErrors'>): number | null {
  return monitored >= FEWEST ? monitorErrors / monitored : null;
}

/**
 * What to show of a link: the last seconds while photons are compared, and those that dropped it (the whole session
 * where it was dropped before there were any); the whole of the last session while it rests.
 */
export function shownQber(link: Pick<LinkState, 'state' | 'qber' | 'monitored' | 'monitorErrors'>): number | null {
  if (link.state === 'session') return link.qber;
  return link.state === 'dropped' ? (link.qber ?? sessionQber(link)) : sessionQber(link);
}
