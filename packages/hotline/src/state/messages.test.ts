import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HotlineError } from '../error.ts';
import { ALARM_CLASSES, MAX_ALARMS } from './alarm.ts';
import { type ControlMessage, decodeControl, encodeControl, type StateMessage } from './messages.ts';
import { EPOCHS, JAM, NOON, Pair, TAP } from './test/desk.ts';
import { below, oneOf, seeded } from './test/random.ts';

const STATE: StateMessage = {
  type: 'state',
  epoch: EPOCHS[7]!,
  revision: 9,
  heard: 8,
  atMs: NOON,
  echoMs: NOON - 1,
  asks: true,
  keysMadeAfterMs: NOON - 2,
  level: { level: 'amber', cause: 'stock', hours: 12, sinceMs: NOON - 3 },
  standing: [JAM, TAP],
};

const request = 'ab'.repeat(32);
const MESSAGES: readonly ControlMessage[] = [
  STATE,
  { ...STATE, asks: false, standing: [], level: { level: 'red', cause: 'no-qkd', hours: 0, sinceMs: 0 } },
  ...ALARM_CLASSES.map((each): ControlMessage => ({ type: 'alarm', alarm: { ...TAP, class: each } })),
  { type: 'approval', direction: 2, request, person: 'p-17', name: 'Пётр 彼得', approvedMs: NOON, withdrawnMs: 0 },
  { type: 'record', epoch: EPOCHS[7]!, revision: 3, wants: true },
  { type: 'policy', hash: request },
];

describe('messages of the control lane', () => {
  test('read back as they were written', () => {
    for (const message of MESSAGES) assert.deepEqual(decodeControl(encodeControl(message)), message);
  });

  test('cut off anywhere, or with something behind, are refused', () => {
    for (const message of MESSAGES) {
      const bytes = encodeControl(message);
      for (let length = 0; length < bytes.length; length++) {
        assert.throws(() => decodeControl(bytes.subarray(0, length)), { code: 'hotline/malformed' });
      }
      assert.throws(() => decodeControl(Uint8Array.of(...bytes, 0)), { code: 'hotline/malformed' });
    }
  });

  test('altered at random are refused or mean what their bytes say: no two encodings of one message', () => {
    const random = seeded(11);
    let read = 0;
    for (let i = 0; i < 20_000; i++) {
      const bytes = encodeControl(oneOf(random, MESSAGES));
      for (let change = below(random, 3); change >= 0; change--)
        bytes[below(random, bytes.length)] = below(random, 256);
      try {
        assert.deepEqual(encodeControl(decodeControl(bytes)), bytes);
        read++;
      } catch (error) {
        if (!(error instanceof HotlineError && error.code === 'hotline/malformed')) throw error;
      }
    }
    assert.ok(read > 1_000 && read < 19_000);
  });

  test('that no desk writes are refused', () => {
    const refused = (message: ControlMessage): void => {
      assert.throws(() => decodeControl(encodeControl(message)), { code: 'hotline/malformed' });
    };
    refused({ ...STATE, standing: [TAP, JAM] });
    refused({ ...STATE, standing: [TAP, TAP] });
    refused({ ...STATE, standing: Array.from({ length: MAX_ALARMS + 1 }, (_, i) => ({ ...TAP, id: `${100 + i}` })) });
    refused({ ...STATE, level: { ...STATE.level, level: 'red' } });
    refused({ ...STATE, level: { ...STATE.level, cause: 'dry' } });
    refused({ type: 'alarm', alarm: { ...TAP, reason: 'x'.repeat(301) } });
    refused({ type: 'alarm', alarm: { ...TAP, link: 'x'.repeat(65) } });
    refused({ type: 'approval', direction: 3 as 1, request, person: 'p', name: 'p', approvedMs: 0, withdrawnMs: 0 });
    refused({ type: 'approval', direction: 1, request, person: '', name: 'p', approvedMs: 0, withdrawnMs: 0 });
    refused({
      type: 'approval',
      direction: 1,
      request,
      person: 'p'.repeat(65),
      name: 'p',
      approvedMs: 0,
      withdrawnMs: 0,
    });
    assert.throws(() => decodeControl(Uint8Array.of(6)), { code: 'hotline/malformed' });
    assert.throws(() => encodeControl({ type: 'policy', hash: 'AB'.repeat(32) }), { code: 'hotline/bad-argument' });
    assert.throws(() => encodeControl({ type: 'policy', hash: 'ab' }), { code: 'hotline/bad-argument' });
  });

  test('the largest fits into a record of a few kilobytes', () => {
    const wide = { ...TAP, foundBy: 'x'.repeat(64), link: 'x'.repeat(64), reason: 'x'.repeat(300) };
    const standing = Array.from({ length: MAX_ALARMS }, (_, i) => ({ ...wide, id: `${1_000 + i}`.padEnd(64, 'x') }));
    assert.ok(encodeControl({ ...STATE, standing }).length < 8_500);
  });

  test('heard twice, or a second time much later, change nothing', () => {
    const pair = Pair.running();
    pair.beijing.is({ type: 'alarm', alarm: TAP }).is({ type: 'record', wants: true }).approves('ann');
    pair.moscow.nowMs = pair.beijing.nowMs;
    const messages = pair.beijing.outgoing.splice(0);
    assert.equal(new Set(messages.map(([kind]) => kind)).size, 5, 'of each kind there is one');
    for (const bytes of messages) pair.moscow.hears(bytes);
    const { state } = pair.moscow;
    for (const bytes of [...messages, ...messages.toReversed()]) {
      pair.moscow.hears(bytes);
      assert.equal(pair.moscow.durable, false);
    }
    assert.deepEqual({ ...pair.moscow.state, clock: state.clock }, state);
  });
});
