import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { agree } from './agreed.ts';
import {
  acceptConfirm,
  answerOffer,
  beginAgreement,
  finishAgreement,
  parseOffer,
  whoseOfferStands,
} from './agreement.ts';
import { readAnswer } from './messages.ts';
import { chooseSuite, type Party, SUITES } from './party.ts';
import { phraseOf } from './phrase.ts';
import { opened } from './test/contexts.ts';
import { agreement, parties, qkdKeys, refusal, refusalCode } from './test/desks.ts';
import { copy, hex, reveal, Seeded } from './test/seeded.ts';

describe('an agreement', () => {
  test('gives both desks the same epoch, and nobody twice', () => {
    const seeded = new Seeded(1);
    const { beijing, moscow } = parties(seeded);
    const keys = qkdKeys(seeded, 2);
    const done = agreement(beijing, moscow, seeded, keys);
    assert.deepEqual(opened(done.beijing.secrets), opened(done.moscow.secrets));
    assert.equal(phraseOf(done.beijing.safety), phraseOf(done.moscow.safety));
    assert.equal(done.beijing.number, 8);
    assert.equal(done.moscow.number, 8);
    assert.deepEqual([done.beijing.role, done.moscow.role], ['initiator', 'responder']);
    for (const { suite, rootLost, first, removed, transcriptsAgree, qkd } of [done.beijing, done.moscow]) {
      assert.deepEqual([suite, rootLost, first, removed, transcriptsAgree], [SUITES[0], false, false, [], true]);
      assert.deepEqual(
        qkd,
        keys.beijing.map(({ keyId, provenance }) => ({ keyId, provenance })),
      );
    }
    // QKD keys are used up; what was lent is not.
    for (const { key } of [...keys.beijing, ...keys.moscow]) assert.throws(() => reveal(key), /overwritten/);
    assert.equal(reveal(beijing.psk), reveal(moscow.psk));
    assert.equal(reveal(beijing.roots[0]!.root), reveal(moscow.roots[0]!.root));
    // The same desks with the same roots and PSK never come to the same keys again.
    const again = agreement(beijing, moscow, seeded);
    const before = new Set(Object.values(opened(done.beijing.secrets)));
    assert.ok(Object.values(opened(again.beijing.secrets)).every((secret) => !before.has(secret)));
  });

  test('carries what each desk says of itself to the other', () => {
    const seeded = new Seeded(2);
    const { beijing, moscow } = parties(seeded);
    const done = agreement(
      { ...beijing, accepted: { text: 5, control: 2 ** 53 - 1 }, generation: 3, reason: 'alarm' },
      {
        ...moscow,
        accepted: { text: 0, control: 9 },
        generation: 4,
        reason: 'renewal',
        transcriptHash: seeded.bytes(32),
      },
      seeded,
    );
    assert.deepEqual(done.moscow.peer.accepted, { text: 5, control: 2 ** 53 - 1 });
    assert.deepEqual([done.moscow.peer.generation, done.moscow.peer.reason], [3, 'alarm']);
    assert.deepEqual(done.beijing.peer.accepted, { text: 0, control: 9 });
    assert.deepEqual([done.beijing.peer.generation, done.beijing.peer.reason], [4, 'renewal']);
    assert.deepEqual([done.beijing.transcriptsAgree, done.moscow.transcriptsAgree], [false, false]);
    assert.deepEqual(opened(done.beijing.secrets), opened(done.moscow.secrets));
  });

  test('goes on from the newest root that both know; without one from the PSK alone, and says so', () => {
    const seeded = new Seeded(3);
    const { beijing, moscow } = parties(seeded, [7, 6]);
    const [seven, six] = beijing.roots;
    const other = { number: 9, root: seeded.secret() };
    const cases: [string, Party['roots'], Party['roots'], { number: number; rootLost: boolean; first: boolean }][] = [
      ['both', [seven!, six!], [seven!, six!], { number: 8, rootLost: false, first: false }],
      ['the answer to the last was lost', [six!], [seven!, six!], { number: 8, rootLost: false, first: false }],
      ['the older alone', [seven!, six!], [six!], { number: 8, rootLost: false, first: false }],
      ['one went on alone', [other, six!], [six!], { number: 10, rootLost: false, first: false }],
      ['none in common', [other], [seven!, six!], { number: 10, rootLost: true, first: false }],
      ['a store made anew', [], [seven!], { number: 8, rootLost: true, first: false }],
      ['the first', [], [], { number: 1, rootLost: false, first: true }],
    ];
    for (const [what, mine, theirs, expected] of cases) {
      const done = agreement({ ...beijing, roots: mine }, { ...moscow, roots: theirs }, seeded);
      for (const { number, rootLost, first } of [done.beijing, done.moscow]) {
        assert.deepEqual({ number, rootLost, first }, expected, what);
      }
      assert.deepEqual(opened(done.beijing.secrets), opened(done.moscow.secrets), what);
    }
  });

  test('of two roots in common it is the newer one that counts, in whatever order the other desk names them', () => {
    const seeded = new Seeded(4);
    const { beijing, moscow } = parties(seeded, [7, 6]);
    const keys = qkdKeys(seeded);
    const { offer, pending } = beginAgreement(beijing, keys.beijing, seeded.bytes);
    const { answer } = answerOffer(moscow, offer, keys.moscow, seeded.bytes);
    const { said } = readAnswer(answer);
    const fresh = { kem: seeded.secret(), ecdh: seeded.secret(), qkd: [seeded.secret()] };
    const hash = seeded.bytes(64);
    const rootFrom = (roots: Party['roots'], standing = said.standing) =>
      reveal(agree('initiator', { ...beijing, roots }, pending.offer, { ...said, standing }, hash, fresh).secrets.root);
    const [seven, six] = beijing.roots;
    const right = rootFrom([seven!, six!]);
    assert.equal(rootFrom([seven!, six!], { ...said.standing, roots: said.standing.roots.toReversed() }), right);
    assert.equal(rootFrom([seven!, { number: 6, root: seeded.secret() }]), right, 'the older one is not used');
    assert.notEqual(rootFrom([seven!, six!], { ...said.standing, roots: said.standing.roots.slice(1) }), right);
  });

  test('after a lost confirm a new one works, from the root that both still know', () => {
    const seeded = new Seeded(5);
    const { beijing, moscow } = parties(seeded, [7]);
    const keys = qkdKeys(seeded);
    const { offer, pending } = beginAgreement(beijing, keys.beijing, seeded.bytes);
    const answered = answerOffer(moscow, offer, keys.moscow, seeded.bytes);
    const { agreed } = finishAgreement(pending, answered.answer);
    answered.pending.wipe();
    const roots = [{ number: agreed.number, root: agreed.secrets.root }, ...beijing.roots];
    const done = agreement(moscow, { ...beijing, roots }, seeded);
    assert.equal(done.beijing.number, 9);
    assert.equal(done.beijing.rootLost, false);
  });

  test('the caller may wipe its secrets while an offer is out', () => {
    const seeded = new Seeded(6);
    const { beijing, moscow } = parties(seeded);
    const keys = qkdKeys(seeded);
    const { offer, pending } = beginAgreement(beijing, keys.beijing, seeded.bytes);
    beijing.psk.wipe();
    for (const { root } of beijing.roots) root.wipe();
    const { answer } = answerOffer(moscow, offer, keys.moscow, seeded.bytes);
    finishAgreement(pending, answer);
    assert.equal(pending.over, true);
  });

  test('one of two offers that cross stands, and both desks say the same', () => {
    assert.equal(whoseOfferStands('beijing', 'moscow'), 'own');
    assert.equal(whoseOfferStands('moscow', 'beijing'), 'peer');
    assert.equal(whoseOfferStands('Z', 'a'), 'own');
  });

  test('works with Buffers, and leaves them as they are', () => {
    const seeded = new Seeded(7);
    const { beijing, moscow } = parties(seeded);
    const asBuffers = (party: Party): Party => ({
      ...party,
      policyHash: Buffer.from(party.policyHash),
      transcriptHash: Buffer.from(party.transcriptHash),
      qkdRequired: false,
      consentWithoutQkd: Buffer.alloc(32, 5),
    });
    const [a, b] = [asBuffers(beijing), asBuffers(moscow)];
    const begun = beginAgreement(a, [], (n) => Buffer.from(seeded.bytes(n)));
    const offer = Buffer.from(begun.offer);
    const answered = answerOffer(b, offer, [], (n) => Buffer.from(seeded.bytes(n)));
    const finished = finishAgreement(begun.pending, Buffer.from(answered.answer));
    const accepted = acceptConfirm(answered.pending, Buffer.from(finished.confirm));
    assert.deepEqual(opened(finished.agreed.secrets), opened(accepted.agreed.secrets));
    for (const party of [a, b]) {
      assert.equal(hex(party.policyHash), hex(beijing.policyHash));
      assert.equal(hex(party.consentWithoutQkd!), '05'.repeat(32));
    }
    assert.equal(hex(offer), hex(begun.offer));
  });
});

