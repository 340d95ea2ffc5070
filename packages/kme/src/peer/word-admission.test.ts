import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peerLane } from '../lanes.ts';
import { LINKS, Network, type Site } from '../test/sites.ts';
import { ascii } from './frame.ts';
import { encodeMessage } from './message.ts';
import { Reader, Writer } from './wire.ts';

const wait = (ms: number): Promise<'late'> => new Promise((resolve) => setTimeout(() => resolve('late'), ms).unref());

/** A frame with other messages under the tag that it bears. */
function underTagOf(frame: Uint8Array, messages: Uint8Array[]): Uint8Array {
  const input = new Reader(frame).magic('SKQ2');
  const [from, to, pad] = [input.text(), input.text(), input.u53()];
  const list = new Writer().u32(messages.length);
  for (const m of messages) list.bytes(m);
  return new Writer()
    .raw(ascii('SKQ2'))
    .text(from)
    .text(to)
    .u53(pad)
    .bytes(list.finish())
    .raw(frame.subarray(-16))
    .finish();
}

test('while a word is heard, whoever saw its frame cannot put another message under its tag', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  let go = (): void => undefined;
  moscow.kme.words.hear('slow', async () => {
    await new Promise<void>((r) => (go = r));
    return new Uint8Array(0);
  });
  const told = beijing.kme.words.tell('kme-moscow', 'slow', new Uint8Array(1));
  await wait(50);
  const frame = network.wire[0]!.message;
  const alarm = {
    kind: 'alarm' as const,
    link: LINKS[0]!,
    foundBy: 'mallory',
    version: 5,
    state: 'dropped' as const,
    reason: 'forged',
    atMs: 1e9,
  };
  await moscow.kme.handlePeer(underTagOf(frame, [encodeMessage(alarm, 'beijing', 'moscow')]));
  const alarms = await moscow.kme.alarms();
  go();
  await Promise.race([told.catch(() => undefined), wait(500)]);
  assert.deepEqual(alarms, [], 'an unauthenticated alarm took effect');
});

test('a word that cannot be answered: others under its tag are not heard either', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  const heard: string[] = [];
  moscow.kme.words.hear('say', async (_, body) => {
    heard.push(new TextDecoder().decode(body));
    return new Uint8Array(0);
  });
  // No pad left at Moscow to answer with.
  const pads = moscow.tx.pads(peerLane('moscow', 'beijing'));
  while ((await pads.left()) > 0) await pads.useNext();
  await assert.rejects(beijing.kme.words.tell('kme-moscow', 'say', new TextEncoder().encode('true')));
  const frame = network.wire[0]!.message;
  const word = { kind: 'word' as const, topic: 'say', body: new TextEncoder().encode('false') };
  await moscow.kme.handlePeer(underTagOf(frame, [encodeMessage(word, 'beijing', 'moscow')]));
  assert.ok(!heard.includes('false'), heard.join());
});

test('a word that cannot be answered is not heard again and again', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  const heard: string[] = [];
  moscow.kme.words.hear('say', async (_, body) => {
    heard.push(new TextDecoder().decode(body));
    return new Uint8Array(0);
  });
  const pads = moscow.tx.pads(peerLane('moscow', 'beijing'));
  while ((await pads.left()) > 0) await pads.useNext();
  for (let i = 0; i < 5; i++) {
    await assert.rejects(beijing.kme.words.tell('kme-moscow', 'say', new TextEncoder().encode(`word ${i}`)));
  }
  assert.equal(heard.filter((word) => word === 'word 0').length <= 1, true, heard.join());
});

test('words both ways whose handlers assign keys do not wait for each other', async (t) => {
  const network = await Network.open(t, { keyBytes: 8192 });
  for (const [site, master, slave] of [
    [network.beijing, 'desk-beijing', 'desk-moscow'],
    [network.moscow, 'desk-moscow', 'desk-beijing'],
  ] as [Site, string, string][]) {
    site.kme.words.hear('need', async () => {
      await site.kme.keys.assignKeys({ master, slaves: [slave], count: 1, bytes: 32, keyIds: [network.uuid()] });
      return new Uint8Array(0);
    });
  }
  const all = Promise.all([
    network.beijing.kme.words.tell('kme-moscow', 'need', new Uint8Array(1)),
    network.moscow.kme.words.tell('kme-beijing', 'need', new Uint8Array(1)),
  ]);
  assert.notEqual(await Promise.race([all, wait(10_000)]), 'late');
});

test('a word that takes its time holds up neither keys nor alarms', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  moscow.kme.words.hear('slow', () => new Promise(() => undefined));
  void beijing.kme.words.tell('kme-moscow', 'slow', new Uint8Array(1)).catch(() => undefined);
  await wait(50);
  const got = await Promise.race([beijing.call('GET', 'enc_keys').then(({ status }) => status), wait(5_000)]);
  await beijing.kme.raiseAlarm(LINKS[0]!, 'tapped');
  await Promise.race([beijing.kme.flush(), wait(5_000)]);
  assert.deepEqual([got, (await moscow.kme.alarms()).length], [200, 1]);
});
