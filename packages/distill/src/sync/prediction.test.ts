import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clockOfSeconds, Prediction } from './prediction.ts';
import { flyby } from './test/flyby.ts';

const STILL = { offsetPs: 0, driftPsPerS: 0 };

describe('prediction', () => {
  it('takes the flight time and the clock out of tags to a picosecond, over a pass with all derivatives', () => {
    const clock = { offsetPs: 3.2e9, driftPsPerS: 2.5e6 };
    const pass = flyby({
      pulseRateHz: 1e8,
      lossDb: 60,
      durationS: 300,
      closestS: 190,
      seed: 4,
      clockOffsetPs: clock.offsetPs,
      clockDriftPsPerS: clock.driftPsPerS,
    });
    assert.ok(Math.abs(pass.light.ratePsPerS[0]!) > 2.3e7, 'Doppler of 2.3e-5');
    assert.ok(Math.max(...pass.light.accelerationPsPerS2) > 3.8e5);
    const prediction = new Prediction(clock, pass.light, { firstPs: 0, pulseRateHz: 1e8 });
    let rows = 0;
    for (const { readingPs, slot, offsetPs } of pass.bins()) {
      const emissionPs = prediction.emissionPs(readingPs);
      for (let i = 0; i < slot.length; i++, rows++) {
        // Half a ps each of rounding the tag, the reading and the offset; the engine's quadratic in a bin, 1 ps.
        const off = emissionPs[i]! - slot[i]! * pass.periodPs - offsetPs[i]!;
        assert.ok(Math.abs(off) < 3, `off by ${off} ps`);
        if (i === 0) assert.ok(Math.abs(prediction.readingPs(emissionPs[i]!) - readingPs[i]!) < 1, 'and back');
      }
    }
    assert.ok(rows > 30_000);
  });

  it('refuses tags beyond the ephemeris and tables that are none', () => {
    const { light } = flyby({ pulseRateHz: 1e8, lossDb: 60, durationS: 1, closestS: 0, seed: 1 });
    const train = { firstPs: 0, pulseRateHz: 1e8 };
    const prediction = new Prediction(STILL, light, train);
    assert.throws(() => prediction.emissionPs(Float64Array.of(1e12, 9e12)), {
      code: 'distill/sync',
      message: /tag 1 /,
    });
    assert.throws(
      () => new Prediction(STILL, { ...light, jerkPsPerS3: new Float64Array(1) }, train),
      /must have the same/,
    );
    assert.throws(
      () => new Prediction(STILL, { ...light, delayPs: light.delayPs.map(() => Number.NaN) }, train),
      /not a finite/,
    );
    assert.throws(() => new Prediction(STILL, light, { ...train, pulseRateHz: 0 }), { code: 'distill/sync' });
    assert.throws(() => prediction.readingPs(9e12), { code: 'distill/sync', message: /leaves 9\.000 s after slot 0/ });
    assert.throws(() => prediction.readingPs(-9e12), { code: 'distill/sync' });
    // A rate in other units: the rows do not meet.
    const apart = { ...light, ratePsPerS: light.ratePsPerS.map((rate) => rate + 1e6) };
    assert.throws(
      () => new Prediction(STILL, apart, train),
      /rows 0 and 1 of the light-time table are 1\.00e\+6 ps apart/,
    );
  });
});

describe('pulse-per-second', () => {
  it('gives the line of a clock', () => {
    const pulses = Float64Array.from({ length: 60 }, (_, n) => {
      const s = 40 + n;
      return s * 1e12 + 5e8 - 7e5 * s + (n % 3 === 0 ? 1.5e6 : n % 3 === 1 ? -1e6 : -0.5e6);
    });
    const line = clockOfSeconds(pulses, 40, 2e6);
    assert.ok(Math.abs(line.driftPsPerS + 7e5) < 2e4, `drift ${line.driftPsPerS}`);
    assert.ok(Math.abs(line.offsetPs + 70 * line.driftPsPerS - (5e8 - 7e5 * 70)) < 3e5);
    assert.ok(line.worstPs < 2e6);
  });

  it('refuses a missing pulse', () => {
    const pulses = Float64Array.from({ length: 20 }, (_, n) => (n < 10 ? n : n + 1) * 1e12);
    assert.throws(() => clockOfSeconds(pulses, 0, 2e6), { code: 'distill/sync', message: /^pulse \d+ of/ });
    assert.throws(() => clockOfSeconds(Float64Array.of(0), 0, 2e6), /at least two/);
  });
});
