import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zeros } from '@skykey/bits';
import { runAlice } from './alice.ts';
import { runBob } from './bob.ts';
import { decode, encode, type Message, type MessageType, typeOf } from './messages.ts';
import { blockIdOf, parameterValues } from './parameters.ts';
import { VERSION } from './protocol.ts';
import {
  distil,
  linePair,
  MemoryPads,
  MemoryStore,
  type Site,
  SMALL_BLOCK,
  SMALL_LIGHT,
  seededBytes,
  seededWords,
  settle,
  synthesise,
  type Tamper,
  twoSites,
} from './test/benchtop.ts';

/**
 * A man in the middle who can do everything with the classical line, and must not be able to do anything with it: attacks that
 * need a plan. Those that change one message are in `attack-matrix.test.ts`.
 */

const BLOCK = blockIdOf(SMALL_BLOCK);

const LAST = (await distil()).messages - 1;

test('a repeated tag comes after the verdict', async () => {
  for (const index of [LAST - 2, LAST - 1, LAST]) {
    const sites = twoSites();
    const { alice, bob } = await distil({
      sites,
      tamper: (bytes, _direction, i) => (i === index ? [bytes, bytes] : [bytes]),
    });
    // Bob has accepted by then and so has Alice; where the copy of her first tag stands in for her release, Bob waits.
    assert.equal(alice.report?.verdict, 'accepted');
    assert.equal(bob.report?.verdict === 'accepted', index !== LAST - 2);
    assert.deepEqual(await sites.bob.store.held(), index === LAST - 2 ? [BLOCK] : []);
  }
});

test('a wrong tag is an alarm at the side that finds it, and the other hears of it', async () => {
  for (const type of ['tag', 'accept'] as const) {
    const { alice, bob } = await distil({
      tamper: (bytes) => {
        const message = decode(bytes);
        return [message.type === type ? encode({ ...message, tag: message.tag.map((byte) => byte ^ 1) }) : bytes];
      },
    });
    assert.match(alice.report!.reason!, /an authentication tag is wrong/);
    assert.match(bob.report!.reason!, /an authentication tag is wrong/);
    const [finder, other] = type === 'tag' ? [bob, alice] : [alice, bob];
    assert.deepEqual([finder.alarms, finder.warnings], [['authentication'], []]);
    assert.deepEqual([other.alarms, other.warnings], [[], ['peer']]);
    assert.equal(alice.report!.authenticationBitsSpent, 384);
    assert.equal(bob.report!.authenticationBitsSpent, type === 'tag' ? 0 : 256);
  }
});

test('keys that differ after error correction are caught by the verification tag', async () => {
  // Whoever changes parities and the tags of the frames leaves Bob with another key, and both without one.
  const { alice, bob } = await distil({
    tamper: (bytes) => {
      const message = decode(bytes);
      if (message.type === 'verify') return [encode({ ...message, seed: message.seed.map((byte) => byte ^ 0x10) })];
      return [bytes];
    },
  });
  for (const { report } of [alice, bob]) {
    assert.match(report!.reason!, /verification tags are not equal/);
    assert.equal(report!.authenticationBitsSpent, 0);
  }
  assert.deepEqual([bob.alarms, bob.warnings], [['verification'], []]);
  assert.deepEqual([alice.alarms, alice.warnings], [[], ['peer']]);
});

test('a forged message to stop ends the session and releases nothing', async () => {
  for (const code of [1, 8, 9, 10, 200]) {
    for (const target of [3, LAST - 2, LAST - 1, LAST]) {
      const sites = twoSites();
      const { alice, bob } = await distil({
        sites,
        tamper: (bytes, _direction, i) => [i === target ? encode({ type: 'abort', code }) : bytes],
      });
      assert.deepEqual(sites.bob.store.released(), []);
      assert.equal(bob.report?.verdict === 'accepted', false);
      assert.deepEqual([alice.alarms, bob.alarms], [[], []], `code ${code} in place of message ${target}`);
      if (target === LAST) assert.match(bob.report!.reason!, /stays in quarantine until the next session settles it/);
      else assert.equal(alice.report?.verdict === 'accepted', false);
    }
  }
});

