import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAlice } from './alice.ts';
import { runBob } from './bob.ts';
import { decode, encode } from './messages.ts';
import type { ParameterValue } from './parameters.ts';
import { VERSION } from './protocol.ts';
import { REASONS } from './refusal.ts';
import { distil, linePair, SMALL_BLOCK, SMALL_LIGHT, seededBytes, synthesise, twoSites } from './test/benchtop.ts';
import type { Channel, SessionEvent } from './types.ts';

/**
 * A hard alarm destroys keys of other sessions. So it is raised for what a party finds itself, after both hellos said the
 * same, and never for what somebody on the line merely says. That does not keep strangers from it: they can say the hello back.
 */

const LAST = (await distil()).messages - 1;
/** Hello of Bob, of Alice; in the middle of the pass; the three tags. */
const PLACES = [0, 1, 4, LAST - 2, LAST - 1, LAST];
/** Those of which people hear: alarms of the peer's, and codes that mean nothing. */
const TELLING = [3, 5, 6, 8, 9, 200];

test('a word to stop raises no hard alarm, whatever reason it gives and wherever it comes', async () => {
  const codes = [...Object.values(REASONS).map(({ code }) => code), 200];
  assert(codes.length > 11);
  for (const code of codes) {
    for (const place of PLACES) {
      const { alice, bob } = await distil({
        tamper: (bytes, _direction, i) => [i === place ? encode({ type: 'abort', code }) : bytes],
      });
      assert.deepEqual([alice.alarms, bob.alarms], [[], []], `code ${code} in place of message ${place}`);
      const told = [...alice.warnings, ...bob.warnings];
      assert.deepEqual(told, TELLING.includes(code) ? ['peer'] : [], `code ${code} in place of message ${place}`);
    }
  }
});

test('a peer of another version is no hard alarm at either side', async () => {
  for (const place of [0, 1]) {
    const { alice, bob } = await distil({
      tamper: (bytes, _direction, i) =>
        i === place ? [Uint8Array.from(bytes, (byte, at) => (at === 1 ? VERSION - 1 : byte))] : [bytes],
    });
    const [finder, other] = place === 0 ? [alice, bob] : [bob, alice];
    assert(finder.result.status === 'rejected');
    assert.equal(finder.result.reason.code, 'distill/version');
    assert.deepEqual([finder.alarms, finder.warnings], [[], ['protocol']]);
    assert.deepEqual([other.alarms, other.warnings], [[], ['peer']]);
  }
});

test('nonsense is a hard alarm at the side that hears it once the hellos agree, and none before', async () => {
  for (const place of PLACES) {
    const { alice, bob } = await distil({
      tamper: (bytes, _direction, i) => [i === place ? Uint8Array.of(0) : bytes],
    });
    const hard = [...alice.alarms, ...bob.alarms];
    assert.deepEqual(hard, place < 2 ? [] : ['protocol'], `message ${place}`);
  }
});

test('somebody who resends what he measured: both sides find it by themselves, neither needs the word of the other', async () => {
  // In the live monitor, and with no monitor in the test basis; the word to stop is swallowed.
  for (const monitorProbability of [0.05, 0]) {
    const { alice, bob } = await distil({
      parameters: { ...SMALL_BLOCK, monitorProbability },
      light: { ...SMALL_LIGHT, qber: 0.25 },
      tamper: (bytes) => (bytes[0] === 0x7f ? [] : [bytes]),
    });
    const kind = monitorProbability ? 'qber-monitor' : 'qber-block';
    for (const party of [alice, bob]) {
      assert.deepEqual(party.alarms, [kind]);
      assert.equal(party.report!.verdict, 'refused');
    }
  }
});

test('a stranger who says the hello back and then nonsense is taken for a peer that breaks the protocol', async () => {
  const { alice, bob } = twoSites();
  const heard: string[] = [];
  const party = (channel: Channel, { store, pads }: typeof alice) => ({
    ...{ parameters: SMALL_BLOCK, channel, store, keys: pads, random: seededBytes(1) },
    onEvent: (event: SessionEvent) => {
      if (event.kind === 'alarm') heard.push(`${event.alarm.severity} ${event.alarm.kind}`);
    },
  });
  const { emissions, chunks } = synthesise(SMALL_BLOCK, SMALL_LIGHT);
  const broken = { code: 'distill/protocol' };

  const inPlaceOfAlice = linePair();
  const bobEnds = assert.rejects(runBob({ ...party(inPlaceOfAlice.bob, bob), chunks: chunks() }), broken);
  const hello = decode(await inPlaceOfAlice.alice.receive());
  assert(hello.type === 'hello-bob');
  const { parameters } = hello;
  await inPlaceOfAlice.alice.send(
    encode({ type: 'hello-alice', version: VERSION, parameters, fates: new Uint8Array(0) }),
  );
  await inPlaceOfAlice.alice.send(Uint8Array.of(0));
  await bobEnds;
  assert.deepEqual(heard, ['hard protocol']);

  // Twice: once to hear what Alice's parameters are, once to say them.
  let told: readonly ParameterValue[] = [];
  for (const alarms of [['hard protocol'], ['hard protocol', 'hard protocol']]) {
    const inPlaceOfBob = linePair();
    const aliceEnds = Promise.allSettled([runAlice({ ...party(inPlaceOfBob.alice, alice), emissions })]);
    await inPlaceOfBob.bob.send(encode({ type: 'hello-bob', version: VERSION, parameters: told, held: [] }));
    const answer = decode(await inPlaceOfBob.bob.receive());
    assert(answer.type === 'hello-alice');
    told = answer.parameters;
    await inPlaceOfBob.bob.send(Uint8Array.of(0));
    await aliceEnds;
    assert.deepEqual(heard, alarms);
  }
  // It costs alarms and the light of the pass, and gives no key.
  assert.deepEqual([alice.store.calls, bob.store.calls], [[], []]);
});
