import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import {
  combine,
  EPOCH_INPUTS,
  type EpochContext,
  type EpochInput,
  type EpochInputs,
  encodeContext,
} from './combiner.ts';
import { contextFrom, inputsFrom, opened } from './test/contexts.ts';
import { refusalCode } from './test/desks.ts';
import { copy, hex, reveal, Seeded } from './test/seeded.ts';

const INPUTS: readonly EpochInput[] = EPOCH_INPUTS;

/** The secrets of `known` that are in `leaked`, the attacker's guesses for the others. */
function attackersView(known: EpochInputs, leaked: ReadonlySet<EpochInput>, guess: EpochInputs): EpochInputs {
  const of = <K extends EpochInput>(input: K): EpochInputs[K] => (leaked.has(input) ? known[input] : guess[input]);
  return { kem: of('kem'), ecdh: of('ecdh'), psk: of('psk'), qkd: of('qkd') };
}

describe('the combiner', () => {
  test('is written down right: extract and expand of a second implementation', () => {
    const seeded = new Seeded(1);
    const [root, inputs, context] = [seeded.secret(), inputsFrom(seeded), contextFrom(seeded)];
    const part = (name: string, hexText: string) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(hexText.length / 2);
      return Buffer.concat([Buffer.of(name.length), Buffer.from(name), length, Buffer.from(hexText, 'hex')]);
    };
    const [first, second] = inputs.qkd!.map(reveal);
    const material = Buffer.concat([
      part('kem', reveal(inputs.kem!)),
      part('ecdh', reveal(inputs.ecdh!)),
      part('psk', reveal(inputs.psk!)),
      part('qkd', `00000020${first}00000040${second}`),
    ]);
    const pseudorandomKey = createHmac('sha512', Buffer.from(reveal(root), 'hex'))
      .update(material)
      .digest();
    const { kem, ecdh, qkd, transcripts } = context;
    const uuid = (text: string) => text.replaceAll('-', '');
    const listed = (...names: string[]) =>
      names.map((name) => hex(Buffer.of(name.length, ...Buffer.from(name)))).join('');
    const info = Buffer.concat([
      part('protocol', hex(Buffer.from('skykey/hotline/2 epoch\0'))),
      part('suite', hex(Buffer.from('suite-b'))),
      part('suites of the initiator', listed('suite-a', 'suite-b')),
      part('suites of the responder', listed('suite-b', 'suite-c')),
      part('initiator', hex(Buffer.from('beijing'))),
      part('responder', hex(Buffer.from('moscow'))),
      part('conversation', uuid(context.conversationId)),
      part('number', '0000000000000008'),
      part('ML-KEM public key', hex(kem!.publicKey)),
      part('ML-KEM ciphertext', hex(kem!.ciphertext)),
      part('point of the initiator', hex(ecdh!.initiator)),
      part('point of the responder', hex(ecdh!.responder)),
      part('QKD key', uuid(qkd[0]!.keyId) + listed('direct')),
      part('QKD key', uuid(qkd[1]!.keyId) + listed('via satellite Micius')),
      part('policy', hex(context.policyHash)),
      part('transcript of the initiator', hex(transcripts.initiator)),
      part('transcript of the responder', hex(transcripts.responder)),
      part('agreement', hex(context.agreementHash)),
    ]);
    const epoch = createHmac('sha512', pseudorandomKey).update(info).update(Buffer.of(1)).digest();
    const right: Record<string, string> = {};
    for (const [name, purpose, bytes] of [
      ['id', 'epoch id', 16],
      ['root', 'root', 32],
      ['safety', 'safety phrase', 32],
      ...['confirm initiator', 'confirm responder', 'media 1', 'media 2'].map((one) => [one, one, 32] as const),
      ...['control', 'text', 'file']
        .flatMap((lane) => [1, 2].map((way) => `chain ${lane} ${way}`))
        .map((one) => [one, one, 32] as const),
    ] as const) {
      const output = createHmac('sha512', epoch).update(`skykey/hotline/2 ${purpose}\0`).update(Buffer.of(1));
      right[name] = output.digest('hex').slice(0, 2 * bytes);
    }
    assert.deepEqual(opened(combine(root, inputs, context)), right);
  });

  test('each secret of an epoch is another, and none of them is in the context', () => {
    const seeded = new Seeded(2);
    const context = contextFrom(seeded);
    const all = Object.values(opened(combine(seeded.secret(), inputsFrom(seeded), context)));
    assert.equal(all.length, 13);
    assert.equal(new Set(all.map((text) => text.slice(0, 32))).size, 13);
    const publicText = Buffer.from(encodeContext(context)).toString('hex');
    assert.ok(all.every((text) => !publicText.includes(text)));
  });

  for (let leak = 0; leak < 15; leak++) {
    const leaked = new Set(INPUTS.filter((_, i) => (leak >> i) & 1));
    test(`whoever knows the root before and ${[...leaked].join(', ') || 'no input'} cannot compute anything of the next`, () => {
      const seeded = new Seeded(100 + leak);
      const [root, inputs, context] = [seeded.secret(), inputsFrom(seeded), contextFrom(seeded)];
      const right = opened(combine(root, inputs, context));
      const all = new Set(INPUTS);
      assert.deepEqual(opened(combine(copy(root), attackersView(inputs, all, inputsFrom(seeded)), context)), right);
      for (let attempt = 0; attempt < 20; attempt++) {
        const guessed = opened(combine(root, attackersView(inputs, leaked, inputsFrom(seeded)), context));
        for (const [name, value] of Object.entries(right)) assert.notEqual(guessed[name], value, name);
      }
      // One unknown input is enough, whichever it is.
      for (const unknown of INPUTS.filter((input) => !leaked.has(input))) {
        const known = new Set(INPUTS.filter((input) => input !== unknown));
        const guessed = opened(combine(root, attackersView(inputs, known, inputsFrom(seeded)), context));
        for (const [name, value] of Object.entries(right)) assert.notEqual(guessed[name], value, `${unknown}: ${name}`);
      }
    });
  }

  test('who knows all four inputs of an epoch but not the root before it cannot compute it either', () => {
    const seeded = new Seeded(3);
    const [root, inputs, context] = [seeded.secret(), inputsFrom(seeded), contextFrom(seeded)];
    const right = opened(combine(root, inputs, context));
    const guessed = opened(combine(seeded.secret(), inputs, context));
    for (const [name, value] of Object.entries(right)) assert.notEqual(guessed[name], value, name);
  });

  test('a single bit of any input or of the root changes everything', () => {
    const seeded = new Seeded(4);
    const [root, inputs, context] = [seeded.secret(), inputsFrom(seeded), contextFrom(seeded)];
    const right = Object.entries(opened(combine(root, inputs, context)));
    const secrets = [root, inputs.kem!, inputs.ecdh!, inputs.psk!, ...inputs.qkd!];
    for (const secret of secrets) {
      const bit = seeded.below(8 * secret.length);
      const flip = () => secret.open((bytes) => (bytes[bit >> 3]! ^= 1 << (bit & 7)));
      flip();
      const other = opened(combine(root, inputs, context));
      for (const [name, value] of right) assert.notEqual(other[name], value, name);
      flip();
    }
    assert.deepEqual(Object.entries(opened(combine(root, inputs, context))), right);
  });

  test('every part of the context that is altered or swapped gives other keys', () => {
    const seeded = new Seeded(5);
    const [root, inputs, context] = [seeded.secret(), inputsFrom(seeded), contextFrom(seeded)];
    const right = opened(combine(root, inputs, context));
    const { suites, kem, ecdh, qkd, transcripts } = context;
    const flipped = (bytes: Uint8Array) => {
      const altered = bytes.slice();
      altered[seeded.below(bytes.length)]! ^= 1 << seeded.below(8);
      return altered;
    };
    const changes: Record<string, Partial<EpochContext>> = {
      suite: { suite: 'suite-b', suites: { ...suites, initiator: ['suite-b', 'suite-a'] } },
      'a list shortened': { suites: { ...suites, initiator: ['suite-b'] } },
      'the lists swapped': { suites: { initiator: suites.responder, responder: suites.initiator } },
      'the roles swapped': { desks: { initiator: 'moscow', responder: 'beijing' } },
      'another desk': { desks: { initiator: 'beijing', responder: 'moskow' } },
      conversation: { conversationId: seeded.uuid() },
      number: { number: 9 },
      'ML-KEM key': { kem: { ...kem!, publicKey: flipped(kem!.publicKey) } },
      'ML-KEM ciphertext': { kem: { ...kem!, ciphertext: flipped(kem!.ciphertext) } },
      'ML-KEM swapped': { kem: { publicKey: kem!.ciphertext, ciphertext: kem!.publicKey } },
      point: { ecdh: { ...ecdh!, responder: flipped(ecdh!.responder) } },
      'points swapped': { ecdh: { initiator: ecdh!.responder, responder: ecdh!.initiator } },
      'key ids swapped': {
        qkd: [
          { ...qkd[0]!, keyId: qkd[1]!.keyId },
          { ...qkd[1]!, keyId: qkd[0]!.keyId },
        ],
      },
      'names in another order': { qkd: [qkd[1]!, qkd[0]!] },
      'another key id': { qkd: [qkd[0]!, { ...qkd[1]!, keyId: seeded.uuid() }] },
      provenance: { qkd: [qkd[0]!, { ...qkd[1]!, provenance: 'via satellite Mozi' }] },
      policy: { policyHash: flipped(context.policyHash) },
      transcript: { transcripts: { ...transcripts, initiator: flipped(transcripts.initiator) } },
      'transcripts swapped': { transcripts: { initiator: transcripts.responder, responder: transcripts.initiator } },
      agreement: { agreementHash: flipped(context.agreementHash) },
    };
    for (const [what, change] of Object.entries(changes)) {
      const other = opened(combine(root, inputs, { ...context, ...change }));
      for (const [name, value] of Object.entries(right)) assert.notEqual(other[name], value, `${what}: ${name}`);
    }
    // The suite itself, with nothing else changed.
    const both = { initiator: ['suite-a', 'suite-b'], responder: ['suite-a', 'suite-b'] };
    const [a, b] = ['suite-a', 'suite-b'].map((suite) => combine(root, inputs, { ...context, suites: both, suite }));
    assert.ok(!a!.root.equals(b!.root));
  });

  test('QKD keys that trade places or bytes with each other give other keys', () => {
    const seeded = new Seeded(6);
    const [root, context] = [seeded.secret(), contextFrom(seeded)];
    const [first, second] = [seeded.bytes(40), seeded.bytes(40)];
    const whole = Uint8Array.of(...first, ...second);
    const rootWith = (...keys: Uint8Array[]) =>
      reveal(
        combine(root, { ...inputsFrom(new Seeded(7)), qkd: keys.map((key) => SecretBytes.adopt(key.slice())) }, context)
          .root,
      );
    const right = rootWith(first, second);
    assert.equal(rootWith(first, second), right);
    assert.notEqual(rootWith(second, first), right);
    assert.notEqual(rootWith(whole.slice(0, 41), whole.slice(41)), right);
  });
});