/** A site that remembers for which pads it sent a tag. */
function watchTags(sites: { alice: Site; bob: Site }) {
  const sent = { alice: [] as number[], bob: [] as number[] };
  const tamper: Tamper = (bytes) => {
    const message = decode(bytes);
    if (message.type === 'tag') sent.alice.push(message.pad);
    if (message.type === 'release') sent.alice.push(sites.alice.pads.touched.at(-1)!);
    if (message.type === 'accept') sent.bob.push(sites.bob.pads.touched.at(-1)!);
    return [bytes];
  };
  return { sent, tamper };
}

test('lies about the next pad never make two tags under one pad', async () => {
  const sites = twoSites();
  const { sent, tamper } = watchTags(sites);
  const next = seededWords(31);
  for (let session = 1; session <= 40; session++) {
    // A tag is withheld, or Bob hears another index than Alice's.
    const lie = (bytes: Uint8Array): Uint8Array => {
      const message = decode(bytes);
      if (message.type !== 'tag') return bytes;
      return next() % 3 ? bytes : encode({ ...message, pad: Math.max(0, message.pad + (next() % 9) - 5) });
    };
    const withheld = next() % 3 === 0 ? 'accept' : next() % 2 ? 'release' : 'none';
    await distil({
      sites,
      parameters: { ...SMALL_BLOCK, sessionId: `session-${session}` },
      tamper: (bytes, direction, i) => {
        tamper(bytes, direction, i);
        return typeOf(bytes) === withheld ? [] : [lie(bytes)];
      },
    });
  }
  const all = [...sent.alice, ...sent.bob];
  assert(all.length > 30, `${all.length} tags`);
  assert.equal(new Set(all).size, all.length, 'a pad was used for two tags');
});

test('the acceptance that never arrived cannot be paired with a tag of the next session', async () => {
  // Bob accepts with pad 1, Alice never hears it. Were pads merely the next ones, she would send her next tag under pad 1,
  // and the two tags would give away the hash point.
  const sites = twoSites();
  const { sent, tamper } = watchTags(sites);
  await distil({
    sites,
    tamper: (bytes, direction, i) =>
      typeOf(bytes) === 'accept' ? tamper(bytes, direction, i).slice(1) : tamper(bytes, direction, i),
  });
  assert.deepEqual(sent, { alice: [0], bob: [1] });
  // Nor with anything else that Alice's side hides under a pad of the same lane, such as the relay's tags.
  assert.equal(await sites.alice.pads.nextPad(), 3);
  await distil({ sites, parameters: { ...SMALL_BLOCK, sessionId: 'session-2' }, tamper });
  assert.deepEqual(sent, { alice: [0, 3, 5], bob: [1, 4] });
});

test('a pad that is not there, is used or is none of hers: refused, and Bob has what he had', async () => {
  for (const pad of [1, 2, 4, 10_000_000, 2 ** 53 - 1, 2 ** 53 - 2, 2 ** 53 - 3]) {
    const sites = twoSites();
    const { alice, bob } = await distil({
      sites,
      tamper: (bytes) => {
        const message = decode(bytes);
        return [message.type === 'tag' ? encode({ ...message, pad }) : bytes];
      },
    });
    assert.match(bob.report!.reason!, /names an authentication pad|tag is wrong/);
    assert.equal(alice.report!.reason, bob.report!.reason);
    assert.deepEqual(sites.bob.pads.touched, []);
  }
});

