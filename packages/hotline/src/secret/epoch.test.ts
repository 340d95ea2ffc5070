import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import { agree, agreementHashOf } from './agreed.ts';
import { answerOffer, beginAgreement, finishAgreement } from './agreement.ts';
import { Epoch, MAX_EPOCH_AGE_MS } from './epoch.ts';
import { hmacSha512 } from './hkdf.ts';
import { decapsulate, diffieHellman } from './key-exchange.ts';
import { LANES } from './lanes.ts';
import { readAnswer } from './messages.ts';
import type { Party } from './party.ts';
import { openAead, parseRecord } from './record.ts';
import { agreement, parties, qkdKeys, refusalCode } from './test/desks.ts';
import { copy, hex, reveal, Seeded } from './test/seeded.ts';

const text = (words: string) => new TextEncoder().encode(words);

function twoEpochs(seed: number) {
  const seeded = new Seeded(seed);
  const { beijing, moscow } = parties(seeded);
  const done = agreement(beijing, moscow, seeded);
  const roots = [done.beijing, done.moscow].map(({ number, secrets }) => ({ number, root: copy(secrets.root) }));
  return {
    seeded,
    parties: { beijing: { ...beijing, roots: [roots[0]!] }, moscow: { ...moscow, roots: [roots[1]!] } },
    beijing: new Epoch({ ownId: 'beijing', peerId: 'moscow', ...done.beijing, nowMs: 0 }),
    moscow: new Epoch({ ownId: 'moscow', peerId: 'beijing', ...done.moscow, nowMs: 0 }),
    secrets: done.beijing.secrets,
  };
}

/** Every array that a secret took over while `run` ran: what a dump of the memory finds, wiped or not. */
function memoryOf<T>(run: () => T): { readonly result: T; readonly stolen: () => Uint8Array[] } {
  const arrays: Uint8Array[] = [];
  const adopt = SecretBytes.adopt;
  SecretBytes.adopt = (bytes) => {
    arrays.push(bytes);
    return adopt(bytes);
  };
  try {
    const result = run();
    return {
      result,
      stolen: () => arrays.filter((bytes) => bytes.some((byte) => byte !== 0)).map((bytes) => bytes.slice()),
    };
  } finally {
    SecretBytes.adopt = adopt;
  }
}

/** Whether `record` opens with anything in `stolen`: as a message key, or as a chain key up to five records before it. */
function opensWith(stolen: readonly Uint8Array[], record: Uint8Array): boolean {
  const { counter, header, ciphertext, tag } = parseRecord(record);
  const attempt = (key: Uint8Array) =>
    openAead(SecretBytes.adopt(key.slice(0, 32)), counter, header, ciphertext, tag) !== null;
  return stolen.some((bytes) => {
    let chain = bytes.slice(0, 32);
    if (bytes.length < 32) return false;
    if (attempt(chain)) return true;
    for (let step = 0; step < 5; step++) {
      const at = SecretBytes.adopt(chain.slice());
      if (hmacSha512(at, Uint8Array.of(1)).open(attempt)) return true;
      chain = hmacSha512(at, Uint8Array.of(2)).open((next) => next.slice(0, 32));
    }
    return false;
  });
}

