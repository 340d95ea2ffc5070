import assert from 'node:assert/strict';
import { test } from 'node:test';
import { code, json, keysOf, Network } from './test/sites.ts';

const NOT_FOUND = 'one or more keys specified are not found on KME';

test('014-D27: an alarm closes the pair at both ends and voids what was not delivered', async (t) => {
  const { beijing, moscow } = new Network(t);
  const [fetched, waiting] = await beijing.keys(2);
  const [back] = await moscow.keys();
  keysOf(await moscow.fetch([fetched!.key_ID]));
  const report = beijing.kme.raiseAlarm('micius-beijing', 'error rate 26 %, at most 11 % allowed');
  assert.deepEqual([report.keys, report.bits], [1, 8 * (2 * 4096 - 64)]);

  const isClosed = async (site: typeof beijing): Promise<void> => {
    const status = await site.call('GET', 'status');
    assert.equal(status.status, 200);
    const { stored_key_count, status_extension } = json(status);
    assert.equal(stored_key_count, 0);
    assert.deepEqual(status_extension, {
      skykey_state: 'alarm',
      skykey_links: [{ skykey_link: 'micius-beijing', skykey_reason: 'error rate 26 %, at most 11 % allowed' }],
    });
    const response = await site.call('GET', 'enc_keys');
    assert.equal(response.status, 503);
    assert.match(json(response).message as string, /micius-beijing is under alarm/);
    assert.ok(response.headers['Retry-After']);
  };
  await isClosed(beijing);
  assert.deepEqual(json(await beijing.fetch([back!.key_ID])), { message: NOT_FOUND });

  assert.equal((await beijing.kme.flush()).told, 1);
  await isClosed(moscow);
  assert.deepEqual(json(await moscow.fetch([waiting!.key_ID])), { message: NOT_FOUND });
  for (const site of [beijing, moscow]) {
    site.crash();
    await isClosed(site);
    for (const lane of ['kme/beijing>moscow', 'kme/moscow>beijing']) assert.equal(site.vault.available(lane), 0);
    assert.ok(site.vault.journal.list().some(({ severity }) => severity === 'alarm'));
  }
});

test('the alarm reaches a peer that was away, once, also when this side dies meanwhile', async (t) => {
  const network = new Network(t);
  const { beijing, moscow } = network;
  for (const requestsArrive of [false, true]) {
    network.cut(requestsArrive);
    if (!requestsArrive) beijing.kme.raiseAlarm('micius-beijing', 'tapped');
    const report = await beijing.kme.flush();
    assert.equal(report.told, 0);
    assert.match(report.waiting!, /moscow does not answer/);
    beijing.crash();
  }
  network.mend();
  assert.deepEqual(await beijing.kme.flush(), { confirmed: 0, told: 1, voided: 0, waiting: null });
  assert.deepEqual(await beijing.kme.flush(), { confirmed: 0, told: 0, voided: 0, waiting: null });
  assert.equal(moscow.kme.alarms().length, 1);
});

test('reopening: new key is handed out at both ends, old key never again', async (t) => {
  const network = new Network(t);
  const { beijing, moscow } = network;
  const [old] = await beijing.keys();
  network.nowMs = 2_000;
  beijing.kme.raiseAlarm('micius-beijing', 'tapped');
  await beijing.kme.flush();
  network.nowMs = 3_000;
  assert.equal(beijing.kme.reopen('micius-beijing'), true);
  assert.equal(beijing.kme.reopen('micius-beijing'), false);
  assert.deepEqual(
    moscow.kme.alarms().map(({ foundBy }) => foundBy),
    ['peer'],
  );
  await beijing.kme.flush();
  assert.deepEqual(moscow.kme.alarms(), []);
  assert.equal(await moscow.count(), 0);
  assert.throws(() => network.fill(64, 0, 1_999), code('vault/poisoned'));
  network.fill(640, 0, 3_000);
  assert.deepEqual([await beijing.count(), await moscow.count()], [20, 20]);
  const sent = await beijing.keys(3);
  assert.deepEqual(keysOf(await moscow.fetch(sent.map(({ key_ID }) => key_ID))), sent);
  assert.deepEqual(json(await moscow.fetch([old!.key_ID])), { message: NOT_FOUND });
});

