import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_POLICY } from './policy.ts';
import { OPEN_POLICY } from './test/desk.ts';
import { ALARM_LETTERS, CORE_LETTERS, KEY_LETTERS, type Letter, search } from './test/search.ts';

/** Letters on top of those that the run of all tests has time for. */
const MORE = process.env.SKYKEY_TEST_LONG ? 1 : 0;

/** What has happened before; a search from nothing would spend itself before anything is approved. */
const PASTS: Readonly<Record<string, { readonly past: readonly string[]; readonly toOpen: number }>> = {
  'an alarm': { past: ['X here'], toOpen: 5 },
  'an alarm, three approvals': { past: ['X here', 'ann', 'bob', 'pia'], toOpen: 2 },
  'an alarm, all approvals': { past: ['X heard', 'peer has X', 'ann', 'bob', 'pia', 'quin'], toOpen: 1 },
  'reopened here, not yet there': {
    past: ['X here', 'peer has X', 'ann', 'bob', 'pia', 'quin', 'fresh, reopening'],
    toOpen: 6,
  },
};

const ALPHABETS: readonly (readonly [string, readonly Letter[], number])[] = [
  ['the events of alarms and approvals that matter most', CORE_LETTERS, 5],
  ['all events of alarms and approvals', ALARM_LETTERS, 3],
];

for (const [name, letters, depth] of ALPHABETS) {
  describe(`every sequence of ${depth + MORE} of ${name}`, () => {
    for (const [before, { past, toOpen }] of Object.entries(PASTS)) {
      test(`after: ${before}`, (context) => {
        const { states, transitions, openings } = search(DEFAULT_POLICY, letters, past, depth + MORE);
        context.diagnostic(`${states} states, ${transitions} transitions, ${openings} openings`);
        assert.equal(openings > 0, depth + MORE >= toOpen, 'it opens as soon as it may');
      });
    }
  });
}

describe(`every sequence of ${4 + MORE} events of key`, () => {
  const policies = { 'nothing goes on without quantum key': DEFAULT_POLICY, 'all that can go on does': OPEN_POLICY };
  for (const [name, policy] of Object.entries(policies)) {
    test(name, (context) => {
      const { states, transitions } = search(policy, KEY_LETTERS, [], 4 + MORE);
      context.diagnostic(`${states} states, ${transitions} transitions`);
      assert.ok(states > 2_000);
    });
  }
});
