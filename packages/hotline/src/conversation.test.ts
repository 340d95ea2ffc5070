import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import fc from 'fast-check';
import { type ConversationStore, HotlineError, type KeySource, keyNeed, type NamedKey } from './index.ts';
import { refusal, refusalCode, SUITES, twoDesks } from './test/desks.ts';

const anyText = fc.string({ unit: 'binary', minLength: 1, maxLength: 300 });

for (const suite of SUITES) {
  describe(`a conversation, ${suite}`, () => {
    test('carries any text either way, with keys that are each used once and then wiped', async () => {
      const turn = fc.record({ from: fc.constantFrom('beijing', 'moscow'), text: anyText });
      await fc.assert(
        fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 8 }), async (turns) => {
          const { stock, beijing, moscow } = twoDesks(suite);
          const desks = { beijing, moscow };
          const sent = { beijing: 0, moscow: 0 };
          const keyIds: string[] = [];
          for (const { from, text } of turns) {
            const side = from as 'beijing' | 'moscow';
            const sealed = await desks[side].seal(text);
            const opened = await desks[side === 'beijing' ? 'moscow' : 'beijing'].open(sealed.envelope);
            const { envelope: _, ...said } = sealed;
            assert.deepEqual(opened, { text, missed: 0, ...said });
            assert.equal(opened.sequence, ++sent[side]);
            keyIds.push(...sealed.keyIds);
          }
          assert.equal(new Set(keyIds).size, keyIds.length);
          assert.equal(stock.handedOut.length, 2 * keyIds.length);
          for (const key of stock.handedOut) assert.throws(() => key.open(() => {}), /overwritten/);
        }),
        { numRuns: 60 },
      );
    });

    test('hides the length of a text in few sizes and asks for keys that a key manager may deliver', async () => {
      const { stock, beijing, moscow } = twoDesks(suite);
      const sizes = new Set<number>();
      for (const length of [1, 2, 29, 30, 31, 94, 95, 478, 479, 990, 991, 3999, 4000]) {
        const { envelope, keyIds } = await beijing.seal('x'.repeat(length));
        const need = keyNeed(suite, length);
        assert.equal(keyIds.length, need.count);
        assert.ok(stock.handedOut.slice(-need.count).every((key) => key.length === need.bytesPerKey));
        assert.equal((await moscow.open(envelope)).text.length, length);
        sizes.add(envelope.length);
      }
      assert.equal(sizes.size, 8);
    });

    test('refuses a text that cannot be sent before it takes a key or a number', async () => {
      const { stock, counters, beijing } = twoDesks(suite);
      assert.equal(await refusalCode(beijing.seal('')), 'hotline/bad-argument');
      assert.equal(await refusalCode(beijing.seal('half \ud83d')), 'hotline/bad-argument');
      assert.equal(await refusalCode(beijing.seal('x'.repeat(4001))), 'hotline/too-long');
      assert.equal(await refusalCode(beijing.seal('ü'.repeat(2001))), 'hotline/too-long');
      assert.equal(stock.calls.draw, 0);
      assert.equal(counters.beijing.reserved, 0);
    });

    test('lets nothing leave without key, waits, and goes on without a gap when key is there again', async () => {
      const { stock, desk, beijing, moscow } = twoDesks(suite);
      await moscow.open((await beijing.seal('first')).envelope);
      assert.equal(beijing.line.state().state, 'secured');
      stock.left = 0;
      const refused = await refusal(beijing.seal('second'));
      assert.equal(refused.code, 'hotline/no-key');
      assert.match(refused.message, /503 not enough key/);
      assert.equal(beijing.line.state().state, 'waiting');
      stock.left = 9;
      const opened = await moscow.open((await beijing.seal('second')).envelope);
      assert.deepEqual([opened.text, opened.sequence, opened.missed], ['second', 2, 0]);
      assert.equal(beijing.line.state().state, 'secured');

      const dry = new HotlineError('hotline/no-key', 'The next pass brings key at 16:48.');
      const draw = () => Promise.reject(dry);
      assert.equal(await refusal(desk('beijing', { keys: { draw, fetch: draw } }).seal('third')), dry);
    });

    test('a dropped line seals and opens nothing, and asks for no key', async () => {
      const { stock, counters, beijing, moscow } = twoDesks(suite);
      const { envelope } = await beijing.seal('before');
      beijing.line.raise('Somebody listens on Micius–Beijing.');
      moscow.line.raise('Somebody listens on Micius–Beijing.');
      const before = { ...stock.calls };
      const refused = await refusal(beijing.seal('after'));
      assert.equal(refused.code, 'hotline/line-dropped');
      assert.match(refused.message, /Somebody listens on Micius–Beijing/);
      assert.equal(await refusalCode(moscow.open(envelope)), 'hotline/line-dropped');
      assert.deepEqual(stock.calls, before);
      assert.deepEqual([counters.beijing.reserved, counters.moscow.accepted], [1, 0]);
      moscow.line.clear();
      assert.equal((await moscow.open(envelope)).text, 'before');
    });

    test('an alarm while keys are on their way stops the message, wipes the keys and names them', async () => {
      const { stock, counters, desk, moscow } = twoDesks(suite);
      const raiseMeanwhile = (source: KeySource, raise: () => void): KeySource => ({
        draw: (...need) => source.draw(...need).finally(raise),
        fetch: (keyIds) => source.fetch(keyIds).finally(raise),
      });
      const beijing = desk('beijing', {
        keys: raiseMeanwhile(stock.side('beijing'), () => beijing.line.raise('Tapped.')),
      });
      const sealing = await refusal(beijing.seal('too late'));
      assert.equal(sealing.code, 'hotline/line-dropped');
      assert.equal(sealing.burntKeyIds.length, 1);

      beijing.line.clear();
      const { envelope, keyIds } = await desk('beijing').seal('in time');
      const tapped = desk('moscow', { keys: raiseMeanwhile(stock.side('moscow'), () => tapped.line.raise('Tapped.')) });
      const opening = await refusal(tapped.open(envelope));
      assert.equal(opening.code, 'hotline/line-dropped');
      assert.deepEqual(opening.burntKeyIds, keyIds);
      assert.equal(counters.moscow.accepted, 0);
      for (const key of stock.handedOut) assert.throws(() => key.open(() => {}), /overwritten/);
      assert.equal(await refusalCode(moscow.open(envelope)), 'hotline/no-key');
    });

    test('a crash between reserving and sending wastes a number and never uses one twice', async () => {
      const { counters, desk, moscow } = twoDesks(suite);
      await moscow.open((await desk('beijing').seal('one')).envelope);
      await desk('beijing').seal('sealed, never sent');
      const dies: ConversationStore = {
        reserveSequence: () => counters.beijing.reserveSequence().then(() => Promise.reject(new Error('power cut'))),
        acceptedSequence: () => counters.beijing.acceptedSequence(),
        accept: (sequence) => counters.beijing.accept(sequence),
      };
      const crashed = await refusal(desk('beijing', { store: dies }).seal('never sealed'));
      assert.equal(crashed.code, 'hotline/store');
      assert.equal(crashed.burntKeyIds.length, 1);
      const opened = await moscow.open((await desk('beijing').seal('two')).envelope);
      assert.deepEqual([opened.text, opened.sequence, opened.missed], ['two', 4, 2]);
    });

    test('shows no text whose number could not be recorded', async () => {
      const { counters, desk, beijing } = twoDesks(suite);
      const full: ConversationStore = {
        reserveSequence: () => counters.moscow.reserveSequence(),
        acceptedSequence: () => counters.moscow.acceptedSequence(),
        accept: () => Promise.reject(new Error('disk full')),
      };
      const { envelope, keyIds } = await beijing.seal('hello');
      const refused = await refusal(desk('moscow', { store: full }).open(envelope));
      assert.equal(refused.code, 'hotline/store');
      assert.match(refused.message, /disk full/);
      assert.deepEqual(refused.burntKeyIds, keyIds);
    });

    test('a store that goes backwards is found out before anything is sealed', async () => {
      const { counters, beijing } = twoDesks(suite);
      await beijing.seal('one');
      counters.beijing.reserved = 0;
      assert.equal(await refusalCode(beijing.seal('two')), 'hotline/store');
    });

    test('overlapping calls keep their order; of one envelope opened twice at once one is a replay', async () => {
      const { stock, desk, moscow } = twoDesks(suite);
      let turns = 5;
      const source = stock.side('beijing');
      const beijing = desk('beijing', {
        keys: {
          draw: async (...need) => {
            for (let i = turns--; i > 0; i--) await Promise.resolve();
            return source.draw(...need);
          },
          fetch: source.fetch,
        },
      });
      const texts = ['a', 'b', 'c', 'd', 'e'];
      const sealed = await Promise.all(texts.map((text) => beijing.seal(text)));
      assert.deepEqual(
        sealed.map(({ sequence }) => sequence),
        [1, 2, 3, 4, 5],
      );
      const opened = await Promise.all(sealed.map(({ envelope }) => moscow.open(envelope)));
      assert.deepEqual(
        opened.map(({ text }) => text),
        texts,
      );
      const { envelope } = await beijing.seal('once');
      const fetches = stock.calls.fetch;
      const twice = [moscow.open(envelope), moscow.open(envelope)] as const;
      assert.equal((await twice[0]).text, 'once');
      assert.equal(await refusalCode(twice[1]), 'hotline/replayed');
      assert.equal(stock.calls.fetch, fetches + 1);
    });

    test('a key manager that delivers anything but what was asked for is refused, its keys wiped', async () => {
      const { stock, counters, desk } = twoDesks(suite);
      const text = 'x'.repeat(600);
      const tricks: ((keys: readonly NamedKey[]) => NamedKey[])[] = [
        () => [],
        (keys) => keys.slice(1),
        (keys) => [
          ...keys,
          { keyId: '11111111-1111-4111-8111-111111111111', key: SecretBytes.adopt(new Uint8Array(8)) },
        ],
        (keys) => keys.map(({ key }) => ({ keyId: '11111111-1111-4111-8111-11111111111', key })),
        (keys) => keys.map(({ keyId, key }) => ({ keyId, key: key.slice(1, key.length) })),
        (keys) => (keys.length > 1 ? keys.map(() => keys[0]!) : []),
      ];
      const source = stock.side('beijing');
      for (const trick of tricks) {
        const played: NamedKey[] = [];
        const beijing = desk('beijing', {
          keys: {
            draw: async (...need) => {
              played.push(...trick(await source.draw(...need)));
              return played;
            },
            fetch: source.fetch,
          },
        });
        assert.equal(await refusalCode(beijing.seal(text)), 'hotline/no-key');
        for (const { key } of played) assert.throws(() => key.open(() => {}), /overwritten/);
      }
      assert.equal(counters.beijing.reserved, 0);
    });
  });
}

