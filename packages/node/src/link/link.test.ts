import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import { type Alarm, type Channel, type DetectionChunk, DistillError, type SessionParameters } from '@skykey/distill';
import { linkLane } from '@skykey/kme';
import { Vault } from '@skykey/vault';
import { Link } from './link.ts';

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

/** The vaults of both parties, with a couriered key, on disk. */
function vaults(t: TestContext): (name: 'sky' | 'ground') => Vault {
  const folder = mkdtempSync(join(tmpdir(), 'skykey-link-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const open = (name: string): Vault => Vault.open({ path: join(folder, name), now: () => 1000 });
  const labels = {
    originLinks: ['courier'],
    route: ['courier'],
    epsSec: 0,
    epsCor: 0,
    proof: 'couriered',
    simulated: false,
    createdAtMs: 0,
  };
  const key = randomBytes(160);
  for (const name of ['sky', 'ground']) {
    const vault = open(name);
    vault.append(linkLane(PARAMETERS.linkId), labels, SecretBytes.adopt(new Uint8Array(key)));
    vault.close();
  }
  return open;
}

function linkOf(vault: Vault, onAlarm: (alarm: Alarm) => void = () => undefined): Link {
  return new Link({
    linkId: PARAMETERS.linkId,
    peer: 'peer',
    vault,
    random: (length) => new Uint8Array(randomBytes(length)),
    pulseRateHz: 1e8,
    expectedQber: 0.02,
    hardQber: 0.11,
    missionMs: () => 1000,
    route: ['sky', 'ground'],
    onChange: () => undefined,
    onAlarm,
  });
}

test('what somebody on the line merely says drops no link: not that he stops, nor that he is of another version', async (t) => {
  const open = vaults(t);
  const [sky, ground] = [open('sky'), open('ground')];
  const alarms: Alarm[] = [];
  const [satellite, station] = [sky, ground].map((vault) => linkOf(vault, (alarm) => alarms.push(alarm)));
  const words = [3, 5, 6, 8, 9, 200].map((code) => Uint8Array.of(ABORT, code));
  words.push(Uint8Array.of(1, 2, 0), Uint8Array.of(2, 2, 0));
  for (const [i, word] of words.entries()) {
    const parameters = { ...PARAMETERS, sessionId: `pass-${i}` };
    const ends = line();
    // Each hears it from a stranger, as the first and only message.
    const stranger: Channel = { send: async () => undefined, receive: async () => word };
    await Promise.allSettled([
      satellite!.runSatellite(parameters, stranger, () => Promise.reject(new Error('no slot was seen'))),
      station!.runStation(parameters, { ...ends.bob, receive: stranger.receive }, dark()),
    ]);
    for (const link of [satellite!, station!]) {
      assert.equal(link.dropped, false);
      // A message of the wrong direction is none of the party's business but nonsense, which is no hard alarm either.
      assert.equal(link.state().alarms.length, i + 1);
      assert.equal(link.state().alarms[0]!.severity, 'soft');
    }
  }
  assert.deepEqual(alarms, []);
  sky.close();
  ground.close();
});

test('one session at a time: a second one is refused before a word is said, and leaves the first alone', async (t) => {
  const open = vaults(t);
  const [sky, ground] = [open('sky'), open('ground')];
  const [satellite, station] = [sky, ground].map((vault) => linkOf(vault));
  const none = () => Promise.reject(new Error('no slot was seen'));
  const ends = line();
  const silent: Channel = { send: () => assert.fail('nothing is to be said'), receive: () => assert.fail('nor heard') };
  const first = satellite!.runSatellite(PARAMETERS, ends.alice, none);
  assert.equal(satellite!.running, 'pass-1');
  const journal = sky.journal.list(10).length;
  const busy = { name: 'NodeError', code: 'node/busy', message: /pass-1 of sky-ground is running/ };
  await assert.rejects(satellite!.runSatellite({ ...PARAMETERS, sessionId: 'pass-2' }, silent, none), busy);
  assert.deepEqual([satellite!.running, satellite!.state().state], ['pass-1', 'session']);
  assert.equal(sky.journal.list(10).length, journal, 'a stranger could fill the journal');
  const bob = station!.runStation(PARAMETERS, ends.bob, dark());
  await assert.rejects(station!.runStation({ ...PARAMETERS, sessionId: 'pass-2' }, silent, dark()), busy);
  for (const report of await Promise.all([first, bob])) assert.match(report.reason!, /no secret bit/);
  // Over: the id that was refused is unused, and its session can be had now.
  assert.equal(satellite!.running, null);
  const again = line();
  const parameters = { ...PARAMETERS, sessionId: 'pass-2' };
  await Promise.all([
    satellite!.runSatellite(parameters, again.alice, none),
    station!.runStation(parameters, again.bob, dark()),
  ]);
  sky.close();
  ground.close();
});

test('a pass that was spoken of gives no second session, also after the vault was closed', async (t) => {
  const open = vaults(t);
  for (const session of ['first', 'again', 'another'] as const) {
    const [sky, ground] = [open('sky'), open('ground')];
    const parameters = session === 'another' ? { ...PARAMETERS, sessionId: 'pass-2' } : PARAMETERS;
    const ends = line();
    const [alice, bob] = await Promise.allSettled([
      linkOf(sky).runSatellite(parameters, ends.alice, () => Promise.reject(new Error('no slot was seen'))),
      linkOf(ground).runStation(parameters, ends.bob, dark()),
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
    sky.close();
    ground.close();
  }
});
