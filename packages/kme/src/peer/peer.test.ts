import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyBatch } from '@skykey/vault';
import { keyLane, peerLane } from '../lanes.ts';
import { code, keysOf, labels, Network, type Site, text, WAY, wrap } from '../test/sites.ts';
import { PADS_KEPT } from './frame.ts';
import type { PeerAnswer, PeerMessage } from './message.ts';
import { Peer } from './peer.ts';
import { Reader } from './wire.ts';

const LANE = keyLane('beijing', 'moscow', WAY);
const LANES = [LANE, keyLane('moscow', 'beijing', WAY), peerLane('beijing', 'moscow'), peerLane('moscow', 'beijing')];

const letters = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes.subarray(0, 4));
const refused = (bytes: Uint8Array): string => {
  assert.equal(letters(bytes), 'SKR1', 'not refused');
  return new Reader(bytes.subarray(4)).text(4_000);
};

/** All that a message could have changed at a site. */
function state({ vault }: Site): Promise<unknown> {
  return vault.atomically(async (tx) => {
    const available: number[] = [];
    for (const lane of LANES) available.push(await tx.available(lane));
    const pads = [await tx.pads(LANES[2]!).next(), await tx.pads(LANES[3]!).next()];
    return { available, pads, memory: await tx.recallAll(''), counters: await tx.counters() };
  });
}

/** A network in which one key was asked for and nothing got to the peer: its request is at hand, and unread. */
async function withRequest(t: {
  after: (done: () => void | Promise<void>) => void;
}): Promise<{ network: Network; request: Uint8Array }> {
  const network = await Network.open(t);
  network.cut(false);
  await network.beijing.call('GET', 'enc_keys');
  network.mend();
  return { network, request: network.wire[0]!.message };
}

test('a request with any bit flipped, cut short or made longer has no effect and spends nothing', async (t) => {
  const { network, request } = await withRequest(t);
  const { moscow } = network;
  const before = await state(moscow);
  for (let bit = 0; bit < request.length * 8; bit++) {
    const changed = request.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    refused(await moscow.kme.handlePeer(changed));
  }
  for (let length = 0; length < request.length; length++)
    refused(await moscow.kme.handlePeer(request.slice(0, length)));
  refused(await moscow.kme.handlePeer(Uint8Array.of(...request, 0)));
  assert.deepEqual(await state(moscow), before);
  assert.equal(letters(await moscow.kme.handlePeer(request)), 'SKA2');
});

test('the same request again gets the same answer and has no second effect, also after a crash', async (t) => {
  const { network, request } = await withRequest(t);
  const { moscow } = network;
  const answer = await moscow.kme.handlePeer(request);
  const after = await state(moscow);
  assert.deepEqual(await moscow.kme.handlePeer(request), answer);
  await moscow.crash();
  assert.deepEqual(await moscow.kme.handlePeer(request), answer);
  assert.deepEqual(await state(moscow), after);
});

test('another message under the pad of the last one is refused, whatever tag it bears', async (t) => {
  const { network, request } = await withRequest(t);
  const { moscow } = network;
  await moscow.kme.handlePeer(request);
  const before = await state(moscow);
  for (const at of [request.length - 1, request.length - 20]) {
    const changed = request.slice();
    changed[at]! ^= 1;
    assert.match(refused(await moscow.kme.handlePeer(changed)), /was used before|no message of ours/);
  }
  assert.deepEqual(await state(moscow), before);
});

test('pads are taken once, in any order: a request that was overtaken is accepted, and never again', async (t) => {
  const { network, request } = await withRequest(t);
  const { beijing, moscow } = network;
  await beijing.crash();
  const later = await beijing.keys();
  const answer = await moscow.kme.handlePeer(request);
  assert.equal(letters(answer), 'SKA2', 'its pad was not used yet');
  const before = await state(moscow);
  for (const { message } of network.wire) assert.equal(letters(await moscow.kme.handlePeer(message)), 'SKA2');
  assert.deepEqual(await moscow.kme.handlePeer(request), answer);
  assert.deepEqual(await state(moscow), before, 'the same answers, no second effect');
  assert.deepEqual(keysOf(await moscow.fetch(later.map(({ key_ID }) => key_ID))), later);
});

