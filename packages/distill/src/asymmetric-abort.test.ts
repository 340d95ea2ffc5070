import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SecretBytes } from '@skykey/bits';
import { runAlice } from './alice.ts';
import { runBob } from './bob.ts';
import { DistillError } from './error.ts';
import { decode, encode, typeOf } from './messages.ts';
import { blockIdOf } from './parameters.ts';
import {
  distil,
  linePair,
  MemoryPads,
  SMALL_BLOCK,
  SMALL_LIGHT,
  seededBytes,
  settle,
  synthesise,
  twoSites,
} from './test/benchtop.ts';
import type { Channel, SessionEvent } from './types.ts';

/**
 * Ends that only one side sees (pitfall P11; Tupkary, Nahar and Tan, arXiv:2601.17960). AUTHENTICATION.md tells what each
 * test is about.
 */

const BLOCK = blockIdOf(SMALL_BLOCK);
const session = (i: number) => ({ ...SMALL_BLOCK, sessionId: `session-${i}` });

test('P11: whichever of the three tags is stopped or forged, nobody releases before Alice, and nobody but her alone', async () => {
  for (const type of ['tag', 'accept', 'release'] as const) {
    for (const forged of [false, true]) {
      const sites = twoSites();
      const { alice, bob } = await distil({
        sites,
        tamper: (bytes) => {
          if (typeOf(bytes) !== type) return [bytes];
          const last = bytes.length - 1;
          return forged ? [Uint8Array.from(bytes, (byte, i) => (i === last ? byte ^ 1 : byte))] : [];
        },
      });
      const released = type === 'release' ? [BLOCK] : [];
      assert.deepEqual(sites.alice.store.released(), released);
      assert.deepEqual(sites.bob.store.released(), []);
      assert.deepEqual(await sites.bob.store.held(), type === 'tag' ? [] : [BLOCK]);
      assert.notEqual(bob.report?.verdict, 'accepted');
      assert.equal(alice.report?.verdict === 'accepted', type === 'release');
    }
  }
});

test('P11: a word to stop that nobody authenticated takes no key away that the other side has', async () => {
  // Bob has accepted; Alice hears "abort" in place of it, and he hears "abort" in place of her answer.
  const sites = twoSites();
  await distil({
    sites,
    tamper: (bytes) => (typeOf(bytes) === 'accept' ? [encode({ type: 'abort', code: 10 })] : [bytes]),
  });
  assert.deepEqual(sites.alice.store.released(), []);
  assert.deepEqual(await sites.bob.store.held(), [BLOCK]);
  // She released; "abort" arrives in place of her word. He keeps the block for the next session to settle.
  const others = twoSites();
  await distil({
    sites: others,
    tamper: (bytes) => (typeOf(bytes) === 'release' ? [encode({ type: 'abort', code: 10 })] : [bytes]),
  });
  assert.deepEqual(others.alice.store.released(), [BLOCK]);
  assert.deepEqual(await others.bob.store.held(), [BLOCK]);
  await distil({ sites: others, parameters: session(2), seed: 60 });
  assert(others.bob.store.released().includes(BLOCK));
});

test('a stranger in the place of Bob gets as far as the tags and no further', async () => {
  const sites = twoSites();
  const strangers = new MemoryPads(99);
  const { alice } = await distil({ sites: { alice: sites.alice, bob: { ...sites.bob, pads: strangers } } });
  assert.equal(alice.report?.verdict, 'refused');
  // He says that her tag is wrong; she has found nothing herself.
  assert.deepEqual([alice.alarms, alice.warnings], [[], ['peer']]);
  for (const { store } of [sites.alice, sites.bob]) assert.deepEqual(store.released(), []);
});

test('a session whose first tag never arrives leaves the pads of both sides where a later session can use them', async () => {
  // Somebody stops Alice's tag, session after session, and then goes away.
  const sites = twoSites();
  for (let i = 0; i < 24; i++) {
    await distil({
      sites,
      parameters: session(i),
      tamper: (bytes) => (typeOf(bytes) === 'tag' ? [] : [bytes]),
      seed: i,
    });
  }
  const { alice, bob } = await distil({ sites, parameters: session(99), seed: 99 });
  assert.equal(alice.report?.verdict, 'accepted', alice.report?.reason);
  assert.equal(bob.report?.verdict, 'accepted');
});

test('a lie about the pad costs Bob nothing, Alice three pads, and the next session has a key', async () => {
  for (const lie of [1, 3, 64, 300, 3_000_000]) {
    const sites = twoSites();
    await distil({
      sites,
      tamper: (bytes) => {
        const message = decode(bytes);
        return [message.type === 'tag' ? encode({ ...message, pad: message.pad + lie }) : bytes];
      },
    });
    assert.deepEqual([sites.alice.pads.next, sites.bob.pads.next], [3, 0]);
    const { bob } = await distil({ sites, parameters: session(2), seed: 60 });
    assert.equal(bob.report?.verdict, 'accepted');
    assert.deepEqual([sites.alice.pads.next, sites.bob.pads.next], [6, 6]);
  }
});

test('tags made up in the place of Alice spend none of the pads of Bob, however often', async () => {
  const sites = twoSites();
  for (let i = 0; i < 12; i++) {
    const { bob } = await distil({
      sites: { alice: { ...sites.alice, pads: new MemoryPads(99) }, bob: sites.bob },
      parameters: session(i),
      seed: i,
    });
    assert.match(bob.report!.reason!, /tag is wrong/);
  }
  assert.deepEqual(sites.bob.pads.touched, []);
  const { bob } = await distil({ sites, parameters: session(99), seed: 99 });
  assert.equal(bob.report?.verdict, 'accepted');
});

