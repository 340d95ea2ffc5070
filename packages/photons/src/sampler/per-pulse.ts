import { poisson } from '../poisson.ts';
import type { Random } from '../random.ts';
import { Alias } from './alias.ts';
import type { BinTable } from './table.ts';

/** Clicks of a loop over every pulse, in order of time; offsets are against the centre of the slot that they came from. */
export interface PerPulseClicks {
  readonly slot: number[];
  readonly detector: number[];
  readonly offsetPs: number[];
  readonly intensity: number[];
  readonly state: number[];
  readonly photons: number[];
  /** 1 where no photon of the pulse made the click. */
  readonly stray: number[];
}

/**
 * The model of an honest link as one would write it down first: pulse by pulse, photon by photon, with noise, dead time,
 * recovery, after-pulses and walk. The event sampler is held to it, in distribution and in speed. It takes the light of
 * a pulse from the same table, and leaves out clock and flight time. Of the clicks it keeps the first `pulses` slots'.
 */
export function perPulse(table: BinTable, pulses: number, random: Random): PerPulseClicks {
  const { conditions, responses, branches, kinds, noiseHz } = table;
  const { receiver, source } = conditions;
  const { recoveryNs = 0, walk, afterPulse, deadTogether = false } = receiver.flaws ?? {};
  const slotPs = 1e12 / source.pulseRateHz;
  const deadPs = receiver.deadTimeNs * 1000;
  const noiseSum = noiseHz.reduce((sum, hz) => sum + hz, 0);
  const noisePerSlot = (noiseSum * slotPs) / 1e12;
  const noNoise = Math.exp(-noisePerSlot);
  const rows = new Alias();
  rows.build(
    Uint32Array.from(responses.probability, (_, row) => row),
    responses.probability,
    responses.count,
  );
  const clicks: PerPulseClicks = {
    slot: [],
    detector: [],
    offsetPs: [],
    intensity: [],
    state: [],
    photons: [],
    stray: [],
  };
  const last = [-Infinity, -Infinity, -Infinity, -Infinity];
  const deadUntil = [-Infinity, -Infinity, -Infinity, -Infinity];
  const coming: { at: number; d: number }[] = [];

  for (let slot = 0; slot < pulses; slot++) {
    // Which kind of pulse, and from there how many of its photons count.
    const row = rows.draw(random);
    const kind = branches.kind[responses.branch[row]!]!;
    const mean = kinds.meanPhotons[kind]!;
    const photons = poisson(random, mean);
    const counts: { at: number; d: number; stray: number }[] = [];
    const counting = mean > 0 ? responses.amount[row]! / mean : 0;
    for (let photon = 0; photon < photons; photon++) {
      if (random.uniform() >= counting) continue;
      let where = random.uniform();
      let d = 0;
      while (d < 3 && where >= responses.share[row * 4 + d]!) where -= responses.share[row * 4 + d++]!;
      const deviate = Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
      counts.push({ at: responses.arrivalPs[row * 4 + d]! + responses.spreadPs * deviate, d, stray: 0 });
    }
    for (let n = poisson(random, noisePerSlot, noNoise); n > 0; n--) {
      let where = random.uniform() * noiseSum;
      let d = 0;
      while (d < 3 && where >= noiseHz[d]!) where -= noiseHz[d++]!;
      counts.push({ at: (random.uniform() - 0.5) * slotPs, d, stray: 1 });
    }
    const startPs = slot * slotPs;
    while (coming.length > 0 && coming[0]!.at < startPs + slotPs / 2) {
      const { at, d } = coming.shift()!;
      counts.push({ at: at - startPs, d, stray: 2 });
    }
    if (counts.length > 1) counts.sort((a, b) => a.at - b.at);
    for (const { at, d, stray } of counts) {
      const t = startPs + at;
      if (t < deadUntil[d]!) continue;
      const since = t - last[d]!;
      if (recoveryNs > 0 && stray < 2 && random.uniform() < Math.exp(-(since - deadPs) / (recoveryNs * 1000))) continue;
      last[d] = t;
      if (deadTogether) deadUntil.fill(t + deadPs);
      else deadUntil[d] = t + deadPs;
      if (afterPulse !== undefined && random.uniform() < afterPulse.probability * conditions.afterPulseScale) {
        coming.push({ at: t + deadPs - afterPulse.timeConstantNs * 1000 * Math.log(1 - random.uniform()), d });
        coming.sort((a, b) => a.at - b.at);
      }
      clicks.slot.push(slot);
      clicks.detector.push(d);
      clicks.offsetPs.push(at + (walk === undefined ? 0 : walk.latePs * Math.exp(-since / (walk.decayNs * 1000))));
      clicks.intensity.push(kinds.intensity[kind]!);
      clicks.state.push(kinds.state[kind]!);
      clicks.photons.push(photons);
      clicks.stray.push(stray > 0 ? 1 : 0);
    }
  }
  return clicks;
}
