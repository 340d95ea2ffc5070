import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HotlineErrorCode } from '../error.ts';
import { agree, agreementHashOf, commitmentTo, offerMac, safetyBytes } from './agreed.ts';
import { acceptConfirm, answerOffer, beginAgreement, finishAgreement, parseOffer } from './agreement.ts';
import { decapsulate, diffieHellman } from './key-exchange.ts';
import { encodeOffer, readAnswer, readConfirm, readOffer } from './messages.ts';
import type { Party } from './party.ts';
import { opened } from './test/contexts.ts';
import { agreement, parties, qkdKeys, refusalCode } from './test/desks.ts';
import { copy, hex, reveal, Seeded } from './test/seeded.ts';

/** An agreement of which every step can be tried more than once. */
function half(seed: number, count = 2) {
  const seeded = new Seeded(seed);
  const { beijing, moscow } = parties(seeded);
  const keys = qkdKeys(seeded, count);
  const again = () => keys.moscow.map((named) => ({ ...named, key: copy(named.key) }));
  const begun = beginAgreement(beijing, keys.beijing, seeded.bytes);
  const answered = answerOffer(moscow, begun.offer, again(), seeded.bytes);
  return { seeded, beijing, moscow, begun, answered, again };
}

/** Each byte of `message` changed in one bit of it, and the message cut off and prolonged. */
function* altered(message: Uint8Array, seeded: Seeded): Generator<Uint8Array> {
  for (let at = 0; at < message.length; at++) {
    const changed = message.slice();
    changed[at]! ^= 1 << seeded.below(8);
    yield changed;
  }
  for (const length of [0, 1, 6, 7, message.length - 33, message.length - 32, message.length - 1]) {
    yield message.slice(0, length);
  }
  yield Uint8Array.of(...message, 0);
}

