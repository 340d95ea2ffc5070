import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import type { HotlineErrorCode } from '../error.ts';
import {
  MAX_CHAIN_BYTES,
  MAX_CHAIN_RECORDS,
  MAX_JUMP,
  MAX_SKIPPED_KEYS,
  ReceivingChain,
  SendingChain,
  SKIPPED_KEY_TTL_MS,
} from './ratchet.ts';
import { refusalCode } from './test/desks.ts';
import { hex, reveal, Seeded } from './test/seeded.ts';

/** Key ‖ commitment of records 1 to `count`, written down once more from the formula. */
function allKeys(chainKey: Uint8Array, count: number): readonly string[] {
  const keys = [''];
  let chain: Uint8Array = chainKey;
  while (keys.length <= count) {
    keys.push(createHmac('sha512', chain).update(Buffer.of(1)).digest('hex').slice(0, 96));
    chain = createHmac('sha512', chain).update(Buffer.of(2)).digest().subarray(0, 32);
  }
  return keys;
}

const CHAIN_KEY = new Seeded(1).bytes(32);
const KEYS = allKeys(CHAIN_KEY, 8000);
const receiving = () => new ReceivingChain(SecretBytes.adopt(CHAIN_KEY.slice()));

/** What a record's AEAD does: succeeds under the right key alone. `claimed` is the counter that the record says. */
const authentic = (claimed: number) => (key: SecretBytes, commitment: Uint8Array) =>
  reveal(key) + hex(commitment) === KEYS[claimed] ? claimed : null;
const forged = () => null;

describe('the sending chain', () => {
  test('gives the keys of the formula, each once, and overwrites what they came from', () => {
    const first = CHAIN_KEY.slice();
    const chain = new SendingChain(SecretBytes.adopt(first));
    for (let counter = 1; counter <= 500; counter++) {
      const next = chain.next(10);
      assert.equal(next.counter, counter);
      assert.equal(reveal(next.key) + hex(next.commitment), KEYS[counter]);
    }
    assert.equal(chain.counter, 500);
    assert.deepEqual(first, new Uint8Array(32));
  });

  test('ends after 1 GiB and stays ended, without having spent a key on the refusal', () => {
    const chain = new SendingChain(SecretBytes.adopt(CHAIN_KEY.slice()));
    chain.next(MAX_CHAIN_BYTES - 10);
    assert.equal(
      refusalCode(() => chain.next(11)),
      'hotline/spent',
    );
    assert.equal(chain.next(10).counter, 2);
    assert.equal(
      refusalCode(() => chain.next(1)),
      'hotline/spent',
    );
  });

  test('ends after 2^20 records', {
    skip: !process.env.SKYKEY_TEST_LONG && 'half a minute: SKYKEY_TEST_LONG=1',
  }, () => {
    const chain = new SendingChain(SecretBytes.adopt(CHAIN_KEY.slice()));
    for (let counter = 1; counter <= MAX_CHAIN_RECORDS; counter++) chain.next(0).key.wipe();
    assert.equal(
      refusalCode(() => chain.next(0)),
      'hotline/spent',
    );
  });
});

