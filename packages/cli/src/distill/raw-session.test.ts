import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Role, SessionParameters } from '@skykey/distill';
import { seededRandom, TagTableWriter } from '@skykey/photons';
import { COMMAND } from '../test/command.ts';
import type { PartyOptions } from './party.ts';
import { distil, documentOf, emissionBytes, Laboratory, type Light, light } from './test/laboratory.ts';
import { type TimingDocument, timingText } from './timing-document.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-raw-session-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const lab = new Laboratory(folder);

/** Of the laboratory: 1 MHz over a roof, 0.7 s; the second of a counter that began 3.5 s before slot 0 and runs fast. */
const PULSES = 700_000;
const DELAY_PS = 4.2e6;
const SLOT_ZERO_PS = 2.25e12;
const JITTER_PS = 200;
const HIDDEN_PS = 1.3e6;
const readingOf = (scalePs: number): number => Math.round(scalePs + 1.25e12 + scalePs * 1.7e-6);

/** Clicks as a tagger has them, in order of time; 60 a second of them are none of the sender's. */
function tagsOf({ slot, detector }: Light, seed: number): { timePs: Float64Array; detector: Uint8Array } {
  const random = seededRandom(seed);
  const rows = slot.map((at, i) => {
    // A sum of twelve uniform numbers is close to a Gaussian.
    let jitter = -6;
    for (let k = 0; k < 12; k++) jitter += random.uniform();
    return [readingOf(SLOT_ZERO_PS + at * 1e6 + DELAY_PS + HIDDEN_PS + jitter * JITTER_PS), detector[i]!] as const;
  });
  for (let i = 0; i < 60; i++) rows.push([readingOf(2e12 + random.uniform() * 1e12), i & 3]);
  rows.sort(([one], [other]) => one - other);
  return { timePs: Float64Array.from(rows, ([at]) => at), detector: Uint8Array.from(rows, ([, one]) => one) };
}

function timingOf(tags: number): TimingDocument {
  const zeros = [0, 0, 0, 0, 0];
  return {
    tags,
    jitterPs: JITTER_PS,
    slotZeroPs: SLOT_ZERO_PS,
    pulsePerSecond: { firstSecond: 1, tolerancePs: 1e4, readingPs: [1, 2, 3, 4].map((s) => readingOf(s * 1e12)) },
    lightTime: {
      startPs: 0,
      stepPs: 1e12,
      delayPs: zeros.map(() => DELAY_PS),
      ratePsPerS: zeros,
      accelerationPsPerS2: zeros,
      jerkPsPerS3: zeros,
    },
    simulated: true,
  };
}

/** Files of a session of raw tags; what was sent may be of another light than what was seen. */
function session(sessionId: string, sentBy = sessionId): Record<Role, PartyOptions> {
  const seen = light(sessionId, 0.002, PULSES);
  const sent = sentBy === sessionId ? seen : light(sentBy, 0.002, PULSES);
  const options = lab.session(sessionId);
  const link = lab.link(`${sessionId}.json`, { sessionId, pulses: PULSES });
  const parameters = { linkId: 'lab-roof', sessionId } as SessionParameters;
  const tags = tagsOf(seen, 5);
  const writer = new TagTableWriter({ columns: ['time_ps', 'detector'], metadata: {} });
  const bytes = Buffer.concat([writer.write({ time_ps: tags.timePs, detector: tags.detector }), writer.end()]);
  const input = lab.write(`${sessionId}.parquet`, bytes);
  lab.write(`${sessionId}.parquet.timing.json`, timingText(timingOf(tags.timePs.length)));
  return {
    alice: { ...options.alice, link, input: lab.write(`${sessionId}.emit`, emissionBytes(sent, parameters)) },
    bob: { ...options.bob, link, input },
  };
}

describe('skykey distill with raw tags', () => {
  it('finds the slots on the line, and both have the same key', async () => {
    const endings = await distil(session('raw'));
    const [alice, bob] = [documentOf(endings.alice), documentOf(endings.bob)];
    assert.equal(bob.verdict, 'accepted', bob.reason ?? '');
    assert.deepEqual(lab.key('alice', 'raw'), lab.key('bob', 'raw'));
    assert.equal(lab.key('bob', 'raw').length * 8, alice.secretBits);
    assert.deepEqual(bob.report, alice.report);
    assert.equal(bob.report!.acquisitions, 1);
    assert(bob.report!.qberSignal < 0.01, `QBER ${bob.report!.qberSignal}`);
    assert.match(bob.warnings.join(), /simulated/);
  });

  it('ends without key on both sides where the light is not found', async () => {
    const { alice, bob } = await distil(session('other', 'another light'));
    assert(bob.status === 'rejected');
    assert.equal(bob.reason.code, 'distill/sync');
    assert.match(bob.reason.message, /^no light was found: of [1-9]\d* windows [1-9]/);
    assert.equal(documentOf(alice).verdict, 'refused');
    assert.throws(() => lab.key('alice', 'other'), { code: 'ENOENT' });
    assert.throws(() => lab.key('bob', 'other'), { code: 'ENOENT' });
  });

  it('says what is wrong with a timing in one sentence and 2, and the light is as good as before', async () => {
    const options = session('again');
    const { link, auth, out, input } = options.bob;
    const given = ['--tags', input, '--link', link, '--auth', auth, '--out', out, '--connect', '127.0.0.1:1'];
    const run = (timing: string) =>
      spawnSync(process.execPath, [COMMAND, 'distill', 'bob', ...given, '--timing', timing], { encoding: 'utf8' });
    const rows = timingOf(0).tags;
    const { status, stdout, stderr } = run(lab.write('wrong.json', timingText(timingOf(rows))));
    assert.deepEqual([status, stdout], [2, '']);
    assert.match(stderr, /^skykey: --tags .*again\.parquet has \d+ tags, and tags is 0 in .*wrong\.json: .*\n$/);
    const nowhere = run(lab.path('nowhere.json'));
    assert.equal(nowhere.status, 2);
    assert.match(nowhere.stderr, /^skykey: --timing .*nowhere\.json cannot be read: there is no such file\n$/);
    assert.equal(documentOf((await distil(options)).bob).verdict, 'accepted');
  });
});
