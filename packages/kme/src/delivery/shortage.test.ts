import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { keysOf, Network, policyOf } from '../test/sites.ts';

fc.configureGlobal({ seed: 47 });

const KEY_BYTES = 32;

interface Day {
  /** Keys in the lane at first. */
  readonly keys: number;
  /** What the pair asks for one after the other, so that some are set aside. */
  readonly before: readonly number[];
  /** What others ask for meanwhile, and how many turns of the event loop after the one before. */
  readonly together: readonly (readonly [number: number, turns: number])[];
  /** Turns of the event loop that frames take, one after the other and again. */
  readonly turns: readonly number[];
}

const day: fc.Arbitrary<Day> = fc.record({
  keys: fc.integer({ min: 8, max: 50 }),
  before: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 5 }),
  together: fc.array(fc.tuple(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 40 })), fc.nat(4)), {
    minLength: 2,
    maxLength: 6,
  }),
  turns: fc.array(fc.nat(9), { minLength: 1, maxLength: 5 }),
});

async function pass(turns: number): Promise<void> {
  for (let left = turns; left > 0; left--) await setImmediate();
}

/** What came of the day: keys given, and how many are left to be had. */
async function play({ keys, before, together, turns }: Day, quota: object | undefined): Promise<void> {
  const ended: (() => void | Promise<void>)[] = [];
  const rules = [{ between: ['desk-beijing', 'desk-moscow'] as const, ...(quota && { quota }) }];
  const site = { policy: policyOf(rules) };
  const network = await Network.open(
    { after: (done) => void ended.push(done) },
    { keyBytes: (quota ? 4_000 : keys) * KEY_BYTES, padBytes: 16 * 400, site: { beijing: site, moscow: site } },
  );
  try {
    const { beijing, moscow } = network;
    let given = 0;
    for (const number of before) given += number <= (await beijing.count()) ? (await beijing.keys(number)).length : 0;
    const supply = await beijing.count();
    let frames = 0;
    network.between = async (message, on) => {
      await pass(turns[frames++ % turns.length]!);
      return on(message);
    };
    const asked = [];
    for (const [number, after] of together) {
      await pass(after);
      const answer = beijing.call('POST', 'enc_keys', { json: { number, size: 256 } });
      asked.push(answer.then((answer) => ({ number, answer })));
    }
    const answers = await Promise.all(asked);
    const left = await beijing.count();
    const refused = answers.filter(({ answer }) => answer.status !== 200).map(({ number }) => number);
    const sent = answers.filter(({ answer }) => answer.status === 200).flatMap(({ answer }) => keysOf(answer));
    given += sent.length;
    // Who was refused could not be served with what is left; so when there is enough for all, all are served.
    for (const number of refused) assert.ok(number > left, `${number} were refused, and ${left} are left`);
    assert.equal(left, supply - sent.length, 'nothing is lost to those who are refused');
    assert.equal(new Set(sent.map(({ key }) => key)).size, sent.length);
    for (let at = 0; at < sent.length; at += 100) {
      const some = sent.slice(at, at + 100);
      assert.deepEqual(keysOf(await moscow.fetch(some.map(({ key_ID }) => key_ID))), some);
    }
    if (left > 0) assert.equal((await beijing.keys(left)).length, left, 'what the status counts can be had');
    assert.equal(await beijing.count(), 0);
    assert.equal(given + left, keys);
  } finally {
    for (const end of ended) await end();
  }
}

/** Two scrape keys together out of the same few that are set aside. */
const SAME_FEW: Day = {
  keys: 25,
  before: [1, 2, 3, 2],
  together: [
    [17, 2],
    [1, 3],
    [1, 3],
    [1, 3],
    [27, 4],
    [21, 1],
  ],
  turns: [5, 4, 7, 6],
};

describe('many who ask for more than there is', () => {
  it('are served as long as one of them could be served alone', async (t) => {
    await fc.assert(
      fc.asyncProperty(day, (of) => play(of, undefined)),
      { numRuns: 40, endOnFailure: true, examples: [[SAME_FEW]] },
    );
    t.diagnostic('40 days');
  });

  it('are served as far as the quota goes, keys ahead included', async () => {
    await fc.assert(
      fc.asyncProperty(day, (of) => play(of, { bitsPerDay: of.keys * 256 })),
      { numRuns: 20, endOnFailure: true },
    );
  });

  it('get keys ahead and new ones together where only so many may wait to be fetched', async (t) => {
    const site = { policy: policyOf([{ between: ['desk-beijing', 'desk-moscow'], quota: { keysWaiting: 12 } }]) };
    const { beijing, moscow } = await Network.open(t, { site: { beijing: site, moscow: site } });
    for (let i = 0; i < 2; i++) {
      const [key] = await beijing.keys();
      keysOf(await moscow.fetch([key!.key_ID]));
    }
    // Four wait that nobody has asked for yet.
    assert.equal(await moscow.tx.keys.countOpen({ masterSae: 'desk-beijing', saeId: 'desk-moscow' }), 4);
    const sent = await beijing.keys(10);
    assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
  });
});
