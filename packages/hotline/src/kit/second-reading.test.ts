import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv, createHash, timingSafeEqual } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  briefly,
  expand,
  hmac,
  integer,
  label,
  long,
  lp,
  name,
  type Read,
  sha256,
  unhex,
  uuid,
  vectors,
} from './test/reading.ts';

// Written from PROTOCOL.md, sections 2 to 4, alone: nothing of the implementation is imported here.

function digest(purpose: string, ...parts: Buffer[]): Buffer {
  return createHash('sha512')
    .update(Buffer.concat([label(purpose), ...parts.map(long)]))
    .digest();
}

describe('lane records, read a second time', () => {
  const LANES = ['control', 'text', 'file'];

  /** Key and commitment of record `counter` of a chain. */
  function material(first: Buffer, counter: number): { key: Buffer; commitment: Buffer } {
    let chain = first;
    for (let n = 1; n < counter; n++) chain = hmac(chain, Buffer.of(2)).subarray(0, 32);
    const both = hmac(chain, Buffer.of(1));
    return { key: both.subarray(0, 32), commitment: both.subarray(32, 48) };
  }

  /** One desk that receives, as section 4 says. */
  class Desk {
    readonly #epoch: Buffer;
    readonly #direction: number;
    readonly #accepted = LANES.map(() => new Set<number>());

    constructor(epoch: Buffer, ownId: string, peerId: string) {
      this.#epoch = epoch;
      this.#direction = peerId < ownId ? 1 : 2;
    }

    open(record: Buffer): { lane: string; counter: number; plaintext: Buffer; highest: number } | string {
      if (record.length < 64 || record.length > 64 + 65_536) return 'hotline/malformed';
      if (record.toString('latin1', 0, 4) !== 'SKYH' || record[4] !== 2 || record[5] !== 2) return 'hotline/malformed';
      const [lane, direction, counter] = [record[6]!, record[7]!, record.readBigUInt64BE(24)];
      if (lane < 1 || lane > 3 || direction < 1 || direction > 2) return 'hotline/malformed';
      if (counter > 2n ** 53n - 1n) return 'hotline/malformed';
      if (!record.subarray(8, 24).equals(expand(this.#epoch, label('epoch id'), 16))) return 'hotline/unknown-epoch';
      if (direction !== this.#direction) return 'hotline/not-for-us';
      const accepted = this.#accepted[lane - 1]!;
      const highest = Math.max(0, ...accepted);
      const number = Number(counter);
      if (number < 1 || number > 2 ** 20 || number > highest + 2000) return 'hotline/out-of-order';
      if (accepted.has(number)) return 'hotline/replayed';
      const chain = expand(this.#epoch, label(`chain ${LANES[lane - 1]} ${direction}`), 32);
      const { key, commitment } = material(chain, number);
      if (!timingSafeEqual(commitment, record.subarray(32, 48))) return 'hotline/forged';
      const nonce = Buffer.concat([integer(0, 4), integer(number, 8)]);
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
      decipher.setAAD(record.subarray(0, 48)).setAuthTag(record.subarray(record.length - 16));
      try {
        const plaintext = Buffer.concat([decipher.update(record.subarray(48, record.length - 16)), decipher.final()]);
        accepted.add(number);
        return { lane: LANES[lane - 1]!, counter: number, plaintext, highest: Math.max(highest, number) };
      } catch {
        return 'hotline/forged';
      }
    }
  }

  test('sealed', () => {
    const all = vectors('record/seal');
    assert.ok(all.length >= 7);
    for (const { name: file, input, output, error } of all) {
      const plaintext = unhex(input.plaintext);
      if (plaintext.length > 65_536) {
        assert.equal(error, 'hotline/too-long', file);
        continue;
      }
      const { key, commitment } = material(unhex(input.chain), input.counter);
      const header = Buffer.concat([
        Buffer.from('SKYH'),
        Buffer.of(2, 2, LANES.indexOf(input.lane) + 1, input.direction),
        unhex(input.epochId),
        integer(input.counter, 8),
        commitment,
      ]);
      const nonce = Buffer.concat([integer(0, 4), integer(input.counter, 8)]);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(header);
      const record = Buffer.concat([header, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
      const right = { key: key.toString('hex'), commitment: commitment.toString('hex'), record: briefly(record) };
      assert.deepEqual(output, right, file);
    }
  });

  test('opened and refused', () => {
    const all = vectors('record/open');
    assert.ok(all.length >= 30);
    for (const { name: file, input, output, error } of all) {
      const desk = new Desk(unhex(input.epoch), input.ownId, input.peerId);
      for (const record of input.opened) assert.equal(typeof desk.open(unhex(record)), 'object', file);
      for (const record of input.refused) assert.equal(typeof desk.open(unhex(record)), 'string', file);
      const opened = desk.open(unhex(input.record));
      if (typeof opened === 'string') assert.equal(opened, error, file);
      else assert.deepEqual({ ...opened, plaintext: briefly(opened.plaintext) }, output, file);
    }
  });
});

describe('the combiner, read a second time', () => {
  const INPUTS = ['kem', 'ecdh', 'psk', 'qkd'];

  /** Everything of an epoch, out of its 64 bytes. */
  function secretsOf(epoch: Buffer) {
    const part = (purpose: string, bytes = 32) => expand(epoch, label(purpose), bytes).toString('hex');
    const chains = ['control', 'text', 'file'].flatMap((lane) =>
      [1, 2].map((way) => [`${lane} ${way}`, part(`chain ${lane} ${way}`)]),
    );
    return {
      epochId: part('epoch id', 16),
      root: part('root'),
      confirm: { initiator: part('confirm initiator'), responder: part('confirm responder') },
      chains: Object.fromEntries(chains),
      media: { '1': part('media 1'), '2': part('media 2') },
      safetyPhrase: part('safety phrase'),
    };
  }

  function contextOf(context: Read['input']): Buffer {
    const { suites, desks, kem, ecdh, transcripts } = context;
    const listed = (names: readonly string[]) => Buffer.concat(names.map(name));
    return Buffer.concat([
      lp('protocol', label('epoch')),
      lp('suite', Buffer.from(context.suite)),
      lp('suites of the initiator', listed(suites.initiator)),
      lp('suites of the responder', listed(suites.responder)),
      lp('initiator', Buffer.from(desks.initiator)),
      lp('responder', Buffer.from(desks.responder)),
      lp('conversation', uuid(context.conversationId)),
      lp('number', integer(context.number, 8)),
      ...(kem ? [lp('ML-KEM public key', unhex(kem.publicKey)), lp('ML-KEM ciphertext', unhex(kem.ciphertext))] : []),
      ...(ecdh
        ? [lp('point of the initiator', unhex(ecdh.initiator)), lp('point of the responder', unhex(ecdh.responder))]
        : []),
      ...context.qkd.map((key: { keyId: string; provenance: string }) =>
        lp('QKD key', Buffer.concat([uuid(key.keyId), name(key.provenance)])),
      ),
      lp('policy', unhex(context.policyHash)),
      lp('transcript of the initiator', unhex(transcripts.initiator)),
      lp('transcript of the responder', unhex(transcripts.responder)),
      lp('agreement', unhex(context.agreementHash)),
      ...INPUTS.flatMap((input) =>
        context.removed
          .filter((one: { input: string }) => one.input === input)
          .map((one: { consentHash: string }) => lp(`without ${input} by consent`, unhex(one.consentHash))),
      ),
    ]);
  }

  test('every input in its place', () => {
    const all = vectors('combiner/derive', true);
    assert.ok(all.length >= 20);
    const epochs = new Set<string>();
    for (const { name: file, input, output } of all) {
      const { kem, ecdh, psk, qkd } = input.inputs;
      const material = Buffer.concat([
        ...(kem === null ? [] : [lp('kem', unhex(kem))]),
        ...(ecdh === null ? [] : [lp('ecdh', unhex(ecdh))]),
        ...(psk === null ? [] : [lp('psk', unhex(psk))]),
        ...(qkd === null ? [] : [lp('qkd', Buffer.concat(qkd.map((key: string) => long(unhex(key)))))]),
      ]);
      const info = contextOf(input.context);
      const epoch = expand(hmac(unhex(input.root), material), info, 64);
      const contextSha256 = sha256(info).toString('hex');
      assert.deepEqual(output, { contextSha256, ...secretsOf(epoch) }, file);
      epochs.add(output.epochId);
    }
    assert.equal(epochs.size, all.length, 'two different agreements gave one epoch');
  });

  test('what comes of an epoch and of the couriered secret', () => {
    for (const { input, output } of vectors('combiner/epoch')) {
      assert.deepEqual(output, secretsOf(unhex(input.epoch)));
    }
    const all = vectors('combiner/from-psk');
    assert.ok(all.length >= 2);
    for (const { input, output } of all) {
      const key = (purpose: string) => {
        const pseudorandom = hmac(label('couriered secret'), unhex(input.psk));
        const place = [input.conversationId, input.initiator, input.responder].map(name);
        return expand(pseudorandom, Buffer.concat([label(`${purpose} of the couriered secret`), ...place]), 32);
      };
      const root = key('root');
      const rootId = expand(root, label('root id'), 16).toString('hex');
      assert.deepEqual(output, { root: root.toString('hex'), rootId, offerKey: key('offer').toString('hex') });
    }
  });

  test('an offer, up to its keys, and its MAC', () => {
    const all = vectors('combiner/offer', true);
    assert.ok(all.length >= 2);
    for (const { name: file, input, output } of all) {
      const [offer, { party }] = [unhex(input.offer), input];
      const listed = (names: readonly string[]) => Buffer.concat([integer(names.length, 1), ...names.map(name)]);
      const { reason, generation, accepted, transcriptHash } = output.peer;
      const counts = [generation, accepted.text, accepted.control].map((count: number) => integer(count, 8));
      const head = Buffer.concat([
        ...[Buffer.from('SKYH'), Buffer.of(2, 1, 1), uuid(party.conversationId), name(party.peerId), name(party.ownId)],
        ...[offer.subarray(38, 70), listed(party.suites.peer), listed(party.suites.own), unhex(party.policyHash)],
        ...[integer(['start', 'renewal', 'alarm'].indexOf(reason) + 1, 1), ...counts, unhex(transcriptHash)],
        integer(output.peer.roots.length, 1),
      ]);
      assert.equal(offer.toString('hex', 0, head.length), head.toString('hex'), file);
      const keys = output.qkd.map((key: { keyId: string; provenance: string }) =>
        Buffer.concat([uuid(key.keyId), name(key.provenance)]),
      );
      const consent = keys.length === 0 ? unhex(party.consentWithoutQkd) : Buffer.alloc(0);
      const end = Buffer.concat([integer(keys.length, 1), ...keys, consent]);
      const body = offer.subarray(0, -32);
      assert.equal(body.toString('hex', head.length + 1568 + 32), end.toString('hex'), file);
      const pseudorandom = hmac(label('couriered secret'), unhex(party.psk));
      const place = [party.conversationId, party.peerId, party.ownId].map(name);
      const key = expand(pseudorandom, Buffer.concat([label('offer of the couriered secret'), ...place]), 32);
      assert.equal(offer.toString('hex', body.length), hmac(key, digest('offer', body)).toString('hex', 0, 32), file);
      assert.equal(output.offerId, digest('offer id', offer).toString('hex', 0, 32), file);
    }
  });

  test('ids and MACs of an agreement', () => {
    const all = vectors('combiner/agreement');
    assert.ok(all.length >= 3);
    for (const { name: file, input, output } of all) {
      const epoch = unhex(input.epoch);
      const secret = (purpose: string) => expand(epoch, label(purpose), 32);
      const [offer, nonce] = [unhex(input.offer), unhex(input.initiatorNonce)];
      const hash = digest('agreement', offer, unhex(input.answerBody));
      const answerMac = hmac(secret('confirm responder'), digest('answer', hash)).subarray(0, 32);
      const confirm = digest('confirm', hash, answerMac, unhex(input.confirmBody));
      const { phrase, ...computed } = output;
      assert.deepEqual(
        computed,
        {
          commitment: digest('commitment', nonce).toString('hex', 0, 32),
          offerId: digest('offer id', offer).toString('hex', 0, 32),
          agreementHash: hash.toString('hex'),
          answerMac: answerMac.toString('hex'),
          confirmMac: hmac(secret('confirm initiator'), confirm).toString('hex', 0, 32),
          safety: hmac(secret('safety phrase'), digest('safety phrase', nonce)).toString('hex', 0, 8),
        },
        file,
      );
      assert.equal(phrase.split(' ').length, 6);
    }
  });
});
