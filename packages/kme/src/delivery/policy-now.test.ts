import assert from 'node:assert/strict';
import { test } from 'node:test';
import { json, keysOf, Network, policyOf, text } from '../test/sites.ts';

test("multicast: a slave at the master's own site gets what its own rule allows, and nothing else", async (t) => {
  const policy = policyOf([
    { between: ['desk-beijing', 'desk-moscow'] },
    { between: ['desk-beijing', 'lab-beijing'], simulated: false, denyNodes: ['micius'], minPaths: 2 },
  ]);
  const network = await Network.open(t, { site: { beijing: { policy }, moscow: { policy } } });
  const answer = await network.beijing.call('POST', 'enc_keys', {
    json: { additional_slave_SAE_IDs: ['lab-beijing'] },
  });
  assert.notEqual(answer.status, 200, 'lab-beijing got a key carried under pads of micius, which its rule denies');
});

test('a demand for ways is refused for a key that takes none', async (t) => {
  const policy = policyOf([{ between: ['desk-beijing', 'lab-beijing'] }]);
  const network = await Network.open(t, { site: { beijing: { policy } } });
  const answer = await network.beijing.call('POST', 'enc_keys', {
    to: 'lab-beijing',
    json: { extension_mandatory: [{ skykey_min_paths: 3 }, { skykey_route_type: 'relayed' }] },
  });
  assert.equal(answer.status, 400, text(answer));
});

test('the status of two applications of one site says what enc_keys does', async (t) => {
  const policy = policyOf([{ between: ['desk-beijing', 'lab-beijing'] }]);
  const network = await Network.open(t, { site: { beijing: { policy } } });
  const status = json(await network.beijing.call('GET', 'status', { to: 'lab-beijing' })).stored_key_count as number;
  const answer = await network.beijing.call('GET', 'enc_keys', { to: 'lab-beijing' });
  assert.equal(answer.status === 200, status > 0, `status says ${status}, enc_keys ${answer.status}`);
});

test('what is only wished for is passed over, whatever alarm there is elsewhere', async (t) => {
  const network = await Network.open(t);
  await network.beijing.kme.raiseAlarm('somewhere-else', 'tapped');
  const answer = await network.beijing.call('POST', 'enc_keys', {
    json: { extension_optional: [{ skykey_route_type: 'direct' }] },
  });
  assert.equal(answer.status, 200, text(answer));
});

test('a demand that cannot be met is a 400, whatever alarm there is elsewhere', async (t) => {
  const network = await Network.open(t);
  await network.beijing.kme.raiseAlarm('somewhere-else', 'tapped');
  const answer = await network.beijing.call('POST', 'enc_keys', {
    json: { extension_mandatory: [{ skykey_route_type: 'direct' }] },
  });
  assert.equal(answer.status, 400, text(answer));
});

test('keys assigned ahead are decided about again by the policy of now', async (t) => {
  const network = await Network.open(t, { keyBytes: 65536, padBytes: 16 * 200 });
  const { beijing } = network;
  for (let i = 0; i < 8; i++) await beijing.keys(1);
  const ahead = (
    await beijing.tx.keys.stock({ masterSae: 'desk-beijing', slaveSae: 'desk-moscow', bytes: 32, limit: 100 })
  ).length;
  assert.ok(ahead > 0, 'none ahead');
  const strict = policyOf([{ between: ['desk-beijing', 'desk-moscow'], simulated: false }]);
  await beijing.restart({ policy: strict });
  await assert.rejects(
    beijing.kme.keys.getKeys({ master: 'desk-beijing', slaves: ['desk-moscow'], count: 1, bytes: 32 }),
    'a simulated key was handed out',
  );
});

test('named keys grow old like others', async (t) => {
  const policy = policyOf([{ between: ['desk-beijing', 'desk-moscow'], maxAgeMs: 60_000 }]);
  const network = await Network.open(t, { site: { beijing: { policy }, moscow: { policy } } });
  const keyId = network.uuid();
  await network.beijing.kme.keys.assignKeys({
    master: 'desk-beijing',
    slaves: ['desk-moscow'],
    count: 1,
    bytes: 32,
    keyIds: [keyId],
  });
  network.nowMs += 3_600_000;
  await assert.rejects(network.beijing.kme.keys.getKeysWithIds({ caller: 'desk-beijing', keyIds: [keyId] }));
});

test('keys set aside do not make the other site refuse those that were asked for', async (t) => {
  const policy = policyOf([{ between: ['desk-beijing', 'desk-moscow'], quota: { keysWaiting: 8 } }]);
  const network = await Network.open(t, {
    keyBytes: 65536,
    padBytes: 16 * 300,
    site: { beijing: { policy }, moscow: { policy } },
  });
  const { beijing, moscow } = network;
  const statuses: number[] = [];
  for (let i = 0; i < 20; i++) {
    const answer = await beijing.call('GET', 'enc_keys');
    statuses.push(answer.status);
    if (answer.status === 200) await moscow.fetch([keysOf(answer)[0]!.key_ID]);
  }
  assert.ok(
    statuses.every((s) => s === 200),
    statuses.join(),
  );
});

test('the quota is that of the pair, at both sites, and the status knows it', async (t) => {
  const policy = policyOf([{ between: ['desk-beijing', 'desk-moscow'], quota: { bitsPerDay: 256 } }]);
  const network = await Network.open(t, { site: { beijing: { policy }, moscow: { policy } } });
  await network.beijing.keys(1);
  const status = await network.beijing.count();
  const answer = await network.beijing.call('GET', 'enc_keys');
  const back = await network.moscow.call('GET', 'enc_keys');
  assert.deepEqual(
    [answer.status === 200, back.status],
    [status > 0, 503],
    `count ${status}, enc ${answer.status}; the other side, quota of the pair "whoever of the two asks": ${back.status}`,
  );
});
