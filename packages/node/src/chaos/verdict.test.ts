import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer, Asked, Call, GivenKey, History, Origin } from './history.ts';
import { type Rule, verdict } from './verdict.ts';

const LINK = 'micius-beijing';
const ID = '00000001-0000-4000-8000-00000000cafe';
const OTHER = '00000002-0000-4000-8000-00000000cafe';
/** Two grains that differ. */
const hexOf = (digit: string): string => `${digit.repeat(32)}${digit.repeat(31)}0`;

const key = (changes: Partial<GivenKey> = {}): GivenKey => ({
  ...{ keyId: ID, hex: hexOf('a'), originLinks: [LINK], createdAtMs: 1_000, expiresAtMs: null },
  ...changes,
});
const ok = (...keys: GivenKey[]): Answer => ({ status: 'ok', keys });
const refused = (code: string): Answer => ({ status: 'refused', code });
const UNKNOWN: Answer = { status: 'unknown' };

const get: Asked = { kind: 'get', saeId: 'a-beijing', slaves: ['b-moscow'] };
const fetch = (saeId = 'b-moscow', keyIds = [ID], isFinal = false): Asked => ({
  kind: 'fetch',
  saeId,
  keyIds,
  isFinal,
});
const siteOf = (saeId: string): string => saeId.replace(/.*-/, '');

/** Calls one after the other, unless times are given; each second of logical time is one on the clocks. */
function judge(
  calls: readonly (readonly [Asked, Answer, { at?: readonly [number, number]; node?: string; ms?: number }?])[],
): Rule[] {
  const made = calls.map(([asked, answer, { at, node, ms } = {}], i): Call => {
    const [invokedAt, returnedAt] = at ?? [10 * i + 1, 10 * i + 2];
    const clock = ms ?? 2_000 + invokedAt;
    return {
      ...{ asked, answer, invokedAt, returnedAt: answer.status === 'unknown' ? Infinity : returnedAt },
      node: node ?? ('saeId' in asked ? siteOf(asked.saeId) : 'beijing'),
      clockMs: [clock, clock],
    };
  });
  const origins = new Map<string, Origin>();
  for (const digit of 'abc') {
    for (const grain of [hexOf(digit).slice(0, 32), hexOf(digit).slice(32)]) {
      origins.set(grain, { link: LINK, createdAtMs: 1_000 });
    }
  }
  const history: History = { calls: made, origins, siteOf, keyTtlMs: 60_000, clockSpreadMs: 100 };
  return [...new Set(verdict(history).findings.map(({ rule }) => rule))];
}

test('an honest history has no findings', () => {
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [fetch(), ok(key())],
      [fetch(), refused('not-found')],
    ]),
    [],
  );
  // The process died while it answered: the copy may be gone.
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [fetch(), UNKNOWN],
      [fetch(), refused('not-found')],
    ]),
    [],
  );
  // Two ask at once: one gets it.
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [fetch(), ok(key()), { at: [20, 30] }],
      [fetch(), refused('not-found'), { at: [19, 29] }],
    ]),
    [],
  );
  const burn: Asked = { kind: 'void', keyIds: [ID] };
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [burn, ok()],
      [fetch(), ok(key())],
    ]),
    [],
    'the other site has not been told yet',
  );
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [burn, ok()],
      [fetch(), refused('not-found')],
    ]),
    [],
  );
  const assign: Asked = { kind: 'assign', saeId: 'a-beijing', slaves: ['b-moscow'], keyIds: [ID] };
  assert.deepEqual(
    judge([
      [assign, ok()],
      [fetch('a-beijing'), ok(key())],
      [fetch(), ok(key())],
    ]),
    [],
  );
  assert.deepEqual(
    judge([
      [assign, UNKNOWN],
      [fetch(), refused('not-found')],
      [fetch(), ok(key())],
    ]),
    [],
    'it came late',
  );
});

test('a key given twice is found', () => {
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [fetch(), ok(key())],
      [fetch(), ok(key())],
    ]),
    ['twice'],
  );
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [get, ok(key())],
    ]),
    ['twice'],
  );
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [fetch('a-beijing'), ok(key())],
    ]),
    ['twice'],
    'the master has its copy already',
  );
});

