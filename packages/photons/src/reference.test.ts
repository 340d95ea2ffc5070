import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate } from './engine.ts';
import { interceptResend } from './intercept-resend.ts';
import { type Random, seededRandom } from './random.ts';
import { twoSamples } from './test/chi-square.ts';
import type { LinkTrace, Receiver, Source } from './types.ts';

/**
 * The engine against a loop over every pulse and every photon that knows none of its tricks: each photon is carried
 * through channel, receiver, analyser and gate by itself. Cells of the comparison are (intensity, Alice's state,
 * detector pattern, photons, attacked), with 'nothing recorded' as a cell of its own.
 */
interface World {
  readonly source: Source;
  readonly receiver: Receiver;
  readonly channel: number;
  readonly detection: number;
  readonly noise: number;
  readonly intercepted: number;
}

const photonCells = 12;
const cells = 3 * 4 * 16 * photonCells * 2;

function cellOf(intensity: number, state: number, pattern: number, photons: number, attacked: number): number {
  const capped = Math.min(photons, photonCells - 1);
  return (((intensity * 4 + state) * 16 + pattern) * photonCells + capped) * 2 + attacked;
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
}

/** Knuth's product of uniforms. */
function arrivals(random: Random, mean: number): number {
  const limit = Math.exp(-mean);
  let n = -1;
  let product = 1;
  do {
    product *= random.uniform();
    n++;
  } while (product > limit);
  return n;
}

function pulseByPulse(world: World, pulses: number, random: Random): Float64Array {
  const { source, receiver } = world;
  const counts = new Float64Array(cells);
  const slotPs = 1e12 / source.pulseRateHz;
  const half = receiver.gateNs * 500;
  const last = [-Infinity, -Infinity, -Infinity, -Infinity];
  const coin = (p: number): boolean => random.uniform() < p;

  for (let slot = 0; slot < pulses; slot++) {
    let u = random.uniform();
    let intensity = 0;
    while (intensity < 2 && u >= source.intensities[intensity]!.probability) {
      u -= source.intensities[intensity++]!.probability;
    }
    const basis = coin(source.basisXProbability) ? 0 : 1;
    const bit = coin(0.5) ? 0 : 1;
    const photons = arrivals(random, source.intensities[intensity]!.meanPhotons);
    let atReceiver = 0;
    for (let i = 0; i < photons; i++) if (coin(world.channel)) atReceiver++;

    let state = basis * 2 + bit;
    const attacked = coin(world.intercepted);
    if (attacked && atReceiver > 0) {
      const eveBasis = coin(0.5) ? 0 : 1;
      const eveBit = eveBasis === basis ? bit : coin(0.5) ? 0 : 1;
      state = eveBasis * 2 + eveBit;
      atReceiver = 1;
    }

    const counted: { detector: number; timePs: number }[] = [];
    for (let i = 0; i < atReceiver; i++) {
      if (!coin(world.detection)) continue;
      const analyser = coin(receiver.basisXProbability) ? 0 : 1;
      const right = state & 1;
      const port = analyser !== state >> 1 ? (coin(0.5) ? 0 : 1) : coin(receiver.misalignment) ? 1 - right : right;
      counted.push({ detector: analyser * 2 + port, timePs: normal(random) * receiver.jitterPs });
    }
    for (let detector = 0; detector < 4; detector++) {
      for (let n = arrivals(random, world.noise); n > 0; n--) {
        counted.push({ detector, timePs: (random.uniform() - 0.5) * 2 * half });
      }
    }
    counted.sort((a, b) => a.timePs - b.timePs);
    let pattern = 0;
    for (const { detector, timePs } of counted) {
      const now = slot * slotPs + timePs;
      if (Math.abs(timePs) > half || (pattern >> detector) & 1 || now - last[detector]! < receiver.deadTimeNs * 1000) {
        continue;
      }
      last[detector] = now;
      pattern |= 1 << detector;
    }
    if (pattern === 0) counts[0]!++;
    else counts[cellOf(intensity, basis * 2 + bit, pattern, photons, Number(attacked))]!++;
  }
  return counts;
}

