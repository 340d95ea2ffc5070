import assert from 'node:assert/strict';
import { test } from 'node:test';
import { file, message, messages, UTC_MS } from '../test/played.ts';
import { timeline } from './timeline.ts';

const MINUTE = 60_000;
const at = (minute: number) => UTC_MS + minute * MINUTE;

test('texts and files stand in one order of time', () => {
  const rows = timeline({ messages: messages(1, 4), earlier: false }, [
    file('late', { utcMs: at(9) }),
    file('early', { utcMs: at(0) }),
    file('between', { utcMs: at(2) + 1 }),
    file('same', { utcMs: at(3) }),
  ]);
  assert.deepEqual(
    rows.map(({ key }) => key),
    ['file early', 'm-1', 'm-2', 'file between', 'm-3', 'file same', 'm-4', 'file late'],
  );
});

test('files older than what is held here wait for their page', () => {
  const files = [file('old', { utcMs: at(10) }), file('new', { utcMs: at(150) })];
  const keys = (earlier: boolean) =>
    timeline({ messages: messages(101, 200), earlier }, files)
      .filter(({ kind }) => kind === 'file')
      .map(({ key }) => key);
  assert.deepEqual(keys(true), ['file new']);
  assert.deepEqual(keys(false), ['file old', 'file new']);
});

test('each day of mission time is named once', () => {
  const days = [at(0), at(60), at(24 * 60), at(24 * 60 + 1), at(49 * 60)].map((utcMs, n) => message(n, { utcMs }));
  const rows = timeline({ messages: days, earlier: false }, [file('f', { utcMs: at(24 * 60) - 1 })]);
  assert.deepEqual(
    rows.map(({ day }) => day),
    ['2016-12-19', null, '2016-12-20', null, null, '2016-12-21'],
  );
});

test('words of one person within minutes stand together; a gap, a file or a signature parts them', () => {
  const said = (n: number, more = {}) => message(n, { direction: 'received', author: 'Anna', ...more });
  const continues = (after: ReturnType<typeof message>, files = [] as ReturnType<typeof file>[]) => {
    const row = timeline({ messages: [said(1), after], earlier: false }, files).at(-1);
    return row?.kind === 'message' && row.continues;
  };
  assert.equal(continues(said(2)), true);
  assert.equal(continues(said(2, { author: 'Boris' })), false);
  assert.equal(continues(said(2, { direction: 'sent' })), false);
  assert.equal(continues(said(2, { missed: 3 })), false);
  assert.equal(continues(said(2, { onRecord: true })), false);
  assert.equal(continues(said(2, { utcMs: at(7) })), false);
  assert.equal(continues(said(2), [file('f', { utcMs: at(1) + 5 })]), false);
});
