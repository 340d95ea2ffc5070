import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SessionSummary } from '@skykey/telemetry';
import { steps } from './losses.ts';

const session: SessionSummary = {
  sessionId: 's',
  utcMs: 0,
  verdict: 'accepted',
  reason: null,
  detections: 3_551_136,
  siftedSignal: 1_671_072,
  qberSignal: 0.011,
  keySiftedBits: 800_000,
  leakedBits: 80_000,
  efficiency: 1.08,
  authenticationBitsSpent: 384,
  secretBits: 300_939,
  proof: 'tilted',
};

test('every bit between the first and the last step is accounted for', () => {
  const all = steps(session);
  const lost = all.filter((step) => step.kind === 'lost').reduce((sum, step) => sum + step.amount, 0);
  assert.equal(session.detections - lost, session.secretBits);
  assert.deepEqual(
    all.map((step) => step.name),
    ['detections', 'unmatched', 'sifted', 'disclosed', 'keySifted', 'leaked', 'privacy', 'secret'],
  );
});

test('bars lie on one scale and each loss hangs between its neighbours', () => {
  const all = steps(session);
  assert.equal(all[0]?.to, 1);
  for (const [index, step] of all.entries()) {
    assert.ok(step.from >= 0 && step.from <= step.to && step.to <= 1, step.name);
    if (step.kind === 'lost')
      assert.ok(Math.abs(step.to - all[index - 1]!.to) < 1e-12 || all[index - 1]!.kind === 'lost');
  }
});

test('a refused session ends at nothing, and steps that are not nested claim no loss', () => {
  const refused = steps({ ...session, verdict: 'refused', keySiftedBits: 0, leakedBits: 0, secretBits: 0 });
  assert.deepEqual(
    refused.map(({ name, amount }) => [name, amount]),
    [
      ['detections', 3_551_136],
      ['discarded', 3_551_136],
      ['secret', 0],
    ],
  );
  const broad = steps({ ...session, keySiftedBits: 1_700_000 });
  assert.ok(!broad.some((step) => step.name === 'disclosed'));
  const empty = steps({ ...session, detections: 0, siftedSignal: 0, keySiftedBits: 0, leakedBits: 0, secretBits: 0 });
  assert.ok(empty.every((step) => step.to === 0));
});
