import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Caller } from './trial/caller.ts';
import { spread } from './trial/fault-study.ts';
import { countCalls, type FaultPoint, faultPoints, playFault, whyNoStrace } from './trial/syscall-faults.ts';

const COMMAND = [process.execPath, fileURLToPath(new URL('../../../cli/bin/skykey.js', import.meta.url))];
/** Of thousands: all are for `skykey study kme-faults`. */
const POINTS = 6;
const SEED = 'a sample';

const folder = mkdtempSync(join(tmpdir(), 'skykey-faults-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('a fault at a system call', { skip: whyNoStrace() ?? false, timeout: 240_000, concurrency: 2 }, () => {
  const play = (point: FaultPoint) => playFault(point, { command: COMMAND, within: folder, seed: SEED });

  test('of any that change its files: the next start recovers, and what was promised holds', async (t) => {
    const counts = await countCalls(COMMAND, folder, SEED);
    assert.ok(counts.get('pwrite64')! > 100 && counts.get('fsync')! > 10, JSON.stringify([...counts]));
    const points = spread(faultPoints(counts));
    t.diagnostic(`${points.length} points, of which ${POINTS} are tried`);
    let reached = 0;
    for (const point of points.slice(0, POINTS)) {
      const { isReached, violations } = await play(point);
      assert.deepEqual(violations, [], JSON.stringify(point));
      if (isReached) reached++;
    }
    assert.ok(reached > POINTS / 2, `${reached} of ${POINTS} points were reached`);
  });

  test('while the couriered file is removed: its key is not taken in again, and there is one sentence', async () => {
    // The keyring's own helper comes first, then the two couriered files.
    for (const number of [2, 3]) {
      for (const fault of ['kill', 'eio'] as const) {
        const outcome = await play({ fault, call: 'unlink', number });
        assert.deepEqual(outcome.violations, []);
        assert.ok(outcome.isReached);
        assert.ok(['killed', 'refused to start', 'ended cleanly'].includes(outcome.end), outcome.end);
      }
    }
  });

  test('that loses a key, or lets one lie in the clear, is found', async () => {
    const { violations, isReached } = await playFault(
      { fault: 'eio', call: 'pwrite64', number: 60_000 },
      {
        ...{ command: COMMAND, within: folder, seed: SEED },
        sabotage: async (stage, run) => {
          const [lost] = [...run.keys].find(([, { master, fetched }]) => master === 'a1' && fetched === 'no')!;
          const thief = new Caller(stage, 'b1');
          assert.equal((await thief.decKeys('a1', [lost]))?.status, 200);
          thief.close();
          writeFileSync(stage.path('alpha', 'left'), stage.courierBytes('alpha', 'beta').subarray(1000, 1032));
        },
      },
    );
    assert.equal(isReached, false);
    assert.equal(violations.length, 3, violations.join('; '));
    assert.match(violations.join('; '), /in the clear in .*left after the fault; the key .* is lost; .*in the clear/);
  });
});
