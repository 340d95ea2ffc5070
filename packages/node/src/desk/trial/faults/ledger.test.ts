import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DeskFile, DeskMessage } from '@skykey/telemetry';
import { Ledger } from './ledger.ts';

const record = (counter: number, body: number): Uint8Array => {
  const bytes = new Uint8Array(80).fill(body);
  bytes.set([0x53, 0x4b, 0x59, 0x48, 2, 2, 2, 1]);
  bytes.fill(9, 8, 24);
  new DataView(bytes.buffer).setBigUint64(24, BigInt(counter));
  return bytes;
};

const message = (number: number, text: string, more: Partial<DeskMessage> = {}): DeskMessage => ({
  ...{ id: `received/${number}`, direction: 'received', number, text, utcMs: 0, state: 'delivered', reason: null },
  ...{ sealing: 'sealed', keyIds: [], onRecord: false, missed: 0, author: 'Ada', ciphertextPreview: '' },
  ...more,
});

const file = (more: Partial<DeskFile>): DeskFile => ({
  ...{ id: '1', direction: 'received', name: 'plan', bytes: 3, doneBytes: 3, utcMs: 0, state: 'done', reason: null },
  ...{ sha256: null, ...more },
});

describe('who looks at two desks from outside', () => {
  test('lets a record come again, and finds two under one key and nonce', () => {
    const ledger = new Ledger();
    for (const bytes of [record(1, 5), record(1, 5), record(2, 6)]) ledger.onLine(bytes);
    assert.deepEqual(ledger.violations, []);
    ledger.onLine(record(2, 7));
    assert.match(ledger.violations.join(), /two records .* lane 2, direction 1, epoch (09){16}, counter 2$/);
  });

  test('finds a pad that sealed two texts, and lets both ends show the same one', () => {
    const ledger = new Ledger();
    ledger.saying('a', 'one')();
    ledger.saying('a', 'two')();
    ledger.message('a', message(1, 'one', { direction: 'sent', keyIds: ['k'] }));
    ledger.message('b', message(1, 'one', { keyIds: ['k'] }));
    assert.deepEqual(ledger.violations, []);
    ledger.message('b', message(2, 'two', { keyIds: ['k'] }));
    assert.match(ledger.violations.join(), /the one-time pad k sealed two texts/);
  });

  test('finds a media key for sending that was given twice', () => {
    const ledger = new Ledger();
    for (const key of ['x', 'y', 'x']) ledger.mediaKey(key);
    assert.equal(ledger.violations.length, 1);
  });

  test('finds words that are lost, doubled, out of order, invented, or gone after they were shown', () => {
    const found = (history: readonly string[], shown: readonly DeskMessage[] = []): string => {
      const ledger = new Ledger();
      for (const text of ['one', 'two', 'three']) ledger.saying('a', text)();
      ledger.saying('a', 'refused');
      for (const each of shown) ledger.message('b', each);
      ledger.history(
        'b',
        history.map((text, i) => message(i + 1, text)),
      );
      return ledger.violations.join('; ');
    };
    assert.equal(found(['one', 'two', 'three']), '');
    assert.equal(found(['one', 'two', 'three', 'refused']), '');
    assert.match(found(['one', 'three']), /"two" was kept at a and never arrived/);
    assert.match(found(['one', 'two', 'two', 'three']), /a text is twice in the history of b/);
    assert.match(found(['two', 'one', 'three']), /not in the order/);
    assert.match(found(['one', 'two', 'three', 'four']), /"four" was shown, and nobody said it/);
    assert.match(found(['one', 'two', 'three'], [message(4, 'refused')]), /"refused" was shown at b and is gone/);
  });

  test('finds a file that is another, hangs, ends without a word, or is forgotten', () => {
    const found = (side: 'a' | 'b', files: readonly DeskFile[], sha256 = 'other'): string => {
      const ledger = new Ledger();
      ledger.file('a', 'plan', Uint8Array.of(1, 2, 3))();
      ledger.filesOf(side, files, new Map([['1', sha256]]));
      return ledger.violations.join('; ');
    };
    const right = '039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81';
    assert.equal(found('b', [file({})], right), '');
    assert.match(found('b', [file({})]), /is not what was sent/);
    assert.match(found('b', [file({ state: 'running' })]), /still running/);
    assert.match(found('b', [file({ state: 'cancelled' })]), /nobody is told why/);
    assert.equal(found('b', [file({ state: 'cancelled', reason: 'The disk is full.' })]), '');
    assert.match(found('a', []), /forgotten/);
  });

  test('excuses what an old copy does not know, and nothing after it', () => {
    const ledger = new Ledger();
    ledger.saying('a', 'one')();
    ledger.message('b', message(1, 'one'));
    ledger.restored('b');
    ledger.history('b', []);
    assert.deepEqual(ledger.violations, []);
    ledger.saying('a', 'two')();
    ledger.history('b', []);
    assert.match(ledger.violations.join(), /"two" was kept at a and never arrived/);
  });
});
