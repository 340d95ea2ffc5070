import type { SessionSummary } from '@skykey/telemetry';

/** The way from clicks to secret bits of one session: what is left at each step, and what each step cost. */
export interface Step {
  readonly kind: 'left' | 'lost';
  readonly name:
    | 'detections'
    | 'sifted'
    | 'keySifted'
    | 'secret'
    | 'unmatched'
    | 'disclosed'
    | 'leaked'
    | 'privacy'
    | 'discarded';
  /** Bits or clicks. */
  readonly amount: number;
  /** Where the bar begins and ends, shares of the first step, 0..1. */
  readonly from: number;
  readonly to: number;
}

/**
 * Six amounts of a session as bars on one scale. A loss is the difference of its neighbours; where the neighbours are
 * not nested (key bits count every intensity, sifted ones only signal pulses), the loss is left out. A refused session
 * threw everything away, at whatever step it was refused.
 */
export function steps(session: SessionSummary): readonly Step[] {
  const { verdict, detections, siftedSignal, keySiftedBits, leakedBits, secretBits } = session;
  const scale = Math.max(detections, siftedSignal, keySiftedBits, 1);
  const left = (name: Step['name'], amount: number): Step => ({
    kind: 'left',
    name,
    amount,
    from: 0,
    to: amount / scale,
  });
  const lost = (name: Step['name'], before: number, after: number): Step => ({
    kind: 'lost',
    name,
    amount: before - after,
    from: after / scale,
    to: before / scale,
  });
  if (verdict === 'refused') {
    return [left('detections', detections), lost('discarded', detections, 0), left('secret', secretBits)];
  }
  const afterLeak = Math.max(keySiftedBits - leakedBits, 0);
  return [
    left('detections', detections),
    lost('unmatched', detections, siftedSignal),
    left('sifted', siftedSignal),
    lost('disclosed', siftedSignal, keySiftedBits),
    left('keySifted', keySiftedBits),
    lost('leaked', keySiftedBits, afterLeak),
    lost('privacy', afterLeak, Math.min(secretBits, afterLeak)),
    left('secret', secretBits),
  ].filter((step) => step.kind === 'left' || step.amount > 0);
}