test('a pad whose answer is not kept any more is refused: a replay changes nothing however late it comes', async (t) => {
  const { network, request } = await withRequest(t);
  const { beijing, moscow } = network;
  await moscow.kme.handlePeer(request);
  await beijing.crash();
  // Sixteen answers are kept, by pad.
  for (let i = 0; i < 16; i++) await beijing.keys(1, 64 + 8 * i);
  const before = await state(moscow);
  assert.match(refused(await moscow.kme.handlePeer(request)), /was used before/);
  assert.deepEqual(await state(moscow), before);
});

test('a frame that the peer cannot remember any more is given up, not repeated for ever', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  network.cut(true);
  assert.equal((await beijing.call('GET', 'enc_keys')).status, 503);
  network.mend();
  // Another process of this site speaks meanwhile: its frames take the places of the answers.
  const other = peerOf(network);
  for (let i = 0; i < 16; i++) await word(other);
  assert.equal((await beijing.keys()).length, 1);
  assert.match(refused(await moscow.kme.handlePeer(network.wire[0]!.message)), /was used before/);
});

test('a message thrown back at its sender, or given to somebody else, is refused', async (t) => {
  const { network, request } = await withRequest(t);
  assert.match(refused(await network.beijing.kme.handlePeer(request)), /no message for this node/);
  await network.beijing.keys();
  for (const { answer } of network.wire) {
    if (!answer) continue;
    refused(await network.beijing.kme.handlePeer(answer));
    refused(await network.moscow.kme.handlePeer(answer));
  }
});

test('an answer with any bit flipped is not believed; the true one, sent again, is', async (t) => {
  const network = await Network.open(t);
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
  assert.equal(await beijing.available(LANE), 4096 - 64);
});

test('the answer to another request is not believed', async (t) => {
  const network = await Network.open(t);
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
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  // The peer has handed these bytes out already: the two ends disagree, and nobody gets a key.
  await moscow.tx.reserveAt({ lane: LANE, offset: 0, bytes: 8 });
  const response = await beijing.call('GET', 'enc_keys');
  assert.equal(response.status, 503);
  assert.match(text(response), /refused the keys/);
  assert.equal((await beijing.keys()).length, 1);
});

test('different keys under a known id are refused, the same ones are accepted again', async (t) => {
  const network = await Network.open(t);
  const { moscow, beijing } = network;
  const [sent] = await beijing.keys();
  const batch: KeyBatch = {
    lane: LANE,
    bytes: 32,
    masterSae: 'desk-beijing',
    slaveSaes: ['desk-moscow'],
    keys: [{ keyId: sent!.key_ID, offset: 0 }],
  };
  const say = async (changes: Partial<KeyBatch>): Promise<string> =>
    (await speak(network, { kind: 'assign', batches: [{ ...batch, ...changes }] })).status;
  assert.equal(await say({}), 'accepted');
  assert.equal(await say({ keys: [{ keyId: sent!.key_ID, offset: 64 }] }), 'refused');
  assert.equal(await say({ bytes: 16 }), 'refused');
  assert.equal(await say({ masterSae: 'vpn-beijing', slaveSaes: ['vpn-moscow'] }), 'refused');
  assert.equal(await say({ slaveSaes: ['desk-moscow', 'lab-moscow'] }), 'refused');
  assert.deepEqual(keysOf(await moscow.fetch([sent!.key_ID])), [sent]);
  assert.equal(await say({}), 'refused', 'delivered: it is not assigned again');
});

test('a peer speaks for its own applications and to those they may talk to', async (t) => {
  const network = await Network.open(t);
  const { moscow } = network;
  const keys = [{ keyId: '00000000-1111-4222-8333-444444444444', offset: 0 }];
  for (const [masterSae, ...slaveSaes] of [
    ['desk-moscow', 'desk-beijing'],
    ['desk-beijing', 'vpn-moscow'],
    ['desk-beijing', 'desk-moscow', 'vpn-moscow'],
    ['desk-delhi', 'desk-moscow'],
    ['desk-beijing', 'vpn-delhi'],
    ['desk-beijing', 'desk-delhi'],
    ['', ''],
  ] as const) {
    for (const kind of ['assign', 'void'] as const) {
      const batch = { lane: LANE, bytes: 32, masterSae, slaveSaes, keys };
      const { status } = await speak(network, { kind, batches: [batch] });
      assert.equal(status, 'refused', `${kind} ${masterSae} ${slaveSaes}`);
    }
  }
  assert.deepEqual(await moscow.tx.keys.find([keys[0]!.keyId]), [undefined]);
  assert.equal(await moscow.available(LANE), 4096);
});

