import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { expectedLink } from '../expected.ts';
import { gateTransmission } from '../gate.ts';
import { gatedDetections } from '../observe/count-events.ts';
import { seededRandom } from '../random.ts';
import { againstExpected, twoSamples } from '../test/chi-square.ts';
import { columns, flawed, input, receiver, source, total } from '../test/event-passes.ts';
import { binomialZ, tally } from '../test/tally.ts';
import { BINS_PER_SHARE, Cause, createEvents, events } from './events.ts';
import { perPulse } from './per-pulse.ts';
import type { EventBin, PassInput } from './sampler.ts';
import { createTables } from './table.ts';

describe('event sampler', () => {
  it('agrees with the closed forms of a plain link, gate by gate', () => {
    for (const channel of [3e-3, 0.3]) {
      const pulses = 2_000_000;
      const pass = input(2, pulses, { channel });
      const bins = [...events(pass)].map((bin) => gatedDetections(bin, receiver.gateNs));
      const sums = tally(bins, 3, seededRandom(9));
      for (const [k, { meanPhotons, probability }] of source.intensities.entries()) {
        const expected = expectedLink({
          meanPhotons,
          channelTransmittance: channel,
          receiverTransmittance: 0.5,
          noisePerGate: 1e-4,
          misalignment: receiver.misalignment,
          basisXProbability: receiver.basisXProbability,
          sourceBasisXProbability: source.basisXProbability,
          gateTransmission: gateTransmission(receiver),
        });
        const sent = 2 * pulses;
        const check = (name: string, count: number, perPulse: number): void => {
          const z = binomialZ(count, sent, probability * perPulse);
          assert.ok(Math.abs(z) < 4, `${name} of class ${k} at ${channel}: ${count}, ${z} deviations off`);
        };
        check('slots', sums[k]!.slots, expected.gain);
        check('matched', sums[k]!.matched, expected.matched);
        check('errors', sums[k]!.errors, expected.matchedErrors);
        check('double clicks', sums[k]!.doubleClicks, expected.doubleClick);
      }
    }
  });

  it('is distributed as a loop over every pulse, every flaw on', () => {
    const pulses = 1_000_000;
    const pass = flawed(1, pulses, 3);
    const [bin] = [...events(pass)] as [EventBin];
    const loop = perPulse(createTables(pass).next(0), pulses, seededRandom(77));
    const cells = (n: number, rows: number, of: (i: number) => number): Float64Array => {
      const counts = new Float64Array(n);
      for (let i = 0; i < rows; i++) counts[Math.min(n - 1, Math.max(0, of(i)))]!++;
      return counts;
    };
    const compare = (name: string, n: number, a: (i: number) => number, b: (i: number) => number): void => {
      const z = twoSamples(cells(n, bin.slot.length, a), cells(n, loop.slot.length, b));
      assert.ok(z < 4, `${name}: ${z}`);
    };
    const { detector, timePs } = bin.tags;
    assert.ok(bin.slot.length > 50_000);
    const difference = bin.slot.length - loop.slot.length;
    assert.ok(Math.abs(difference) < 4 * Math.sqrt(2 * loop.slot.length), `${difference} clicks more`);
    compare(
      'class, state, detector',
      48,
      (i) => (bin.intensity[i]! * 4 + bin.state[i]!) * 4 + detector[i]!,
      (i) => (loop.intensity[i]! * 4 + loop.state[i]!) * 4 + loop.detector[i]!,
    );
    compare(
      'photons by class',
      24,
      (i) => bin.intensity[i]! * 8 + Math.min(7, bin.truth.photons[i]!),
      (i) => loop.intensity[i]! * 8 + Math.min(7, loop.photons[i]!),
    );
    compare(
      'arrival by detector',
      400,
      (i) => detector[i]! * 100 + Math.floor((bin.offsetPs[i]! + 1500) / 30),
      (i) => loop.detector[i]! * 100 + Math.floor((loop.offsetPs[i]! + 1500) / 30),
    );
    const gaps = (rows: number, of: (i: number) => number, in4: (i: number) => number): number[] => {
      const last = [Number.NaN, Number.NaN, Number.NaN, Number.NaN];
      return Array.from({ length: rows }, (_, i) => {
        const gap = of(i) - last[in4(i)]!;
        last[in4(i)] = of(i);
        return Number.isNaN(gap) ? 0 : gap;
      });
    };
    const gapsA = gaps(
      bin.slot.length,
      (i) => timePs[i]!,
      (i) => detector[i]!,
    );
    const gapsB = gaps(
      loop.slot.length,
      (i) => loop.slot[i]! * 1e4 + loop.offsetPs[i]!,
      (i) => loop.detector[i]!,
    );
    compare(
      'time since the last click of the detector',
      300,
      (i) => Math.floor(gapsA[i]! / 2000),
      (i) => Math.floor(gapsB[i]! / 2000),
    );
    compare(
      'cause',
      2,
      (i) => (bin.truth.cause[i] === Cause.photon ? 0 : 1),
      (i) => loop.stray[i]!,
    );
  });

  it('puts a tag where flight time, diode, delay and clock say, to the picosecond', () => {
    const bins = 3;
    const flight = {
      atStartPs: Float64Array.of(2e9, 2.1e9, 2.2e9),
      ratePsPerS: Float64Array.of(2.4e7, 2.3e7, 2.2e7),
      curvaturePsPerS2: Float64Array.of(-1e6, -1e6, -1e6),
    };
    const clock = { offsetPs: Float64Array.of(40, -25, 70), jitterPs: 0 };
    const diodeOffsetPs = [0, 120, -80, 50, 30, -40, 90, -110, 0, 0, 0, 0];
    const delayPs = [10, -20, 30, -40];
    const pass = input(bins, 4_000_000, {
      noisePerGate: 0,
      channel: 1e-2,
      trace: { flight, clock },
      source: { flaws: { diodeOffsetPs } },
      receiver: { jitterPs: 0, flaws: { detectors: delayPs.map((delay) => ({ delayPs: delay })) } },
    });
    for (const bin of events(pass)) {
      assert.ok(bin.slot.length > 5000);
      // In the last bin the clock goes on as before.
      const to = [-25, 70, 165][bin.bin]!;
      for (let i = 0; i < bin.slot.length; i++) {
        const s = (bin.slot[i]! - bin.firstSlot) * 1e-8;
        const arrival = diodeOffsetPs[bin.intensity[i]! * 4 + bin.state[i]!]! + delayPs[bin.tags.detector[i]!]!;
        const late = clock.offsetPs[bin.bin]! + ((to - clock.offsetPs[bin.bin]!) * s) / 0.04;
        const { atStartPs, ratePsPerS, curvaturePsPerS2 } = flight;
        const flightPs = atStartPs[bin.bin]! + ratePsPerS[bin.bin]! * s + (curvaturePsPerS2[bin.bin]! * s * s) / 2;
        const exact = bin.slot[i]! * 1e4 + flightPs + arrival + late;
        assert.ok(Number.isInteger(bin.tags.timePs[i]!));
        assert.ok(Math.abs(bin.tags.timePs[i]! - exact) <= 0.51, `row ${i}: ${bin.tags.timePs[i]} for ${exact}`);
        assert.ok(Math.abs(bin.offsetPs[i]! - arrival - late) <= 0.51);
      }
    }
  });

  it('is reckoned into wrong slots by a clock that is wrong by more than half a slot, and says what Alice sent there', () => {
    const pass = input(1, 1_000_000, {
      channel: 0.5,
      noisePerGate: 0,
      trace: { clock: { offsetPs: Float64Array.of(12_000), jitterPs: 0 } },
      receiver: { jitterPs: 20 },
    });
    const [late] = [...events(pass)] as [EventBin];
    const [right] = [...events(input(1, 1_000_000, { channel: 0.5, noisePerGate: 0, receiver: { jitterPs: 20 } }))] as [
      EventBin,
    ];
    assert.deepEqual(
      Array.from(late.slot),
      Array.from(right.slot, (slot) => slot + 1),
    );
    const sent = new Map(Array.from(right.slot, (slot, i) => [slot, right.intensity[i]! * 4 + right.state[i]!]));
    let met = 0;
    for (let i = 0; i < late.slot.length; i++) {
      const known = sent.get(late.slot[i]!);
      if (known === undefined) continue;
      met++;
      assert.equal(late.intensity[i]! * 4 + late.state[i]!, known);
    }
    assert.ok(met > 10_000);
    // Elsewhere it is a slot that was silent, so rather a weak one.
    const silent = late.slot.length - met;
    let vacuum = 0;
    for (let i = 0; i < late.slot.length; i++) if (!sent.has(late.slot[i]!) && late.intensity[i] === 2) vacuum++;
    const quiet = [0.8, 0.1, 0].map((mean, k) => Math.exp(-mean / 4) * source.intensities[k]!.probability);
    assert.ok(Math.abs(binomialZ(vacuum, silent, quiet[2]! / (quiet[0]! + quiet[1]! + quiet[2]!))) < 4);
  });

  it('has noise in all of time, at the rate of each gate, in slots as Alice sends them', () => {
    const pulses = 2_000_000;
    const pass = input(1, pulses, { channel: 0, noisePerGate: 5e-4 });
    const [bin] = [...events(pass)] as [EventBin];
    assert.ok(bin.truth.cause.every((cause) => cause === Cause.noise));
    // A slot is ten gates long.
    const mean = pulses * 10 * 4 * 5e-4;
    assert.ok(Math.abs(bin.slot.length - mean) < 4 * Math.sqrt(mean));
    const cells = new Float64Array(20);
    for (const offset of bin.offsetPs) cells[Math.min(19, Math.floor((offset + 5000) / 500))]!++;
    assert.ok(Math.abs(againstExpected(cells, new Float64Array(20).fill(bin.slot.length / 20))) < 4);
    const sent = new Float64Array(12);
    for (let i = 0; i < bin.slot.length; i++) sent[bin.intensity[i]! * 4 + bin.state[i]!]!++;
    const expected = sent.map((_, i) => {
      const basis = (i & 3) < 2 ? 0.7 : 0.3;
      return (bin.slot.length * source.intensities[i >> 2]!.probability * basis) / 2;
    });
    assert.ok(Math.abs(againstExpected(sent, expected)) < 4);
    assert.ok(bin.truth.guess.every((guess) => guess === 32767));
  });

  it('knows the photon number of a pulse that clicked, and of one that noise hit', () => {
    for (const noisePerGate of [0, 0.01]) {
      const pass = input(1, 1_000_000, { channel: 0.8, noisePerGate, receiver: { jitterPs: 10 } });
      const [bin] = [...events(pass)] as [EventBin];
      const numbers = new Float64Array(10);
      const seen = new Set<number>();
      for (let i = 0; i < bin.slot.length; i++) {
        if (bin.intensity[i] !== 0 || seen.has(bin.slot[i]!)) continue;
        seen.add(bin.slot[i]!);
        numbers[Math.min(9, bin.truth.photons[i]!)]!++;
      }
      // Ten gates a slot, four detectors; a photon counts with probability 0.4.
      const quiet = Math.exp(-40 * noisePerGate);
      let p = Math.exp(-0.8);
      const expected = numbers.map((_, n) => {
        const share = p * (1 - quiet * 0.6 ** n);
        p *= 0.8 / (n + 1);
        return share;
      });
      const sum = expected.reduce((a, b) => a + b);
      const z = againstExpected(
        numbers,
        expected.map((share) => (share / sum) * seen.size),
      );
      assert.ok(z < 4, `noise ${noisePerGate}: ${z}`);
    }
  });

  it('fades step by step, exactly, however bright', () => {
    for (const channel of [0.02, 0.5, 1]) {
      const stepsPerBin = 4;
      const gain = Float32Array.of(0.25, 1, 1.75, 0);
      const pulses = 1_000_000;
      const one = { intensities: [{ name: 'signal', meanPhotons: 2.4, probability: 1 }] };
      const pass = input(1, pulses, {
        channel,
        noisePerGate: 0,
        source: one,
        trace: { fading: { stepsPerBin, gain } },
        receiver: { jitterPs: 10 },
      });
      const [bin] = [...events(pass)] as [EventBin];
      const slots = new Float64Array(4);
      const photons = [0, 0, 0, 0];
      for (let i = 0; i < bin.slot.length; i++) {
        if (i > 0 && bin.slot[i] === bin.slot[i - 1]) continue;
        const step = Math.floor((bin.slot[i]! * stepsPerBin) / pulses);
        slots[step]!++;
        photons[step]! += bin.truth.photons[i]!;
      }
      for (let step = 0; step < 4; step++) {
        const amount = 2.4 * 0.5 * channel * gain[step]!;
        if (amount === 0) {
          assert.equal(slots[step], 0);
          continue;
        }
        const click = -Math.expm1(-amount);
        const z = binomialZ(slots[step]!, pulses / stepsPerBin, click);
        assert.ok(Math.abs(z) < 4, `channel ${channel}, step ${step}: ${z}`);
        const mean = amount / click + 2.4 - amount;
        const off = photons[step]! / slots[step]! - mean;
        assert.ok(Math.abs(off) < (4 * 1.7) / Math.sqrt(slots[step]!), `photons, channel ${channel}, step ${step}`);
      }
    }
  });

  it('fades in steps so short that most have no click', () => {
    const stepsPerBin = 9_973;
    const gain = Float32Array.from({ length: stepsPerBin }, (_, i) => (i & 1 ? 1.75 : 0.25));
    const pulses = 1_000_000;
    const one = { intensities: [{ name: 'signal', meanPhotons: 0.4, probability: 1 }] };
    const trace = { fading: { stepsPerBin, gain } };
    const [bin] = [...events(input(1, pulses, { channel: 0.02, noisePerGate: 0, source: one, trace }))] as [EventBin];
    const ends = Float64Array.from({ length: stepsPerBin }, (_, i) => Math.floor(((i + 1) * pulses) / stepsPerBin));
    const seen = [0, 0];
    const sent = [0, 0];
    for (let i = 0; i < stepsPerBin; i++) sent[i & 1]! += ends[i]! - (ends[i - 1] ?? 0);
    let step = 0;
    for (const slot of new Set(bin.slot)) {
      while (slot >= ends[step]!) step++;
      seen[step & 1]!++;
    }
    for (const parity of [0, 1]) {
      const click = -Math.expm1(-0.4 * 0.02 * 0.5 * (parity === 1 ? 1.75 : 0.25));
      const z = binomialZ(seen[parity]!, sent[parity]!, click);
      assert.ok(Math.abs(z) < 4, `${parity === 1 ? 'bright' : 'faint'} steps: ${z}`);
    }
  });

  it('refuses fading that would amplify light', () => {
    const trace = { fading: { stepsPerBin: 4, gain: Float32Array.of(0.2, 0.3, 0.2, 3) }, receiverTransmittance: 1 };
    assert.throws(() => [...events(input(1, 1000, { channel: 1, trace }))], {
      code: 'photons/trace',
      message: /a link cannot amplify light/,
    });
  });

  it('is in order of time, and agrees with itself on what was sent in a slot', () => {
    const pass = flawed(3, 100_000, 8);
    const jittery: PassInput = { ...pass, receiver: { ...pass.receiver, jitterPs: 6000, gateNs: 10 } };
    for (const bin of events(jittery)) {
      assert.ok(bin.slot.length > 3000);
      for (let i = 1; i < bin.slot.length; i++) {
        assert.ok(bin.tags.timePs[i]! >= bin.tags.timePs[i - 1]!);
        assert.ok(bin.slot[i]! >= bin.slot[i - 1]!);
        if (bin.slot[i] !== bin.slot[i - 1]) continue;
        assert.equal(bin.intensity[i], bin.intensity[i - 1]);
        assert.equal(bin.state[i], bin.state[i - 1]);
        assert.equal(bin.truth.photons[i], bin.truth.photons[i - 1]);
      }
    }
  });

  it('looks at one basis a slot when the choice is active', () => {
    const pass = input(1, 500_000, { channel: 1, noisePerGate: 0, receiver: { flaws: { basisChoice: 'active' } } });
    const [bin] = [...events(pass)] as [EventBin];
    let doubles = 0;
    let inX = 0;
    let slots = 0;
    for (let i = 0; i < bin.slot.length; i++) {
      if (i > 0 && bin.slot[i] === bin.slot[i - 1]) {
        doubles++;
        assert.equal(bin.tags.detector[i]! >> 1, bin.tags.detector[i - 1]! >> 1);
      } else {
        slots++;
        inX += 1 - (bin.tags.detector[i]! >> 1);
      }
    }
    assert.ok(doubles > 1000);
    assert.ok(Math.abs(binomialZ(inX, slots, 0.6)) < 4);
  });

  it('is the same for the same seed, for each bin by itself, and for any sharing out by whole shares', () => {
    const pass = flawed(BINS_PER_SHARE + 3, 2000, 5);
    const whole = [...events(pass)];
    assert.deepEqual([...events(pass)].map(columns), whole.map(columns));
    assert.notEqual(total(events({ ...pass, seed: 6 })), total(whole));
    const shares = [...events({ ...pass, bins: BINS_PER_SHARE }), ...events({ ...pass, firstBin: BINS_PER_SHARE })];
    assert.deepEqual(shares.map(columns), whole.map(columns));
    // Cut elsewhere, only the first microseconds can differ.
    const cut = createEvents({ ...pass, firstBin: 7, bins: 1 }).next();
    const settledPs = cut.tags.timePs[0]! + 1e6;
    const rest = (bin: EventBin): number[] => Array.from(bin.tags.timePs).filter((time) => time > settledPs);
    const [a, b] = [rest(cut), rest(whole[7]!)];
    assert.ok(a.length > 40);
    // After-pulses are counted off from the first click of a bin, so a lost click may move one.
    const common = new Set(b);
    assert.ok(a.filter((time) => common.has(time)).length > 0.8 * a.length);
  });

  it('has nothing to say of a dark link, and says it', () => {
    const [bin] = [...events(input(1, 100_000, { channel: 0, noisePerGate: 0 }))] as [EventBin];
    assert.equal(bin.slot.length, 0);
    assert.equal(bin.tags.timePs.length, 0);
    assert.equal(bin.pulses, 100_000);
    assert.deepEqual([...events({ ...input(2, 1000), bins: 0 })], []);
    const pass = createEvents(input(1, 1000));
    assert.equal(pass.remaining, 1);
    pass.next();
    assert.throws(() => pass.next(), { code: 'photons/range' });
  });

  it('clicks in every slot when light is bright and nothing is lost', () => {
    const bright = { intensities: [{ name: 'signal', meanPhotons: 400, probability: 1 }] };
    const trace = { receiverTransmittance: 1 };
    const [bin] = [...events(input(1, 2000, { channel: 1, noisePerGate: 0, source: bright, trace }))] as [EventBin];
    assert.equal(new Set(bin.slot).size, 2000);
    let photons = 0;
    for (let i = 0; i < bin.slot.length; i++) photons = Math.max(photons, bin.truth.photons[i]!);
    assert.equal(photons, 255);
  });
});