function clickByClick(world: World, pulses: number, seed: number): Float64Array {
  const { source, receiver } = world;
  const bins = 50;
  const trace: LinkTrace = {
    binS: pulses / bins / source.pulseRateHz,
    channelTransmittance: new Float64Array(bins).fill(world.channel),
    receiverTransmittance: world.detection,
    noisePerGate: new Float64Array(bins).fill(world.noise),
  };
  const counts = new Float64Array(cells);
  counts[0] = pulses;
  for (const bin of simulate({ trace, source, receiver, seed, adversary: interceptResend(world.intercepted) })) {
    const { detections, emissions, truth } = bin;
    let row = 0;
    for (let i = 0; i < emissions.slot.length; i++) {
      const first = row;
      let pattern = 0;
      while (detections.slot[row] === emissions.slot[i]) pattern |= 1 << detections.detector[row++]!;
      const state = emissions.basis[i]! * 2 + emissions.bit[i]!;
      counts[cellOf(emissions.intensity[i]!, state, pattern, truth.photons[first]!, truth.attacked[first]!)]!++;
      counts[0]!--;
    }
  }
  return counts;
}

const bright: World = {
  source: {
    pulseRateHz: 1e8,
    intensities: [
      { name: 'signal', meanPhotons: 1.3, probability: 0.5 },
      { name: 'decoy', meanPhotons: 0.4, probability: 0.3 },
      { name: 'vacuum', meanPhotons: 0, probability: 0.2 },
    ],
    basisXProbability: 0.7,
  },
  receiver: { basisXProbability: 0.6, misalignment: 0.08, deadTimeNs: 0, jitterPs: 500, gateNs: 1.5 },
  channel: 0.6,
  detection: 0.7,
  noise: 0.03,
  intercepted: 0,
};

const pulses = 1_200_000;

/** The larger of the deviates of both comparisons. */
function disagreement(walked: Float64Array, drawn: Float64Array): number {
  const coarse = (counts: Float64Array): Float64Array => {
    const sums = new Float64Array(cells / photonCells / 2);
    for (let cell = 0; cell < cells; cell++) sums[Math.floor(cell / photonCells / 2)]! += counts[cell]!;
    return sums;
  };
  return Math.max(twoSamples(walked, drawn), twoSamples(coarse(walked), coarse(drawn)));
}

for (const [name, world] of [
  ['an honest link', bright],
  ['a link under partial intercept-resend', { ...bright, intercepted: 0.4 }],
  ['a link under full intercept-resend', { ...bright, intercepted: 1 }],
  ['a link without noise', { ...bright, noise: 0, intercepted: 0.5 }],
  ['a blinding background', { ...bright, noise: 1.2, intercepted: 0.3 }],
  ['dead detectors', { ...bright, receiver: { ...bright.receiver, deadTimeNs: 27.3 }, intercepted: 0.2 }],
  ['dead time as long as a slot', { ...bright, noise: 0.8, receiver: { ...bright.receiver, deadTimeNs: 10.2 } }],
] as const) {
  test(`${name}: drawing clicks agrees with walking over all pulses`, () => {
    const z = disagreement(pulseByPulse(world, pulses, seededRandom(100, 1)), clickByClick(world, pulses, 101));
    assert.ok(z < 4, `chi-square deviate ${z}`);
  });
}

test('the comparison notices lies: misalignment 10 % for 8 %, channel 62 % for 60 %, dead time 30 ns for 27 ns', () => {
  const walked = pulseByPulse(bright, pulses, seededRandom(100, 1));
  const off = { ...bright, receiver: { ...bright.receiver, misalignment: 0.1 } };
  assert.ok(disagreement(walked, clickByClick(off, pulses, 101)) > 4);
  assert.ok(disagreement(walked, clickByClick({ ...bright, channel: 0.62 }, pulses, 101)) > 4);
  const dead = (deadTimeNs: number): World => ({ ...bright, receiver: { ...bright.receiver, deadTimeNs } });
  const stunned = pulseByPulse(dead(27), pulses, seededRandom(100, 1));
  assert.ok(disagreement(stunned, clickByClick(dead(30), pulses, 101)) > 4);
});
