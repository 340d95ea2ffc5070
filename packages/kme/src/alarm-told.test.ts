import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIRECT, peerLane } from './lanes.ts';
import { LINKS, labels, Network } from './test/sites.ts';

const wait = (ms: number): Promise<'late'> => new Promise((resolve) => setTimeout(() => resolve('late'), ms).unref());

test('nobody but the finder takes an alarm back', async (t) => {
  const network = await Network.open(t, { relays: { micius: { joins: [], combinations: [] } } });
  const { beijing, moscow } = network;
  await network.share('micius', 'moscow', DIRECT, {
    keyBytes: 1024,
    padBytes: 512,
    seed: 9,
    labels: labels(['mm'], { routes: [['micius', 'moscow']] }),
  });
  await beijing.kme.raiseAlarm(LINKS[0]!, 'tapped');
  await beijing.kme.flush();
  assert.equal((await moscow.kme.alarms()).length, 1);
  await network
    .relay('micius')
    .exchange.peer('moscow')!
    .request({
      urgent: true,
      build: async () => ({
        kind: 'alarm',
        link: LINKS[0]!,
        foundBy: 'beijing',
        version: 2 ** 52,
        state: 'open',
        reason: '',
        atMs: 0,
      }),
      settle: async (_, a) => a,
    });
  assert.equal((await moscow.kme.alarms()).length, 1, 'a relay took back the alarm of beijing, for good');
});

test('an alarm is told at once, while a flush hangs on a peer that does not answer', async (t) => {
  const network = await Network.open(t, { sites: ['beijing', 'moscow', 'delhi'] });
  const { beijing, moscow } = network;
  await network.share('beijing', 'delhi', DIRECT, {
    keyBytes: 1024,
    padBytes: 512,
    seed: 9,
    labels: labels(['bd'], { routes: [['beijing', 'delhi']] }),
  });
  await beijing.kme.raiseAlarm('bd', 'x');
  network.between = (message, on, _f, to) => (to === 'delhi' ? new Promise(() => undefined) : on(message));
  void beijing.kme.flush();
  await wait(100);
  await beijing.kme.raiseAlarm(LINKS[0]!, 'tapped');
  await Promise.race([beijing.kme.flush(), wait(500)]);
  assert.equal((await moscow.kme.alarms()).length, 2);
});

test('what an alarm was found to be is told with it, and kept: jamming is not told as tapping', async (t) => {
  const network = await Network.open(t, { sites: ['beijing', 'moscow', 'delhi'] });
  const { beijing, moscow } = network;
  await beijing.kme.raiseAlarm(LINKS[0]!, 'dazzled', 'jam');
  await beijing.kme.raiseAlarm(LINKS[0]!, 'again');
  await beijing.kme.flush();
  for (const { kme } of [beijing, moscow]) {
    const alarms = await kme.alarms();
    assert.deepEqual(
      alarms.map(({ class: found, reason }) => [found, reason]),
      [['jam', 'dazzled']],
    );
  }
  await beijing.kme.reopen(LINKS[0]!);
  await beijing.kme.raiseAlarm(LINKS[0]!, 'errors');
  await beijing.kme.flush();
  for (const { kme } of [beijing, moscow])
    assert.deepEqual(
      (await kme.alarms()).map((alarm) => alarm.class),
      [undefined],
    );
});

test('a link that is disturbed again and again leaves pads for the next alarm', async (t) => {
  const network = await Network.open(t);
  const { beijing, moscow } = network;
  for (let i = 0; i < 70; i++) {
    network.nowMs += 1000;
    await beijing.kme.raiseAlarm(LINKS[0]!, 'tapped');
    await beijing.kme.flush();
    await moscow.kme.flush();
  }
  await beijing.kme.raiseAlarm(LINKS[1]!, 'tapped');
  await beijing.kme.flush();
  assert.equal(
    (await moscow.kme.alarms()).length,
    2,
    `pads left ${await beijing.tx.pads(peerLane('beijing', 'moscow')).left()}`,
  );
});

test('the finder has a slow clock: what was made before its alarm goes all the same', async (t) => {
  const network = await Network.open(t, { sites: ['beijing', 'moscow', 'delhi'] });
  const { beijing, moscow, delhi } = network;
  await network.share('beijing', 'delhi', DIRECT, {
    keyBytes: 1024,
    padBytes: 512,
    seed: 9,
    labels: labels(['bd'], { routes: [['beijing', 'delhi']] }),
  });
  network.nowMs = 6_000;
  await network.share('moscow', 'delhi', 'x', {
    keyBytes: 1024,
    padBytes: 512,
    seed: 19,
    labels: labels(['ab'], { routes: [['moscow', 'x', 'delhi']], createdAtMs: 5_990 }),
  });
  network.nowMs = 5_980; // 20 ms behind the clock of whoever labelled the block
  await beijing.kme.raiseAlarm('ab', 'tapped');
  await beijing.kme.flush();
  await beijing.kme.reopen('ab');
  await beijing.kme.flush();
  network.nowMs = 7_000;
  assert.deepEqual([(await moscow.kme.alarms()).length, (await delhi.kme.alarms()).length], [0, 0]);
  const answer = await moscow.call('GET', 'enc_keys', { to: 'vpn-delhi' });
  assert.equal(answer.status, 503, 'a key of before the alarm is handed out');
});
