import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import { type Header, parseEnvelope } from './envelope.ts';
import type { ConversationStore, HotlineErrorCode, KeySource } from './index.ts';
import { sealBlock } from './suite.ts';
import { CONVERSATION, refusal, refusalCode, SUITES, twoDesks } from './test/desks.ts';
import { blockOf } from './text.ts';

/** A key manager that an attacker has won over as far as delivery goes: it answers any request, as often as asked. */
function obliging(source: KeySource): KeySource {
  const known = new Map<string, Uint8Array>();
  return {
    draw: (...need) => source.draw(...need),
    fetch: async (keyIds) => {
      for (const keyId of keyIds) {
        if (known.has(keyId)) continue;
        const [named] = await source.fetch([keyId]);
        known.set(
          keyId,
          named!.key.open((bytes) => bytes.slice()),
        );
      }
      return keyIds.map((keyId) => ({ keyId, key: SecretBytes.adopt(known.get(keyId)!.slice()) }));
    },
  };
}

/** Where the key ids begin, between desks with the ids `beijing` and `moscow`. */
const KEY_IDS_AT = 32 + 1 + 'beijing'.length + 1 + 'moscow'.length + 1;

for (const suite of SUITES) {
  describe(`an attacker on the line, ${suite}`, () => {
    test('every single bit that is flipped is refused, and the untouched envelope still opens', async () => {
      const { stock, counters, desk } = twoDesks(suite);
      const sealer = desk('beijing', { store: { ...fixed(counters.beijing), reserveSequence: async () => 4 } });
      const { envelope } = await sealer.seal('Nothing of this may change on its way.');
      const keys = obliging(stock.side('moscow'));
      counters.moscow.accepted = 3;
      const moscow = desk('moscow', { keys });
      const seen = new Map<HotlineErrorCode, number>();
      for (let bit = 0; bit < 8 * envelope.length; bit++) {
        const altered = envelope.slice();
        altered[bit >> 3]! ^= 1 << (bit & 7);
        const { code } = await refusal(moscow.open(altered));
        seen.set(code, (seen.get(code) ?? 0) + 1);
      }
      assert.equal(counters.moscow.accepted, 3);
      // Ciphertext and tag can only be caught by the tag.
      const { ciphertext, tag } = parseEnvelope(envelope);
      assert.ok(seen.get('hotline/forged')! >= 8 * (ciphertext.length + tag.length));
      assert.equal((await moscow.open(envelope)).text, 'Nothing of this may change on its way.');
    });

    test('envelopes cut off anywhere or with something behind are refused without asking for a key', async () => {
      const { stock, beijing, moscow } = twoDesks(suite);
      const { envelope } = await beijing.seal('whole');
      for (let length = 0; length < envelope.length; length++) {
        assert.equal(await refusalCode(moscow.open(envelope.subarray(0, length))), 'hotline/malformed');
      }
      assert.equal(await refusalCode(moscow.open(Uint8Array.of(...envelope, 0))), 'hotline/malformed');
      assert.equal(await refusalCode(moscow.open(Uint8Array.of(...envelope, ...envelope))), 'hotline/malformed');
      assert.equal(stock.calls.fetch, 0);
      assert.equal((await moscow.open(envelope)).text, 'whole');
    });

    test('a replay and a message held back are refused without asking for a key; what is missing is counted', async () => {
      const { stock, beijing, moscow } = twoDesks(suite);
      const sealed = [];
      for (const text of ['one', 'two', 'three', 'four']) sealed.push((await beijing.seal(text)).envelope);
      assert.equal((await moscow.open(sealed[0]!)).missed, 0);
      const late = await moscow.open(sealed[3]!);
      assert.deepEqual([late.text, late.missed], ['four', 2]);
      const fetches = stock.calls.fetch;
      assert.equal(await refusalCode(moscow.open(sealed[3]!)), 'hotline/replayed');
      assert.equal(await refusalCode(moscow.open(sealed[0]!)), 'hotline/out-of-order');
      assert.equal(await refusalCode(moscow.open(sealed[1]!)), 'hotline/out-of-order');
      assert.equal(stock.calls.fetch, fetches);
    });

    test('a replay is refused by a desk that was started anew, too', async () => {
      const { desk, beijing } = twoDesks(suite);
      const { envelope } = await beijing.seal('once');
      await desk('moscow').open(envelope);
      assert.equal(await refusalCode(desk('moscow').open(envelope)), 'hotline/replayed');
    });

    test('a number up to 2,000 ahead is opened, one further is refused without asking for a key', async () => {
      const { stock, counters, beijing, moscow } = twoDesks(suite);
      counters.beijing.reserved = 2000;
      assert.equal(await refusalCode(moscow.open((await beijing.seal('too far')).envelope)), 'hotline/out-of-order');
      assert.equal(stock.calls.fetch, 0);
      counters.moscow.accepted = 2;
      const opened = await moscow.open((await beijing.seal('far')).envelope);
      assert.deepEqual([opened.sequence, opened.missed], [2002, 1999]);
    });

    test('our own message thrown back is refused, also when its desks are exchanged', async () => {
      const { stock, desk, beijing } = twoDesks(suite);
      const { envelope } = await beijing.seal('Who is there?');
      assert.equal(await refusalCode(beijing.open(envelope)), 'hotline/not-for-us');
      assert.equal(stock.calls.fetch, 0);

      const turned = Uint8Array.of(
        ...[...envelope.subarray(0, 6), 2, ...envelope.subarray(7, 32)],
        ...[6, ...new TextEncoder().encode('moscow'), 7, ...new TextEncoder().encode('beijing')],
        ...envelope.subarray(KEY_IDS_AT - 1),
      );
      assert.equal(await refusalCode(beijing.open(turned)), 'hotline/no-key');
      const corrupt = desk('beijing', { keys: obliging(stock.side('moscow')) });
      assert.equal(await refusalCode(corrupt.open(turned)), 'hotline/forged');
    });

    test('a message of another conversation is refused, also when it is relabelled', async () => {
      const { stock, desk, moscow } = twoDesks(suite);
      const other = desk('beijing', { conversationId: CONVERSATION.replace('6f', '7f') });
      const { envelope, keyIds } = await other.seal('meant elsewhere');
      assert.equal(await refusalCode(moscow.open(envelope)), 'hotline/not-for-us');
      assert.equal(stock.calls.fetch, 0);
      envelope[8] = 0x6f;
      const forged = await refusal(moscow.open(envelope));
      assert.equal(forged.code, 'hotline/forged');
      assert.deepEqual(forged.burntKeyIds, keyIds);
    });

    test('a message from a third desk or for one is refused', async () => {
      const { stock, desk, moscow } = twoDesks(suite);
      const vienna = { deskId: 'vienna', accepts: SUITES };
      const from = await desk('beijing', { self: vienna, peer: { deskId: 'moscow', accepts: SUITES } }).seal('psst');
      const to = await desk('beijing', { peer: vienna }).seal('psst');
      assert.equal(await refusalCode(moscow.open(from.envelope)), 'hotline/not-for-us');
      assert.equal(await refusalCode(moscow.open(to.envelope)), 'hotline/not-for-us');
      assert.equal(stock.calls.fetch, 0);
    });

    test('key ids exchanged between two messages: both are refused and their keys named', async () => {
      const { counters, beijing, moscow } = twoDesks(suite);
      const a = await beijing.seal('first');
      const b = await beijing.seal('other');
      const idOfA = a.envelope.slice(KEY_IDS_AT, KEY_IDS_AT + 16);
      a.envelope.set(b.envelope.subarray(KEY_IDS_AT, KEY_IDS_AT + 16), KEY_IDS_AT);
      b.envelope.set(idOfA, KEY_IDS_AT);
      const first = await refusal(moscow.open(a.envelope));
      const second = await refusal(moscow.open(b.envelope));
      assert.deepEqual([first.code, second.code], ['hotline/forged', 'hotline/forged']);
      assert.deepEqual([first.burntKeyIds, second.burntKeyIds], [b.keyIds, a.keyIds]);
      assert.equal(counters.moscow.accepted, 0);
    });

    test('a forgery over valid key ids burns them, and says so; the real message then says so again', async () => {
      const { beijing, moscow } = twoDesks(suite);
      const { envelope, keyIds } = await beijing.seal('real');
      const forgery = envelope.slice();
      forgery.fill(0x55, KEY_IDS_AT + 18);
      const forged = await refusal(moscow.open(forgery));
      assert.equal(forged.code, 'hotline/forged');
      assert.deepEqual(forged.burntKeyIds, keyIds);
      assert.equal(await refusalCode(moscow.open(envelope)), 'hotline/no-key');
      const next = await moscow.open((await beijing.seal('again')).envelope);
      assert.deepEqual([next.text, next.missed], ['again', 1]);
    });

    test('a suite outside the pinned policy is refused without asking for a key', async () => {
      const { stock, desk, beijing } = twoDesks(suite);
      const [other] = SUITES.filter((one) => one !== suite);
      const strict = desk('moscow', { self: { deskId: 'moscow', accepts: [other!] }, suite: other! });
      const { envelope } = await beijing.seal('downgraded?');
      assert.equal(await refusalCode(strict.open(envelope)), 'hotline/unknown-suite');
      assert.equal(stock.calls.fetch, 0);
    });

    test('the suite byte exchanged is refused', async () => {
      const { stock, desk, beijing } = twoDesks(suite);
      const moscow = desk('moscow', { keys: obliging(stock.side('moscow')) });
      const { envelope, keyIds } = await beijing.seal('which?');
      envelope[5]! ^= 3;
      // A 64-byte key is no AES key, and a 32-byte key no pad for this block: the sizes betray it before any tag.
      const forged = await refusal(moscow.open(envelope));
      assert.equal(forged.code, 'hotline/forged');
      assert.match(forged.message, /other sizes/);
      assert.deepEqual(forged.burntKeyIds, keyIds);
    });

    test('authentic nonsense from the peer is refused and its keys named', async () => {
      const { stock, desk, moscow } = twoDesks(suite);
      const nonsense: ((block: Uint8Array) => void)[] = [
        (block) => block.fill(0, 0, 2),
        (block) => block.set([0, 31]),
        (block) => block.set([0xff, 0xff]),
        (block) => block.set([0xff], 2),
        (block) => block.set([1], block.length - 1),
      ];
      let sequence = 0;
      for (const edit of nonsense) {
        const block = blockOf('a sentence');
        edit(block);
        const keys = await stock.side('beijing').draw(suite === 'one-time-pad' ? 64 : 32, 1);
        const keyIds = keys.map(({ keyId }) => keyId);
        const names = { conversationId: CONVERSATION, sender: 'beijing', receiver: 'moscow' };
        const header: Header = { suite, ...names, sequence: ++sequence, keyIds, blockBytes: block.length };
        const refused = await refusal(
          moscow.open(
            sealBlock(
              keys.map(({ key }) => key),
              header,
              block,
            ),
          ),
        );
        assert.equal(refused.code, 'hotline/malformed');
        assert.match(refused.message, /authentic/);
        assert.deepEqual(refused.burntKeyIds, keyIds);
      }
      assert.equal((await moscow.open((await desk('beijing').seal('sense')).envelope)).text, 'sense');
    });

    test('an envelope that changes while keys are on their way is opened as it came', async () => {
      const { stock, desk, beijing } = twoDesks(suite);
      const { envelope } = await beijing.seal('as it came');
      const source = stock.side('moscow');
      const moscow = desk('moscow', {
        keys: { draw: source.draw, fetch: (keyIds) => source.fetch(keyIds).finally(() => envelope.fill(0)) },
      });
      assert.equal((await moscow.open(Buffer.from(envelope.buffer))).text, 'as it came');
    });
  });
}

/** The store's own methods as plain functions, to replace one of them. */
function fixed(store: ConversationStore): ConversationStore {
  return {
    reserveSequence: () => store.reserveSequence(),
    acceptedSequence: () => store.acceptedSequence(),
    accept: (sequence) => store.accept(sequence),
  };
}