describe('policy in an agreement', () => {
  const consent = new Seeded(99).bytes(32);
  const open = { qkdRequired: false, consentWithoutQkd: consent };

  test('without a QKD key there is none, unless both policies allow it and both humans consented to the same', () => {
    const seeded = new Seeded(8);
    const { beijing, moscow } = parties(seeded);
    const refusedAtOnce: Partial<Party>[] = [
      {},
      { qkdRequired: true, consentWithoutQkd: consent },
      { consentWithoutQkd: consent },
      { qkdRequired: false },
    ];
    for (const change of refusedAtOnce) {
      const refused = refusal(() => beginAgreement({ ...beijing, ...change }, [], seeded.bytes));
      assert.equal(refused.code, 'hotline/policy');
      assert.match(refused.message, /QKD/);
      const { offer } = beginAgreement({ ...beijing, ...open }, [], seeded.bytes);
      assert.equal(
        refusalCode(() => parseOffer({ ...moscow, ...change }, offer)),
        'hotline/policy',
      );
      assert.equal(
        refusalCode(() => answerOffer({ ...moscow, ...change }, offer, [], seeded.bytes)),
        'hotline/policy',
      );
    }
    const { offer } = beginAgreement({ ...beijing, ...open }, [], seeded.bytes);
    const other = { ...moscow, ...open, consentWithoutQkd: seeded.bytes(32) };
    assert.equal(
      refusalCode(() => parseOffer(other, offer)),
      'hotline/policy',
    );
    const done = agreement({ ...beijing, ...open }, { ...moscow, ...open }, seeded, { beijing: [], moscow: [] });
    for (const { removed, qkd } of [done.beijing, done.moscow]) {
      assert.deepEqual(qkd, []);
      assert.deepEqual(removed, [{ input: 'qkd', consentHash: consent }]);
    }
    assert.deepEqual(opened(done.beijing.secrets), opened(done.moscow.secrets));
    // A consent that nobody needs removes nothing.
    const withKey = agreement({ ...beijing, ...open }, { ...moscow, ...open }, seeded);
    assert.deepEqual(withKey.moscow.removed, []);
    assert.equal(withKey.moscow.qkd.length, 1);
  });

  test('another policy, other lists of suites or another provenance end in a sentence, and cost no answer', () => {
    const seeded = new Seeded(9);
    const { beijing, moscow } = parties(seeded);
    const suites = (own: readonly string[], peer: readonly string[]) => ({ suites: { own, peer } });
    const [one] = SUITES as [string];
    const changes: Partial<Party>[] = [
      { policyHash: seeded.bytes(32) },
      suites([one], [one, 'suite-of-later']),
      suites([one, 'suite-of-later'], [one]),
      suites(['suite-of-later', one], [one]),
    ];
    for (const change of changes) {
      const keys = qkdKeys(seeded);
      const { offer } = beginAgreement(beijing, keys.beijing, seeded.bytes);
      const refused = refusal(() => parseOffer({ ...moscow, ...change }, offer));
      assert.equal(refused.code, 'hotline/policy');
      assert.match(refused.message, /operators/);
      const burnt = refusal(() => answerOffer({ ...moscow, ...change }, offer, keys.moscow, seeded.bytes));
      assert.deepEqual(burnt.burntKeyIds, [keys.moscow[0]!.keyId]);
      assert.throws(() => reveal(keys.moscow[0]!.key), /overwritten/);
    }
    const keys = qkdKeys(seeded);
    const { offer } = beginAgreement(beijing, keys.beijing, seeded.bytes);
    const relabelled = [{ ...keys.moscow[0]!, provenance: 'via somebody' }];
    const refused = refusal(() => answerOffer(moscow, offer, relabelled, seeded.bytes));
    assert.equal(refused.code, 'hotline/policy');
    assert.match(refused.message, /where a QKD key comes from/);
  });

  test('the suite is the first of the initiator that the responder accepts, never a later one', () => {
    const [one] = SUITES as [string];
    assert.equal(chooseSuite([one, 'x'], ['x', one]), one);
    assert.equal(chooseSuite(['y', one], ['x', one]), one);
    assert.equal(
      refusalCode(() => chooseSuite(['x', one], [one, 'x'])),
      'hotline/unknown-suite',
    );
    assert.equal(
      refusalCode(() => chooseSuite(['x'], [one])),
      'hotline/policy',
    );
  });

  test('keys that are not the named ones are refused and named as burnt', () => {
    const seeded = new Seeded(10);
    const { beijing, moscow } = parties(seeded);
    const wrongKeys = [
      (k: ReturnType<typeof qkdKeys>) => [k.moscow[1]!, k.moscow[0]!],
      (k: ReturnType<typeof qkdKeys>) => k.moscow.slice(1),
      () => [],
      () => qkdKeys(seeded, 2).moscow,
    ];
    for (const wrong of wrongKeys) {
      const keys = qkdKeys(seeded, 2);
      const { offer } = beginAgreement(beijing, keys.beijing, seeded.bytes);
      const given = wrong(keys);
      const refused = refusal(() => answerOffer(moscow, offer, given, seeded.bytes));
      assert.equal(refused.code, 'hotline/no-key');
      assert.deepEqual(
        refused.burntKeyIds,
        given.map(({ keyId }) => keyId),
      );
    }
  });

  test('what is wrong with a desk or its keys is refused with the field, before anything is sent', () => {
    const seeded = new Seeded(11);
    const { beijing } = parties(seeded);
    const [seven, six] = beijing.roots;
    const changes: [Partial<Party>, RegExp][] = [
      [{ ownId: '' }, /ownId/],
      [{ peerId: 'bei jing' }, /peerId/],
      [{ peerId: 'beijing' }, /differ/],
      [{ conversationId: 'x' }, /conversationId/],
      [{ psk: seeded.secret(31) }, /psk/],
      [{ roots: [six!, seven!] }, /newest first/],
      [{ roots: [seven!, seven!] }, /newest first/],
      [{ roots: [seven!, six!, { number: 1, root: seeded.secret() }] }, /at most 2/],
      [{ roots: [{ number: 1, root: seeded.secret(33) }] }, /root/],
      [{ suites: { own: [], peer: SUITES } }, /suites/],
      [{ suites: { own: SUITES, peer: ['a', 'a'] } }, /suites/],
      [{ policyHash: new Uint8Array(32) }, /policyHash/],
      [{ policyHash: new Uint8Array(31).fill(1) }, /policyHash/],
      [{ transcriptHash: new Uint8Array(33) }, /transcriptHash/],
      [{ consentWithoutQkd: new Uint8Array(32) }, /consentWithoutQkd/],
      [{ accepted: { text: -1, control: 0 } }, /accepted/],
      [{ accepted: { text: 0, control: 0.5 } }, /accepted/],
      [{ generation: 2 ** 53 }, /generation/],
    ];
    for (const [change, field] of changes) {
      const refused = refusal(() => beginAgreement({ ...beijing, ...change }, qkdKeys(seeded).beijing, seeded.bytes));
      assert.equal(refused.code, 'hotline/bad-argument');
      assert.match(refused.message, field);
      assert.equal(refused.burntKeyIds.length, 1);
    }
    const [named] = qkdKeys(seeded).beijing;
    const badKeys = [
      [{ ...named!, key: seeded.secret(31) }],
      [{ ...named!, provenance: '' }],
      [{ ...named!, provenance: 'é'.repeat(128) }],
      [{ ...named!, keyId: 'key 1' }],
      [named!, named!],
      qkdKeys(seeded, 17).beijing,
    ];
    for (const keys of badKeys) {
      const fresh = keys.map((one) => ({ ...one, key: copy(keys[0] === named ? seeded.secret() : one.key) }));
      assert.equal(
        refusalCode(() => beginAgreement(beijing, fresh, seeded.bytes)),
        'hotline/bad-argument',
      );
    }
  });

  test('a generator that gives zeros or too little is refused', () => {
    const seeded = new Seeded(12);
    const { beijing, moscow } = parties(seeded);
    for (const broken of [(n: number) => new Uint8Array(n), (n: number) => seeded.bytes(n - 1)]) {
      assert.equal(
        refusalCode(() => beginAgreement(beijing, qkdKeys(seeded).beijing, broken)),
        'hotline/bad-argument',
      );
      const keys = qkdKeys(seeded);
      const { offer } = beginAgreement(beijing, keys.beijing, seeded.bytes);
      assert.equal(
        refusalCode(() => answerOffer(moscow, offer, keys.moscow, broken)),
        'hotline/bad-argument',
      );
    }
  });
});
