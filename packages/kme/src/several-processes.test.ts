import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KmeResponse } from './etsi014/response.ts';
import type { Kme } from './kme.ts';
import { keyLane } from './lanes.ts';
import { json, keysOf, labels, Network, pattern, type Site, secret, text, WAY } from './test/sites.ts';

/*
 * Two KMEs of one site on one vault, as two processes on one PostgreSQL database are: nothing that decides about a key may
 * be in the memory of one of them.
 */

const LANES = [keyLane('beijing', 'moscow', WAY), keyLane('moscow', 'beijing', WAY)];

const ask = (kme: Kme, caller: string, to: string, resource: string, body: object): Promise<KmeResponse> =>
  kme.handle({
    saeId: caller,
    method: 'POST',
    path: `/api/v1/keys/${to}/${resource}`,
    query: new URLSearchParams(),
    body: new TextEncoder().encode(JSON.stringify(body)),
  });

const get = (site: Site, kme: Kme, number: number): Promise<KmeResponse> =>
  ask(kme, `desk-${site.siteId}`, `desk-${site.other}`, 'enc_keys', { number });

const fetch = (site: Site, kme: Kme, keyIds: readonly string[]): Promise<KmeResponse> =>
  ask(kme, `desk-${site.siteId}`, `desk-${site.other}`, 'dec_keys', { key_IDs: keyIds.map((key_ID) => ({ key_ID })) });

/** Both processes of each site; frames go to either of them in turn. */
async function doubled(
  t: Parameters<typeof Network.open>[0],
  keyBytes: number,
  padBytes = 16 + 16 * 400,
): Promise<{
  network: Network;
  kmes: Record<string, [Kme, Kme]>;
}> {
  const network = await Network.open(t, { keyBytes, padBytes });
  const kmes: Record<string, [Kme, Kme]> = {};
  for (const site of network.sites.values()) kmes[site.siteId] = [site.kme, site.another()];
  let turn = 0;
  network.carryTo = (to) => kmes[to]![turn++ % 2]!.exchange;
  return { network, kmes };
}

test('both processes at both sites at once: every key comes out at both ends, and none twice', async (t) => {
  const { network, kmes } = await doubled(t, 32 * 3_000);
  const sites = [network.beijing, network.moscow];
  const rounds = await Promise.all(
    Array.from({ length: 80 }, async (_, i) => {
      const [site, other] = i % 2 ? sites : sites.toReversed();
      const response = await get(site!, kmes[site!.siteId]![(i >> 1) % 2]!, 1 + (i % 4));
      const sent = keysOf(response);
      const got = await fetch(
        other!,
        kmes[other!.siteId]![(i >> 2) % 2]!,
        sent.map(({ key_ID }) => key_ID),
      );
      assert.deepEqual(keysOf(got), sent);
      return sent;
    }),
  );
  const all = rounds.flat();
  assert.equal(new Set(all.map(({ key }) => key)).size, all.length);
  assert.equal(new Set(all.map(({ key_ID }) => key_ID)).size, all.length);
});

test('two that fetch the same key at once: one gets it', async (t) => {
  const { network, kmes } = await doubled(t, 3_200);
  const sent = keysOf(await get(network.beijing, kmes.beijing![1], 10));
  for (const { key_ID } of sent) {
    const answers = await Promise.all(kmes.moscow!.map((kme) => fetch(network.moscow, kme, [key_ID])));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400]);
  }
});

test('an alarm that one process raises closes the other, and is told by either', async (t) => {
  const { network, kmes } = await doubled(t, 3_200);
  const [one, two] = kmes.beijing!;
  network.cut(false);
  await one.raiseAlarm('micius-beijing', 'tapped');
  assert.equal((await get(network.beijing, two, 1)).status, 503);
  assert.equal((await one.flush()).told, 0);
  network.mend();
  assert.equal((await two.flush()).told, 1);
  assert.equal((await one.flush()).told, 0);
  for (const kme of kmes.moscow!) assert.equal((await get(network.moscow, kme, 1)).status, 503);
});

