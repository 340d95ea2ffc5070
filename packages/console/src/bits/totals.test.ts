import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkState, SessionSummary } from '@skykey/telemetry';
import { totals } from './totals.ts';

const session = (sessionId: string, verdict: SessionSummary['verdict'], detections: number) =>
  ({ sessionId, verdict, detections, siftedSignal: detections / 2 }) as SessionSummary;

const link = (sessionId: string, detections: number, sessions: readonly SessionSummary[]) =>
  ({ sessionId, detections, sifted: detections / 10, sessions }) as LinkState;

test('a running session counts until it is in the list of finished ones, and never twice', () => {
  const before = link('b', 70, [session('a', 'accepted', 100)]);
  const after = link('b', 80, [session('b', 'accepted', 80), session('a', 'accepted', 100)]);
  assert.deepEqual(totals([before]), { detections: 170, sifted: 57 });
  assert.deepEqual(totals([after]), { detections: 180, sifted: 90 });
});

test('refused sessions clicked, but gave nothing', () => {
  assert.deepEqual(totals([link('a', 40, [session('a', 'refused', 40)]), link('', 0, [])]), {
    detections: 40,
    sifted: 0,
  });
});
