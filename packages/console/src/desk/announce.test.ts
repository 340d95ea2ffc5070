import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeskState } from '@skykey/telemetry';
import { alarmSentence, announcements } from './announce.ts';
import { alarm, desk, file, message, messages, UTC_MS } from './test/played.ts';
import { type DeskEvent, NOTHING_SHOWN, observe } from './view.ts';
import { words } from './words.ts';

const shown = (state: DeskState) =>
  observe(observe(NOTHING_SHOWN, { kind: 'connection', connection: 'live' }), { kind: 'desk', desk: state });
const after = (state: DeskState, event: DeskEvent) => announcements(shown(state), observe(shown(state), event));
const line = (more: Partial<DeskState['line']>): Partial<DeskState> => ({ line: { ...desk().line, ...more } });

test('the first state shown is not a change, and neither is the time', () => {
  assert.deepEqual(announcements(NOTHING_SHOWN, shown(desk({ messages: messages(1, 9) }))), []);
  assert.deepEqual(after(desk(), { kind: 'desk', desk: desk({ utcMs: UTC_MS + 1 }) }), []);
});

test('a change of the line is told with its reason; an alarm interrupts instead', () => {
  const amber = desk(line({ level: 'amber', reason: 'Key for 9 hours.' }));
  assert.deepEqual(after(desk(), { kind: 'desk', desk: amber }), [`${words.level.word.amber}. Key for 9 hours.`]);
  assert.equal(alarmSentence(amber), '');
  const black = desk(line({ level: 'black', reason: 'Shut.', alarm: alarm() }));
  assert.deepEqual(after(desk(), { kind: 'desk', desk: black }), []);
  assert.equal(alarmSentence(black), `${words.level.word.black}. ${words.alarm.headline.tap} Shut.`);
});

test('jamming is never called tapping', () => {
  const jammed = desk(line({ level: 'black', reason: 'No light.', alarm: alarm({ class: 'jam' }) }));
  assert.doesNotMatch(alarmSentence(jammed), /tap|listen|eavesdrop/i);
});

test('what comes in is read; earlier pages and own words are not', () => {
  const state = desk({ messages: messages(101, 200) });
  assert.deepEqual(after(state, { kind: 'message', message: message(201) }), [
    words.message.announce('Anna Orlova', 'text 201'),
  ]);
  assert.deepEqual(after(state, { kind: 'message', message: message(202) }), []);
  assert.deepEqual(after(state, { kind: 'earlier', beforeId: 'm-101', messages: messages(1, 100) }), []);
  const many = messages(109, 200).concat([201, 203, 205, 207, 209, 211, 213, 215].map((n) => message(n)));
  assert.deepEqual(after(state, { kind: 'desk', desk: desk({ messages: many }) }), [words.message.announceMany(8)]);
});

test('a refused text and the end of a file are told', () => {
  const state = desk({ messages: [message(2, { state: 'waiting' })], files: [file('a'), file('b')] });
  const refused = message(2, { state: 'refused', reason: 'The line is shut.' });
  assert.deepEqual(after(state, { kind: 'message', message: refused }), [
    words.message.announceRefused('The line is shut.'),
  ]);
  assert.deepEqual(after(state, { kind: 'file', file: file('a', { state: 'done' }) }), [
    words.file.announceDone.sent('a.pdf'),
  ]);
  assert.deepEqual(after(state, { kind: 'file', file: file('b', { doneBytes: 10 }) }), []);
});

test('going on the record and a changed phrase never pass silently', () => {
  const record = { on: true, peerWants: true, signed: null, unsigned: 0, fault: null };
  assert.deepEqual(after(desk(), { kind: 'desk', desk: desk({ record }) }), [words.record.begun]);
  const asked = { ...record, on: false };
  assert.deepEqual(after(desk(), { kind: 'desk', desk: desk({ record: asked }) }), [words.record.asked('Moscow')]);
  const safety = { ...desk().safety, phrase: 'other words' };
  assert.deepEqual(after(desk(), { kind: 'desk', desk: desk({ safety }) }), [words.phrase.changed]);
});

test('a lost connection is told, and that it is back', () => {
  assert.deepEqual(after(desk(), { kind: 'connection', connection: 'lost' }), [words.connection.lost]);
  const lost = observe(shown(desk()), { kind: 'connection', connection: 'lost' });
  assert.deepEqual(announcements(lost, observe(lost, { kind: 'connection', connection: 'live' })), [
    words.connection.back,
  ]);
});
