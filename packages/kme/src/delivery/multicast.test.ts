import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CARRIED_LANE, keyLane } from '../lanes.ts';
import { isError } from '../test/answers.ts';
import { json, keysOf, labels, Network, policyOf, type Site, text } from '../test/sites.ts';

/*
 * ETSI GS QKD 014 V1.1.1, 5.2 with additional_slave_SAE_IDs: each slave gets the same key, its own copy, once; every slave's
 * site has it durably, or nobody has it.
 */

const EVERYBODY = { group: 'all' };
const GROUPS = {
  groups: {
    all: ['desk-beijing', 'vpn-beijing', 'lab-beijing', 'desk-moscow', 'lab-moscow', 'vpn-delhi', 'desk-delhi'],
  },
};

async function three(t: Parameters<typeof Network.open>[0], rule: object = {}, padBytes = 1_024): Promise<Network> {
  const policy = policyOf([{ between: [EVERYBODY, EVERYBODY] as never, ...rule }], GROUPS);
  const site = { policy };
  const network = await Network.open(t, {
    sites: ['beijing', 'moscow', 'delhi'],
    padBytes,
    site: { beijing: site, moscow: site, delhi: site },
  });
  const route = { routes: [['beijing', 'jinan', 'delhi']], originLinks: ['jinan-beijing', 'jinan-delhi'] };
  await network.share('beijing', 'delhi', 'jinan', { keyBytes: 2_048, padBytes, labels: labels([], route), seed: 70 });
  const far = { routes: [['moscow', 'delhi']], originLinks: ['moscow-delhi'] };
  await network.share('moscow', 'delhi', 'direct', { keyBytes: 0, padBytes, labels: labels([], far), seed: 90 });
  return network;
}

const MANY = { number: 2, additional_slave_SAE_IDs: ['vpn-delhi', 'lab-moscow', 'lab-beijing'] };

const as = (site: Site, saeId: string, ids: readonly string[]): ReturnType<Site['call']> =>
  site.call('POST', 'dec_keys', { saeId, to: 'desk-beijing', json: { key_IDs: ids.map((key_ID) => ({ key_ID })) } });

const slavesOf = ({ beijing, moscow, delhi }: Network): [Site, string][] => [
  [moscow, 'desk-moscow'],
  [moscow, 'lab-moscow'],
  [delhi, 'vpn-delhi'],
  [beijing, 'lab-beijing'],
];

test('014-5.2-multicast: slaves at three sites, the master’s own among them: the same keys, to each once', async (t) => {
  const network = await three(t);
  const { beijing } = network;
  const [moscowBytes, delhiBytes] = [keyLane('beijing', 'moscow', 'micius'), keyLane('beijing', 'delhi', 'jinan')];
  const sent = keysOf(await beijing.call('POST', 'enc_keys', { json: MANY }));
  const ids = sent.map(({ key_ID }) => key_ID);
  assert.equal(sent.length, 2);
  assert.equal(await beijing.available(moscowBytes), 4_096 - 64, 'one pad for each other site');
  assert.equal(await beijing.available(delhiBytes), 2_048 - 64);
  for (const [site, saeId] of slavesOf(network)) {
    assert.deepEqual(keysOf(await as(site, saeId, ids)), sent, saeId);
    isError(await as(site, saeId, ids), 400, 'one or more keys specified are not found on KME');
  }
  assert.equal((await as(network.delhi, 'desk-delhi', ids)).status, 401, 'not named');
  assert.equal((await as(beijing, 'vpn-beijing', ids)).status, 401, 'not named');
  const crossed = network.wire.map(({ message }) => Buffer.from(message).toString('latin1')).join('');
  for (const { key } of sent) assert.ok(!crossed.includes(Buffer.from(key, 'base64').toString('latin1')));
  for (const site of [beijing, network.moscow, network.delhi]) assert.equal(await site.available(CARRIED_LANE), 0);
});

test('014-5.2-multicast: slaves at one other site share keys of the link itself, each its own copy', async (t) => {
  const network = await three(t);
  const { beijing, moscow } = network;
  const json = { number: 3, additional_slave_SAE_IDs: ['lab-moscow'] };
  const sent = keysOf(await beijing.call('POST', 'enc_keys', { json }));
  const ids = sent.map(({ key_ID }) => key_ID);
  assert.equal(await beijing.available(keyLane('beijing', 'moscow', 'micius')), 4_096 - 96);
  assert.deepEqual(keysOf(await as(moscow, 'lab-moscow', ids.slice(1))), sent.slice(1));
  await moscow.crash();
  assert.deepEqual(keysOf(await as(moscow, 'desk-moscow', ids)), sent);
  isError(await as(moscow, 'lab-moscow', ids), 400);
  assert.deepEqual(keysOf(await as(moscow, 'lab-moscow', ids.slice(0, 1))), sent.slice(0, 1));
});