test('a key lost after it was acknowledged is found', () => {
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [fetch(), refused('not-found')],
    ]),
    ['lost'],
  );
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [fetch(), refused('not-found')],
      [fetch(), ok(key())],
    ]),
    ['lost'],
    'for a while',
  );
  const both = [key(), key({ keyId: OTHER, hex: hexOf('b') })];
  assert.deepEqual(
    judge([
      [get, ok(...both)],
      [fetch('b-moscow', [ID, OTHER]), refused('not-found')],
    ]),
    ['lost'],
  );
  assert.deepEqual(
    judge([
      [get, ok(...both)],
      [fetch(), ok(key())],
      [fetch('b-moscow', [ID, OTHER]), refused('not-found')],
    ]),
    [],
  );
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [fetch(), refused('unauthorized')],
    ]),
    ['refused-holder'],
  );
});

test('a key is not lost that was burned, poisoned, or too old', () => {
  const alarm: Asked = { kind: 'alarm', link: LINK };
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [alarm, UNKNOWN],
      [fetch(), refused('not-found')],
    ]),
    [],
  );
  const other: Asked = { kind: 'alarm', link: 'micius-moscow' };
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [other, ok()],
      [fetch(), refused('not-found')],
    ]),
    ['lost'],
  );
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [fetch(), refused('not-found'), { ms: 40_000 }],
    ]),
    [],
  );
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [fetch(), refused('not-found'), { ms: 20_000 }],
    ]),
    ['lost'],
  );
});

test('a key that another pair gets is found', () => {
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [fetch('c-moscow'), ok(key())],
    ]),
    ['stranger'],
  );
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [fetch('c-moscow'), refused('unauthorized')],
    ]),
    [],
  );
  const others: Asked = { kind: 'get', saeId: 'c-beijing', slaves: ['d-moscow'] };
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [others, ok(key({ keyId: OTHER }))],
    ]),
    ['bits-twice'],
  );
});

test('bytes that differ, that no link has made, or whose label is not true are found', () => {
  assert.deepEqual(
    judge([
      [get, ok(key())],
      [fetch(), ok(key({ hex: hexOf('b') }))],
    ]),
    ['bytes-differ'],
  );
  assert.deepEqual(judge([[get, ok(key({ hex: hexOf('d') }))]]), ['foreign-bits']);
  assert.deepEqual(judge([[get, ok(key({ hex: 'a'.repeat(64) }))]]), ['bits-twice']);
  const single = key({ hex: 'a'.repeat(32) });
  assert.deepEqual(judge([[get, ok({ ...single, originLinks: ['micius-moscow'] })]]), ['label']);
  assert.deepEqual(judge([[get, ok({ ...single, createdAtMs: 1_001 })]]), ['label']);
});

test('a key given after it was burned, poisoned, or too old is found', () => {
  const burnAt = (node: string) => [{ kind: 'void', keyIds: [ID] } as Asked, ok(), { node }] as const;
  assert.deepEqual(judge([[get, ok(key())], burnAt('moscow'), [fetch(), ok(key())]]), ['after-void']);
  assert.deepEqual(judge([[get, ok(key())], burnAt('beijing'), [fetch('b-moscow', [ID], true), ok(key())]]), [
    'after-void',
  ]);
  const assign: Asked = { kind: 'assign', saeId: 'a-beijing', slaves: ['b-moscow'], keyIds: [ID] };
  const own = fetch('a-beijing', [ID], true);
  assert.deepEqual(
    judge([[assign, ok()], burnAt('moscow'), [own, ok(key())]]),
    ['after-void'],
    'its master heard of it',
  );
  assert.deepEqual(judge([[assign, ok()], burnAt('moscow'), [own, refused('not-found')]]), []);
  const alarmAt = (node: string) => [{ kind: 'alarm', link: LINK } as Asked, ok(), { node }] as const;
  assert.deepEqual(judge([[get, ok(key())], alarmAt('moscow'), [fetch(), ok(key())]]), ['after-alarm']);
  assert.deepEqual(judge([[get, ok(key())], alarmAt('beijing'), [fetch(), ok(key())]]), [], 'Moscow may not know yet');
  const reopen = [{ kind: 'reopen', link: LINK } as Asked, ok(), { node: 'moscow' }] as const;
  assert.deepEqual(
    judge([[get, ok(key())], alarmAt('moscow'), reopen, [fetch(), ok(key())]]),
    ['after-alarm'],
    'it was made before',
  );
  const late = key({ expiresAtMs: 1_500 });
  assert.deepEqual(judge([[get, ok(late)]]), ['expired']);
});