test('who did not find the alarm does not end it for who did', async (t) => {
  const network = new Network(t);
  const { beijing, moscow } = network;
  beijing.kme.raiseAlarm('micius-beijing', 'tapped');
  await beijing.kme.flush();
  moscow.kme.reopen('micius-beijing');
  await moscow.kme.flush();
  assert.equal(beijing.kme.alarms().length, 1);
  assert.equal((await moscow.call('GET', 'enc_keys')).status, 503, 'the peer still refuses');
});

test('an alarm while a key is under way: it does not come out', async (t) => {
  const network = new Network(t);
  const { beijing, moscow } = network;
  network.between = async (message, on) => {
    const answer = await on(message);
    network.mend();
    beijing.kme.raiseAlarm('micius-beijing', 'tapped');
    return answer;
  };
  assert.equal((await beijing.call('GET', 'enc_keys')).status, 503);
  await beijing.kme.flush();
  assert.equal(moscow.vault.counters().deliveredKeys + beijing.vault.counters().deliveredKeys, 0);
  assert.equal(moscow.vault.keys.find('00000001-0000-4000-8000-00000000cafe')?.state, 'VOIDED');
});

test('an alarm that the disk refuses to take down still closes the pair', async (t) => {
  const network = new Network(t);
  const { beijing, moscow } = network;
  const [sent] = await beijing.keys();
  const [back] = await moscow.keys();
  for (const { vault } of [beijing, moscow]) {
    vault.poison = () => {
      throw new Error('input/output error');
    };
  }
  network.between = async (message, on) => {
    const answer = await on(message);
    assert.throws(() => beijing.kme.raiseAlarm('micius-beijing', 'tapped'), /input\/output/);
    return answer;
  };
  assert.equal((await beijing.call('GET', 'enc_keys')).status, 503, 'not even the one under way');
  assert.equal((await beijing.fetch([back!.key_ID])).status, 503);
  assert.equal(await beijing.count(), 0);
  assert.throws(() => moscow.kme.raiseAlarm('micius-beijing', 'tapped'), /input\/output/);
  assert.equal((await moscow.fetch([sent!.key_ID])).status, 503);
  assert.equal(moscow.vault.counters().deliveredKeys + beijing.vault.counters().deliveredKeys, 2);
});

test('a peer without a pad left to answer still acts on an alarm', async (t) => {
  const network = new Network(t);
  const { beijing, moscow } = network;
  const pads = moscow.vault.pads('auth/moscow>beijing');
  while (pads.left() > 0) pads.useNext();
  assert.equal((await beijing.call('GET', 'enc_keys')).status, 503, 'keys are not assigned without an answer');
  assert.equal(moscow.vault.keys.find('00000001-0000-4000-8000-00000000cafe'), undefined);
  beijing.crash();
  beijing.kme.raiseAlarm('micius-beijing', 'tapped');
  assert.equal((await beijing.kme.flush()).told, 0);
  assert.equal(moscow.kme.alarms().length, 1);
  // With new pads the answer comes, to the very same message.
  network.fill(0, 160, 2_000);
  assert.equal((await beijing.kme.flush()).waiting, null);
  assert.equal(beijing.vault.outbox.list().length, 0);
});

test('a link that no key rests on is no alarm of this site', (t) => {
  const { beijing } = new Network(t);
  assert.throws(() => beijing.kme.raiseAlarm('micius-delhi', 'tapped'), code('kme/argument'));
  assert.throws(() => beijing.kme.reopen('micius-delhi'), code('kme/argument'));
});