describe('what the combiner refuses', () => {
  const seeded = new Seeded(8);
  const [root, inputs, context] = [seeded.secret(), inputsFrom(seeded), contextFrom(seeded)];
  const refusedInputs = (change: Partial<EpochInputs>, and: Partial<EpochContext> = {}) =>
    assert.equal(
      refusalCode(() => combine(root, { ...inputs, ...change }, { ...context, ...and })),
      'hotline/bad-argument',
    );
  const zeros = (length: number) => SecretBytes.adopt(new Uint8Array(length));

  test('an input that is empty, short, long or all zeros', () => {
    for (const input of ['kem', 'ecdh', 'psk'] as const) {
      for (const bad of [zeros(0), zeros(32), seeded.secret(31)]) refusedInputs({ [input]: bad });
    }
    refusedInputs({ kem: seeded.secret(33) });
    refusedInputs({ ecdh: seeded.secret(64) });
    for (const bad of [zeros(0), zeros(32), seeded.secret(31)]) refusedInputs({ qkd: [seeded.secret(), bad] });
    for (const bad of [zeros(0), zeros(32), seeded.secret(31), seeded.secret(33)]) {
      assert.equal(
        refusalCode(() => combine(bad, inputs, context)),
        'hotline/bad-argument',
      );
    }
  });

  test('an input that is absent without consent, or there in spite of it', () => {
    const gone: Record<EpochInput, Partial<EpochContext>> = {
      kem: { kem: null },
      ecdh: { ecdh: null },
      psk: {},
      qkd: { qkd: [] },
    };
    const consentHash = seeded.bytes(32);
    const right = reveal(combine(root, inputs, context).root);
    for (const input of INPUTS) {
      refusedInputs({ [input]: null });
      refusedInputs({ [input]: null }, gone[input]);
      refusedInputs({}, { removed: [{ input, consentHash }] });
      refusedInputs({ [input]: null }, { ...gone[input], removed: [{ input, consentHash: new Uint8Array(32) }] });
      refusedInputs({ [input]: null }, { ...gone[input], removed: [{ input, consentHash: consentHash.slice(1) }] });
      const twice = [1, 2].map(() => ({ input, consentHash }));
      refusedInputs({ [input]: null }, { ...gone[input], removed: twice });
      // With consent it is absent, the consent is bound, and the keys are others.
      const roots = [consentHash, seeded.bytes(32)].map((hash) => {
        const removed = [{ input, consentHash: hash }];
        return reveal(combine(root, { ...inputs, [input]: null }, { ...context, ...gone[input], removed }).root);
      });
      assert.equal(new Set([right, ...roots]).size, 3, input);
    }
    refusedInputs({ qkd: [] });
    refusedInputs({ qkd: [] }, { qkd: [], removed: [{ input: 'qkd', consentHash }] });
    const removed = INPUTS.map((input) => ({ input, consentHash }));
    const none = { kem: null, ecdh: null, psk: null, qkd: null };
    refusedInputs(none, { kem: null, ecdh: null, qkd: [], removed });
  });

  test('a context that is not as described', () => {
    const { kem, ecdh, qkd, transcripts } = context;
    const changes: Partial<EpochContext>[] = [
      { suite: 'suite-a' },
      { suite: '' },
      { suites: { initiator: [], responder: ['suite-b'] } },
      { desks: { initiator: 'beijing', responder: 'beijing' } },
      { desks: { initiator: 'bei jing', responder: 'moscow' } },
      { conversationId: 'none' },
      { number: 0 },
      { number: 1.5 },
      { number: 2 ** 53 },
      { kem: { ...kem!, publicKey: kem!.publicKey.slice(1) } },
      { kem: { ...kem!, ciphertext: new Uint8Array(1568) } },
      { kem: null },
      { ecdh: { ...ecdh!, initiator: new Uint8Array(32) } },
      { ecdh: null },
      { qkd: [] },
      { qkd: [qkd[0]!] },
      { qkd: [qkd[0]!, qkd[0]!] },
      { qkd: [qkd[0]!, { ...qkd[1]!, provenance: '' }] },
      { qkd: [qkd[0]!, { ...qkd[1]!, provenance: 'x'.repeat(256) }] },
      { qkd: [qkd[0]!, { ...qkd[1]!, keyId: qkd[1]!.keyId.toUpperCase() }] },
      { policyHash: new Uint8Array(32) },
      { policyHash: new Uint8Array(0) },
      { transcripts: { ...transcripts, responder: new Uint8Array(31) } },
      { agreementHash: new Uint8Array(64) },
      { agreementHash: seeded.bytes(32) },
    ];
    for (const change of changes) refusedInputs({}, change);
    combine(root, inputs, {
      ...context,
      transcripts: { initiator: new Uint8Array(32), responder: new Uint8Array(32) },
    });
  });

  test('what was handed in stays as it was, Buffers too; wipe leaves no secret', () => {
    const buffers = new Seeded(9);
    const buffer = (bytes: number) => Buffer.from(buffers.bytes(bytes));
    const asBuffers: EpochInputs = {
      kem: SecretBytes.adopt(buffer(32)),
      ecdh: SecretBytes.adopt(buffer(32)),
      psk: SecretBytes.adopt(buffer(32)),
      qkd: [SecretBytes.adopt(buffer(32)), SecretBytes.adopt(buffer(32))],
    };
    const rootBuffer = SecretBytes.adopt(buffer(32));
    const policyHash = buffer(32);
    const before = policyHash.toString('hex');
    const secrets = combine(rootBuffer, asBuffers, { ...context, policyHash });
    const again = combine(rootBuffer, asBuffers, { ...context, policyHash });
    assert.deepEqual(opened(again), opened(secrets));
    assert.equal(policyHash.toString('hex'), before);
    secrets.wipe();
    const held = [secrets.root, secrets.safety, ...Object.values(secrets.confirm), ...Object.values(secrets.media)];
    for (const lane of Object.values(secrets.chains)) held.push(...Object.values(lane));
    assert.equal(held.length, 12);
    for (const secret of held) assert.throws(() => reveal(secret), /overwritten/);
  });
});
