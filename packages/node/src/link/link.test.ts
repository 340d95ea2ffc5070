import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { SecretBytes } from '@skykey/bits';
import {
  type Alarm,
  type Channel,
  type DetectionChunk,
  DistillError,
  type EmissionRecord,
  type SessionParameters,
} from '@skykey/distill';
import { DIRECT, keyLane, linkLane, peerLane } from '@skykey/kme';
import type { LinkState } from '@skykey/telemetry';
import type { PoisonReport, Vault } from '@skykey/vault';
import fc from 'fast-check';
import { openMissionVault } from '../mission-vault.ts';
import { Link, type LinkOptions, laneCuts } from './link.ts';

const PARAMETERS: SessionParameters = {
  sessionId: 'pass-1',
  linkId: 'sky-ground',
  pulses: 1e9,
  meanPhotons: [0.8, 0.1, 0],
  probabilities: [0.5, 0.25, 0.25],
  detectorMismatch: 0,
  epsSec: 1e-9,
  epsCor: 1e-15,
  proof: 'tilted',
  method: 'auto',
  monitorProbability: 0.05,
  alarm: { expectedQber: 0.02, qberDrift: 0.02, softFalseAlarm: 1e-4, hardQber: 0.11, hardFalseAlarm: 1e-6 },
};

const ENDS = { linkId: PARAMETERS.linkId, satelliteId: 'sky', siteId: 'ground' };

const stateOf = (link: Link, vault: Vault): Promise<LinkState> => vault.atomically((tx) => link.state(tx));

/** Two ends of a line in memory. */
function line(): { alice: Channel; bob: Channel } {
  const end = () => {
    const waiting: ((message: Uint8Array) => void)[] = [];
    const arrived: Uint8Array[] = [];
    return {
      put(message: Uint8Array): void {
        const next = waiting.shift();
        if (next) next(message);
        else arrived.push(message);
      },
      take: (): Promise<Uint8Array> =>
        new Promise((resolve) => {
          const message = arrived.shift();
          if (message) resolve(message);
          else waiting.push(resolve);
        }),
    };
  };
  const [toAlice, toBob] = [end(), end()];
  return {
    alice: { send: async (message) => toBob.put(message), receive: toAlice.take },
    bob: { send: async (message) => toAlice.put(message), receive: toBob.take },
  };
}

/** The word to stop, of the distillation's protocol. */
const ABORT = 0x7f;

/** A dark pass: everything was watched and nothing seen. */
async function* dark(): AsyncGenerator<DetectionChunk> {
  yield { slot: new Float64Array(0), detector: new Uint8Array(0), untilSlot: PARAMETERS.pulses };
}

type Open = (name: 'sky' | 'ground') => Promise<Vault>;

/** The vaults of both parties, with a couriered key, on disk. */
async function vaults(t: TestContext): Promise<Open> {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-link-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const open: Open = (nodeId) =>
    openMissionVault({
      path: join(folder, nodeId),
      keyring: join(folder, `${nodeId}.keyring`),
      now: () => 1000,
      nodeId,
    });
  const labels = {
    originLinks: ['courier'],
    routes: [['courier']],
    jurisdictions: [],
    epsSec: 0,
    epsCor: 0,
    proof: 'couriered',
    simulated: false,
    createdAtMs: 0,
    expiresAtMs: null,
  };
  const key = randomBytes(160);
  for (const name of ['sky', 'ground'] as const) {
    const vault = await open(name);
    const bytes = SecretBytes.adopt(new Uint8Array(key));
    await vault.atomically((tx) => tx.append(linkLane(PARAMETERS.linkId), labels, bytes));
    await vault.close();
  }
  return open;
}

const NOTHING: PoisonReport = { bits: 0, keys: 0, blocks: 0 };

function linkOf(vault: Vault, onAlarm: LinkOptions['onAlarm'] = async () => NOTHING): Promise<Link> {
  return Link.open({
    ...ENDS,
    peer: 'peer',
    vault,
    random: (length) => new Uint8Array(randomBytes(length)),
    pulseRateHz: 1e8,
    expectedQber: 0.02,
    hardQber: 0.11,
    missionMs: () => 1000,
    onChange: () => undefined,
    onAlarm,
  });
}

