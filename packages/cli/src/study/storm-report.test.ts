import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type StormWorld, stormDocument, stormText } from './storm-report.ts';

const SIZE = { crashes: 40, moments: 2, mutated: 100, rounds: 1, seed: 3 };
const world = (part: string, number: number, counts: Record<string, number>, findings: string[] = []): StormWorld => ({
  ...{ part, world: number, counts, findings, playedOn: number === 0 ? '2026-11-22' : '2026-11-23' },
});

test('the report adds worlds up, and names what was found', () => {
  const document = stormDocument(SIZE, [
    world('starved', 0, { moments: 1, mostMsUntilBothKnew: 300 }),
    world('starved', 1, { moments: 1, mostMsUntilBothKnew: 500 }),
    world('writes', 0, { crashes: 1, records: 10 }),
    world('crashes', 0, { crashes: 20, records: 100 }, ['world 0: a text is shown twice']),
    world('messages', 0, { treated: 25, mutated: 25, 'altered in its tag': 25, textsShown: 2 }),
    world('noise', 1, { mutated: 1500, textsShown: 30 }),
    world('frames', 1, { mutated: 4800 }),
  ]);
  assert.deepEqual(document.mutated, { messages: 25, noise: 1500, frames: 4800, all: 6325 });
  assert.deepEqual(document.parts.starved, { worlds: 2, counts: { moments: 2, mostMsUntilBothKnew: 500 } });
  assert.deepEqual([document.firstPlayed, document.lastPlayed], ['2026-11-22', '2026-11-23']);
  const text = stormText(document);
  assert.match(text, /\*\*Findings: 1\.\*\*\n- crashes: world 0: a text is shown twice\n/);
  assert.match(text, /within 500 ms at most/);
  assert.match(text, /\*\*6,325\*\*, of them 25 messages/);
  assert.match(text, /^21 crashes of a desk\.$/m);
  assert.match(text, /Looked at: 110 records/);
});
