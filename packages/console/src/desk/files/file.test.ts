import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spell } from '../../format.ts';
import { downloadable, fileCommands, percentDone, shownName, size } from './file.ts';

test('each state offers what can still be done, and nothing after the end', () => {
  assert.deepEqual(fileCommands({ state: 'running' }), ['pause', 'cancel']);
  assert.deepEqual(fileCommands({ state: 'paused' }), ['resume', 'cancel']);
  assert.deepEqual(fileCommands({ state: 'offered' }), ['cancel']);
  for (const state of ['done', 'refused', 'changed', 'cancelled'] as const) {
    assert.deepEqual(fileCommands({ state }), [], state);
  }
});

test('only a whole file that came from the other side can be taken', () => {
  assert.equal(downloadable({ direction: 'received', state: 'done' }), true);
  assert.equal(downloadable({ direction: 'sent', state: 'done' }), false);
  assert.equal(downloadable({ direction: 'received', state: 'running' }), false);
  assert.equal(downloadable({ direction: 'received', state: 'changed' }), false);
});

test('the bar is full at the last byte and not before', () => {
  assert.equal(percentDone(0, 50_000_000), 0);
  assert.equal(percentDone(49_999_999, 50_000_000), 99);
  assert.equal(percentDone(50_000_000, 50_000_000), 100);
  assert.equal(percentDone(0, 0), 100);
  assert.equal(percentDone(-5, 10), 0);
});

test('sizes step in powers of ten and never read 1000', () => {
  const read = (bytes: number) => spell(size(bytes)).replace('\u202f', ' ');
  assert.deepEqual([0, 999, 1000, 999_949, 999_950, 50_000_000, 999_949_999, 999_950_000, 4_200_000_000].map(read), [
    '0 B',
    '999 B',
    '1.0 kB',
    '999.9 kB',
    '1.0 MB',
    '50.0 MB',
    '999.9 MB',
    '1.00 GB',
    '4.20 GB',
  ]);
});

test('a name cannot pretend to be another', () => {
  assert.equal(shownName('invoice\u202efdp.exe'), 'invoice·fdp.exe');
  assert.equal(shownName('a\u0000b\nc\u200bd\u2066e\u061cf'), 'a·b·c·d·e·f');
  assert.equal(shownName('Отчёт за декабрь – 报告.pdf'), 'Отчёт за декабрь – 报告.pdf');
});