test('the id of a session that was begun is never used again, whatever became of it', async () => {
  // The same light under a second seed of shuffles and tags would disclose it twice, and only one of the two is counted.
  const sites = twoSites();
  await distil({
    sites,
    tamper: (bytes) => (typeOf(bytes) === 'verified' ? [encode({ type: 'abort', code: 10 })] : [bytes]),
  });
  const { alice, bob } = await distil({ sites, seed: 60 });
  for (const { result } of [alice, bob]) {
    assert(result.status === 'rejected' && result.reason instanceof DistillError);
    assert.equal(result.reason.code, 'distill/session-used');
  }
  assert.deepEqual([...sites.alice.store.released(), ...sites.bob.store.released()], []);
});

test('the id is used up before the first word about the light, on both sides, and by nothing before that', async () => {
  // What each has on its disk when a message leaves it, whoever hears it.
  const sites = twoSites();
  const checks: Promise<void>[] = [];
  await distil({
    sites,
    tamper: (bytes, direction) => {
      const type = typeOf(bytes)!;
      const { store } = direction === 'alice-to-bob' ? sites.alice : sites.bob;
      checks.push(
        store.wasBegun(BLOCK).then((begun) => {
          assert.equal(begun, !type.startsWith('hello'), type);
        }),
      );
      return [bytes];
    },
  });
  assert(checks.length > 20);
  await Promise.all(checks);
  // Parties that disagree have said nothing about it: the same id may be tried again.
  const others = twoSites();
  await distil({ sites: others, bobParameters: { ...SMALL_BLOCK, epsSec: 0.2 } });
  const { alice } = await distil({ sites: others });
  assert.equal(alice.report?.verdict, 'accepted');
});

test('when the disk does not take the id, nothing is said about the light', async () => {
  for (const side of ['alice', 'bob'] as const) {
    const sites = twoSites();
    const said: string[] = [];
    sites[side].store.before = () => {
      throw new Error('disk full');
    };
    const outcomes = await distil({
      sites,
      tamper: (bytes, direction) => {
        if (direction.startsWith(side)) said.push(typeOf(bytes)!);
        return [bytes];
      },
    });
    const { result } = outcomes[side];
    assert(result.status === 'rejected');
    assert.equal(result.reason.message, 'disk full');
    assert.deepEqual(said, [`hello-${side}`, 'abort']);
  }
});

test('Alice does not release what she will not be able to tell: her last pad is there before she does', async () => {
  const sites = twoSites();
  class TwoPads extends MemoryPads {
    override async pad(index: number): Promise<SecretBytes> {
      if (index > 1) throw new Error('the reserve is used up');
      return super.pad(index);
    }
  }
  await distil({ sites: { ...sites, alice: { ...sites.alice, pads: new TwoPads(3) } } });
  for (const { store } of [sites.alice, sites.bob]) assert.deepEqual(store.calls, []);
});

test('a line that breaks at her last word does not make Alice say that there is no key', async () => {
  const sites = twoSites();
  const line = linePair();
  const breaking: Channel = {
    receive: () => line.alice.receive(),
    async send(message) {
      if (typeOf(message) === 'release') throw new DistillError('distill/peer-gone', 'the peer is gone');
      await line.alice.send(message);
    },
  };
  const source = synthesise(SMALL_BLOCK, SMALL_LIGHT);
  const shared = { parameters: SMALL_BLOCK };
  const [alice] = await settle(
    line,
    runAlice({
      ...shared,
      channel: breaking,
      emissions: source.emissions,
      keys: sites.alice.pads,
      store: sites.alice.store,
      random: seededBytes(1),
    }),
    runBob({
      ...shared,
      channel: line.bob,
      chunks: source.chunks(),
      keys: sites.bob.pads,
      store: sites.bob.store,
      random: seededBytes(2),
    }),
  );
  assert.deepEqual(sites.alice.store.released(), [BLOCK]);
  assert(alice.status === 'fulfilled', 'she has the key: her session did not fail');
  assert.equal(alice.value.verdict, 'accepted');
  const warnings = alice.value.alarms.map(({ severity, kind, message }) => `${severity} ${kind}: ${message}`);
  assert.match(warnings.join(), /^soft release: the key is released here, .*the peer is gone.*next session tells him$/);
  assert.deepEqual(await sites.bob.store.held(), [BLOCK]);
  await distil({ sites, parameters: session(2), seed: 60 });
  assert.deepEqual(sites.bob.store.keys.get(BLOCK), sites.alice.store.keys.get(BLOCK));
  assert(sites.bob.store.released().includes(BLOCK));
});

test('a listener that fails after the release does not make a session with a key a failed one', async () => {
  const sites = twoSites();
  const line = linePair();
  const source = synthesise(SMALL_BLOCK, SMALL_LIGHT);
  const shared = {
    parameters: SMALL_BLOCK,
    onEvent: (event: SessionEvent) => {
      if (event.kind === 'stage' && event.stage === 'done') throw new Error('the screen is broken');
    },
  };
  const both = await settle(
    line,
    runAlice({
      ...shared,
      channel: line.alice,
      emissions: source.emissions,
      keys: sites.alice.pads,
      store: sites.alice.store,
      random: seededBytes(1),
    }),
    runBob({
      ...shared,
      channel: line.bob,
      chunks: source.chunks(),
      keys: sites.bob.pads,
      store: sites.bob.store,
      random: seededBytes(2),
    }),
  );
  for (const party of both) assert(party.status === 'fulfilled' && party.value.verdict === 'accepted');
});