/** Alice against a Bob who says what the test wants. */
async function againstAlice(
  script: readonly Message[],
): Promise<{ code: string; answers: MessageType[]; store: MemoryStore }> {
  const line = linePair();
  const store = new MemoryStore();
  const answers: MessageType[] = [];
  const work = runAlice({
    parameters: SMALL_BLOCK,
    channel: line.alice,
    emissions: synthesise(SMALL_BLOCK, SMALL_LIGHT).emissions,
    keys: new MemoryPads(3),
    store,
    random: seededBytes(5),
  });
  const listen = (async () => {
    for (const message of script) await line.bob.send(encode(message));
    for (;;) answers.push(typeOf(await line.bob.receive())!);
  })();
  const [alice] = await settle(line, work, listen);
  return { code: alice.status === 'rejected' ? alice.reason.code : alice.value.reason!, answers, store };
}

const HELLO: Message = {
  type: 'hello-bob',
  version: VERSION,
  parameters: parameterValues(SMALL_BLOCK),
  held: [],
};
const { pulses } = SMALL_BLOCK;

test('Alice announces no basis and no intensity before the pass has ended', async () => {
  const bases: Message = { type: 'bases', basis: zeros(0) };
  const empty: Message = { type: 'detect', detections: { from: 0, until: pulses, slot: new Float64Array(0) } };
  for (const script of [
    [bases],
    [HELLO, bases],
    [HELLO, { type: 'test-bob', bits: zeros(0) } as Message],
    [HELLO, empty, bases],
    [HELLO, empty, { type: 'reconciled', corrected: 0 } as Message],
    [HELLO, HELLO],
    [HELLO, empty, empty],
  ]) {
    const { code, answers } = await againstAlice(script);
    assert.equal(code, 'distill/protocol');
    assert(!answers.includes('settings') && !answers.includes('test-alice'));
    assert.equal(answers.at(-1), 'abort');
  }
});

test('a peer of version 1 is refused in a sentence, and its id is not used up', async () => {
  const { code, answers, store } = await againstAlice([{ ...HELLO, version: 1 }]);
  assert.equal(code, 'distill/version');
  assert.deepEqual(answers, ['abort']);
  assert.equal(await store.wasBegun(BLOCK), false);
});

test('a Bob who ends early, skips slots, goes back or claims too much is refused', async () => {
  const detect = (from: number, until: number, slot: number[]): Message => ({
    type: 'detect',
    detections: { from, until, slot: Float64Array.from(slot) },
  });
  const end = (at: number, detections: number): Message => ({ type: 'end', pulses: at, detections });
  for (const [script, expected] of [
    [[HELLO, end(0, 0)], /cut short/],
    [[HELLO, detect(0, 1000, []), end(1000, 0)], /cut short/],
    [[HELLO, detect(0, pulses, []), end(pulses, 1)], /distill\/protocol/],
    [[HELLO, detect(0, 1000, []), end(pulses, 0)], /distill\/protocol/],
    [[HELLO, detect(5, 1000, [])], /distill\/protocol/],
    [[HELLO, detect(0, 1000, []), detect(999, 2000, [])], /distill\/protocol/],
    [[HELLO, detect(0, pulses + 1, [])], /distill\/protocol/],
    // Watched nothing: such a message could be said for ever.
    [[HELLO, detect(0, 0, [])], /distill\/protocol/],
    [[HELLO, detect(0, 1000, []), detect(1000, 1000, [])], /distill\/protocol/],
  ] as const) {
    const { code, answers } = await againstAlice(script);
    assert.match(code, expected);
    assert(!answers.includes('settings'));
  }
});

test('Bob discloses no basis to an Alice who skips the order', async () => {
  const hello: Message = {
    type: 'hello-alice',
    version: VERSION,
    parameters: parameterValues(SMALL_BLOCK),
    fates: new Uint8Array(0),
  };
  for (const script of [
    [hello, { type: 'settings', basis: zeros(0), intensity: { length: 0, packed: new Uint8Array(0) } }],
    [hello, { type: 'shuffle', seed: new Uint8Array(16) }],
    [hello, { type: 'monitor', positions: zeros(3) }],
    [hello, { type: 'emissions', emission: new Uint8Array(0) }],
    [hello, { type: 'tag', pad: 0, tag: new Uint8Array(16) }],
    [{ ...hello, fates: new Uint8Array(5) }],
  ] as Message[][]) {
    const line = linePair();
    const said: MessageType[] = [];
    const work = runBob({
      parameters: SMALL_BLOCK,
      channel: line.bob,
      chunks: synthesise(SMALL_BLOCK, SMALL_LIGHT).chunks(),
      keys: new MemoryPads(3),
      store: new MemoryStore(),
      random: seededBytes(5),
    });
    const listen = (async () => {
      for (const message of script) await line.alice.send(encode(message));
      for (;;) said.push(typeOf(await line.alice.receive())!);
    })();
    const [bob] = await settle(line, work, listen);
    assert(bob.status === 'rejected');
    assert.equal(bob.reason.code, 'distill/protocol');
    assert(!said.includes('bases') && !said.includes('clicks'));
  }
});

