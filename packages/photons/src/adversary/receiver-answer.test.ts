import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Statistics } from '../light/branches.ts';
import { normalCumulative } from '../sampler/normal-law.ts';
import { flawedReceiver, honestBin, near } from '../test/flawed-link.ts';
import { unpolarised } from './aside.ts';
import { answerOf, guessByEfficiency, oncePerBin } from './receiver-answer.ts';

test('an unpolarised photon counts in each detector by its efficiency, a polarised one by its port', () => {
  const bin = honestBin(0, { ...flawedReceiver, gateNs: 1000, flaws: {} });
  for (const part of answerOf(bin, unpolarised, 0)) near(part, 0.25 / 4, 1e-12);
  const z0 = answerOf(bin, { ...unpolarised, angleRad: 0, purity: 1 }, 0);
  near(z0[2]!, (0.25 / 2) * 0.99, 1e-12);
  near(z0[3]!, (0.25 / 2) * 0.01, 1e-12);
  near(z0[0]!, 0.25 / 4, 1e-12);
  const active = honestBin(0, {
    ...flawedReceiver,
    gateNs: 1000,
    basisXProbability: 0.9,
    flaws: { basisChoice: 'active' },
  });
  near(answerOf(active, unpolarised, 0)[0]!, (0.25 * 0.9) / 2, 1e-12);
});

test('outside the gate nothing counts, anywhere it does', () => {
  const bin = honestBin(0, { ...flawedReceiver, flaws: {} });
  const late = { ...unpolarised, shiftPs: 450 };
  near(answerOf(bin, late, 0)[0]!, (0.25 / 4) * normalCumulative(-0.5), 1e-6);
  near(answerOf(bin, late, -450)[0]!, (0.25 / 4) * (2 * normalCumulative(4) - 1), 1e-6);
  near(answerOf(bin, late, 0, 'anywhere')[0]!, 0.25 / 4, 1e-12);
});

test('a bright pulse below the threshold is not answered, one above is', () => {
  const clicks = (amount: number): number[] => [
    ...answerOf(honestBin(), { statistics: Statistics.bright, amount, angleRad: 0 }, 0, 'anywhere'),
  ];
  assert.deepEqual(clicks(1e-15), [0, 0, 0, 0]);
  assert.deepEqual(clicks(2.1e-15), [0, 0, 1, 0]);
  assert.deepEqual(clicks(1e-12), [1, 1, 1, 1]);
});

test('her guess is what Bayes says of bit, efficiencies and visibility', () => {
  const answer = Float64Array.of(0.3, 0.2, 0.1, 0.4);
  const visibility = 0.9;
  for (const basis of [0, 1] as const) {
    // Joint probability of Alice's bit and the detector that clicks.
    const joint = (bit: number, detector: number): number =>
      0.5 * answer[basis * 2 + detector]! * (detector === bit ? 1 + visibility : 1 - visibility) * 0.5;
    let all = 0;
    const byBit = [0, 0];
    for (const bit of [0, 1]) for (const d of [0, 1]) byBit[bit]! += joint(bit, d);
    all = byBit[0]! + byBit[1]!;
    near(guessByEfficiency(answer, basis, visibility), Math.max(...byBit) / all, 1e-12);
  }
  assert.equal(guessByEfficiency(new Float64Array(4), 0, 1), 0.5);
});

test('a plan is made once for a bin and time, and anew for the next bin', () => {
  let made = 0;
  const plan = oncePerBin((_, offsetPs) => ({ offsetPs, number: ++made }));
  const bin = honestBin();
  assert.equal(plan(bin, 5), plan(bin, 5));
  assert.notEqual(plan(bin, 6), plan(bin, 5));
  assert.equal(made, 2);
  assert.equal(plan(honestBin(), 5).number, 3);
});
