import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import { forgeryBound } from '@skykey/distill';
import { MAX_BLOCK_BYTES } from './block.ts';
import type { NamedKey } from './key.ts';
import { sealWithPad } from './one-time-pad.ts';
import {
  commitmentOf,
  digestOf,
  hybridText,
  keyNeedOf,
  openSealedText,
  readText,
  type SealedText,
  sealText,
  type TextMessage,
} from './payload.ts';
import type { Route } from './route.ts';
import { codeOf, flipped, REVERSE, ROUTE, refusalOf, refuses, SeededKeys, words } from './test/keys.ts';

const salt = Uint8Array.from({ length: 32 }, (_, i) => i + 1);

function message(text: string, change: Partial<TextMessage> = {}, onRecord = false): TextMessage {
  const id = '11111111-2222-4333-8444-555555555555';
  return { number: 4, id, words: words(text, { salt: onRecord ? salt : null }), ...change };
}

function readSealed(payload: Uint8Array): SealedText {
  const read = readText(payload);
  assert.equal(read.sealing, 'sealed');
  return read as SealedText;
}

/** Two key managers over the same keys, and what one text becomes. */
function sealedWith(keys: SeededKeys, sent: TextMessage, route = ROUTE): Uint8Array {
  return sealText(route, sent, keys.draw(keyNeedOf(sent)));
}

test('a hybrid text and a sealed one carry the same message', () => {
  const keys = new SeededKeys(1);
  for (const onRecord of [false, true]) {
    for (const length of [1, 250, 1000, 4000]) {
      const sent = message('é'.repeat(Math.ceil(length / 2)), {}, onRecord);
      assert.deepEqual(readText(hybridText(sent)), { sealing: 'hybrid', message: sent });
      const sealed = readSealed(sealedWith(keys, sent));
      assert.deepEqual(
        [sealed.number, sealed.id, sealed.onRecord, sealed.need],
        [sent.number, sent.id, onRecord, keyNeedOf(sent)],
      );
      assert.deepEqual(openSealedText(ROUTE, sealed, keys.fetch(sealed.keyIds)), sent);
    }
  }
});

test('the ciphertext is block XOR pad, with no bit of key used twice: every key byte is point, mask or pad', () => {
  const keys = new SeededKeys(2);
  const sent = message('Shannon 1949');
  const sealed = readSealed(sealedWith(keys, sent));
  const hybrid = hybridText(sent);
  const block = hybrid.subarray(hybrid.length - sealed.ciphertext.length);
  const material = keys.bytesOf(sealed.keyIds);
  assert.equal(material.length, 32 + block.length);
  assert.deepEqual(
    sealed.ciphertext,
    block.map((byte, i) => byte ^ material[32 + i]!),
  );
});

test('keys are overwritten, whether it goes well or not', () => {
  const keys = new SeededKeys(3);
  const sent = message('once');
  const drawn = keys.draw(keyNeedOf(sent));
  const payload = sealText(ROUTE, sent, drawn);
  const fetched = keys.fetch(drawn.map(({ keyId }) => keyId));
  openSealedText(ROUTE, readSealed(payload), fetched);
  const again = keys.fetch(drawn.map(({ keyId }) => keyId));
  assert.throws(() => openSealedText(REVERSE, readSealed(payload), again));
  const refused = keys.draw({ bytesPerKey: 64, count: 3 });
  assert.throws(() => sealText(ROUTE, sent, refused));
  for (const { key } of [...drawn, ...fetched, ...again, ...refused])
    assert.throws(() => key.open(() => {}), /overwritten/);
});

