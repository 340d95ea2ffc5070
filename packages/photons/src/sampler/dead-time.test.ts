import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../random.ts';
import { type Aftermath, emptyRenewal, type RawCounts, renew } from './dead-time.ts';

const rested: Aftermath = { deadPs: 0, recoveryPs: 0, afterPulse: 0, afterPulsePs: 0 };
const noise = (noisePerPs: number): RawCounts => ({ perSlot: 0, slotPs: 1000, noisePerPs, spreadPs: 50, inSame: 1 });

const near = (actual: number, expected: number, relative: number): void =>
  assert.ok(Math.abs(actual - expected) <= relative * Math.abs(expected), `${actual} is not ${expected}`);

test('counts at random times find a detector alive with 1 / (1 + r T)', () => {
  const out = renew(noise(2e-6), { ...rested, deadPs: 50_000 }, emptyRenewal());
  near(out.live, 1 / 1.1, 1e-12);
  near(out.clicksPerPs, 2e-6 / 1.1, 1e-12);
  near(out.dispersion, 1 / 1.21, 1e-12);
  near(out.soonByCount, 1 - Math.exp(-0.1), 1e-12);
});

test('counts slot by slot find it alive with 1 / (1 + p D), D the slots that are dead', () => {
  const light = { perSlot: 0.2, slotPs: 1000, noisePerPs: 0, spreadPs: 10, inSame: 1 };
  const out = renew(light, { ...rested, deadPs: 3400 }, emptyRenewal());
  near(out.live, 1 / (1 + 0.2 * 3), 1e-9);
  // Jitter decides about a slot at the very end of the dead time: in half of the cases.
  near(renew(light, { ...rested, deadPs: 4000 }, emptyRenewal()).live, 1 / (1 + 0.2 * 3.5), 1e-9);
});

test('a detector that nothing reaches does not click', () => {
  const out = renew(noise(0), { ...rested, deadPs: 50_000, afterPulse: 0.1, afterPulsePs: 1000 }, emptyRenewal());
  assert.equal(out.clicksPerPs, 0);
  assert.equal(out.live, 1);
  assert.equal(out.soonByAfterPulse, 0);
});

test('recovery lengthens the wait as its hazard says', () => {
  for (const [rate, recoveryPs] of [
    [1e-6, 20_000],
    [5e-5, 20_000],
    [1e-3, 20_000],
  ] as const) {
    const { clicksPerPs } = renew(noise(rate), { ...rested, deadPs: 30_000, recoveryPs }, emptyRenewal());
    // Survival integrated by the trapezium rule.
    let wait = 0;
    const step = Math.min(recoveryPs, 1 / rate) / 2000;
    for (let t = step / 2, alive = 1; alive > 1e-12; t += step) {
      alive = Math.exp(-rate * (t - recoveryPs * -Math.expm1(-t / recoveryPs)));
      wait += step * alive;
    }
    near(clicksPerPs, 1 / (30_000 + wait), 1e-5);
  }
});

test('clicks, after-pulses, soon ones and their dispersion are those of a detector played click by click', () => {
  const random = seededRandom(6);
  const after = { deadPs: 40_000, recoveryPs: 0, afterPulse: 0.05, afterPulsePs: 30_000 };
  const rate = 1e-6;
  const exponential = (mean: number): number => -mean * Math.log(1 - random.uniform());
  const windowPs = 2e9;
  const counted: number[] = [];
  let [clicks, afterPulses, soon] = [0, 0, 0];
  for (let run = 0; run < 800; run++) {
    let [now, last, next, inRun] = [0, -Infinity, exponential(1 / rate), 0];
    let coming: number[] = [];
    while (now < windowPs) {
      const after1 = Math.min(...coming);
      now = Math.min(next, after1);
      const isAfter = after1 < next;
      if (isAfter) coming = coming.filter((t) => t !== after1);
      else next = now + exponential(1 / rate);
      if (now - last < after.deadPs || now >= windowPs) continue;
      inRun++;
      if (isAfter) afterPulses++;
      if (now - last < 2 * after.deadPs) soon++;
      last = now;
      if (random.uniform() < after.afterPulse) coming.push(now + after.deadPs + exponential(after.afterPulsePs));
    }
    clicks += inRun;
    counted.push(inRun);
  }
  const out = renew(noise(rate), after, emptyRenewal());
  near(clicks, 800 * windowPs * out.clicksPerPs, 4 / Math.sqrt(clicks));
  near(afterPulses / clicks, out.afterShare, 4 / Math.sqrt(afterPulses));
  near(soon / clicks, out.soonByCount + out.soonByAfterPulse, 4 / Math.sqrt(soon));
  const mean = clicks / 800;
  const variance = counted.reduce((sum, n) => sum + (n - mean) ** 2, 0) / 799;
  near(variance / mean, out.dispersion, 4 * Math.sqrt(2 / 800));
});
