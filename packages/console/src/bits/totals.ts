import type { LinkState } from '@skykey/telemetry';

/** What all links together have made so far, as far back as their lists of sessions go. */
export interface Totals {
  /** Clicks of all sessions, the running one included. */
  readonly detections: number;
  /** Sifted signal bits of accepted sessions, and of the running one as its monitor estimates them. */
  readonly sifted: number;
}

export function totals(links: readonly LinkState[]): Totals {
  let detections = 0;
  let sifted = 0;
  for (const { sessions, sessionId, detections: running, sifted: estimated } of links) {
    for (const session of sessions) {
      detections += session.detections;
      if (session.verdict === 'accepted') sifted += session.siftedSignal;
    }
    if (sessions.some((session) => session.sessionId === sessionId)) continue;
    detections += running;
    sifted += estimated;
  }
  return { detections, sifted };
}
