import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeAnswer, decodeMessage, encodeAnswer, encodeMessage, type PeerMessage } from './message.ts';
import { Peer } from './peer.ts';
import { code, hex, keysOf, Network, type Site } from './test/sites.ts';
import { Reader, Writer } from './wire.ts';

const letters = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes.subarray(0, 4));
const refused = (bytes: Uint8Array): string => {
  assert.equal(letters(bytes), 'SKR1', 'not refused');
  return new Reader(bytes.subarray(4)).text(4_000);
};

/** All that a message could have changed at a site. */
function state({ vault }: Site): unknown {
  const lanes = ['kme/beijing>moscow', 'kme/moscow>beijing', 'auth/beijing>moscow', 'auth/moscow>beijing'];
  return {
    available: lanes.map((lane) => vault.available(lane)),
    memory: vault.recallAll(''),
    counters: vault.counters(),
    pads: lanes.slice(2).map((lane) => vault.pads(lane).next()),
  };
}

/** A network in which one key was asked for and nothing got to the peer: its request is at hand, and unread. */
async function withRequest(t: {
  after: (done: () => void) => void;
}): Promise<{ network: Network; request: Uint8Array }> {
  const network = new Network(t);
  network.cut(false);
  await network.beijing.call('GET', 'enc_keys');
  network.mend();
  return { network, request: network.wire[0]!.message };
}

test('a request with any bit flipped, cut short or made longer has no effect and spends nothing', async (t) => {
  const { network, request } = await withRequest(t);
  const { moscow } = network;
  const before = state(moscow);
  for (let bit = 0; bit < request.length * 8; bit++) {
    const changed = request.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    refused(await moscow.kme.handlePeer(changed));
  }
  for (let length = 0; length < request.length; length++)
    refused(await moscow.kme.handlePeer(request.slice(0, length)));
  refused(await moscow.kme.handlePeer(Uint8Array.of(...request, 0)));
  assert.deepEqual(state(moscow), before);
  assert.equal(letters(await moscow.kme.handlePeer(request)), 'SKA1');
});

test('the same request again gets the same answer and has no second effect, also after a crash', async (t) => {
  const { network, request } = await withRequest(t);
  const { moscow } = network;
  const answer = await moscow.kme.handlePeer(request);
  const after = state(moscow);
  assert.deepEqual(await moscow.kme.handlePeer(request), answer);
  moscow.crash();
  assert.deepEqual(await moscow.kme.handlePeer(request), answer);
  assert.deepEqual(state(moscow), after);
});

test('another message under the pad of the last one is refused', async (t) => {
  const { network, request } = await withRequest(t);
  const { moscow } = network;
  await moscow.kme.handlePeer(request);
  const before = state(moscow);
  for (const at of [request.length - 1, request.length - 20]) {
    const changed = request.slice();
    changed[at]! ^= 1;
    const answer = await moscow.kme.handlePeer(changed);
    // With the tag of the last one these bytes are the last one, whatever else they say.
    if (at === request.length - 1) refused(answer);
    else assert.deepEqual(answer, await moscow.kme.handlePeer(request));
  }
  assert.deepEqual(state(moscow), before);
});

test('a request that comes after a later one is refused: replay and reorder are the same thing', async (t) => {
  const { network, request } = await withRequest(t);
  const { beijing, moscow } = network;
  beijing.crash();
  await beijing.keys();
  const before = state(moscow);
  assert.match(refused(await moscow.kme.handlePeer(request)), /came after/);
  for (const { message } of network.wire.slice(0, -1)) refused(await moscow.kme.handlePeer(message));
  assert.deepEqual(state(moscow), before);
});

test('a message thrown back at its sender, or given to somebody else, is refused', async (t) => {
  const { network, request } = await withRequest(t);
  assert.match(refused(await network.beijing.kme.handlePeer(request)), /came to beijing/);
  await network.beijing.keys();
  for (const { answer } of network.wire) {
    if (!answer) continue;
    refused(await network.beijing.kme.handlePeer(answer));
    refused(await network.moscow.kme.handlePeer(answer));
  }
});