describe('an epoch', () => {
  test('carries records both ways in every lane, each once', () => {
    const { beijing, moscow } = twoEpochs(1);
    assert.deepEqual(beijing.directions, { out: 1, in: 2 });
    assert.deepEqual(moscow.directions, { out: 2, in: 1 });
    for (const lane of LANES) {
      for (const [from, to] of [
        [beijing, moscow],
        [moscow, beijing],
      ] as const) {
        for (const counter of [1, 2, 3]) {
          const record = from.seal(lane, text(`${lane} ${counter}`));
          assert.deepEqual(to.open(record, counter), { lane, counter, plaintext: text(`${lane} ${counter}`) });
          assert.equal(
            refusalCode(() => to.open(record, counter)),
            'hotline/replayed',
          );
        }
        assert.equal(to.highest(lane), 3);
      }
    }
    assert.equal(beijing.carried.records, 18);
    assert.deepEqual(beijing.carried, moscow.carried);
  });

  test('two records with the same text have nothing in common but their header', () => {
    const { beijing } = twoEpochs(2);
    const [one, two] = [1, 2].map(() => beijing.seal('text', new Uint8Array(32)));
    assert.notEqual(hex(one!.subarray(48)), hex(two!.subarray(48)));
    assert.notEqual(hex(one!.subarray(32, 48)), hex(two!.subarray(32, 48)), 'commitments');
  });

  test('a record in another lane, direction, epoch or place is refused and changes nothing', () => {
    const { beijing, moscow } = twoEpochs(3);
    const other = twoEpochs(4);
    const record = beijing.seal('text', text('for the text lane'));
    for (const lane of [1, 3]) {
      const moved = record.slice();
      moved[6] = lane;
      assert.equal(
        refusalCode(() => moscow.open(moved, 0)),
        'hotline/forged',
      );
    }
    const later = record.slice();
    later[31] = 2;
    assert.equal(
      refusalCode(() => moscow.open(later, 0)),
      'hotline/forged',
    );
    assert.equal(
      refusalCode(() => beijing.open(record, 0)),
      'hotline/not-for-us',
    );
    const turned = record.slice();
    turned[7] = 2;
    assert.equal(
      refusalCode(() => beijing.open(turned, 0)),
      'hotline/forged',
    );
    assert.equal(
      refusalCode(() => other.moscow.open(record, 0)),
      'hotline/unknown-epoch',
    );
    const renamed = record.slice();
    renamed.set(other.moscow.id, 8);
    assert.equal(
      refusalCode(() => other.moscow.open(renamed, 0)),
      'hotline/forged',
    );
    assert.deepEqual(moscow.open(record, 0).plaintext, text('for the text lane'));
  });

  test('every bit of a record that is flipped is refused, and the untouched one opens', () => {
    const { beijing, moscow } = twoEpochs(5);
    const record = beijing.seal('control', text('alarm'));
    for (let bit = 0; bit < 8 * record.length; bit++) {
      const altered = record.slice();
      altered[bit >> 3]! ^= 1 << (bit & 7);
      refusalCode(() => moscow.open(altered, 0));
    }
    assert.equal(moscow.carried.records, 0);
    assert.deepEqual(moscow.open(record, 0).plaintext, text('alarm'));
  });

  test('media keys are alike on both sides, others for each direction, context and epoch', () => {
    const { beijing, moscow } = twoEpochs(6);
    const other = twoEpochs(7).beijing;
    const contexts = ['voice 1', 'voice 2', 'video 1', ''].map(text);
    const seen = new Set<string>();
    for (const context of contexts) {
      for (const direction of [1, 2] as const) {
        const key = beijing.mediaBaseKey(context, direction);
        assert.equal(key.length, 32);
        assert.ok(key.equals(moscow.mediaBaseKey(context, direction)));
        seen.add(reveal(key)).add(reveal(other.mediaBaseKey(context, direction)));
      }
    }
    assert.equal(seen.size, 16);
  });

  test('is spent by records, bytes or age, and a clock set back neither revives nor kills it', () => {
    const { beijing, moscow } = twoEpochs(8);
    assert.equal(beijing.spent(0), false);
    assert.equal(beijing.spent(MAX_EPOCH_AGE_MS / 2, 0.5), true);
    assert.equal(beijing.spent(MAX_EPOCH_AGE_MS / 2), false);
    assert.equal(beijing.spent(-1e9), false);
    assert.equal(beijing.spent(-1e9 + MAX_EPOCH_AGE_MS / 2 - 1), false);
    assert.equal(beijing.spent(-1e9 + MAX_EPOCH_AGE_MS / 2), true);
    assert.equal(beijing.spent(-1e12), true);
    // 1 GiB, without sealing it: a chunk's bytes count.
    const record = moscow.seal('file', new Uint8Array(65_536));
    assert.equal(moscow.carried.bytes, record.length);
    const tenth = (2 ** 30 / 10_000) | 0;
    assert.equal(moscow.spent(0, tenth / 2 ** 30), false);
    assert.equal(moscow.spent(0, record.length / 2 ** 30), true);
    assert.equal(
      refusalCode(() => moscow.seal('file', new Uint8Array(65_537))),
      'hotline/too-long',
    );
    assert.equal(moscow.carried.records, 1);
  });

  test('after 1 GiB text and files stop; the control lane, by which keys are renewed, does not', {
    skip: !process.env.SKYKEY_TEST_LONG && 'seals 1 GiB: SKYKEY_TEST_LONG=1',
  }, () => {
    const { beijing } = twoEpochs(9);
    const chunk = new Uint8Array(65_536);
    while (2 ** 30 - beijing.carried.bytes >= 65_600) beijing.seal('file', chunk);
    assert.equal(
      refusalCode(() => beijing.seal('text', chunk)),
      'hotline/spent',
    );
    beijing.seal('control', chunk);
    assert.equal(beijing.spent(0), true);
    assert.equal(
      refusalCode(() => beijing.seal('text', text('a'))),
      'hotline/spent',
    );
  });

  test('keys of records that never came go after an hour of ticks', () => {
    const { beijing, moscow } = twoEpochs(10);
    const [late, inTime] = [beijing.seal('text', text('1')), beijing.seal('text', text('2'))];
    moscow.open(inTime, 0);
    moscow.tick(3_600_000);
    assert.equal(
      refusalCode(() => moscow.open(late, 3_600_000)),
      'hotline/out-of-order',
    );
  });

  test('takes the keys over: those that confirmed it are gone at once, all others when it is wiped; the root stays', () => {
    const { beijing, secrets } = twoEpochs(11);
    for (const secret of [secrets.confirm.initiator, secrets.confirm.responder, secrets.safety]) {
      assert.throws(() => reveal(secret), /overwritten/);
    }
    const record = beijing.seal('text', text('last'));
    beijing.wipe();
    assert.throws(() => beijing.seal('text', text('more')), /overwritten/);
    assert.throws(() => beijing.mediaBaseKey(text(''), 1), /overwritten/);
    assert.ok(record.length > 0);
    assert.equal(reveal(secrets.root).length, 64);
  });
});