test('one message of a frame that is refused leaves the others as they are', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  await moscow.tx.reserveAt({ lane: LANE, offset: 0, bytes: 8 });
  const before = network.wire.length;
  const asked = await Promise.all(
    [1, 2, 3].map((number) => beijing.call('POST', 'enc_keys', { json: { number, size: 64 * number } })),
  );
  assert.equal(network.wire.length, before + 2, 'one alone, the two that came meanwhile together');
  assert.deepEqual(
    asked.map(({ status }) => status),
    [503, 200, 200],
  );
  for (const response of asked.slice(1)) {
    const sent = keysOf(response);
    assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
  }
});

test('what cannot be built is not sent, and harms nobody else in the frame', async (t) => {
  const network = await Network.open(t);
  const peer = peerOf(network);
  const bad = (topic: string, body: Uint8Array): Promise<unknown> =>
    peer.request({ word: true, build: async () => ({ kind: 'word', topic, body }), settle: async () => undefined });
  const results = await Promise.allSettled([
    word(peer),
    bad('x'.repeat(65), new Uint8Array(0)),
    bad('x', new Uint8Array(32 * 1024 + 1)),
    word(peer),
    peer.request({
      word: true,
      build: () => Promise.reject(new Error('changed my mind')),
      settle: async () => undefined,
    }),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected', 'fulfilled', 'rejected'],
  );
  code('kme/argument')((results[1] as PromiseRejectedResult).reason);
  assert.equal(network.wire.length, 2);
});

test('when the vault fails, everybody who waits hears of it', async (t) => {
  const network = await Network.open(t);
  const { beijing } = network;
  wrap(beijing.vault, () => Promise.reject(new Error('input/output error')));
  const peer = peerOf(network);
  const results = await Promise.allSettled([word(peer), word(peer), peer.request({ build: never, settle: never })]);
  assert.ok(results.every((result) => result.status === 'rejected' && /input\/output/.test(String(result.reason))));
});

test('the vault fails after it has taken in an answer: the line is not blocked by a pad that is spent', async (t) => {
  const network = await Network.open(t);
  const { beijing } = network;
  for (const [i, after] of [true, false].entries()) {
    const json = { size: 128 * (i + 1) };
    let count = 0;
    const { atomically } = beijing.vault;
    wrap(beijing.vault, async (run) => {
      // The frame, then its answer.
      const broken = ++count === 3;
      if (broken && !after) throw new Error('connection lost');
      const result = await run();
      if (broken) throw new Error('connection lost during COMMIT');
      return result;
    });
    assert.equal((await beijing.call('POST', 'enc_keys', { json })).status, 503);
    assert.ok(count >= 3);
    beijing.vault.atomically = atomically;
    assert.equal((await beijing.call('POST', 'enc_keys', { json })).status, 200);
  }
});

test('words travel by themselves, sixteen in a frame, so that all answers find room', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  moscow.kme.words.hear('long', async (_, body) => new Uint8Array(32 * 1024).fill(body[0]!));
  const said = await Promise.all(
    Array.from({ length: 40 }, (_, i) => beijing.kme.words.tell('kme-moscow', 'long', Uint8Array.of(i))),
  );
  said.forEach((answer, i) => {
    assert.equal(answer.length, 32 * 1024);
    assert.ok(answer.every((byte) => byte === i));
  });
  assert.equal(network.wire.length, 4);
});

test('alarms may spend the last pads', async (t) => {
  const network = await Network.open(t, { padBytes: 16 + 16 * (PADS_KEPT + 1) });
  const { beijing } = network;
  const peer = peerOf(network);
  assert.equal(await word(peer), 'refused');
  const order: string[] = [];
  const say = (name: string, urgent: boolean): Promise<void> =>
    peer.request({
      urgent,
      build: async () => {
        order.push(name);
        return { ...ALARM, link: name };
      },
      settle: async () => undefined,
    });
  const [first, usual, urgent] = await Promise.allSettled([
    say('first', true),
    say('usual', false),
    say('urgent', true),
  ]);
  assert.deepEqual([first.status, usual.status, urgent.status], ['fulfilled', 'rejected', 'fulfilled']);
  assert.deepEqual(order, ['first', 'urgent']);
  code('kme/no-pads')((usual as PromiseRejectedResult).reason);
  assert.equal(await beijing.tx.pads(peerLane('beijing', 'moscow')).left(), PADS_KEPT - 2);
});