test('an answer with any bit flipped is not believed; the true one, sent again, is', async (t) => {
  const network = new Network(t);
  const { beijing } = network;
  let bits = 8;
  for (let bit = 0; bit < bits; bit++) {
    network.between = async (message, on) => {
      const answer = await on(message);
      bits = answer.length * 8;
      const changed = answer.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      return changed;
    };
    assert.equal((await beijing.call('GET', 'enc_keys')).status, 503, `bit ${bit}`);
  }
  assert.ok(bits > 400);
  network.mend();
  assert.equal((await beijing.keys()).length, 1);
  // One batch was burned in all: as long as the first request is open no other is made.
  assert.equal(beijing.vault.available('kme/beijing>moscow'), 4096 - 64);
});

test('the answer to another request is not believed', async (t) => {
  const network = new Network(t);
  const { beijing } = network;
  await beijing.keys();
  const old = network.wire[0]!.answer!;
  network.between = async (message, on) => {
    await on(message);
    return old;
  };
  assert.equal((await beijing.call('GET', 'enc_keys')).status, 503);
});

test('an answer that says no is as authentic as one that says yes', async (t) => {
  const network = new Network(t);
  const { beijing, moscow } = network;
  // The peer has handed these bytes out already: the two ends disagree, and nobody gets a key.
  moscow.vault.reserveAt({ lane: 'kme/beijing>moscow', offset: 0, bytes: 8 });
  const response = await beijing.call('GET', 'enc_keys');
  assert.equal(response.status, 503);
  assert.match(response.body!, /refused the keys/);
  assert.equal((await beijing.keys()).length, 1);
});

test('different keys under a known id are refused, the same ones are accepted again', async (t) => {
  const network = new Network(t);
  const { beijing, moscow } = network;
  const [sent] = await beijing.keys();
  const batch = {
    lane: 'kme/beijing>moscow',
    bytes: 32,
    masterSae: 'desk-beijing',
    slaveSae: 'desk-moscow',
    keys: [{ keyId: sent!.key_ID, offset: 0 }],
  };
  const say = async (changes: object): Promise<boolean> =>
    (await speak(network, { kind: 'assign', batch: { ...batch, ...changes } })).answer;
  assert.equal(await say({}), true);
  assert.equal(await say({ keys: [{ keyId: sent!.key_ID, offset: 64 }] }), false);
  assert.equal(await say({ bytes: 16 }), false);
  assert.equal(await say({ masterSae: 'vpn-beijing', slaveSae: 'vpn-moscow' }), false);
  assert.deepEqual(keysOf(await moscow.fetch([sent!.key_ID])), [sent]);
  assert.equal(await say({}), false, 'delivered: it is not assigned again');
});

test('a peer speaks for its own applications and to those they may talk to', async (t) => {
  const network = new Network(t);
  const { moscow } = network;
  const keys = [{ keyId: '00000000-1111-4222-8333-444444444444', offset: 0 }];
  for (const [masterSae, slaveSae] of [
    ['desk-moscow', 'desk-beijing'],
    ['desk-beijing', 'vpn-moscow'],
    ['desk-delhi', 'desk-moscow'],
    ['desk-beijing', 'desk-delhi'],
    ['', ''],
  ] as const) {
    for (const kind of ['assign', 'void'] as const) {
      const batch = { lane: 'kme/beijing>moscow', bytes: 32, masterSae, slaveSae, keys };
      assert.equal((await speak(network, { kind, batch })).answer, false, `${kind} ${masterSae} ${slaveSae}`);
    }
  }
  assert.equal(moscow.vault.keys.find(keys[0]!.keyId), undefined);
  assert.equal(
    (await speak(network, { kind: 'alarm', link: 'micius-delhi', state: 'dropped', reason: '', atMs: 1 })).answer,
    false,
  );
  assert.deepEqual(moscow.kme.alarms(), []);
});

test('forged messages fill the journal slowly', async (t) => {
  const network = new Network(t);
  for (let i = 0; i < 50; i++) await network.moscow.kme.handlePeer(new Uint8Array(100));
  assert.equal(network.moscow.vault.journal.list().length, 1);
});

