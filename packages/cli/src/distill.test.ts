import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Role } from '@skykey/distill';
import { EmissionFile } from '@skykey/distill';
import { loadScenario } from '@skykey/node';
import { openTagTable } from '@skykey/photons';
import { InputFile } from './distill/input-file.ts';
import { linkText, readLink } from './distill/link-document.ts';
import { linkFromScenario } from './distill/link-from-scenario.ts';
import type { DistillDocument, PartyOptions } from './distill/party.ts';
import { distil, documentOf, Laboratory, messageType, proxy, SETTINGS, TEST_BOB } from './distill/test/laboratory.ts';
import { writeRecording } from './tags.ts';
import { COMMAND } from './test/command.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-distill-command-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly process: ChildProcess;
  readonly port: Promise<number>;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
}

function run(...args: string[]): Run {
  const child = spawn(process.execPath, [COMMAND, 'distill', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const port = new Promise<number>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      const [, found] = /listens on port (\d+)/.exec(stderr) ?? [];
      if (found) resolve(Number(found));
    });
  });
  const ended = new Promise<Awaited<Run['ended']>>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { process: child, port: Promise.race([port, ended.then(() => 1)]), ended };
}

function party(role: Role, { input, link, auth, out }: PartyOptions, ...more: string[]): Run {
  const given = [role === 'alice' ? '--emissions' : '--tags', input, '--link', link, '--auth', auth, '--out', out];
  return run(role, ...given, ...more);
}

describe('skykey distill, in two processes', () => {
  const lab = new Laboratory(join(folder, 'processes'));

  it('draws the key that is carried', async () => {
    const file = lab.path('carried.auth');
    const { code, stdout } = await run('auth', '--bytes', '1024', '--out', file).ended;
    assert.equal(code, 0);
    assert.match(stdout, /63 pads, enough for 20 sessions/);
    assert.equal(statSync(file).size, 1024);
    const again = await run('auth', '--bytes', '1024', '--out', file).ended;
    assert.equal(again.code, 2);
    assert.match(again.stderr, /never written over/);
  });

  it('ends with 0 and a document for programs, a report for people', async () => {
    const { alice, bob } = lab.session('one');
    const a = party('alice', alice, '--listen', '127.0.0.1:0', '--json');
    const b = party('bob', bob, '--connect', `127.0.0.1:${await a.port}`);
    const [ofAlice, ofBob] = await Promise.all([a.ended, b.ended]);
    assert.equal(ofAlice.code, 0, ofAlice.stderr);
    assert.equal(ofBob.code, 0, ofBob.stderr);
    const document = JSON.parse(ofAlice.stdout) as DistillDocument;
    assert.equal(document.verdict, 'accepted');
    assert.equal(document.report!.secretBits, document.secretBits);
    assert(document.timing.cpuS > 0 && document.timing.maxRssBytes > 0 && document.line.roundTrips > 10);
    assert.match(ofBob.stdout, new RegExp(`secret key +${document.secretBits.toLocaleString('en')} bits`));
    assert.match(ofAlice.stderr, /simulated: its key protects nothing/);
    assert.deepEqual(lab.key('alice', 'one'), lab.key('bob', 'one'));
  });

  it('a process that is killed burns its light; the other says so and ends with 1; the next session has key', async () => {
    await distil(lab.session('earlier'));
    const earlier = lab.key('bob', 'earlier');
    const { alice, bob } = lab.session('two');
    const a = party('alice', alice, '--listen', '127.0.0.1:0', '--patience', '6');
    let killed = false;
    const line = await proxy(await a.port, (frame) => {
      killed ||= messageType(frame) === TEST_BOB && b.process.kill('SIGKILL');
      return killed ? 'cut' : 'pass';
    });
    const b = party('bob', bob, '--connect', `127.0.0.1:${line.port}`);
    const [ofAlice, ofBob] = await Promise.all([a.ended, b.ended]);
    line.stop();
    assert.equal(ofBob.code, null);
    assert.equal(ofAlice.code, 1, ofAlice.stderr);
    assert.match(ofAlice.stdout, /verdict +refused: nothing moved for 6 s/);
    for (const [role, options] of [
      ['alice', alice],
      ['bob', bob],
    ] as const) {
      const { code, stderr } = await party(role, options, '--listen', '127.0.0.1:0').ended;
      assert.equal(code, 2);
      assert.match(stderr, /'two' was begun before, as .* says; .* record another session/);
    }
    const next = await distil(lab.session('three'));
    assert.equal(documentOf(next.bob).verdict, 'accepted');
    assert.deepEqual(lab.key('alice', 'three'), lab.key('bob', 'three'));
    assert.deepEqual(lab.key('bob', 'earlier'), earlier);
  });

  it('one that is interrupted tells the other at once', async () => {
    const { alice, bob } = lab.session('four');
    const a = party('alice', alice, '--listen', '127.0.0.1:0');
    const line = await proxy(await a.port, (frame) => {
      if (messageType(frame) === SETTINGS) b.process.kill('SIGINT');
      return 'pass';
    });
    const b = party('bob', bob, '--connect', `127.0.0.1:${line.port}`);
    const [ofAlice, ofBob] = await Promise.all([a.ended, b.ended]);
    line.stop();
    assert.deepEqual([ofAlice.code, ofBob.code], [1, 1], ofAlice.stderr + ofBob.stderr);
    assert.match(ofBob.stdout, /refused: it was interrupted on this side/);
    assert.match(ofAlice.stdout, /refused: the other party has ended the session/);
  });

  it('bad input is one sentence and 2', async () => {
    const { alice } = lab.session('five');
    const { code, stderr, stdout } = await party('alice', { ...alice, input: alice.link }, '--listen', '127.0.0.1:0')
      .ended;
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, /^skykey: .*five\.json: this is no emission file.*\n$/);
  });
});

