import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KmeFigures, LevelFigures } from './kme.ts';
import { kmeText } from './kme-text.ts';

const level = (changes: Partial<LevelFigures>): LevelFigures => ({
  ...{ subject: 'sqlite', connections: 32, number: 1, pairsPerS: { value: 1234, least: 1100, most: 1300 } },
  ...{ encMs: { p50: 9, p99: 30 }, decMs: { p50: 8, p99: 25 }, pairMs: { p50: 17.25, p99: 44 } },
  ...{
    cpuUs: { north: 400, south: 350, applications: 80, database: null },
    syncs: 0.21,
    transactions: 2.04,
    ofBare: 0.12,
  },
  ...changes,
});

const figures: KmeFigures = {
  ...{ rounds: 3, quick: false, seconds: 5, disk: { p50: 0.12, p99: 2.1 }, errors: { 'dec_keys 503 no': 2 } },
  levels: [level({ subject: 'bare', ofBare: null, syncs: null }), level({})],
  memory: [{ subject: 'sqlite', before: 5e8, after: 5.1e8 }],
  ...{ unequal: 0, repeated: 1 },
  expectations: [
    { what: 'a thousand', value: 1234, met: true },
    { what: 'half of it', value: 0.4, met: false },
    { what: 'not here', value: null, met: null },
  ],
  warnings: ['there is no PostgreSQL'],
};

test('the table says what was measured, what failed and what is not met, in 80 columns', () => {
  const text = kmeText(figures, 'a processor');
  assert.match(text, /32, 1 +SQLite +1234 +17\.3 +44\.0 +0\.12 +750 +0\.21/);
  assert.match(text, /transport alone/);
  assert.match(text, /2 times: dec_keys 503 no/);
  assert.match(text, /given twice: 1/);
  assert.match(text, /a thousand: 1,234: met/);
  assert.match(text, /half of it: 0\.400: NOT MET/);
  assert.match(text, /not here: not measured\n/);
  assert.match(text, /there is no PostgreSQL/);
  for (const line of text.split('\n')) assert.ok(line.length <= 80, line);
});