/** Has the KME of Beijing say something that it would not say by itself, properly sealed. */
async function speak(network: Network, message: PeerMessage): Promise<{ answer: boolean }> {
  const { beijing } = network;
  const peer = new Peer({
    vault: beijing.vault,
    self: 'beijing',
    peer: 'moscow',
    link: { call: (frame) => network.carry('beijing', 'moscow', frame) },
  });
  return {
    answer: await peer.request(
      () => message,
      0,
      ({ accepted }) => accepted,
    ),
  };
}

// Encodings

const plain = { noNullPrototype: true };
const uuid = fc.uuid().map((id) => id.toLowerCase());
const batch = fc.record(
  {
    lane: fc.constant('kme/a>b'),
    bytes: fc.integer({ min: 1, max: 512 }),
    masterSae: fc.string({ unit: 'grapheme', maxLength: 8 }),
    slaveSae: fc.string({ maxLength: 64 }),
    keys: fc.array(fc.record({ keyId: uuid, offset: fc.maxSafeNat() }, plain), { minLength: 1, maxLength: 20 }),
  },
  plain,
);
const message: fc.Arbitrary<PeerMessage> = fc.oneof(
  fc.record({ kind: fc.constantFrom('assign' as const, 'void' as const), batch }, plain),
  fc.record(
    {
      kind: fc.constant('alarm' as const),
      link: fc.string({ maxLength: 30 }),
      state: fc.constantFrom('dropped' as const, 'open' as const),
      atMs: fc.nat(),
      reason: fc.string({ unit: 'grapheme', maxLength: 40 }),
    },
    plain,
  ),
);

test('a message comes back as it was, and has one encoding', () => {
  fc.assert(
    fc.property(message, (given) => {
      const bytes = encodeMessage(given);
      const read = decodeMessage(bytes, 'a', 'b');
      assert.deepEqual(read, given);
      assert.equal(hex(encodeMessage(read)), hex(bytes));
      assert.throws(() => decodeMessage(bytes.subarray(0, -1), 'a', 'b'), code('kme/malformed'));
      assert.throws(() => decodeMessage(Uint8Array.of(...bytes, 0), 'a', 'b'), code('kme/malformed'));
    }),
    { seed: 1 },
  );
  for (const given of [{ accepted: true }, { accepted: false, reason: 'because' }] as const) {
    assert.deepEqual(decodeAnswer(encodeAnswer(given)), given);
  }
});

test('any bytes at all are a message or kme/malformed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      for (const read of [() => decodeMessage(bytes, 'a', 'b'), () => decodeAnswer(bytes)]) {
        try {
          read();
        } catch (error) {
          code('kme/malformed')(error);
        }
      }
    }),
    { seed: 2, numRuns: 2_000 },
  );
});

test('a length that is larger than the message is refused before room is made for it', () => {
  const bytes = new Writer().u32(2 ** 32 - 1).finish();
  assert.throws(() => new Reader(bytes).text(), code('kme/malformed'));
  assert.throws(() => new Reader(bytes).texts(5), code('kme/malformed'));
  assert.throws(() => new Reader(bytes).bytes(2 ** 32), code('kme/malformed'));
  assert.throws(() => new Writer().u53(2 ** 53), code('kme/argument'));
  assert.throws(() => new Writer().u53(-1), code('kme/argument'));
  assert.throws(() => new Reader(new Writer().f64(Number.NaN).finish()).f64(), code('kme/malformed'));
});

test('the vectors of PROTOCOL.md', () => {
  const keys = [{ keyId: '00112233-4455-4677-8899-aabbccddeeff', offset: 64 }];
  const vectors: PeerMessage[] = [
    { kind: 'assign', batch: { lane: 'kme/a>b', bytes: 32, masterSae: 'alice', slaveSae: 'bob', keys } },
    { kind: 'alarm', link: 'micius-a', state: 'dropped', reason: 'tapped', atMs: 1000 },
  ];
  const document = readFileSync(new URL('../PROTOCOL.md', import.meta.url), 'utf8');
  for (const vector of vectors) assert.ok(document.includes(`\`${hex(encodeMessage(vector))}\``), vector.kind);
});