test('014-5.2-multicast: slaves at the master’s own site alone cost no key of any link', async (t) => {
  const network = await three(t);
  const { beijing } = network;
  const options = { to: 'lab-beijing', json: { additional_slave_SAE_IDs: ['vpn-beijing'] } };
  const sent = keysOf(await beijing.call('POST', 'enc_keys', options));
  const ids = sent.map(({ key_ID }) => key_ID);
  for (const saeId of ['lab-beijing', 'vpn-beijing']) assert.deepEqual(keysOf(await as(beijing, saeId, ids)), sent);
  assert.equal(network.wire.length, 0);
  assert.equal(await beijing.available(keyLane('beijing', 'moscow', 'micius')), 4_096);
});

/** After whatever happened, and once everything is told: nobody can have any of the keys, and the next ones are good. */
async function nobodyHas(network: Network, ids: readonly string[]): Promise<void> {
  await network.settle();
  for (const [site, saeId] of slavesOf(network)) {
    for (const id of ids) {
      isError(await as(site, saeId, [id]), 400, 'one or more keys specified are not found on KME');
      const [record] = await site.tx.keys.find([id]);
      assert.ok(record?.copies.every(({ state }) => state === 'VOIDED') ?? true, `${saeId} ${id}`);
    }
  }
  const sent = keysOf(await network.beijing.call('POST', 'enc_keys', { json: MANY }));
  for (const [site, saeId] of slavesOf(network)) {
    assert.deepEqual(
      keysOf(
        await as(
          site,
          saeId,
          sent.map(({ key_ID }) => key_ID),
        ),
      ),
      sent,
    );
  }
}

test('014-D28-line: a line cut at any message, before it or after it: all slaves or none', async (t) => {
  let messages = 2;
  for (let at = 0; at < messages; at++) {
    for (const arrives of [false, true]) {
      const network = await three(t);
      let count = 0;
      network.between = async (message, on) => {
        if (count++ !== at) return on(message);
        if (arrives) await on(message);
        throw new Error('the line is dead');
      };
      const response = await network.beijing.call('POST', 'enc_keys', { json: MANY });
      isError(response, 503);
      messages = Math.max(messages, count);
      network.mend();
      await nobodyHas(
        network,
        [1, 2].map((n) => `0000000${n}-0000-4000-8000-00000000cafe`),
      );
    }
  }
  assert.equal(messages, 2);
});

test('014-D28-refused: a site that refuses, or has no key, keeps the key from all', async (t) => {
  const network = await three(t);
  await network.delhi.restart({ policy: policyOf([{ between: ['desk-beijing', 'desk-moscow'] }]) });
  const refused = await network.beijing.call('POST', 'enc_keys', { json: MANY });
  isError(refused, 503, /delhi refused the keys/);
  await network.settle();
  const id = '00000001-0000-4000-8000-00000000cafe';
  isError(await as(network.moscow, 'desk-moscow', [id]), 400);

  const empty = await three(t);
  await empty.beijing.tx.reserve(keyLane('beijing', 'delhi', 'jinan'), 2_048);
  isError(await empty.beijing.call('POST', 'enc_keys', { json: MANY }), 503, /delhi/);
  assert.equal(await empty.beijing.available(keyLane('beijing', 'moscow', 'micius')), 4_096, 'nothing consumed');
  assert.equal(empty.wire.length, 0);
});

test('014-D28-crash: this site dies while the keys are on their way: they are void everywhere', async (t) => {
  for (const when of ['before', 'after'] as const) {
    const network = await three(t);
    network.between = async (message, on) => {
      if (when === 'before') await network.beijing.crash();
      const answer = await on(message);
      if (when === 'after') await network.beijing.crash();
      return answer;
    };
    const response = await network.beijing.call('POST', 'enc_keys', { json: MANY });
    isError(response, 503);
    network.mend();
    await nobodyHas(
      network,
      [1, 2].map((n) => `0000000${n}-0000-4000-8000-00000000cafe`),
    );
  }
});

