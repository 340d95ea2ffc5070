import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Kme } from '../kme.ts';
import { peerLane } from '../lanes.ts';
import { LINKS, Network, policyOf } from '../test/sites.ts';

const wait = (ms: number): Promise<'late'> => new Promise((resolve) => setTimeout(() => resolve('late'), ms).unref());

test("answers to the peer's traffic leave the reserve of pads to alarms", async (t) => {
  const network = await Network.open(t, { keyBytes: 8192 });
  const { beijing, moscow } = network;
  const pads = moscow.tx.pads(peerLane('moscow', 'beijing'));
  while ((await pads.left()) > 6) await pads.useNext();
  for (let i = 0; i < 20; i++)
    await beijing.kme.keys
      .getKeys({ master: 'desk-beijing', slaves: ['desk-moscow'], count: 1, bytes: 32, demand: { minPaths: 1 } })
      .catch(() => undefined);
  const left = await pads.left();
  await moscow.kme.raiseAlarm(LINKS[1]!, 'tapped');
  await moscow.kme.flush();
  const heard = (await beijing.kme.alarms()).length;
  assert.deepEqual([left >= 4, heard], [true, 1], `${left} pads left, alarm heard by ${heard}`);
});

test('voids of ordinary keys leave the reserve of pads to alarms', async (t) => {
  const network = await Network.open(t);
  const { beijing } = network;
  const keys = [];
  for (let i = 0; i < 4; i++) keys.push((await beijing.keys(1))[0]!.key_ID);
  const pads = beijing.tx.pads(peerLane('beijing', 'moscow'));
  while ((await pads.left()) > 4) await pads.useNext();
  for (const keyId of keys) {
    await beijing.kme.keys.voidKeys([keyId]);
    await beijing.kme.flush();
  }
  assert.equal(await pads.left(), 4);
});

test('an alarm does not wait behind an assignment that the peer has no pad to answer', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  const pads = moscow.tx.pads(peerLane('moscow', 'beijing'));
  while ((await pads.left()) > 0) await pads.useNext();
  assert.equal((await beijing.call('GET', 'enc_keys')).status, 503);
  await beijing.kme.raiseAlarm(LINKS[0]!, 'tapped');
  for (let i = 0; i < 3; i++) await beijing.kme.flush();
  assert.equal((await moscow.kme.alarms()).length, 1, 'moscow never hears of it');
});

test('a frame that comes late does not push out the answer that another process waits for', async (t) => {
  const network = await Network.open(t, { keyBytes: 8192 });
  const { beijing, moscow } = network;
  moscow.kme.words.hear('say', async () => new Uint8Array(0));
  const links: { late: (() => Promise<Uint8Array>) | undefined; lose: boolean } = { late: undefined, lose: false };
  const other = new Kme({
    kmeId: 'kme-beijing',
    kmes: [
      { kmeId: 'kme-beijing', siteId: 'beijing' },
      { kmeId: 'kme-moscow', siteId: 'moscow' },
    ],
    saes: [],
    policy: policyOf([{ between: ['a', 'b'] }]),
    peers: [
      {
        node: 'moscow',
        link: {
          call: (m: Uint8Array) =>
            new Promise<Uint8Array>((resolve) => {
              links.late = async () => {
                const a = await network.carry('beijing', 'moscow', m);
                resolve(a);
                return a;
              };
            }),
        },
      },
    ],
    vault: beijing.vault,
    uuid: () => network.uuid(),
    random: (n) => new Uint8Array(n),
    now: () => network.nowMs,
  });
  const first = other.words.tell('kme-moscow', 'say', new Uint8Array(1)).catch(() => undefined);
  while (!links.late) await wait(5);
  const tell = () => beijing.kme.words.tell('kme-moscow', 'say', new Uint8Array(2));
  for (let i = 0; i < 15; i++) await tell();
  network.between = async (m, on) => {
    await on(m);
    throw new Error('lost');
  };
  await assert.rejects(tell());
  network.mend();
  await links.late();
  await first;
  const results = [];
  for (let i = 0; i < 5; i++)
    results.push(
      await tell().then(
        () => 'ok',
        (e) => String(e.message),
      ),
    );
  assert.equal(results.at(-1), 'ok', results.join('\n'));
});
