import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIRECT, keyLane, peerLane, wayOf } from '../lanes.ts';
import { json, keysOf, labels, Network, policyOf } from '../test/sites.ts';
import type { RelayPlan } from './exchange.ts';

/** Quantum links by their nodes, as `a-b`. */
type Link = readonly [string, string];

const PLACES: Record<string, string> = { beijing: 'CN', moscow: 'RU', urumqi: 'CN', micius: 'ORBIT', jinan: 'ORBIT' };

async function pass(network: Network, [a, b]: Link, seed: number, keyBytes = 12_000): Promise<void> {
  const told = labels([`${a}-${b}`], {
    routes: [[a, b]],
    jurisdictions: [PLACES[a]!, PLACES[b]!].sort(),
    simulated: b === 'moscow',
    createdAtMs: network.nowMs,
  });
  await network.share(a, b, DIRECT, { keyBytes, padBytes: 1_024, labels: told, seed });
}

async function chain(
  t: Parameters<typeof Network.open>[0],
  nodes: readonly string[],
  joins: Readonly<Record<string, readonly [Link, Link]>>,
): Promise<Network> {
  const plans = Object.entries(joins).map(([node, [left, right]]): [string, RelayPlan] => [
    node,
    {
      joins: [{ left: { node: left[0], way: left[1] }, right: { node: right[0], way: right[1] } }],
      combinations: [],
    },
  ]);
  const policy = policyOf([{ between: ['desk-beijing', 'desk-moscow'], maxRelays: 3 }]);
  const network = await Network.open(t, {
    keyBytes: 0,
    relays: Object.fromEntries(plans),
    site: { beijing: { policy }, moscow: { policy } },
  });
  for (let i = 1; i < nodes.length; i++) await pass(network, [nodes[i - 1]!, nodes[i]!], 10 * i);
  return network;
}

/** Beijing, a satellite, a ground node, Moscow. */
const four = (t: Parameters<typeof Network.open>[0]): Promise<Network> =>
  chain(t, ['beijing', 'micius', 'urumqi', 'moscow'], {
    micius: [
      ['beijing', DIRECT],
      ['urumqi', DIRECT],
    ],
    urumqi: [
      ['moscow', DIRECT],
      ['beijing', 'micius'],
    ],
  });

/** Beijing, a satellite, a ground node, another satellite, Moscow. */
const five = (t: Parameters<typeof Network.open>[0]): Promise<Network> =>
  chain(t, ['beijing', 'micius', 'urumqi', 'jinan', 'moscow'], {
    micius: [
      ['beijing', DIRECT],
      ['urumqi', DIRECT],
    ],
    jinan: [
      ['moscow', DIRECT],
      ['urumqi', DIRECT],
    ],
    urumqi: [
      ['beijing', 'micius'],
      ['moscow', 'jinan'],
    ],
  });

for (const [what, open, route] of [
  ['four', four, ['beijing', 'micius', 'urumqi', 'moscow']],
  ['five', five, ['beijing', 'micius', 'urumqi', 'jinan', 'moscow']],
] as const) {
  test(`a route of ${what} nodes comes about by joining what was joined; both ends say what it passed`, async (t) => {
    const network = await open(t);
    await network.settle();
    const { beijing, moscow } = network;
    assert.equal(wayOf([route]), route.slice(1, -1).join('.'));
    for (const [from, to] of [
      [beijing, moscow],
      [moscow, beijing],
    ] as const) {
      const demand = { json: { number: 3, extension_mandatory: [{ skykey_route_type: 'relayed' }] } };
      const response = await from.call('POST', 'enc_keys', demand);
      const sent = keysOf(response);
      const extension = { skykey_route_type: 'relayed', skykey_hops: route.length - 2, skykey_paths: 1 };
      for (const key of json(response).keys as { key_extension: unknown }[])
        assert.deepEqual(key.key_extension, extension);
      const got = keysOf(await to.fetch(sent.map(({ key_ID }) => key_ID)));
      assert.deepEqual(
        got.map(({ key }) => key),
        sent.map(({ key }) => key),
      );
    }
    for (const [site, other] of [
      [beijing, moscow],
      [moscow, beijing],
    ] as const) {
      const told = (await site.tx.newest(keyLane(site.siteId, other.siteId, wayOf([route]))))!;
      assert.deepEqual(
        [...told.originLinks].sort(),
        route
          .slice(1)
          .map((node, i) => `${route[i]}-${node}`)
          .sort(),
      );
      assert.deepEqual(
        [told.routes[0], told.routes[0]?.toReversed()].filter((each) => each?.[0] === 'beijing'),
        [route],
      );
      assert.deepEqual(told.jurisdictions, ['CN', 'ORBIT', 'RU']);
      assert.equal(told.simulated, true, 'one simulated link is enough');
      assert.ok(Math.abs(told.epsSec - (route.length - 1) * 1e-9) < 1e-15);
    }
  });

  test(`an alarm on any link of a route of ${what} nodes empties it at every node`, async (t) => {
    for (let link = 1; link < route.length; link++) {
      const network = await open(t);
      await network.settle();
      const { beijing, moscow } = network;
      const [waiting] = await beijing.keys();
      network.nowMs = 2_000;
      // Whichever of the two ends of the link found it: here the one nearer to Moscow.
      const finder = route[link]!;
      const exchange = network.sites.get(finder)?.kme.exchange ?? network.relay(finder).exchange;
      await exchange.raiseAlarm(`${route[link - 1]}-${finder}`, 'tapped');
      await network.settle();
      for (const site of [beijing, moscow]) {
        assert.equal(await site.count(), 0);
        assert.equal((await site.kme.alarms()).length, 1);
      }
      assert.equal((await moscow.fetch([waiting!.key_ID])).status, 400);
      for (const node of network.nodeIds) {
        for (const lane of await network.tx(node).lanes('key/')) {
          const dead = (await network.tx(node).newest(lane))!.originLinks.includes(`${route[link - 1]}-${finder}`);
          if (dead) assert.equal(await network.tx(node).available(lane), 0, `${node}: ${lane}`);
        }
      }
      // Passes of after it make good key again, once the finder has taken the link back.
      network.nowMs = 3_000;
      // He is believed in his own words only, wherever there is a line to him, and those need pads.
      for (const node of network.nodeIds.filter((id) => id !== finder)) {
        if ((await network.tx(node).length(peerLane(finder, node))) > 0) continue;
        await network.share(finder, node, DIRECT, { keyBytes: 0, padBytes: 512, labels: labels([]), seed: 9 });
      }
      await exchange.reopen(`${route[link - 1]}-${finder}`);
      await network.settle();
      for (let i = 1; i < route.length; i++) await pass(network, [route[i - 1]!, route[i]!], 100 * i);
      await network.settle();
      const sent = await beijing.keys(2);
      assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
    }
  });
}

test('a route that is longer than one end allows is refused by that end, whatever the other allows', async (t) => {
  const network = await five(t);
  const strict = policyOf([{ between: ['desk-beijing', 'desk-moscow'], maxRelays: 2 }]);
  const { beijing, moscow } = network;
  await network.settle();
  await moscow.restart({ policy: strict });
  const response = await beijing.call('GET', 'enc_keys');
  assert.equal(response.status, 503);
  assert.match(json(response).message as string, /passed 3 relays/);
  assert.equal(await moscow.count(), 0);
  assert.equal((await moscow.call('GET', 'enc_keys')).status, 503);
});
