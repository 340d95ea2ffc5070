import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { whyNoStrace } from '../../../kme/trial/syscall-faults.ts';
import { type FaultPoint, playFault } from './syscall-faults.ts';

/** Of thousands: all are for `skykey study hotline-faults`. */
const POINTS: readonly FaultPoint[] = [
  // In the middle of the day, behind the copy that is put back.
  { life: 'b', thread: 'main', fault: 'kill', call: 'pwrite64', number: 250, besides: 'old copy' },
  // Of the witness as a rule: only a new start knows then what was written, and people have to be told so.
  { life: 'a', thread: 'pool', fault: 'enospc', call: 'pwrite64', number: 40, besides: 'nothing' },
];
/** More than any day has. */
const NEVER = 60_000;

const folder = mkdtempSync(join(tmpdir(), 'skykey-faults-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('a fault at a system call of a desk', { skip: whyNoStrace() ?? false, timeout: 240_000 }, () => {
  test('of a few that change its files: no key is used twice, no word is lost, and the day goes on', async () => {
    for (const point of POINTS) {
      const { violations, isReached, keptTexts, records } = await playFault(point, folder);
      assert.deepEqual(violations, [], JSON.stringify(point));
      assert.ok(isReached, JSON.stringify(point));
      assert.ok(records > 100 && keptTexts > 0);
    }
  });

  test('a word that is lost and a key that is used twice are found', async () => {
    const never: FaultPoint = { ...POINTS[0]!, number: NEVER, besides: 'nothing' };
    const { violations, isReached, end } = await playFault(never, folder, (ledger, last) => {
      ledger.saying('a', 'a word that no desk was told')();
      const forged = last.slice();
      forged[forged.length - 1]! ^= 1;
      ledger.onLine(forged);
    });
    assert.deepEqual([isReached, end, violations.length], [false, 'ended cleanly', 2], violations.join('; '));
    assert.match(violations.join('; '), /under one key and nonce.*"a word that no desk was told" was kept at a/);
  });
});
