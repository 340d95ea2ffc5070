import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadMission } from '../configuration.ts';
import { dialSession } from '../link/link-service.ts';
import { openMissionVault } from '../mission-vault.ts';
import { DeviceServer } from '../wire/devices.ts';
import { runSatellite } from './satellite.ts';

const SCENARIO = 'micius-2016-12-19';
/** The word to stop, of the distillation's protocol. */
const ABORT = 0x7f;
const TOKEN = 'the-token-of-a-transmitter';

/** A port that is free now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

test('a satellite runs one session of a link at a time, and one of each link', { timeout: 30_000 }, async (t) => {
  process.env.SKYKEY_LOG = 'silent';
  const { satellite, stations } = loadMission(SCENARIO);
  const transmitter = `transmitter ${satellite.id}`;
  const receiver = 'receiver nobody';
  const sky = new DeviceServer(new Map([[transmitter, TOKEN]]), { emissions: () => assert.fail('no slot was seen') });
  t.after(() => sky.close());
  const folder = mkdtempSync(join(tmpdir(), 'skykey-satellite-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const couriers = Object.fromEntries(stations.map(({ linkId }) => [linkId, join(folder, linkId)]));
  for (const file of Object.values(couriers)) writeFileSync(file, randomBytes(160));
  const linkPort = await freePort();
  const node = await runSatellite({
    ...{ format: 'skykey-node/1', kind: 'satellite', nodeId: 'satellite', scenario: SCENARIO },
    ...{ vault: join(folder, 'vault'), keyring: join(folder, 'keyring') },
    ...{ transmitter: { port: await sky.listen(0), token: TOKEN } },
    ...{ linkPort, operationsPort: await freePort(), couriers },
  });
  t.after(() => node.stop());
  await sky.connected([transmitter]);
  const announce = (linkId: string, passId: string) =>
    sky.announce({ passId, linkId, startMs: 1_482_166_123_000, pulses: 1e9, binS: 0.1 }, receiver, transmitter);
  const [one, other] = stations.map(({ linkId }) => linkId) as [string, string];
  for (const [linkId, passId] of [
    [one, 'first'],
    [one, 'second'],
    [other, 'third'],
  ] as const)
    await announce(linkId, passId);

  // Bob's hello of another version: who is heard at all is told so.
  const hello = Uint8Array.of(1, 2, 0);
  // Which of the two comes first is left open; the one that does waits for a hello.
  const rivals = [await dialSession(linkPort, one, 'first'), await dialSession(linkPort, one, 'second')];
  const answers = rivals.map((channel) => channel.receive());
  const refused = await Promise.race(
    answers.map((answer, i) =>
      answer.then(
        () => -1,
        () => i,
      ),
    ),
  );
  assert(refused >= 0, 'nothing is said before a hello');
  await assert.rejects(answers[refused]!, { code: 'distill/peer-gone' });
  const third = await dialSession(linkPort, other, 'third');
  for (const [channel, answer] of [
    [rivals[1 - refused]!, answers[1 - refused]!],
    [third, third.receive()],
  ] as const) {
    await channel.send(hello);
    assert.equal((await answer)[0], ABORT);
    channel.close();
  }
  // Over: the next one of this link is heard.
  for (;;) {
    const again = await dialSession(linkPort, one, 'second');
    await again.send(hello);
    const [answer] = await Promise.allSettled([again.receive()]);
    again.close();
    if (answer.status === 'fulfilled') {
      assert.equal(answer.value[0], ABORT);
      break;
    }
  }
});

test('a satellite that died between dropping a link and raising its alarm raises it when it starts again', async (t) => {
  process.env.SKYKEY_LOG = 'silent';
  const { satellite, stations } = loadMission(SCENARIO);
  const folder = mkdtempSync(join(tmpdir(), 'skykey-satellite-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { linkId } = stations[0]!;
  const place = {
    path: join(folder, 'vault'),
    keyring: join(folder, 'keyring'),
    now: () => 1000,
    nodeId: satellite.id,
  };
  const before = await openMissionVault(place);
  const alarm = { severity: 'hard', kind: 'qber-monitor', message: 'QBER 28 %', utcMs: 1000 };
  await before.notebook().remember(`link/${linkId}`, { dropped: true, sessions: [], alarms: [alarm] });
  await before.close();
  const couriers = Object.fromEntries(stations.map((station) => [station.linkId, join(folder, station.linkId)]));
  for (const file of Object.values(couriers)) writeFileSync(file, randomBytes(160));
  const transmitter = { port: await freePort(), token: TOKEN };
  for (const start of ['first', 'second']) {
    const ports = { linkPort: await freePort(), operationsPort: await freePort() };
    const node = await runSatellite({
      ...{ format: 'skykey-node/1', kind: 'satellite', nodeId: satellite.id, scenario: SCENARIO },
      ...{ vault: place.path, keyring: place.keyring, transmitter, couriers, ...ports },
    });
    await node.stop();
    const vault = await openMissionVault(place);
    const { alarms, journal } = await vault.atomically(async (tx) => ({
      alarms: (await tx.recallAll('alarm/')) as { value: Record<string, unknown> }[],
      journal: await tx.journal.list(),
    }));
    await vault.close();
    assert.equal(alarms.length, 1);
    const { link, foundBy, state, reason } = alarms[0]!.value;
    assert.deepEqual([link, foundBy, state, reason], [linkId, satellite.id, 'dropped', alarm.message]);
    // Once is enough.
    assert.equal(journal.filter(({ text }) => text.startsWith('alarm on')).length, 1, start);
  }
});