describe('forward secrecy', () => {
  test('everything that either desk holds after n records opens none of them, but the next one', () => {
    const { result, stolen } = memoryOf(() => {
      const epochs = twoEpochs(20);
      const records = Array.from({ length: 12 }, (_, i) => epochs.beijing.seal('text', text(`secret ${i}`)));
      // The first ten arrive in disorder, with forgeries in between that make the receiver derive ahead.
      for (const i of [1, 0, 4, 3, 2, 9, 7, 8, 5, 6]) {
        const forged = records[i]!.slice();
        forged[60]! ^= 1;
        refusalCode(() => epochs.moscow.open(forged, 0));
        epochs.moscow.open(records[i]!, 0);
      }
      return { ...epochs, records };
    });
    // The desks keep root and PSK; the thief has those too.
    const memory = stolen();
    assert.ok(memory.length > 20);
    const opening = result.records.map((record) => opensWith(memory, record));
    assert.deepEqual(opening, [...Array(10).fill(false), true, true]);
  });
});

describe('healing', () => {
  test('after a theft of everything, one agreement with one fresh secret shuts the thief out', () => {
    for (const fresh of ['kem', 'ecdh', 'qkd'] as const) {
      const { seeded, parties: desks, secrets } = twoEpochs(30);
      // The thief has PSK, roots and all of the epoch, and reads along; he lacks one secret of the next agreement.
      const thief: Party = { ...desks.beijing, roots: [{ number: 8, root: copy(secrets.root) }] };
      const keys = qkdKeys(seeded);
      const stolenKey = copy(keys.beijing[0]!.key);
      const { offer, pending } = beginAgreement(desks.beijing, keys.beijing, seeded.bytes);
      const own = { kemSeed: copy(pending.own.kemSeed), scalar: copy(pending.own.scalar) };
      const { answer } = answerOffer(desks.moscow, offer, keys.moscow, seeded.bytes);
      const { agreed } = finishAgreement(pending, answer);
      const { said, body } = readAnswer(answer);
      const known = {
        kem: decapsulate(own.kemSeed, said.kemCiphertext),
        ecdh: diffieHellman(own.scalar, said.point),
        qkd: [stolenKey],
      };
      const compute = (inputs: typeof known) =>
        agree('initiator', thief, pending.offer, said, agreementHashOf(offer, body), inputs).secrets;
      assert.ok(compute(known).root.equals(agreed.secrets.root), 'with all secrets the thief has the next epoch too');
      const guess = { kem: seeded.secret(), ecdh: seeded.secret(), qkd: [seeded.secret()] };
      const wrong = compute({ ...known, [fresh]: guess[fresh] });
      const healed = new Epoch({ ownId: 'beijing', peerId: 'moscow', ...agreed, nowMs: 0 });
      const record = healed.seal('text', text('after the theft'));
      const stolen = [wrong.root, ...Object.values(wrong.chains.text), secrets.root].map((secret) =>
        secret.open((bytes) => bytes.slice()),
      );
      assert.equal(opensWith(stolen, record), false, fresh);
      // The positive control: the right chain key does open it.
      const right = compute(known).chains.text[1].open((bytes) => bytes.slice());
      assert.equal(opensWith([right], record), true);
    }
  });
});