describe('the receiving chain', () => {
  test('opens in any order within its bounds, each record once', () => {
    const chain = receiving();
    const seeded = new Seeded(2);
    const order = Array.from({ length: 900 }, (_, i) => i + 1);
    for (let i = order.length - 1; i > 0; i--) {
      const j = seeded.below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    for (const counter of order) assert.equal(chain.open(counter, 0, authentic(counter)), counter);
    for (const counter of order) {
      assert.equal(
        refusalCode(() => chain.open(counter, 0, authentic(counter))),
        'hotline/replayed',
      );
    }
    assert.deepEqual(chain.kept, { skipped: 0, ahead: 0 });
  });

  test('a forged record changes nothing: not the position, not a key, not what counts as a replay', () => {
    const chain = receiving();
    chain.open(3, 0, authentic(3));
    for (const counter of [4, 5, 2003, 1, 2]) {
      assert.equal(
        refusalCode(() => chain.open(counter, 0, forged)),
        'hotline/forged',
      );
      assert.equal(
        refusalCode(() => chain.open(2004, 0, forged)),
        'hotline/out-of-order',
        'the window must not have moved',
      );
    }
    assert.equal(chain.highest, 3);
    assert.equal(chain.kept.skipped, 2);
    for (const counter of [2, 1, 5, 4, 2003]) assert.equal(chain.open(counter, 0, authentic(counter)), counter);
  });

  test('an attempt that throws changes nothing either, and its key is overwritten', () => {
    const chain = receiving();
    let lent: SecretBytes | undefined;
    assert.throws(
      () =>
        chain.open(2, 0, (key) => {
          lent = key;
          throw new Error('disk full');
        }),
      /disk full/,
    );
    assert.throws(() => lent!.open((bytes) => bytes), /overwritten/);
    assert.equal(chain.highest, 0);
    assert.equal(chain.open(2, 0, authentic(2)), 2);
    assert.equal(chain.open(1, 0, authentic(1)), 1);
  });

  test('forgeries, however many, make it derive each key up to 2,000 ahead once', () => {
    const chain = receiving();
    const seeded = new Seeded(3);
    chain.open(1, 0, authentic(1));
    const lookups = () => {
      assert.equal(
        refusalCode(() => chain.open(1 + MAX_JUMP, 0, forged)),
        'hotline/forged',
      );
      assert.deepEqual(chain.kept, { skipped: 0, ahead: MAX_JUMP });
    };
    lookups();
    for (let attempt = 0; attempt < 3000; attempt++) {
      const counter = 2 + seeded.below(3 * MAX_JUMP);
      const code = refusalCode(() => chain.open(counter, 0, forged));
      assert.equal(code, counter <= 1 + MAX_JUMP ? 'hotline/forged' : 'hotline/out-of-order');
    }
    lookups();
    // What was derived ahead is used up by the real records, one for one.
    for (let counter = 2; counter <= 50; counter++) chain.open(counter, 0, authentic(counter));
    assert.deepEqual(chain.kept, { skipped: 0, ahead: MAX_JUMP - 49 });
  });

  test('keeps the 1,000 youngest keys of what it skipped, and refuses a jump of more than 2,000', () => {
    const chain = receiving();
    const far = MAX_JUMP;
    assert.equal(
      refusalCode(() => chain.open(far + 1, 0, authentic(far + 1))),
      'hotline/out-of-order',
    );
    chain.open(far, 0, authentic(far));
    assert.equal(chain.kept.skipped, MAX_SKIPPED_KEYS);
    const oldestKept = far - MAX_SKIPPED_KEYS;
    assert.equal(
      refusalCode(() => chain.open(oldestKept - 1, 0, authentic(oldestKept - 1))),
      'hotline/out-of-order',
    );
    assert.equal(chain.open(oldestKept, 0, authentic(oldestKept)), oldestKept);
  });

  test('a key of a record that does not come goes after an hour, also without traffic', () => {
    for (const nudge of [(chain: ReceivingChain, now: number) => chain.tick(now), () => undefined]) {
      const chain = receiving();
      chain.open(2, 1000, authentic(2));
      nudge(chain, 1000 + SKIPPED_KEY_TTL_MS);
      assert.equal(
        refusalCode(() => chain.open(1, 1000 + SKIPPED_KEY_TTL_MS, authentic(1))),
        'hotline/out-of-order',
      );
    }
    const chain = receiving();
    chain.open(2, 1000, authentic(2));
    assert.equal(chain.open(1, 999 + SKIPPED_KEY_TTL_MS, authentic(1)), 1);
  });

  test('a clock that is set back keeps no key longer and stops nothing', () => {
    const chain = receiving();
    chain.open(3, 10_000_000, authentic(3));
    chain.tick(5);
    assert.equal(chain.kept.skipped, 0);
    assert.equal(
      refusalCode(() => chain.open(1, 5, authentic(1))),
      'hotline/out-of-order',
    );
    chain.open(6, 5, authentic(6));
    assert.equal(chain.open(4, 6, authentic(4)), 4);
    assert.equal(
      refusalCode(() => chain.open(5, 5 + SKIPPED_KEY_TTL_MS, authentic(5))),
      'hotline/out-of-order',
    );
    for (const now of [Number.NaN, Infinity, -Infinity]) {
      assert.equal(
        refusalCode(() => chain.open(7, now, authentic(7))),
        'hotline/bad-argument',
      );
    }
    assert.equal(chain.open(7, -1, authentic(7)), 7);
  });

  test('numbers that no desk uses are refused', () => {
    for (const counter of [0, -1, 1.5, Number.NaN, 2 ** 53, MAX_CHAIN_RECORDS + 1]) {
      assert.equal(
        refusalCode(() => receiving().open(counter, 0, () => assert.fail('no key may be lent'))),
        'hotline/out-of-order',
      );
    }
  });

  test('wipe leaves no key', () => {
    const arrays: Uint8Array[] = [];
    const adopt = SecretBytes.adopt;
    SecretBytes.adopt = (bytes) => {
      arrays.push(bytes);
      return adopt(bytes);
    };
    try {
      const chain = receiving();
      chain.open(20, 0, authentic(20));
      assert.equal(
        refusalCode(() => chain.open(40, 0, forged)),
        'hotline/forged',
      );
      assert.ok(arrays.filter((bytes) => bytes.some((byte) => byte !== 0)).length >= 40);
      chain.wipe();
      assert.deepEqual(
        arrays.filter((bytes) => bytes.some((byte) => byte !== 0)),
        [],
      );
    } finally {
      SecretBytes.adopt = adopt;
    }
  });
});

/** The same rules over plain sets, without a chain: every key is known beforehand. */
class Model {
  highest = 0;
  nowMs = -Infinity;
  readonly accepted = new Set<number>();
  skipped = new Map<number, number>();

  deliver(counter: number, nowMs: number, isForged: boolean): HotlineErrorCode | number {
    const alive = ([, sinceMs]: [number, number]) => nowMs >= this.nowMs && nowMs - sinceMs < SKIPPED_KEY_TTL_MS;
    this.skipped = new Map([...this.skipped].filter(alive));
    this.nowMs = nowMs;
    if (counter > this.highest + MAX_JUMP) return 'hotline/out-of-order';
    if (counter <= this.highest && !this.skipped.has(counter)) {
      return this.accepted.has(counter) ? 'hotline/replayed' : 'hotline/out-of-order';
    }
    if (isForged) return 'hotline/forged';
    this.skipped.delete(counter);
    for (let passed = this.highest + 1; passed < counter; passed++) this.skipped.set(passed, nowMs);
    this.highest = Math.max(this.highest, counter);
    this.skipped = new Map([...this.skipped].slice(-MAX_SKIPPED_KEYS));
    this.accepted.add(counter);
    return counter;
  }
}

describe('the receiving chain against a plain model', () => {
  for (const seed of [10, 11, 12]) {
    test(`with loss, reordering, doubles, forgeries and a wandering clock, seed ${seed}`, () => {
      const seeded = new Seeded(seed);
      const [chain, model] = [receiving(), new Model()];
      let nowMs = 0;
      const seen = new Map<string, number>();
      for (let step = 0; step < 1500; step++) {
        const dice = seeded.below(100);
        if (dice < 4) nowMs += seeded.below(SKIPPED_KEY_TTL_MS / 4);
        else if (dice === 4) nowMs -= seeded.below(1000);
        else nowMs += seeded.below(2000);
        const ahead = [
          1,
          1,
          1,
          2 + seeded.below(5),
          1 + seeded.below(60),
          seeded.below(40) === 0 ? seeded.below(2600) : 1,
        ];
        const behind = [seeded.below(30), seeded.below(300), seeded.below(2000)];
        const offset = seeded.below(3) > 0 ? ahead[seeded.below(6)]! : -behind[seeded.below(3)]!;
        const counter = Math.max(1, model.highest + offset);
        if (counter >= KEYS.length) break;
        const isForged = seeded.below(5) === 0;
        const expected = model.deliver(counter, nowMs, isForged);
        let got: number | string;
        try {
          got = chain.open(counter, nowMs, isForged ? forged : authentic(counter));
        } catch (error) {
          got = (error as { code: string }).code;
        }
        assert.equal(got, expected, `step ${step}, record ${counter}`);
        assert.equal(chain.highest, model.highest);
        assert.equal(chain.kept.skipped, model.skipped.size);
        assert.ok(chain.kept.ahead <= MAX_JUMP);
        const kind = typeof got === 'number' ? 'opened' : got;
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
      }
      for (const kind of ['opened', 'hotline/forged', 'hotline/replayed', 'hotline/out-of-order']) {
        assert.ok((seen.get(kind) ?? 0) > 20, `${kind} must occur: ${JSON.stringify([...seen])}`);
      }
    });
  }
});