test('what somebody on the line merely says drops no link: not that he stops, nor that he is of another version', async (t) => {
  const open = await vaults(t);
  const [sky, ground] = [await open('sky'), await open('ground')];
  const alarms: Alarm[] = [];
  const onAlarm = async (alarm: Alarm): Promise<PoisonReport> => {
    alarms.push(alarm);
    return NOTHING;
  };
  const [satellite, station] = [await linkOf(sky, onAlarm), await linkOf(ground, onAlarm)];
  const words = [3, 5, 6, 8, 9, 200].map((code) => Uint8Array.of(ABORT, code));
  words.push(Uint8Array.of(1, 2, 0), Uint8Array.of(2, 2, 0));
  for (const [i, word] of words.entries()) {
    const parameters = { ...PARAMETERS, sessionId: `pass-${i}` };
    const ends = line();
    // Each hears it from a stranger, as the first and only message.
    const stranger: Channel = { send: async () => undefined, receive: async () => word };
    await Promise.allSettled([
      satellite.runSatellite(parameters, stranger, () => Promise.reject(new Error('no slot was seen'))),
      station.runStation(parameters, { ...ends.bob, receive: stranger.receive }, dark()),
    ]);
    for (const [link, vault] of [
      [satellite, sky],
      [station, ground],
    ] as const) {
      assert.equal(link.dropped, false);
      // A message of the wrong direction is none of the party's business but nonsense, which is no hard alarm either.
      const state = await stateOf(link, vault);
      assert.equal(state.alarms.length, i + 1);
      assert.equal(state.alarms[0]!.severity, 'soft');
    }
  }
  assert.deepEqual(alarms, []);
  await sky.close();
  await ground.close();
});

test('one session at a time: a second one is refused before a word is said, and leaves the first alone', async (t) => {
  const open = await vaults(t);
  const [sky, ground] = [await open('sky'), await open('ground')];
  const [satellite, station] = [await linkOf(sky), await linkOf(ground)];
  const none = () => Promise.reject(new Error('no slot was seen'));
  const ends = line();
  const silent: Channel = { send: () => assert.fail('nothing is to be said'), receive: () => assert.fail('nor heard') };
  const first = satellite.runSatellite(PARAMETERS, ends.alice, none);
  assert.equal(satellite.running, 'pass-1');
  const entries = async (): Promise<number> => (await sky.atomically((tx) => tx.journal.list(10))).length;
  const journal = await entries();
  const busy = { name: 'NodeError', code: 'node/busy', message: /pass-1 of sky-ground is running/ };
  await assert.rejects(satellite.runSatellite({ ...PARAMETERS, sessionId: 'pass-2' }, silent, none), busy);
  assert.deepEqual([satellite.running, (await stateOf(satellite, sky)).state], ['pass-1', 'session']);
  assert.equal(await entries(), journal, 'a stranger could fill the journal');
  const bob = station.runStation(PARAMETERS, ends.bob, dark());
  await assert.rejects(station.runStation({ ...PARAMETERS, sessionId: 'pass-2' }, silent, dark()), busy);
  for (const report of await Promise.all([first, bob])) assert.match(report.reason!, /no secret bit/);
  // Over: the id that was refused is unused, and its session can be had now.
  assert.equal(satellite.running, null);
  const again = line();
  const parameters = { ...PARAMETERS, sessionId: 'pass-2' };
  await Promise.all([
    satellite.runSatellite(parameters, again.alice, none),
    station.runStation(parameters, again.bob, dark()),
  ]);
  await sky.close();
  await ground.close();
});

/** A pass in which every answer of the detectors is chance: somebody has measured everything. */
async function* tapped(): AsyncGenerator<DetectionChunk> {
  const slot = Float64Array.from({ length: 20_000 }, (_, i) => 1000 * i);
  yield {
    slot,
    detector: Uint8Array.from(slot, (_, i) => (i * 2_654_435_761) >>> 30),
    untilSlot: PARAMETERS.pulses / 10,
  };
  yield { slot: new Float64Array(0), detector: new Uint8Array(0), untilSlot: PARAMETERS.pulses };
}

/** What the satellite says that it has sent: nothing to do with what was seen. */
const sent = async (slots: Float64Array): Promise<EmissionRecord> => ({
  intensity: new Uint8Array(slots.length),
  basis: Uint8Array.from(slots, (_, i) => (i >> 1) & 1),
  bit: Uint8Array.from(slots, (_, i) => (i >> 2) & 1),
});

