import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeskState } from '@skykey/telemetry';
import { sameAlarm } from './same-alarm.ts';

/** Says one after the other, and the last one for ever. */
function desk(...alarms: readonly ({ id: string; reason: string } | null)[]) {
  let asked = 0;
  return { state: async () => ({ line: { alarm: alarms[Math.min(asked++, alarms.length - 1)] } }) as DeskState };
}

const OWN = { id: 'a', reason: 'QBER 25 %' };
const JOINT = { id: 'b', reason: 'QBER 26 %' };

describe('what two desks say about an alarm', () => {
  it('is waited for until it is the same, since each finds the alarm by itself before it hears of the other one', async () => {
    const found = await sameAlarm([desk(OWN, OWN, JOINT), desk(JOINT)], 5000, 1);
    assert.deepEqual(
      found?.map(({ line }) => line.alarm),
      [JOINT, JOINT],
    );
  });

  it('is not the same when its id, its reason or the alarm itself is missing at one of them for as long as the limit', async () => {
    for (const other of [JOINT, { ...OWN, reason: 'another' }, null]) {
      assert.equal(await sameAlarm([desk(OWN), desk(other)], 20, 1), null);
    }
    assert.equal(await sameAlarm([desk(null), desk(null)], 20, 1), null);
  });
});