test('answers, too, leave the last pads to alarms; an alarm does not wait for a frame that finds no answer', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  const pads = moscow.tx.pads(peerLane('moscow', 'beijing'));
  while ((await pads.left()) > PADS_KEPT) await pads.useNext();
  const response = await beijing.call('GET', 'enc_keys');
  assert.match(text(response), /too little key is left to authenticate answers/);
  assert.equal(await pads.left(), PADS_KEPT);
  await beijing.kme.raiseAlarm('micius-beijing', 'tapped');
  assert.equal((await beijing.kme.flush()).told, 1, 'the alarm; the void of the key takes effect, and finds no answer');
  assert.equal((await moscow.kme.alarms()).length, 1);
  // Nor does the next alarm wait for that void.
  await beijing.kme.raiseAlarm('micius-moscow', 'tapped');
  assert.equal((await beijing.kme.flush()).told, 2);
  assert.equal((await moscow.kme.alarms()).length, 2);
});

test('while a word is being heard its pad stands for these bytes and no others', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  const heard: number[] = [];
  let refusal: Uint8Array | undefined;
  moscow.kme.words.hear('x', async (_, body) => {
    heard.push(body[0]!);
    const forged = network.wire[0]!.message.slice();
    forged[forged.length - 17]! ^= 1;
    refusal = await moscow.kme.handlePeer(forged);
    return body;
  });
  await beijing.kme.words.tell('kme-moscow', 'x', Uint8Array.of(7));
  assert.deepEqual(heard, [7]);
  assert.match(refused(refusal!), /was used before/);
});

test('a KME voids keys of its own applications only', async (t) => {
  const network = await Network.open(t, { sites: ['beijing', 'moscow', 'delhi'] });
  const { beijing, moscow, delhi } = network;
  const told = labels(['delhi-moscow'], { routes: [['delhi', 'moscow']] });
  await network.share('delhi', 'moscow', 'direct', { keyBytes: 1_024, padBytes: 512, labels: told, seed: 9 });
  const [sent] = await beijing.keys();
  const keys = [{ keyId: sent!.key_ID, offset: 0 }];
  const lane = keyLane('delhi', 'moscow', 'direct');
  const batch: KeyBatch = { lane, bytes: 32, masterSae: 'vpn-delhi', slaveSaes: ['desk-moscow'], keys };
  await delhi.kme.exchange.peer('moscow')!.request({
    build: async () => ({ kind: 'void', batches: [batch] }),
    settle: async () => undefined,
  });
  assert.deepEqual(keysOf(await moscow.fetch([sent!.key_ID])), [sent]);
});

test('forged messages fill the journal slowly', async (t) => {
  const network = await Network.open(t);
  for (let i = 0; i < 50; i++) await network.moscow.kme.handlePeer(new Uint8Array(100));
  assert.equal((await network.moscow.tx.journal.list()).length, 1);
  network.nowMs += 60_000;
  await network.moscow.kme.handlePeer(new Uint8Array(100));
  assert.equal((await network.moscow.tx.journal.list()).length, 2);
});

const ALARM = { kind: 'alarm', foundBy: 'beijing', version: 1, state: 'dropped', reason: 'tapped', atMs: 0 } as const;
const never = (): Promise<never> => Promise.reject(new Error('never called'));

/** A process of Beijing's site beside its KME. */
function peerOf(network: Network): Peer {
  const link = { call: (frame: Uint8Array) => network.carry('beijing', 'moscow', frame) };
  return new Peer({ vault: network.beijing.vault, self: 'beijing', peer: 'moscow', link });
}

const word = (peer: Peer): Promise<string> =>
  peer.request({
    word: true,
    build: async () => ({ kind: 'word', topic: 'nobody hears of this', body: new Uint8Array(0) }),
    settle: async (_, { status }) => status,
  });

/** Has the KME of Beijing say something that it would not say by itself, properly sealed. */
const speak = (network: Network, message: PeerMessage): Promise<PeerAnswer> =>
  peerOf(network).request({ build: async () => message, settle: async (_, answer) => answer });
