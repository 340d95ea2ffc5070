import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { describe, it } from 'node:test';
import { type AgreementHunt, PATIENCE } from './agreements.ts';
import { FAULTS } from './faults.ts';
import { leaks } from './leaks.ts';
import type { LineHunt } from './lines.ts';
import { openShipped } from './opened.ts';
import { AGREEMENT_HUNTS, huntAgreements, huntLines, LINE_HUNTS } from './study.ts';

const lineHunt = (name: string) => LINE_HUNTS.find((hunt) => hunt.name === name)!;
const faulty = (name: string) => openShipped(registerHooks, FAULTS.find((fault) => fault.name === name)!);

/** All have agreed, and then another alarm comes. */
const TOO_LATE: LineHunt = {
  name: 'too late',
  about: 'for a fault',
  bundles: 1,
  past: ['tap at a', 'a is heard', 'ann', 'bob', 'a is heard', 'pia', 'quin', 'b is heard'],
  letters: { 'jam at b': 1, 'agree with fresh key': 1, 'a moment': 1 },
};

const SMALL: AgreementHunt = {
  name: 'small',
  about: 'for faults',
  past: 'acquainted',
  alphabet: { records: 1, alter: 1, wait: 1, waits: { wait: PATIENCE } },
};

describe('two desks in every state, to a small depth', () => {
  it('break no rule as they are shipped', async (context) => {
    const opened = await openShipped(registerHooks);
    let states = 0;
    for (const hunt of LINE_HUNTS) {
      const { violations, ...found } = await huntLines(opened, hunt, { depth: 4, fairEvery: 20 });
      assert.deepEqual(violations, [], hunt.name);
      states += found.states;
    }
    for (const hunt of AGREEMENT_HUNTS) {
      const { violations, ...found } = await huntAgreements(opened, hunt, { depth: 3, fairEvery: 30 });
      assert.deepEqual(violations, [], hunt.name);
      states += found.states;
    }
    context.diagnostic(`${states} states`);
    assert.ok(states > 1000);
  });

  it('let nobody who lacks one secret come to the next key, whatever leaked before', async () => {
    const { combine } = await openShipped(registerHooks);
    const { patterns, known, unknown, violations } = leaks(combine, 2);
    assert.deepEqual(violations, []);
    // The first epoch of a chain whose root is known, and the second after it.
    assert.deepEqual([patterns, known, unknown], [2 * 16 * 16, 2, 2 * (16 + 256) - 2]);
  });
});

describe('a planted fault is found:', () => {
  for (const [fault, rule] of [
    ['an older answer is kept beside newer keys', /an epoch that is over/],
    ['confirmation is skipped', /altered message was believed/],
    ['the MAC of an answer is not checked', /altered message was believed/],
    ['the MAC of an offer is not checked', /altered message was believed/],
  ] as const) {
    it(fault, async () => {
      const { violations } = await huntAgreements(await faulty(fault), SMALL, { depth: 5, first: true });
      assert.match(violations[0]?.rule ?? '', rule);
    });
  }

  for (const [fault, hunt, depth, rule] of [
    ['one approver is enough', 'reopening', 7, /without two approvers/],
    ['an alarm is forgotten at a start', 'two alarms', 3, /alarm was forgotten/],
    ['old key opens the line', 'reopening', 9, /without quantum key made after the alarm/],
  ] as const) {
    it(fault, async () => {
      const { violations } = await huntLines(await faulty(fault), lineHunt(hunt), { depth, first: true });
      assert.match(violations[0]?.rule ?? '', rule);
    });
  }

  it('an approval outlives another alarm', async () => {
    const limits = { depth: 4, first: true };
    assert.deepEqual((await huntLines(await openShipped(registerHooks), TOO_LATE, limits)).violations, []);
    const { violations } = await huntLines(await faulty('an approval outlives another alarm'), TOO_LATE, limits);
    assert.match(violations[0]?.rule ?? '', /without two approvers/);
  });

  for (const fault of [
    'the couriered secret is left out',
    'the quantum key is left out',
    'the root before is left out',
  ]) {
    it(fault, async () => {
      const { combine } = await faulty(fault);
      assert.match(leaks(combine, 1).violations[0] ?? '', /can be predicted/);
    });
  }
});
