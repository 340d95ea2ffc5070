import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MONITORS } from '../observe/observation.ts';
import { assertNear, binOf, doubles, found } from '../test/attacked-bin.ts';
import { faintTrojanHorse, injectedPowerW, trojanGuess, trojanHorse } from './trojan-horse.ts';

test("Helstrom's guess of antipodal states, by their density matrices in the plane they span", () => {
  for (const mu of [1e-8, 1e-4, 0.01, 0.1]) {
    // Half the trace norm of the difference of two pure states of overlap c is sqrt(1 - c^2).
    const overlap = Math.exp(-2 * mu);
    const [a, b] = [Math.sqrt((1 + overlap) / 2), Math.sqrt((1 - overlap) / 2)];
    // |a| and -|a| as (a, b) and (a, -b): their difference has only off-diagonal entries 2 a b.
    assertNear(trojanGuess(mu), (1 + 2 * a * b) / 2, 1e-7);
  }
  assert.equal(trojanGuess(0), 0.5);
});

test('Bob sees nothing; she guesses every bit a little, and the monitor sees strong light alone', () => {
  const honest = binOf({});
  for (const [attack, strength] of [
    [trojanHorse, 0.01],
    [faintTrojanHorse, 1e-10],
  ] as const) {
    const table = binOf({ disturbances: [attack.create(strength)] });
    for (const k of [0, 1]) {
      assertNear(found(table, k).gain, found(honest, k).gain, 1e-7);
      assert.ok(found(table, k).errorRate < 1e-12);
    }
    // With next to no trojan light, what the decoy bound leaves anybody; with more, all.
    if (attack === faintTrojanHorse) assertNear(found(table, 0).sureShare, 1 - 0.4247, 1e-3);
    else assert.ok(found(table, 0).sureShare > 0.999);
    assert.equal(table.conditions.sideChannelGuess, trojanGuess(strength));
    const injectedW = table.conditions.monitors.injectedW;
    assert.equal(injectedW, injectedPowerW(strength, 1e8));
    const noise = 1e-9;
    assert.equal(injectedW > 10 * noise, attack === trojanHorse);
    assert.equal(table.monitors[MONITORS.indexOf('injected-power')]! > 5 * noise, attack === trojanHorse);
  }
});

test('the more light comes back, the more multi-photon pulses pass for single ones, double clicks staying as many', () => {
  for (const channelTransmittance of [1e-4, 1e-2, 0.1]) {
    const honest = binOf({ channelTransmittance });
    let last = 0;
    for (const strength of [0, 1e-10, 1e-8, 1e-6, 1e-5]) {
      const table = binOf({ channelTransmittance, disturbances: [trojanHorse.create(strength)] });
      for (const k of [0, 1]) assertNear(found(table, k).gain, found(honest, k).gain, 1e-9);
      assertNear(doubles(table), doubles(honest), 0.02);
      const { sureShare } = found(table, 0);
      assert.ok(sureShare > last, `${sureShare} at ${strength}`);
      last = sureShare;
    }
  }
});
