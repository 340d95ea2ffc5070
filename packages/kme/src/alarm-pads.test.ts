import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIRECT } from './lanes.ts';
import { labels, Network } from './test/sites.ts';

const NONE = { joins: [], combinations: [] };

const pads = (network: Network, a: string, b: string): Promise<void> =>
  network.share(a, b, DIRECT, {
    ...{ keyBytes: 0, padBytes: 512, seed: a.length * 100 + b.length },
    labels: labels([`${a}-${b}`], { routes: [[a, b]], createdAtMs: network.nowMs }),
  });

/** Delhi has a line to Micius, and never a pad. */
async function bereft(t: Parameters<typeof Network.open>[0], neighbours: readonly string[]): Promise<Network> {
  const network = await Network.open(t, { sites: ['beijing', 'moscow', 'delhi'], relays: { micius: NONE } });
  for (const site of ['beijing', 'moscow']) await pads(network, 'micius', site);
  for (const site of neighbours) await pads(network, site, 'delhi');
  return network;
}

async function alarms(network: Network): Promise<number> {
  await network.settle();
  return (await network.delhi.kme.alarms()).length;
}

for (const neighbours of [['beijing'], ['beijing', 'moscow']]) {
  test(`a link is open again for a node that the finder has no pads for: ${neighbours.join(' and ')} say so`, async (t) => {
    const network = await bereft(t, neighbours);
    const { exchange } = network.relay('micius');
    await exchange.raiseAlarm('x', 'tapped');
    assert.equal(await alarms(network), 1);
    network.nowMs += 1_000;
    await exchange.reopen('x');
    assert.equal(await alarms(network), 0);
    network.nowMs += 1_000;
    await exchange.raiseAlarm('x', 'tapped again');
    assert.equal(await alarms(network), 1);
  });
}

test('one neighbour of two alone is not believed; with pads the finder says it himself', async (t) => {
  const network = await bereft(t, ['beijing', 'moscow']);
  const { exchange } = network.relay('micius');
  await exchange.raiseAlarm('x', 'tapped');
  assert.equal(await alarms(network), 1);
  network.nowMs += 1_000;
  network.between = async (message, on, from, to) => {
    if (from === 'moscow' && to === 'delhi') throw new Error('the line is dead');
    return on(message);
  };
  await exchange.reopen('x');
  assert.equal(await alarms(network), 1);
  await pads(network, 'delhi', 'micius');
  assert.equal(await alarms(network), 0);
});