test('each side seals with its own suite as long as both policies accept it', async () => {
  const { desk, moscow } = twoDesks('aes-256-gcm');
  const beijing = desk('beijing', { suite: 'one-time-pad' });
  assert.equal((await moscow.open((await beijing.seal('pad')).envelope)).suite, 'one-time-pad');
  assert.equal((await beijing.open((await moscow.seal('AES')).envelope)).suite, 'aes-256-gcm');
  const pinned = { deskId: 'moscow', accepts: ['aes-256-gcm'] as const };
  assert.throws(() => desk('beijing', { suite: 'one-time-pad', peer: pinned }), {
    code: 'hotline/unknown-suite',
    message: 'the policy of moscow does not accept the suite one-time-pad',
  });
});

test('bad identities are refused with the name of the field', () => {
  const { desk } = twoDesks('aes-256-gcm');
  const self = { deskId: 'beijing', accepts: SUITES };
  for (const deskId of ['', 'two words', 'Пекин', 'x'.repeat(65)]) {
    assert.throws(() => desk('beijing', { self: { ...self, deskId } }), {
      code: 'hotline/bad-argument',
      message: /self/,
    });
  }
  assert.throws(() => desk('beijing', { peer: self }), { code: 'hotline/bad-argument', message: /cannot call itself/ });
  assert.throws(() => desk('beijing', { conversationId: '6F1C' }), { code: 'hotline/bad-argument', message: /UUID/ });
});
