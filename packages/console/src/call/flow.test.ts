import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { FrameTotals } from './contract.ts';
import { Flow } from './flow.ts';

function totals(opened: number, refused: number, picture = 0): FrameTotals {
  const none = { audio: 0, video: 0 };
  return {
    seen: { seal: none, open: none },
    opened: { audio: opened, video: picture },
    refused: { audio: refused, video: 0 },
    ...{ held: 0, sendEpoch: null, problem: null },
  };
}

it('voice arrives while frames are opened, and a while after', () => {
  const flow = new Flow();
  assert.equal(flow.after(totals(0, 0), 0).voiceArrives, false);
  assert.equal(flow.after(totals(5, 0), 300).voiceArrives, true);
  assert.equal(flow.after(totals(5, 0), 1700).voiceArrives, true);
  assert.equal(flow.after(totals(5, 0), 1800).voiceArrives, false);
  assert.equal(flow.after(totals(6, 0, 1), 2000).pictureArrives, true);
});

it('a wrong key is told from a frame that was lost', () => {
  const flow = new Flow();
  let refused = 0;
  for (let nowMs = 0; nowMs < 5000; nowMs += 300) {
    const { refuses } = flow.after(totals(nowMs / 300, (refused += 3)), nowMs);
    assert.equal(refuses, false, 'frames are opened as well');
  }
  for (let nowMs = 5000; nowMs < 9000; nowMs += 300) {
    const { refuses } = flow.after(totals(100, (refused += 3)), nowMs);
    if (nowMs > 7000) assert.equal(refuses, true);
  }
  // A call that is merely quiet refuses nothing.
  assert.equal(new Flow().after(totals(0, 0), 60_000).refuses, false);
});
