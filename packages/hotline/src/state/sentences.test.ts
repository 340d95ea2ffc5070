import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ALARM_CLASSES, type AlarmClass } from './alarm.ts';
import { ENGLISH } from './sentences.ts';
import { Desk, NOON, TAP } from './test/desk.ts';

const TAPPING = /tap|eavesdrop|listen|overhear|intercept/i;

describe('sentences', () => {
  test('of an alarm have words of their own for each class, and only a tap is called one', () => {
    const heads = new Map<AlarmClass, string>();
    for (const each of ALARM_CLASSES) {
      const desk = new Desk(1).is({ type: 'alarm', alarm: { ...TAP, class: each } });
      const { reason } = desk.view;
      assert.equal(TAPPING.test(reason), each === 'tap', reason);
      assert.ok(
        reason.includes(TAP.foundBy) && reason.includes(TAP.link) && reason.includes(TAP.reason),
        'who, where, what',
      );
      assert.match(reason, /2031-05-04 12:00:00 UTC/);
      assert.match(reason, /To go on, 2 approvers at each desk must agree/);
      heads.set(each, reason.slice(0, reason.indexOf('(')));
    }
    assert.equal(new Set(heads.values()).size, ALARM_CLASSES.length);
    assert.match(heads.get('jam')!, /is being jammed/);
  });

  test('are sentences: they begin large, end with a stop and leave no gap', () => {
    const of = {
      ...{ desk: 'Moscow', desks: ['Beijing', 'Moscow'], name: 'Ann', ahead: 'Moscow', behind: 'Beijing' },
      ...{ hours: 1, greenHours: 24, minutes: 1, needBits: 5, haveBits: 3, goesOn: 'nothing' as const },
      ...{ sinceMs: NOON, atMs: NOON, fromMs: NOON, toMs: NOON },
    };
    const { black, otherPolicy, waitsForStart, ...others } = ENGLISH;
    const said = Object.values(others).map((sentence) => (sentence as (names: typeof of) => string)(of));
    said.push(otherPolicy(of), waitsForStart(of));
    const desks = [
      { name: 'Beijing', approvals: 0 },
      { name: 'Moscow', approvals: 1 },
    ];
    for (const decided of [false, true]) said.push(black({ ...TAP, decided, others: 2, needed: 2, desks }));
    assert.ok(said.length > 30);
    for (const sentence of said) {
      assert.match(sentence, /^[A-Z0-9].*\.$/s, sentence);
      assert.doesNotMatch(sentence, /undefined|NaN|\[object|\s\s|1 hours|1 minutes/, sentence);
    }
  });

  test('name times far away without failing', () => {
    assert.match(
      ENGLISH.silent({ desk: 'Moscow', sinceMs: Number.MAX_SAFE_INTEGER }),
      /since \+275760-09-13 00:00:00 UTC/,
    );
    assert.match(ENGLISH.silent({ desk: 'Moscow', sinceMs: 0 }), /since 1970-01-01 00:00:00 UTC/);
  });
});