/** Bob against somebody in the place of Alice who marks each detection with the given probability; how many bits he told. */
async function againstBob(probability: number, monitorProbability: number): Promise<{ told: number; reason: string }> {
  const parameters = { ...SMALL_BLOCK, monitorProbability };
  const line = linePair();
  const next = seededWords(17);
  let told = 0;
  const work = runBob({
    parameters,
    channel: line.bob,
    chunks: synthesise(parameters, { ...SMALL_LIGHT, chunk: 1000 }).chunks(),
    keys: new MemoryPads(3),
    store: new MemoryStore(),
    random: seededBytes(5),
  });
  const stranger = (async () => {
    for (;;) {
      const message = decode(await line.alice.receive());
      if (message.type === 'hello-bob') {
        const { version, parameters: same } = message;
        await line.alice.send(encode({ type: 'hello-alice', version, parameters: same, fates: new Uint8Array(0) }));
      } else if (message.type === 'detect') {
        const positions = zeros(message.detections.slot.length);
        for (let i = 0; i < positions.length; i++)
          if (next() / 2 ** 32 < probability) positions.bytes[i >> 3]! |= 1 << (i & 7);
        await line.alice.send(encode({ type: 'monitor', positions }));
      } else if (message.type === 'clicks') {
        told += message.detector.length;
        // He says that he sent just what Bob has told him, so nothing is amiss.
        await line.alice.send(encode({ type: 'emissions', emission: message.detector }));
      }
    }
  })();
  const [bob] = await settle(line, work, stranger);
  assert(bob.status === 'rejected');
  return { told, reason: bob.reason.message };
}

test('whoever speaks in the place of Alice hears no more of the monitor than its share', async () => {
  const share = 0.05;
  for (const [greed, most] of [
    [1, 0],
    [0.2, 0],
    [0.08, 800],
  ] as const) {
    const { told, reason } = await againstBob(greed, share);
    assert.match(reason, /disclosed, each with probability 0.05: that is no chance/);
    assert(told <= most, `${told} told`);
  }
  assert.match((await againstBob(0.01, 0)).reason, /each with probability 0: that is no chance/);
  // At the share that was agreed he is not told from Alice: the rest of the pass is all that stops him.
  assert.match((await againstBob(share, share)).reason, /the peer is gone/);
});

test('noise on the line never does more than end the session', async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = seededWords(seed);
    const sites = twoSites();
    const { alice, bob } = await distil({
      sites,
      tamper: (bytes) => {
        const dice = next() % 200;
        if (dice === 0) return [seededBytes(seed)(next() % 300)];
        if (dice === 1) return [Uint8Array.of(bytes[0]!, ...seededBytes(seed)(next() % 60))];
        return [bytes];
      },
    });
    const accepted = [alice, bob].filter(({ report }) => report?.verdict === 'accepted').length;
    if (accepted === 2) assert.deepEqual(sites.alice.store.keys.get(BLOCK), sites.bob.store.keys.get(BLOCK));
    if (bob.report?.verdict === 'accepted') assert.equal(accepted, 2);
    for (const { result } of [alice, bob]) {
      if (result.status === 'rejected')
        assert.match(result.reason.code ?? result.reason.message, /^distill\/|no record of slot/);
    }
  }
});
