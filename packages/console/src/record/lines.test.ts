import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JournalEntry, SatelliteState, SiteState } from '@skykey/telemetry';
import { NOTHING_OBSERVED, type Observed } from '../observed.ts';
import { merged } from './lines.ts';

const entry = (utcMs: number, text: string): JournalEntry => ({ utcMs, severity: 'info', text });

function observed(beijing: readonly JournalEntry[], micius: readonly JournalEntry[]): Observed {
  return {
    ...NOTHING_OBSERVED,
    sites: { b: { kind: 'site', nodeId: 'b', name: 'Beijing', journal: beijing } as unknown as SiteState },
    satellites: { m: { kind: 'satellite', nodeId: 'm', name: 'Micius', journal: micius } as unknown as SatelliteState },
  };
}

test('journals are merged by time, newest first, whatever the order they came in', () => {
  const lines = merged(observed([entry(30, 'c'), entry(10, 'a')], [entry(20, 'b')]));
  assert.deepEqual(
    lines.map(({ text, source }) => `${source} ${text}`),
    ['Beijing c', 'Micius b', 'Beijing a'],
  );
});

test('the same sentence twice in one instant is two lines with ids of their own', () => {
  const lines = merged(observed([entry(10, 'a'), entry(10, 'a')], [entry(10, 'a')]));
  assert.equal(new Set(lines.map(({ id }) => id)).size, 3);
});

test('the journal is bounded', () => {
  const many = Array.from({ length: 500 }, (_, index) => entry(index, `${index}`));
  const lines = merged(observed(many, []));
  assert.equal(lines.length, 200);
  assert.equal(lines[0]?.text, '499');
});
