import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type TapOutcome, tapRow } from '@skykey/node';
import { skykey } from '../test/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-hotline-tap-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('a row tells of the slower end, and of every violation', () => {
  const outcome = (silentMs: number, sealedMs: number, violations: string[] = []): TapOutcome => ({
    ...{ linkId: 'l', speed: 1, detectionRateHz: 1000 * silentMs, droppedMs: 1, silentMs, sealedMs },
    ...{ toldMs: [1, 2], opened: [1, 1], reasons: ['a', 'a'], levels: ['black', 'black'], violations },
  });
  const row = tapRow('x', [outcome(3, 1), outcome(1, 9, ['late']), outcome(2, 2)]);
  assert.deepEqual([row.medianMs, row.p99Ms, row.mostMs], [3, 9, 9]);
  assert.deepEqual(row.detectionRateHz, [1000, 2000, 3000]);
  assert.deepEqual(row.violations, ['late']);
});

test('five taps in mid-call: silence, the same alarm on both desks, nothing sent or used afterwards', async () => {
  const ask = () =>
    skykey([
      ...['study', 'hotline-tap', '--trials', '5', '--real-time', '0', '--port', '24500'],
      ...['--results', folder, '--out', join(folder, 'out'), '--json'],
    ]);
  const { stdout, stderr } = await ask();
  assert.equal(stderr, '');
  const { rows, trials } = JSON.parse(stdout) as { rows: { violations: string[] }[]; trials: TapOutcome[] };
  assert.deepEqual(rows[0]!.violations, []);
  assert.equal(trials.length, 5);
  for (const { opened, reasons, levels } of trials) {
    assert.ok(opened.every((frames) => frames > 50));
    assert.deepEqual(levels, ['black', 'black']);
    for (const reason of reasons)
      assert.match(reason, /signs of an eavesdropper on micius-\w+ .*QBER .* significantly above 5\.00 %/);
  }
  assert.match(readFileSync(join(folder, 'hotline-tap.md'), 'utf8'), /12 times as fast \| 5 \|/);
  // Everything is there: nothing is played again.
  const begun = trials;
  assert.deepEqual((JSON.parse((await ask()).stdout) as { trials: TapOutcome[] }).trials, begun);
});