test('a carried key rests on every pad: an alarm on a link of one site takes it at all of them', async (t) => {
  const network = await three(t);
  const sent = keysOf(await network.beijing.call('POST', 'enc_keys', { json: MANY }));
  const ids = sent.map(({ key_ID }) => key_ID);
  await network.delhi.kme.raiseAlarm('jinan-delhi', 'tapped');
  await network.settle();
  for (const [site, saeId] of slavesOf(network)) isError(await as(site, saeId, ids), 400);
});

test('labels of carried keys: as many paths as the pad with fewest, every node of all pads, the worst of all figures', async (t) => {
  const network = await three(t);
  const { beijing } = network;
  const asking = { ...MANY, extension_optional: [{ skykey_route_type: 'relayed' }] };
  const response = await beijing.call('POST', 'enc_keys', { json: asking });
  assert.deepEqual((json(response).keys as { key_extension: unknown }[])[0]!.key_extension, {
    skykey_route_type: 'relayed',
    skykey_hops: 2,
    skykey_paths: 1,
  });
  for (const site of [beijing, network.moscow, network.delhi]) {
    const told = (await site.tx.newest(CARRIED_LANE))!;
    assert.deepEqual([...told.originLinks].sort(), ['jinan-beijing', 'jinan-delhi', 'micius-beijing', 'micius-moscow']);
    assert.deepEqual(
      told.routes.map((route) => route.slice(1, -1)),
      [['micius', 'jinan']],
    );
    assert.deepEqual([told.epsSec, told.epsCor], [2e-9, 2e-15]);
  }
  // Two pads of one way each are no key of two paths, and two relays are two.
  const demand = (name: string, value: unknown): object => ({ ...MANY, extension_mandatory: [{ [name]: value }] });
  const unmet = 'not all extension_mandatory request options could be met';
  isError(await beijing.call('POST', 'enc_keys', { json: demand('skykey_min_paths', 2) }), 400, unmet);
  const strict = await three(t, { maxRelays: 1 });
  const refused = await strict.beijing.call('POST', 'enc_keys', { json: MANY });
  isError(refused, 400, unmet);
  assert.match(text(refused), /passed 2 relays/);
  assert.equal(await strict.beijing.available(keyLane('beijing', 'moscow', 'micius')), 4_096, 'nothing consumed');
});

test('keys that would not fit into one message are refused before anything is consumed', async (t) => {
  const network = await three(t, { keyBits: { min: 64, max: 65_536 } });
  const demand = { master: 'desk-beijing', slaves: ['desk-moscow', 'vpn-delhi'], count: 17, bytes: 8_192 };
  await assert.rejects(network.beijing.kme.keys.getKeys(demand), /at most 1048576 bits together/);
  assert.equal(network.wire.length, 0);
});

test('a void that overtakes what it voids: the key that comes late is refused, whatever lanes there are', async (t) => {
  const network = await three(t);
  const { beijing, moscow, delhi } = network;
  network.cut(false);
  isError(await beijing.call('POST', 'enc_keys', { json: MANY }), 503);
  // The process dies; the messages are still somewhere on the way.
  await beijing.crash();
  network.mend();
  await network.settle();
  const late = network.wire.filter(({ answer }) => answer === undefined);
  assert.equal(late.length, 2);
  for (const { to, message } of late) await network.sites.get(to)!.kme.handlePeer(message);
  for (const site of [moscow, delhi]) assert.deepEqual(await site.tx.blocks('carried:'), []);
});

test('between applications of one site there is always key, and a way that it cannot have taken is not promised', async (t) => {
  const { beijing } = await three(t);
  const to = 'lab-beijing';
  assert.equal(json(await beijing.call('GET', 'status', { to })).stored_key_count, 100_000);
  keysOf(await beijing.call('GET', 'enc_keys', { to }));
  for (const parameters of [{ skykey_min_paths: 2 }, { skykey_route_type: 'relayed' }]) {
    const asked = { to, json: { extension_mandatory: [parameters] } };
    isError(await beijing.call('POST', 'enc_keys', asked), 400, /could be met/);
  }
});

test('a slave of the master’s own site gets no key that its own rule refuses', async (t) => {
  const strict = { between: ['desk-beijing', 'lab-beijing'] as const, denyNodes: ['micius'] };
  const policy = policyOf([{ between: ['desk-beijing', 'desk-moscow'] }, strict]);
  const network = await Network.open(t, { site: { beijing: { policy }, moscow: { policy } } });
  const asked = { json: { additional_slave_SAE_IDs: ['lab-beijing'] } };
  isError(await network.beijing.call('POST', 'enc_keys', asked), 400, /could be met/);
  assert.equal(await network.beijing.available(keyLane('beijing', 'moscow', 'micius')), 4_096, 'nothing consumed');
});
