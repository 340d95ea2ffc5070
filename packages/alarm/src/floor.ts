import type { Observation } from '@skykey/photons';
import type { AlarmLink } from './link.ts';
import { logNormalTail } from './tails.ts';

/**
 * How far arrivals may drift against the gate before it shows elsewhere, ps. Assumed: four times what clocks are said to
 * wander. Light beyond the edge of the gate counts as floor, and grows with it.
 */
const ARRIVAL_DRIFT_PS = 40;

/**
 * Counts of noise in the gate, by detector, told from the clicks outside of it in the same bin: whatever is spread over all
 * of time is in both alike, the sky, dark counts, and after-pulses, which come and go with the light.
 */
export interface Floor {
  /** Expected in the gate in this bin. */
  readonly inGate: Float64Array;
  /** Variance of that estimate. */
  readonly variance: Float64Array;
  /** How far it may be wrong for reasons other than chance. */
  readonly slack: Float64Array;
  /** Share of the light that falls outside the gate by jitter, and by how much drift may change it. */
  readonly tail: number;
  readonly tailDrift: number;
  /** Share of all time that is outside the gate. */
  readonly share: number;
  /** Clicks outside that light makes, for one in the gate: thrown out by jitter, and after-pulses. */
  readonly ofLight: number;
  /**
   * Takes the next bin with its `clicks` of single detectors in the gate. False where the floor may be half of them or
   * more: of light that weak the bin says nothing.
   */
  take(observation: Observation, clicks: Float64Array): boolean;
}

/** Standard deviations that the floor is thought higher before light is believed to outshine it. */
const SURE = 6;
/** Share by which the floor inside the gate may differ from that outside, beside chance. Assumed. */
const GATE_SLACK = 0.03;

export function createFloor({ source, receiver }: AlarmLink): Floor {
  const gatePs = 1000 * receiver.gateNs;
  const slotPs = 1e12 / source.pulseRateHz;
  /** Counts of the floor inside the gate for one outside. */
  const inside = gatePs / (slotPs - gatePs);
  const spreadPs = Math.hypot(receiver.jitterPs, source.flaws?.pulseWidthPs ?? 0);
  const beyond = (ps: number): number => (spreadPs > 0 ? Math.exp(logNormalTail(ps / spreadPs)) : ps > 0 ? 0 : 1);
  const tail = 2 * beyond(gatePs / 2);
  const tailDrift = Math.max(0, beyond(gatePs / 2 - ARRIVAL_DRIFT_PS) + beyond(gatePs / 2 + ARRIVAL_DRIFT_PS) - tail);
  const inGate = new Float64Array(4);
  const variance = new Float64Array(4);
  const slack = new Float64Array(4);
  return {
    inGate,
    variance,
    slack,
    tail,
    tailDrift,
    share: 1 - gatePs / slotPs,
    ofLight: tail + (receiver.flaws?.afterPulse?.probability ?? 0) * (1 - gatePs / slotPs),
    take({ outside }, clicks) {
      let all = 0;
      let noise = 0;
      let counted = 0;
      for (let d = 0; d < 4; d++) {
        const own = Math.max(0, outside[d]! - tail * clicks[d]!);
        inGate[d] = inside * own;
        // One more than were counted: of a rate that counted nothing all one knows is that it is small.
        variance[d] = inside ** 2 * (outside[d]! + 1);
        slack[d] = GATE_SLACK * inGate[d]! + inside * tailDrift * clicks[d]!;
        all += clicks[d]!;
        noise += inGate[d]!;
        counted += outside[d]!;
      }
      return noise + SURE * inside * Math.sqrt(counted + 1) < all / 2;
    },
  };
}
