import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertNear, binOf, found } from '../test/attacked-bin.ts';
import { laserDamage } from './laser-damage.ts';

test('the damage is a step that stays: used while she acts, plain to Bob afterwards, in the self-test from then on', () => {
  const at = (bin: number) => binOf({ disturbances: [laserDamage.create(0.2, { fromS: 2, toS: 4 })] }, bin);
  const honest = found(binOf({}), 0);
  const [before, during, after] = [at(1), at(2), at(5)];
  assert.deepEqual(found(before, 0), honest);
  assert.equal(before.conditions.monitors.selfTestDeviation, 0);
  assertNear(found(during, 0).gain, honest.gain, 1e-7);
  assert.ok(found(during, 0).sureShare > 0.6);
  assert.equal(during.conditions.monitors.selfTestDeviation, 0.2);
  assert.equal(during.conditions.monitors.sourcePowerRatio, 1);
  assertNear(found(after, 0).gain / honest.gain, 1.2, 1e-3);
  assert.equal(found(after, 0).knownBits, 0);
  assert.equal(after.conditions.monitors.selfTestDeviation, 0.2);
});