test('a tap drops the link, and the session does not end before everything is overwritten', async (t) => {
  const open = await vaults(t);
  const [sky, ground] = [await open('sky'), await open('ground')];
  let overwritten = false;
  const onAlarm = async (): Promise<PoisonReport> => {
    await pause(50);
    overwritten = true;
    return { bits: 800, keys: 2, blocks: 1 };
  };
  const [satellite, station] = [await linkOf(sky), await linkOf(ground, onAlarm)];
  const ends = line();
  const alice = satellite.runSatellite(PARAMETERS, ends.alice, sent);
  const report = await station.runStation(PARAMETERS, ends.bob, tapped());
  assert.equal(report.verdict, 'refused');
  assert.equal(overwritten, true);
  assert.equal(station.dropped, true);
  assert.equal(station.alarm!.kind, 'qber-monitor');
  const [entry] = (await ground.atomically((tx) => tx.journal.list())).filter(({ severity }) => severity === 'alarm');
  assert.equal(entry!.text, 'sky-ground dropped: 800 undelivered bits and 2 keys overwritten here');
  await Promise.allSettled([alice]);
  // It is remembered, and taken back by the operator alone.
  const again = await linkOf(ground);
  assert.equal(again.dropped, true);
  assert.deepEqual(again.alarm, station.alarm);
  await again.reopen();
  assert.equal((await linkOf(ground)).alarm, undefined);
  await sky.close();
  await ground.close();
});

test('a session whose alarm could not be carried out has failed; the link is dropped all the same', async (t) => {
  const open = await vaults(t);
  const [sky, ground] = [await open('sky'), await open('ground')];
  const full = new Error('the disk is full');
  const [satellite, station] = [await linkOf(sky), await linkOf(ground, () => Promise.reject(full))];
  const ends = line();
  const alice = satellite.runSatellite(PARAMETERS, ends.alice, sent);
  await assert.rejects(station.runStation(PARAMETERS, ends.bob, tapped()), full);
  assert.equal(station.dropped, true);
  assert.equal(station.running, null);
  await Promise.allSettled([alice]);
  await sky.close();
  await ground.close();
});

test('a pass that was spoken of gives no second session, also after the vault was closed', async (t) => {
  const open = await vaults(t);
  for (const session of ['first', 'again', 'another'] as const) {
    const [sky, ground] = [await open('sky'), await open('ground')];
    const parameters = session === 'another' ? { ...PARAMETERS, sessionId: 'pass-2' } : PARAMETERS;
    const ends = line();
    const [alice, bob] = await Promise.allSettled([
      (await linkOf(sky)).runSatellite(parameters, ends.alice, () => Promise.reject(new Error('no slot was seen'))),
      (await linkOf(ground)).runStation(parameters, ends.bob, dark()),
    ]);
    for (const party of [alice, bob]) {
      if (session === 'again') {
        assert(party.status === 'rejected' && party.reason instanceof DistillError);
        assert.equal(party.reason.code, 'distill/session-used');
      } else {
        assert(party.status === 'fulfilled', String((party as PromiseRejectedResult).reason));
        assert.match(party.value.reason!, /no secret bit/);
      }
    }
    await sky.close();
    await ground.close();
  }
});

test('a block is cut alike at both ends, whole, and no lane begins without a pad', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), (bytes) => {
      const cuts = laneCuts(ENDS, bytes);
      assert.deepEqual(
        cuts.map(({ lane }) => lane),
        [linkLane(ENDS.linkId), peerLane('sky', 'ground'), peerLane('ground', 'sky'), keyLane('sky', 'ground', DIRECT)],
      );
      assert.deepEqual(
        cuts.map(({ from }) => from),
        [0, ...cuts.slice(0, -1).map(({ to }) => to)],
      );
      assert.equal(cuts.at(-1)!.to, bytes);
      const [session, there, back, key] = cuts.map(({ from, to }) => to - from) as [number, number, number, number];
      assert.ok(session % 16 === 0 && session <= bytes / 32 && session > bytes / 32 - 16);
      assert.ok(there === back && (there === 0 ? bytes < 64 * 32 : there >= 32 && there <= bytes / 64));
      assert.ok(key > 0);
    }),
  );
});
