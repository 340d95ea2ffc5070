import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNear, binOf, entropy, found } from '../test/attacked-bin.ts';
import { breidbart } from './breidbart.ts';

const sure = Math.cos(Math.PI / 8) ** 2;

test('of single photons she guesses cos^2(22.5 degrees) of the bits of either basis, with a quarter of them wrong', () => {
  const table = binOf({ channelTransmittance: 1e-4, disturbances: [breidbart.create(1)] });
  const { branches, responses } = table;
  for (let row = 0; row < responses.count; row++) {
    const b = responses.branch[row]!;
    if (branches.photons[b] === 1 && branches.amount[b]! > 0) assertNear(branches.guess[b]!, sure, 1e-12);
  }
  // The decoy is nearly all single photons; several photons that agree say more and err less.
  for (const basis of [0, 1] as const) {
    assertNear(found(table, 1, basis).errorRate, 0.25, 0.05);
    assert.ok(found(table, 1, basis).knownBits >= 1 - entropy(sure));
    assert.ok(found(table, 0, basis).knownBits > 1.2 * found(table, 1, basis).knownBits);
    assert.ok(found(table, 0, basis).errorRate < 0.25);
  }
});

test('no gain changes in any class, from 7 to 60 dB', () => {
  for (const channelTransmittance of [1e-6, 1e-4, 1e-2, 0.1, 0.2]) {
    const honest = binOf({ channelTransmittance });
    const attacked = binOf({ channelTransmittance, disturbances: [breidbart.create(0.7)] });
    for (const k of [0, 1]) assertNear(found(attacked, k).gain, found(honest, k).gain, 1e-3);
  }
});