function expectOnly(
  attempts: Iterable<Uint8Array>,
  attempt: (message: Uint8Array) => unknown,
): Map<HotlineErrorCode, number> {
  const codes = new Map<HotlineErrorCode, number>();
  for (const message of attempts) {
    const code = refusalCode(() => attempt(message));
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  const allowed: HotlineErrorCode[] = ['hotline/forged', 'hotline/malformed', 'hotline/not-for-us'];
  assert.deepEqual(
    [...codes.keys()].filter((code) => !allowed.includes(code)),
    [],
  );
  return codes;
}

describe('an attacker between two desks that agree on keys', () => {
  test('every byte of the offer that is altered is refused, and names no key to fetch', () => {
    const { seeded, moscow, begun } = half(1);
    const codes = expectOnly(altered(begun.offer, seeded), (offer) => parseOffer(moscow, offer));
    assert.ok(codes.get('hotline/forged')! > 1700);
    assert.equal(parseOffer(moscow, begun.offer).qkd.length, 2);
  });

  test('every byte of the answer that is altered is refused, and the right one still accepted', () => {
    const { seeded, begun, answered } = half(2);
    const codes = expectOnly(altered(answered.answer, seeded), (answer) => finishAgreement(begun.pending, answer));
    assert.ok(codes.get('hotline/forged')! > 1700);
    const { confirm } = finishAgreement(begun.pending, answered.answer);
    acceptConfirm(answered.pending, confirm);
  });

  test('every bit of the confirm that is altered is refused, and the right one still accepted, once', () => {
    const { seeded, begun, answered } = half(3);
    const { confirm, agreed } = finishAgreement(begun.pending, answered.answer);
    for (let round = 0; round < 3; round++) {
      expectOnly(altered(confirm, seeded), (message) => acceptConfirm(answered.pending, message));
    }
    const { agreed: accepted } = acceptConfirm(answered.pending, confirm);
    assert.deepEqual(opened(accepted.secrets), opened(agreed.secrets));
    assert.equal(
      refusalCode(() => acceptConfirm(answered.pending, confirm)),
      'hotline/replayed',
    );
    assert.equal(
      refusalCode(() => finishAgreement(begun.pending, answered.answer)),
      'hotline/replayed',
    );
    answered.pending.wipe();
    assert.equal(
      reveal(accepted.secrets.root).length,
      64,
      'what was given out is no longer the pending object’s to wipe',
    );
  });

  test('messages thrown back, or taken for another step, are refused', () => {
    const { beijing, begun, answered } = half(4);
    assert.equal(
      refusalCode(() => parseOffer(beijing, begun.offer)),
      'hotline/not-for-us',
    );
    const { confirm } = finishAgreement(begun.pending, answered.answer);
    for (const message of [begun.offer, answered.answer]) {
      assert.equal(
        refusalCode(() => acceptConfirm(answered.pending, message)),
        'hotline/malformed',
      );
    }
    const { begun: other } = half(4);
    for (const message of [other.offer, confirm]) {
      assert.equal(
        refusalCode(() => finishAgreement(other.pending, message)),
        'hotline/malformed',
      );
    }
  });

  test('an offer with the roles turned round is not authentic', () => {
    const { beijing, begun } = half(5);
    const { said } = readOffer(begun.offer);
    const turned = encodeOffer({ ...said, initiator: 'moscow', responder: 'beijing' });
    const mac = begun.offer.slice(-32);
    assert.equal(
      refusalCode(() => parseOffer(beijing, Uint8Array.of(...turned, ...mac))),
      'hotline/forged',
    );
  });

  test('messages of another agreement between the same desks are refused', () => {
    const seeded = new Seeded(6);
    const { beijing, moscow } = parties(seeded);
    const run = () => {
      const keys = qkdKeys(seeded);
      const begun = beginAgreement(beijing, keys.beijing, seeded.bytes);
      return { begun, answered: answerOffer(moscow, begun.offer, keys.moscow, seeded.bytes) };
    };
    const [one, two] = [run(), run()];
    assert.equal(
      refusalCode(() => finishAgreement(one.begun.pending, two.answered.answer)),
      'hotline/not-for-us',
    );
    const [first, second] = [one, two].map(({ begun, answered }) => finishAgreement(begun.pending, answered.answer));
    assert.equal(
      refusalCode(() => acceptConfirm(one.answered.pending, second!.confirm)),
      'hotline/not-for-us',
    );
    acceptConfirm(one.answered.pending, first!.confirm);
  });

  test('two answers to one offer lead to two epochs, and neither confirm fits the other', () => {
    const { seeded, moscow, begun, answered, again } = half(7);
    const second = answerOffer(moscow, begun.offer, again(), seeded.bytes);
    const { confirm } = finishAgreement(begun.pending, answered.answer);
    assert.equal(
      refusalCode(() => acceptConfirm(second.pending, confirm)),
      'hotline/forged',
    );
    acceptConfirm(answered.pending, confirm);
  });

  test('an offer that comes twice has one id, two offers have two', () => {
    const { seeded, beijing, moscow, begun } = half(8);
    const ids = [begun.offer, begun.offer, beginAgreement(beijing, qkdKeys(seeded).beijing, seeded.bytes).offer].map(
      (offer) => hex(parseOffer(moscow, offer).offerId),
    );
    assert.equal(ids[0], ids[1]);
    assert.notEqual(ids[0], ids[2]);
    assert.equal(ids[0], hex(begun.pending.offerId));
  });

  test('offers of another conversation, another pair or another PSK name no key', () => {
    const { seeded, moscow, begun } = half(9);
    const codes = (change: Partial<Party>) => refusalCode(() => parseOffer({ ...moscow, ...change }, begun.offer));
    assert.equal(codes({ conversationId: seeded.uuid() }), 'hotline/not-for-us');
    assert.equal(codes({ peerId: 'delhi' }), 'hotline/not-for-us');
    assert.equal(codes({ ownId: 'delhi' }), 'hotline/not-for-us');
    assert.equal(codes({ psk: seeded.secret() }), 'hotline/forged');
  });

  test('who has the PSK but not the QKD key, or the key but not the root, is found out by the MACs', () => {
    const seeded = new Seeded(10);
    for (const lacks of ['qkd', 'root'] as const) {
      const { beijing, moscow } = parties(seeded, [7]);
      const keys = qkdKeys(seeded);
      const begun = beginAgreement(beijing, keys.beijing, seeded.bytes);
      // The intruder in Moscow's place answers with what he has; for the root he claims the id that he saw in the offer.
      const intruder = {
        qkd: () => answerOffer(moscow, begun.offer, [{ ...keys.moscow[0]!, key: seeded.secret() }], seeded.bytes),
        root: () => {
          const wrong = { ...moscow, roots: [{ number: 7, root: seeded.secret() }] };
          const { answer } = answerOffer(wrong, begun.offer, keys.moscow, seeded.bytes);
          const standing = readOffer(begun.offer).said.standing;
          answer.set(standing.roots[0]!.id, answer.length - 32 - 32 - 1568 - 16);
          return { answer };
        },
      }[lacks]();
      assert.equal(
        refusalCode(() => finishAgreement(begun.pending, intruder.answer)),
        'hotline/forged',
      );
    }
  });

  test('desks that see key ids, provenance, policy, suites or transcripts differently never confirm', () => {
    const { begun, answered, beijing, again } = half(11);
    const { offer, own } = begun.pending;
    const { said } = readAnswer(answered.answer);
    const hash = agreementHashOf(begun.offer, readAnswer(answered.answer).body);
    const fresh = {
      kem: decapsulate(own.kemSeed, said.kemCiphertext),
      ecdh: diffieHellman(own.scalar, said.point),
      qkd: again().map(({ key }) => key),
    };
    const right = opened(answered.pending.agreed.secrets);
    const same = agree('initiator', beijing, offer, said, hash, fresh);
    assert.deepEqual(opened(same.secrets), right);
    const seeded = new Seeded(11);
    const [first, second] = offer.qkd as [(typeof offer.qkd)[0], (typeof offer.qkd)[0]];
    const [one] = beijing.suites.own as [string];
    const views: [string, Partial<Party>, Partial<typeof offer>][] = [
      [
        'key ids swapped',
        {},
        {
          qkd: [
            { ...first, keyId: second.keyId },
            { ...second, keyId: first.keyId },
          ],
        },
      ],
      ['another key id', {}, { qkd: [first, { ...second, keyId: seeded.uuid() }] }],
      ['provenance', {}, { qkd: [{ ...first, provenance: 'via satellite' }, second] }],
      ['policy', { policyHash: seeded.bytes(32) }, {}],
      ['own list', { suites: { own: [one, 'weak'], peer: [one] } }, {}],
      ['peer list', { suites: { own: [one], peer: [one, 'weak'] } }, {}],
      ['transcript', {}, { standing: { ...offer.standing, transcriptHash: seeded.bytes(32) } }],
    ];
    for (const [what, party, seen] of views) {
      const other = agree('initiator', { ...beijing, ...party }, { ...offer, ...seen }, said, hash, fresh);
      for (const [name, secret] of Object.entries(opened(other.secrets))) assert.notEqual(secret, right[name], what);
    }
    const otherHash = agree('initiator', beijing, offer, said, seeded.bytes(64), fresh);
    assert.notEqual(reveal(otherHash.secrets.root), right.root);
  });

  test('the phrase hangs on a nonce that the responder sees last: nobody in between can try answers until it fits', () => {
    const { seeded, begun, answered } = half(12);
    const { said } = readOffer(begun.offer);
    const { confirm, agreed } = finishAgreement(begun.pending, answered.answer);
    const { nonce } = readConfirm(confirm).said;
    assert.equal(hex(commitmentTo(nonce)), hex(said.commitment));
    assert.equal(hex(safetyBytes(agreed.secrets, nonce)), hex(agreed.safety));
    const others = Array.from({ length: 50 }, () => hex(safetyBytes(agreed.secrets, seeded.bytes(32)).subarray(0, 6)));
    assert.equal(new Set([...others, hex(agreed.safety.subarray(0, 6))]).size, 51);
    const clear = [begun.offer, answered.answer].map(hex);
    assert.ok(clear.every((message) => !message.includes(hex(nonce))));
    assert.ok(![...clear, hex(confirm)].some((message) => message.includes(hex(agreed.safety))));
  });

  test('an initiator cannot show another nonce than the one it committed to', () => {
    // With all keys of the epoch, as somebody in between would have who plays the initiator to the responder.
    const { begun, answered, seeded } = half(13);
    begun.pending.own.nonce.open((bytes) => bytes.set(seeded.bytes(32)));
    const { confirm } = finishAgreement(begun.pending, answered.answer);
    assert.equal(
      refusalCode(() => acceptConfirm(answered.pending, confirm)),
      'hotline/forged',
    );
  });

  test('points and ML-KEM keys that are none are refused from a desk that has the PSK', () => {
    const { seeded, beijing, moscow, begun, again, answered } = half(14);
    const { said } = readOffer(begun.offer);
    for (const change of [
      { point: new Uint8Array(32) },
      { kemPublicKey: new Uint8Array(1568).fill(0xff) },
      { kemPublicKey: new Uint8Array(1568) },
    ]) {
      const offer = { ...said, ...change };
      const body = encodeOffer(offer);
      const message = Uint8Array.of(...body, ...offerMac(beijing, offer, body));
      assert.equal(
        refusalCode(() => answerOffer(moscow, message, again(), seeded.bytes)),
        'hotline/malformed',
      );
    }
    const zeroPoint = answered.answer.slice();
    zeroPoint.fill(0, zeroPoint.length - 64, zeroPoint.length - 32);
    assert.equal(
      refusalCode(() => finishAgreement(begun.pending, zeroPoint)),
      'hotline/malformed',
    );
    finishAgreement(begun.pending, answered.answer);
  });

  test('an offer with suites that this version lacks names no key to fetch, even when both sites pinned them', () => {
    const { beijing, moscow, begun } = half(17);
    const { said } = readOffer(begun.offer);
    for (const [own, peer, code] of [
      [['retired'], ['retired'], 'hotline/unknown-suite'],
      [['mine'], ['theirs'], 'hotline/policy'],
    ] as const) {
      const offer = { ...said, suites: { initiator: peer, responder: own } };
      const body = encodeOffer(offer);
      const message = Uint8Array.of(...body, ...offerMac(beijing, offer, body));
      assert.equal(
        refusalCode(() => parseOffer({ ...moscow, suites: { own, peer } }, message)),
        code,
      );
    }
  });

  test('wiping what is pending leaves no secret', () => {
    const { begun, answered } = half(15);
    const { party, own, qkdKeys: keys } = begun.pending;
    const held = [
      party.psk,
      ...party.roots.map(({ root }) => root),
      ...Object.values(own),
      ...keys.map(({ key }) => key),
    ];
    begun.pending.wipe();
    for (const secret of [...held, answered.pending.agreed.secrets.root]) {
      if (secret === answered.pending.agreed.secrets.root) answered.pending.wipe();
      assert.throws(() => reveal(secret), /overwritten/);
    }
    assert.equal(
      refusalCode(() => finishAgreement(begun.pending, answered.answer)),
      'hotline/replayed',
    );
  });

  test('a record of a whole agreement says nothing to others: either desk could have written it alone', () => {
    const seeded = new Seeded(16);
    const { beijing, moscow } = parties(seeded);
    // Moscow plays both parts with what it has; the forgery passes every check that the real Beijing's messages pass.
    const alone: Party = { ...moscow, ownId: 'beijing', peerId: 'moscow' };
    const forgedByMoscow = agreement(alone, moscow, seeded);
    assert.equal(parseOffer(moscow, forgedByMoscow.offer).qkd.length, 1);
    assert.equal(
      hex(parseOffer(moscow, forgedByMoscow.offer).peer.roots[0]!.id),
      hex(forgedByMoscow.moscow.peer.roots[0]!.id),
    );
    assert.equal(reveal(beijing.psk), reveal(alone.psk));
  });
});