test('a join is confirmed once, whichever process asks', async (t) => {
  const { network, kmes } = await doubled(t, 0);
  const told = labels(['x-beijing', 'x-moscow'], { routes: [['beijing', 'x', 'moscow']] });
  for (const site of network.sites.values()) {
    for (let i = 0; i < 6; i++) {
      await site.tx.hold({ blockId: `join:x:${i}`, labels: told, bytes: secret(pattern(2_048 + 64 * i, i)) });
    }
  }
  for (let round = 0; round < 6; round++) await Promise.all(kmes.beijing!.map((kme) => kme.flush()));
  for (const site of network.sites.values()) assert.deepEqual(await site.tx.held(), []);
  const lane = keyLane('beijing', 'moscow', 'x');
  assert.equal(await network.beijing.tx.length(lane), await network.moscow.tx.length(lane));
  const sent = keysOf(await get(network.beijing, kmes.beijing![1], 9));
  assert.deepEqual(
    keysOf(
      await fetch(
        network.moscow,
        kmes.moscow![0],
        sent.map(({ key_ID }) => key_ID),
      ),
    ),
    sent,
  );
});

test('whatever the line does to two processes at each end: no key twice, and both ends agree in the end', async (t) => {
  const step = fc.record({
    what: fc.constantFrom('get', 'get', 'get', 'fetch', 'fetch', 'flush', 'cut', 'lose', 'mend', 'mend'),
    site: fc.constantFrom('beijing' as const, 'moscow' as const),
    process: fc.constantFrom(0, 1),
    number: fc.integer({ min: 1, max: 4 }),
    pick: fc.nat(100),
    wait: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 50 }), async (steps) => {
      const { network, kmes } = await doubled(t, 4_000);
      const given = new Map<string, { key: string; site: string }>();
      const fetched = new Map<string, string>();
      const running: Promise<void>[] = [];
      const perform = async ({ what, site: name, process, number, pick }: (typeof steps)[number]): Promise<void> => {
        const site = network[name];
        const kme = kmes[name]![process]!;
        if (what === 'flush') await kme.flush();
        else if (what === 'get') {
          const response = await get(site, kme, number);
          assert.ok([200, 503].includes(response.status), text(response));
          if (response.status !== 200) return;
          for (const { key_ID, key } of keysOf(response)) {
            assert.ok(!given.has(key_ID));
            given.set(key_ID, { key, site: name });
          }
        } else {
          const known = [...given].filter(([, { site: master }]) => master !== name);
          const [keyId, { key }] = known[pick % Math.max(1, known.length)] ?? ['', { key: '' }];
          if (!keyId) return;
          const response = await fetch(site, kme, [keyId]);
          if (response.status !== 200) return;
          assert.equal(keysOf(response)[0]!.key, key);
          assert.ok(!fetched.has(keyId), `${keyId} came out twice`);
          fetched.set(keyId, key);
        }
      };
      for (const each of steps) {
        if (each.what === 'cut') network.cut(false);
        else if (each.what === 'lose') network.cut(true);
        else if (each.what === 'mend') network.mend();
        else {
          const work = perform(each);
          running.push(work);
          if (each.wait) await work;
        }
      }
      await Promise.all(running);
      const keys = [...given.values()].map(({ key }) => key);
      assert.equal(new Set(keys).size, keys.length, 'two ids for one key');
      network.mend();
      for (let round = 0; round < 3; round++) {
        for (const kme of Object.values(kmes).flat()) await kme.flush();
      }
      for (const lane of LANES)
        assert.equal(await network.beijing.available(lane), await network.moscow.available(lane));
      for (const [keyId, { key, site: master }] of given) {
        if (fetched.has(keyId)) continue;
        const slave = master === 'beijing' ? network.moscow : network.beijing;
        assert.equal(keysOf(await slave.fetch([keyId]))[0]!.key, key);
      }
      assert.ok(json(await network.beijing.call('GET', 'status')).source_KME_ID);
    }),
    { seed: 20_261_122, numRuns: 15 },
  );
});