describe('a pass that is played', () => {
  const lab = new Laboratory(join(folder, 'played'));
  const play = { scenario: 'micius-2016-12-19', seed: 7, seconds: 0.2 } as const;

  it('leaves a pair of files that belong together, and a link of both', async () => {
    const written = writeRecording({ ...play, out: lab.path('bob.parquet'), emissions: lab.path('alice.emit') });
    const { link } = linkFromScenario(loadScenario(play.scenario), play);
    lab.write('link.json', linkText(link));
    assert.deepEqual(readLink(lab.path('link.json')), link);
    assert.equal(link.parameters.pulses, 2e7);
    const { linkId, sessionId, pulses } = written.emissions!;
    assert.deepEqual([linkId, sessionId, pulses], ['micius-beijing', written.passId, 2e7]);
    if (process.platform !== 'win32') assert.equal(statSync(lab.path('alice.emit')).mode & 0o777, 0o600);
    // Bob's file has nothing of Alice's; with --settings the same pass shows what she sent.
    writeRecording({ ...play, out: lab.path('both.parquet'), settings: true });
    const [own, both] = await Promise.all(
      ['bob.parquet', 'both.parquet'].map(async (name) => {
        const bytes = readFileSync(lab.path(name));
        const slice = (from: number, to?: number) => new Uint8Array(bytes).slice(from, to).buffer;
        const table = await openTagTable({ byteLength: bytes.length, slice });
        return { columns: table.columns, metadata: table.metadata, rows: (await table.groups().next()).value!.columns };
      }),
    );
    assert.deepEqual(own!.columns, ['time_ps', 'detector', 'slot', 'offset_ps']);
    assert.equal(own!.metadata.pulses, '20000000');
    assert.deepEqual(own!.rows.slot, both!.rows.slot);
    const { slot, intensity, basis, bit } = both!.rows as Record<string, Float64Array | Uint8Array>;
    const kept = [...slot!.keys()].filter((i) => slot![i]! < pulses && slot![i] !== slot![i - 1]);
    assert(kept.length > 300);
    const input = new InputFile('--emissions', lab.path('alice.emit'));
    const file = await EmissionFile.open(input);
    const sent = await file.at(Float64Array.from(kept, (i) => slot![i]!));
    let equal = 0;
    for (const [k, i] of kept.entries()) {
      if (sent.intensity[k] === intensity![i] && sent.basis[k] === basis![i] && sent.bit[k] === bit![i]) equal++;
    }
    // Some clicks fall into slots of the bin before.
    assert(equal >= kept.length - 2, `${equal} of ${kept.length}`);
    // What nobody saw is as the source is set.
    const some = await file.at(Float64Array.from({ length: 200_000 }, (_, k) => 40 * k));
    const source = loadScenario(play.scenario).links[0]!.source;
    assert(source.kind === 'decoy');
    const share = (values: Uint8Array, value: number): number =>
      values.filter((one) => one === value).length / values.length;
    for (const [k, { probability }] of source.intensities.entries())
      assert(Math.abs(share(some.intensity, k) - probability) < 0.006);
    assert(Math.abs(share(some.basis, 0) - source.basisXProbability) < 0.006);
    assert(Math.abs(share(some.bit, 1) - 0.5) < 0.006);
    input.close();
  });

  it('goes through the whole protocol: too little light for a key, and both know why', async () => {
    const { auth: aliceAuth } = lab.session('x').alice;
    const options = (role: Role, input: string): PartyOptions => ({
      input: lab.path(input),
      link: lab.path('link.json'),
      auth: role === 'alice' ? aliceAuth : lab.path('bob.auth'),
      out: lab.path(`${role}.keys`),
    });
    const endings = await distil({ alice: options('alice', 'alice.emit'), bob: options('bob', 'bob.parquet') });
    const [alice, bob] = [documentOf(endings.alice), documentOf(endings.bob)];
    assert.match(alice.reason!, /the finite-key bound leaves no secret bit/);
    assert.deepEqual(bob.report, alice.report);
    assert(alice.report!.qberSignal < 0.05, `QBER ${alice.report!.qberSignal}`);
    assert(alice.report!.detections > 300);
    assert.match(bob.warnings.join(), /simulated/);
  });
});
