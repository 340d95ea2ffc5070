import type { Observation } from '@skykey/photons';
import type { AlarmLink } from './link.ts';
import { logNormalTail } from './tails.ts';

/** Bins over which the floor is averaged: it changes in tens of seconds, and in one bin of a dim link hardly anything counts. */
const MEMORY = 16;
/** Standard deviations of a bin's count from the average beyond which the floor is another one, and what was before is forgotten. */
const ANOTHER = 5;
/**
 * How far arrivals may drift against the gate before it shows elsewhere, ps. Assumed: four times what clocks are said to
 * wander. Light beyond the edge of the gate counts as floor, and grows with it.
 */
const ARRIVAL_DRIFT_PS = 40;

/** Counts of noise in the gate, by detector, told from the clicks outside of it. */
export interface Floor {
  /** Expected in the gate in this bin. */
  readonly inGate: Float64Array;
  /** Variance of that estimate, as if this bin alone stood behind it: neighbours share the rest. */
  readonly variance: Float64Array;
  /** How far it may be wrong for reasons other than chance. */
  readonly slack: Float64Array;
  /** Share of the light that falls outside the gate by jitter, and by how much drift may change it. */
  readonly tail: number;
  readonly tailDrift: number;
  /** Takes the next bin; `inGate` clicks of single detectors. A bin that does not follow the last begins a new pass. */
  take(observation: Observation, clicks: Float64Array): void;
}

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
  const ring = new Float64Array(4 * MEMORY);
  const sums = new Float64Array(4);
  let bins = 0;
  let last = -1;

  const forget = (): void => {
    ring.fill(0);
    sums.fill(0);
    bins = 0;
  };
  return {
    inGate,
    variance,
    slack,
    tail,
    tailDrift,
    take({ bin, outside }, clicks) {
      if (bin !== last + 1) forget();
      last = bin;
      let now = 0;
      let before = 0;
      for (let d = 0; d < 4; d++) {
        now += outside[d]! - tail * clicks[d]!;
        before += sums[d]!;
      }
      const known = Math.min(bins, MEMORY);
      const usual = known > 0 ? before / known : now;
      if (Math.abs(now - usual) > ANOTHER * Math.sqrt(Math.max(1, usual, now))) forget();
      const at = (bins % MEMORY) * 4;
      bins++;
      const held = Math.min(bins, MEMORY);
      for (let d = 0; d < 4; d++) {
        const noise = outside[d]! - tail * clicks[d]!;
        sums[d]! += noise - ring[at + d]!;
        ring[at + d] = noise;
        // One count more than were seen: of a rate that counted nothing all one knows is that it is small.
        const mean = Math.max(0, sums[d]!) / held;
        inGate[d] = inside * mean;
        variance[d] = inside ** 2 * (Math.max(mean, tail * clicks[d]!) + 1 / held);
        slack[d] = GATE_SLACK * inGate[d]! + inside * tailDrift * clicks[d]!;
      }
    },
  };
}