test('a text is not sealed with other keys than asked for, with one twice, or with zeros', () => {
  const keys = new SeededKeys(4);
  const sent = message('x'.repeat(600));
  const need = keyNeedOf(sent);
  const zero = (): NamedKey => ({ ...keys.draw(need)[0]!, key: SecretBytes.adopt(new Uint8Array(need.bytesPerKey)) });
  const wrong: NamedKey[][] = [
    [],
    keys.draw({ ...need, count: need.count - 1 }),
    keys.draw({ ...need, count: need.count + 1 }),
    keys.draw({ ...need, bytesPerKey: need.bytesPerKey - 1 }),
    [keys.draw(need)[0]!, ...keys.draw({ ...need, count: need.count - 2 }), zero()],
    keys.draw(need).map(({ key }, i, { 0: first }) => ({ keyId: i === 1 ? first!.keyId : `${i}`, key })),
  ];
  for (const set of wrong) {
    const refused = refusalOf(() => sealText(ROUTE, sent, set));
    assert.equal(refused.code, 'hotline/no-key');
    assert.deepEqual(
      refused.burntKeyIds,
      set.map(({ keyId }) => keyId),
    );
  }
});

describe('an attacker who is inside the lane', () => {
  /** A key manager that an attacker has won over as far as delivery goes: these keys, under whatever ids are named. */
  function oblige(keys: SeededKeys, real: SealedText, sealed: SealedText): readonly NamedKey[] {
    return keys.fetch(real.keyIds).map(({ key }, i) => ({ keyId: sealed.keyIds[i] ?? '', key }));
  }

  test('every single bit that is flipped is refused, on the record or off it', () => {
    for (const onRecord of [false, true]) {
      const keys = new SeededKeys(5);
      const sent = message('Nothing of this may change.', {}, onRecord);
      const payload = sealedWith(keys, sent);
      const real = readSealed(payload);
      const codes = new Map<string, number>();
      for (let bit = 0; bit < 8 * payload.length; bit++) {
        const altered = flipped(payload, bit);
        const code = codeOf(() => {
          const read = readText(altered);
          // A kind that was changed must not pass for a text either.
          if (read.sealing === 'sealed') openSealedText(ROUTE, read, oblige(keys, real, read));
        });
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
      // Number, id, one flag, key ids, ciphertext and tag can only be caught by the tag.
      const { ciphertext, tag, keyIds } = real;
      const bytes = 6 + 16 + 16 * keyIds.length + ciphertext.length + tag.length;
      assert.ok(codes.get('hotline/forged')! >= 8 * bytes + 1);
      assert.deepEqual(new Set(codes.keys()), new Set(['hotline/forged', 'hotline/malformed']));
      assert.deepEqual(openSealedText(ROUTE, real, keys.fetch(keyIds)), sent);
    }
  });

  test('cut off anywhere, or with something behind, is refused before a key is asked for', () => {
    const keys = new SeededKeys(6);
    for (const payload of [sealedWith(keys, message('whole')), hybridText(message('whole'))]) {
      for (let length = 0; length < payload.length; length++) {
        refuses('hotline/malformed', () => readText(payload.subarray(0, length)));
      }
      refuses('hotline/malformed', () => readText(Uint8Array.of(...payload, 0)));
    }
  });

  test('another conversation, sender or receiver, or the direction reflected: refused, and the keys named as burnt', () => {
    const routes: Route[] = [
      REVERSE,
      { ...ROUTE, conversationId: ROUTE.conversationId.replace('6f', '7f') },
      { ...ROUTE, sender: 'beijing2' },
      { ...ROUTE, receiver: 'vienna' },
      // The bytes of both names, cut elsewhere.
      { ...ROUTE, sender: 'beijingm', receiver: 'oscow' },
    ];
    for (const route of routes) {
      const keys = new SeededKeys(7);
      const sealed = readSealed(sealedWith(keys, message('meant for one desk')));
      const refused = refusalOf(() => openSealedText(route, sealed, keys.fetch(sealed.keyIds)));
      assert.equal(refused.code, 'hotline/forged');
      assert.deepEqual(refused.burntKeyIds, sealed.keyIds);
    }
  });

  test('number, id, flag or order of the keys changed: refused', () => {
    const keys = new SeededKeys(8);
    const payload = sealedWith(keys, message('x'.repeat(600)));
    const real = readSealed(payload);
    assert.equal(real.keyIds.length, 2);
    const swapped = payload.slice();
    swapped.set(payload.subarray(27, 43), 43);
    swapped.set(payload.subarray(43, 59), 27);
    const edits = [swapped, flipped(payload, 8 * 8), flipped(payload, 8 * 9), flipped(payload, 8 * 25)];
    for (const edited of edits) {
      const read = readSealed(edited);
      // As the true key manager answers: keys of the ids named, in the order named …
      const honest = read.keyIds.every((keyId) => real.keyIds.includes(keyId));
      assert.ok(honest);
      refuses('hotline/forged', () => openSealedText(ROUTE, read, keys.fetch(read.keyIds)));
      // … and as one that an attacker has won over.
      refuses('hotline/forged', () => openSealedText(ROUTE, read, oblige(keys, real, read)));
    }
  });

  test('key ids exchanged between two texts: both refused', () => {
    const keys = new SeededKeys(9);
    const a = sealedWith(keys, message('first', { number: 1 }));
    const b = sealedWith(keys, message('other', { number: 2 }));
    const idOfA = a.slice(27, 43);
    a.set(b.subarray(27, 43), 27);
    b.set(idOfA, 27);
    for (const payload of [a, b]) {
      const read = readSealed(payload);
      refuses('hotline/forged', () => openSealedText(ROUTE, read, keys.fetch(read.keyIds)));
    }
  });

  test('keys of other sizes or names than the text takes are refused without a look at them', () => {
    const keys = new SeededKeys(10);
    const sealed = readSealed(sealedWith(keys, message('short')));
    const other = keys.draw({ bytesPerKey: sealed.need.bytesPerKey + 64, count: 1 });
    refuses('hotline/forged', () => openSealedText(ROUTE, sealed, other));
    refuses('hotline/forged', () => openSealedText(ROUTE, sealed, keys.draw(sealed.need)));
    refuses('hotline/forged', () => openSealedText(ROUTE, sealed, []));
    const renamed = keys.fetch(sealed.keyIds).map(({ key }) => ({ keyId: other[0]!.keyId, key }));
    refuses('hotline/forged', () => openSealedText(ROUTE, sealed, renamed));
  });

  test('authentic nonsense of the peer is refused and its keys named', () => {
    const keys = new SeededKeys(11);
    const drawn = keys.draw({ bytesPerKey: 64, count: 1 });
    const sealed = readSealed(sealedWith(keys, message('x')));
    const ids = drawn.map(({ keyId }) => keyId);
    const header = sealed.header.slice();
    header.set(Uint8Array.from(Buffer.from(ids[0]!.replaceAll('-', ''), 'hex')), 27);
    const secrets = drawn.map(({ key }) => key);
    const [ciphertext, tag] = sealWithPad(
      secrets,
      'skykey/hotline/sealed/2',
      ROUTE,
      header,
      new Uint8Array(32).fill(1),
    );
    const nonsense = readSealed(Uint8Array.of(...header, ...ciphertext, ...tag));
    const refused = refusalOf(() => openSealedText(ROUTE, nonsense, keys.fetch(ids)));
    assert.equal(refused.code, 'hotline/malformed');
    assert.match(refused.message, /authentic/);
    assert.deepEqual(refused.burntKeyIds, ids);
    // The same under the label of the emergency pad is not authentic.
    const [, label] = sealWithPad(
      keys.fetch(ids).map(({ key }) => key),
      'skykey/hotline/emergency/2',
      ROUTE,
      header,
      new Uint8Array(32).fill(1),
    );
    const relabelled = readSealed(Uint8Array.of(...header, ...ciphertext, ...label));
    refuses('hotline/forged', () => openSealedText(ROUTE, relabelled, keys.fetch(ids)));
  });

  test('a forgery passes with probability below 2^-118 for the longest text', () => {
    const header = 27 + 9 * 16 + 2;
    const route = 16 + 2 * 65;
    const hashed = 9 + route + 4 + header + 9 + MAX_BLOCK_BYTES + 9 + 'skykey/hotline/sealed/2'.length;
    assert.ok(forgeryBound(hashed) < 2 ** -118);
  });
});

test('payloads that no desk writes are refused', () => {
  const keys = new SeededKeys(12);
  const sealed = sealedWith(keys, message('x'.repeat(600)));
  const hybrid = hybridText(message('x'));
  const edit = (payload: Uint8Array, at: number, ...bytes: number[]): Uint8Array => {
    const edited = payload.slice();
    edited.set(bytes, at);
    return edited;
  };
  const zero = [0, 0, 0, 0, 0, 0, 0, 0];
  const wrong = [
    edit(hybrid, 0, 0),
    edit(hybrid, 0, 3),
    edit(hybrid, 1, ...zero), // number 0
    edit(hybrid, 1, 255),
    edit(hybrid, 25, 2), // a flag without a meaning
    edit(hybrid, 25, 1), // on the record without a salt: the filling is too short
    edit(hybrid, 26, 0, 33), // a size no block has
    edit(hybrid, 26, 0xff, 0xff),
    edit(sealed, 26, 0),
    edit(sealed, 26, 3),
    edit(sealed, 43, ...sealed.subarray(27, 43)), // a key twice
  ];
  for (const payload of wrong) refuses('hotline/malformed', () => readText(payload));
  refuses('hotline/bad-argument', () => hybridText(message('x', { number: 0 })));
  refuses('hotline/bad-argument', () => hybridText(message('x', { id: 'one' })));
  for (const route of [
    { ...ROUTE, sender: 'moscow' },
    { ...ROUTE, receiver: 'a b' },
    { ...ROUTE, conversationId: '' },
  ]) {
    refuses('hotline/bad-argument', () => sealedWith(keys, message('x'), route));
  }
});

describe('what the transcript holds of a text', () => {
  const variants: TextMessage[] = [
    message('yes'),
    message('yes', { number: 5 }),
    message('yes', { id: '21111111-2222-4333-8444-555555555555' }),
    message('yes', {}, true),
  ];
  const hex = (bytes: Uint8Array | null): string | null => bytes && Buffer.from(bytes).toString('hex');

  test('differs with number, id, flag and kind, and for a hybrid text with its words', () => {
    const digests = new Set([
      ...variants.map((one) => hex(digestOf('hybrid', one))),
      ...variants.map((one) => hex(digestOf('sealed', one))),
      hex(digestOf('hybrid', message('no'))),
    ]);
    assert.equal(digests.size, 9);
  });

  test('is no function of the words of a sealed text, as long as they are off the record', () => {
    assert.deepEqual(digestOf('sealed', message('yes')), digestOf('sealed', message('no')));
    assert.equal(commitmentOf(message('yes')), null);
  });

  test('on the record commits to the words, under their salt', () => {
    const commitments = new Set(
      [
        message('yes', {}, true),
        message('no', {}, true),
        message('yes', { number: 5 }, true),
        message('yes', { words: words('yes', { salt: salt.map((byte) => byte ^ 1) }) }),
        message('yes', { words: words('yes', { salt, author: 'Someone else' }) }),
        message('yes', { words: words('yes', { salt, sentAtMs: 1 }) }),
      ].map((one) => hex(commitmentOf(one))),
    );
    assert.equal(commitments.size, 6);
    // A second time with nothing but the documentation at hand.
    const block = hybridText(message('yes', {}, true)).slice(28);
    const label = Buffer.from('skykey/hotline/words/2');
    const head = Buffer.from([label.length, ...label, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, block.length]);
    const expected = createHash('sha256').update(head).update(block).digest('hex');
    assert.equal(hex(commitmentOf(message('yes', {}, true))), expected);
  });
});
