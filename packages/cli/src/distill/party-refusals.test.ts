import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../error.ts';
import { runParty } from './party.ts';
import {
  BASES,
  distil,
  documentOf,
  type Ending,
  Laboratory,
  light,
  messageType,
  PULSES,
  refused,
  rejected,
  SETTINGS,
  slotText,
  TAG,
} from './test/laboratory.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-distill-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const laboratory = (name: string): Laboratory => new Laboratory(join(folder, name));

describe('what is used once', () => {
  it('light: not in another folder either, if one side alone remembers', async () => {
    for (const [name, forget] of [
      ['both', []],
      ['alice by her pads', ['one.emit.begun']],
      ['alice by her light', ['alice.auth.begun']],
      ['bob', ['alice.auth.begun', 'one.emit.begun']],
    ] as const) {
      const lab = laboratory(`light ${name}`);
      const options = lab.session('one');
      const broken = await distil(
        { alice: { ...options.alice, patience: 1 }, bob: { ...options.bob, patience: 1 } },
        {
          meddle: (frame) => (messageType(frame) === TAG ? 'cut' : 'pass'),
        },
      );
      for (const role of ['alice', 'bob'] as const) assert.equal(documentOf(broken[role]).verdict, 'refused');
      for (const file of forget) rmSync(lab.path(file));
      const other = await distil({
        alice: { ...options.alice, out: lab.path('other alice'), patience: 1 },
        bob: { ...options.bob, out: lab.path('other bob'), patience: 1 },
      });
      if (name === 'bob') {
        rejected(other.bob, 'cli/keys', /'one' was begun before, as .*bob\.auth\.begun says/);
        assert.notEqual(other.alice.status === 'fulfilled' && other.alice.value.verdict, 'accepted');
      } else {
        rejected(other.alice, 'cli/keys', /'one' was begun before, as .*\.begun says; .* in no folder/);
      }
      // Another session is another light, also in a file of the same name.
      const two = lab.session('two');
      const input = lab.write('one.emit', lab.read('two.emit'));
      const next = await distil({ alice: { ...two.alice, input }, bob: two.bob });
      assert.equal(documentOf(next.alice).verdict, 'accepted');
    }
  });

  it('a copy of the authentication key serves one part: no pad is sent under twice (P28)', async () => {
    const lab = laboratory('parts');
    lab.session('none');
    const host = (name: string): string => lab.path(`${name}.auth`);
    // Who changes parts learns it before anything is said about the light, and in so many words.
    const pads = (ending: Ending): readonly number[] =>
      ending.status === 'fulfilled' ? ending.value.authentication.padsTouched : [];
    const sent: string[] = [];
    for (const [session, a, b] of [
      ['one', 'alice', 'bob'],
      ['two', 'bob', 'alice'],
      ['three', 'alice', 'bob'],
      ['four', 'bob', 'alice'],
    ] as const) {
      const { alice, bob } = lab.session(session);
      const endings = await distil({
        alice: { ...alice, auth: host(a), out: lab.path(`${a} as alice`), patience: 1 },
        bob: { ...bob, auth: host(b), out: lab.path(`${b} as bob`), patience: 1 },
      });
      for (const pad of pads(endings.alice)) if (pad % 3 !== 1) sent.push(`${pad}`);
      for (const pad of pads(endings.bob)) if (pad % 3 === 1) sent.push(`${pad}`);
      if (a === 'alice') assert.equal(documentOf(endings.bob).verdict, 'accepted');
      else {
        const sentence = /--auth .*: this copy of the key has served \w+, .* draw a new key for the other direction/;
        rejected(endings.alice, 'cli/authentication', sentence);
        const { alice: before } = lab.session(session);
        assert(!existsSync(`${before.input}.begun`));
      }
    }
    assert.deepEqual(sent.sort(), ['3', '4', '5', '6', '7', '8']);
  });

  it('also when the first word under a pad never arrived, so that the other host knows of none', async () => {
    const lab = laboratory('parts unheard');
    const one = lab.session('one');
    await distil(
      { alice: { ...one.alice, patience: 1 }, bob: { ...one.bob, patience: 1 } },
      {
        meddle: (frame) => (messageType(frame) === TAG ? 'cut' : 'pass'),
      },
    );
    assert.deepEqual([lab.spent('alice'), lab.spent('bob')], [[3, 4, 5], []]);
    // Bob's host has lost its journal, which had no pad in it.
    rmSync(lab.path('bob.auth.spent'));
    rmSync(lab.path('alice.auth.begun'));
    const two = lab.session('two');
    const endings = await distil({
      alice: { ...two.alice, auth: two.bob.auth, patience: 1 },
      bob: { ...two.bob, auth: two.alice.auth, patience: 1 },
    });
    rejected(endings.bob, 'cli/authentication', /this copy of the key has served alice/);
    assert.deepEqual([lab.spent('alice'), lab.spent('bob')], [[3, 4, 5], []]);
  });

  it('one file for both on one machine, session after session', async () => {
    const lab = laboratory('shared');
    for (const session of ['one', 'two']) {
      const { alice, bob } = lab.session(session);
      const endings = await distil({ alice, bob: { ...bob, auth: alice.auth } });
      assert.equal(documentOf(endings.bob).verdict, 'accepted');
      assert.deepEqual(lab.key('alice', session), lab.key('bob', session));
    }
    assert.deepEqual(lab.spent('alice'), [3, 4, 5, 6, 7, 8]);
    // Both are done with all of them.
    const { alice, bob } = lab.session('three');
    // As Bob of somebody with another copy it would stand beside an Alice of its own.
    const endings = await distil({
      alice: { ...alice, auth: lab.path('bob.auth'), patience: 1 },
      bob: { ...bob, auth: alice.auth },
    });
    rejected(endings.alice, 'cli/peer', /has the part of alice, which this or the other copy .* has had/);
    rejected(endings.bob, 'cli/peer', /has the part of alice, which this or the other copy .* has had/);
    assert.deepEqual(lab.spent('alice'), [3, 4, 5, 6, 7, 8]);
  });
});

describe('what does not belong together', () => {
  it('another authentication key: nothing is said, nothing is spent, nothing is used up', async () => {
    const lab = laboratory('key-of-others');
    const options = lab.session('one');
    const other = laboratory('others');
    const { auth } = other.session('one').bob;
    const heard: string[] = [];
    const endings = await distil(
      { alice: { ...options.alice, patience: 1 }, bob: { ...options.bob, auth } },
      { alice: { onStranger: (sentence) => heard.push(sentence) } },
    );
    rejected(endings.bob, 'cli/peer', /whoever answers at 127.0.0.1:\d+ has another authentication key/);
    rejected(endings.alice, 'cli/peer', /whoever knocked .*another authentication key/);
    assert.equal(heard.length, 1);
    assert.deepEqual([lab.spent('alice'), other.spent('bob')], [[], []]);
    assert.equal(documentOf((await distil(options)).bob).verdict, 'accepted');
  });

  it('another parameter: both refuse in the same words before anything is said about the light', async () => {
    const lab = laboratory('parameters');
    const options = lab.session('one');
    const endings = await distil({
      ...options,
      bob: { ...options.bob, link: lab.link('wrong.json', { sessionId: 'one', epsSec: 0.2 }) },
    });
    refused(lab, endings, 'one', /the parties disagree on epsSec: Alice has 0.3, Bob 0.2/);
    assert.deepEqual([lab.spent('alice'), lab.spent('bob')], [[], []]);
    assert.equal(documentOf((await distil(options)).bob).verdict, 'accepted');
  });

  it('another session, or twice the same part', async () => {
    const lab = laboratory('sessions');
    const one = lab.session('one');
    const two = lab.session('two');
    const endings = await distil({ alice: { ...one.alice, patience: 1 }, bob: two.bob });
    rejected(endings.bob, 'cli/peer', /is of another session or link/);
    rejected(endings.alice, 'cli/peer', /is of another session or link/);
    let port = 0;
    const first = runParty(
      'alice',
      { ...one.alice, listen: '127.0.0.1:0', patience: 2 },
      { onListening: (at) => (port = at) },
    );
    first.catch(() => undefined);
    while (!port) await sleep(10);
    const twin = { ...one.alice, out: lab.path('twin.keys') };
    await assert.rejects(runParty('alice', { ...twin, connect: `127.0.0.1:${port}` }), /the same part/);
    await assert.rejects(first, /the same part/);
  });

  it('files of the other party, of another session, cut or damaged', async () => {
    const lab = laboratory('files');
    const { alice, bob } = lab.session('one');
    const meet = { listen: '127.0.0.1:0', patience: 1 };
    const asAlice = (input: string, pattern: RegExp) =>
      assert.rejects(runParty('alice', { ...alice, ...meet, input }), pattern);
    const asBob = (input: string, pattern: RegExp) =>
      assert.rejects(runParty('bob', { ...bob, ...meet, input }), pattern);
    await asAlice(bob.input, /one\.slots: this is no emission file but a table of slots, which Bob gives/);
    await asBob(alice.input, /is an emission file: that is what Alice gives/);
    await asAlice(lab.session('two').alice.input, /is of sessionId two, and the link says one/);
    const whole = lab.read('one.emit');
    await asAlice(
      lab.write('cut.emit', whole.subarray(0, 40_000)),
      /ends at byte 40000; 100000 pulses go on to byte 50\d+/,
    );
    const later = Buffer.from(whole);
    later[8] = 9;
    await asAlice(lab.write('later.emit', later), /of version 9; this program reads version 1/);
    await asBob(lab.write('what.slots', 'what?'), /is no table of slots/);
    await asBob(lab.path('nothing'), /there is no such file/);
    assert.deepEqual([lab.spent('alice'), lab.spent('bob')], [[], []]);
  });

  it('damage that is found on the way ends the session on both sides, one in so many words', async () => {
    const lab = laboratory('damage');
    const one = lab.session('one');
    const bytes = lab.read('one.emit');
    bytes[45_000]! ^= 1;
    const endings = await distil({ ...one, alice: { ...one.alice, input: lab.write('bad.emit', bytes) } });
    rejected(endings.alice, 'distill/emission-file', /bad\.emit: bytes \d+ to \d+ are damaged/);
    assert.match(documentOf(endings.bob).reason!, /one party failed by itself/);

    const two = lab.session('two');
    const text = lab.read('two.slots').toString();
    const cut = await distil({ ...two, bob: { ...two.bob, input: lab.write('cut.slots', text.slice(0, 60_000)) } });
    rejected(cut.bob, 'cli/file', /cut\.slots, line \d+, byte \d+: the (file|table) ends/);
    assert.match(documentOf(cut.alice).reason!, /one party failed by itself/);

    const three = lab.session('three');
    const { slot, detector } = light('light of three');
    const watched = slot.findIndex((at) => at >= PULSES / 2);
    const half = slotText({ slot: slot.slice(0, watched), detector: detector.slice(0, watched) }, PULSES / 2);
    const short = await distil({ ...three, bob: { ...three.bob, input: lab.write('half.slots', half) } });
    refused(lab, short, 'three', /a pass that is cut short gives no key/);
    assert.deepEqual([lab.spent('alice'), lab.spent('bob')], [[], []]);
    // What was there is there.
    assert.equal(documentOf((await distil(lab.session('four'))).alice).verdict, 'accepted');
    assert.deepEqual(lab.key('alice', 'four'), lab.key('bob', 'four'));
  });

  it('an option too many, or one that means nothing', async () => {
    const lab = laboratory('options');
    const { alice } = lab.session('one');
    const wrong: readonly [object, RegExp][] = [
      [{}, /give one of --listen/],
      [{ listen: '127.0.0.1:0', connect: '127.0.0.1:1' }, /give one of/],
      [{ connect: '127.0.0.1' }, /HOST:PORT/],
      [{ connect: '127.0.0.1:99999' }, /HOST:PORT/],
      [{ listen: '127.0.0.1:0', patience: 0 }, /--patience 0/],
      [{ folder: lab.path('none') }, /no such folder/],
      [{ listen: '203.0.113.1:0' }, /not of this machine/],
    ];
    for (const [options, pattern] of wrong) {
      await assert.rejects(runParty('alice', { ...alice, ...options }), (error: CliError) => {
        assert(error instanceof CliError);
        assert.match(error.message, pattern);
        return true;
      });
    }
  });
});

describe('strangers on the line', () => {
  it('garbage, silence, a greeting without a proof, one that replays another: none blocks, crashes or spends', async () => {
    const lab = laboratory('strangers');
    const options = lab.session('one');
    const frame = (...bytes: number[]): Buffer => {
      const out = Buffer.alloc(4 + bytes.length);
      out.writeUInt32LE(bytes.length);
      out.set(bytes, 4);
      return out;
    };
    const heard: string[] = [];
    const replies: Promise<unknown>[] = [];
    const knock = (port: number, ...said: Buffer[]): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect({ port, host: '127.0.0.1' }, () => {
          for (const one of said) socket.write(one);
          resolve();
        });
        socket.on('error', () => undefined);
        replies.push(new Promise((done) => socket.on('close', done)));
        // A slow one: a byte now and then for as long as it is let.
        const drip = setInterval(() => socket.write(Buffer.of(0)), 50);
        socket.on('close', () => clearInterval(drip));
      });
    let alicePort = 0;
    let hello: Buffer | undefined;
    let proofOfBob: Buffer | undefined;
    const endings = await distil(options, {
      alice: { onStranger: (sentence) => heard.push(sentence) },
      onPort: async (port) => {
        alicePort = port;
        await knock(port, Buffer.from('GET / HTTP/1.1\r\n\r\n'));
        await knock(port, Buffer.from([255, 255, 255, 255, 1]));
        await knock(port, Buffer.of(3, 0));
        await knock(port, frame(1, 2, 3));
        await knock(port, frame(...Buffer.from(`\x01SKYLINE\n\x02\x00`, 'latin1')));
        for (let i = 0; i < 30; i++) await knock(port);
      },
      meddle: (bytes, from) => {
        if (from === 'bob' && bytes[4] === 1) hello ??= Buffer.from(bytes);
        if (from === 'bob' && bytes[4] === 2) proofOfBob ??= Buffer.from(bytes);
        // In the middle of the session: what Bob said, from somebody else; and data without a greeting.
        if (messageType(bytes) === BASES) void knock(alicePort, hello!, proofOfBob!);
        if (messageType(bytes) === SETTINGS) void knock(alicePort, frame(3, 16, 0, 0, 0, 0, 0, 0, 0, 0x7f, 1));
        return 'pass';
      },
    });
    await Promise.all(replies);
    assert.equal(documentOf(endings.alice).verdict, 'accepted', documentOf(endings.alice).reason ?? '');
    assert.equal(documentOf(endings.alice).line.connections, 1);
    assert.deepEqual(lab.key('alice', 'one'), lab.key('bob', 'one'));
    assert.deepEqual(lab.spent('alice'), [3, 4, 5]);
    assert(
      heard.some((sentence) => /another authentication key/.test(sentence)),
      'the replayed greeting',
    );
    assert(heard.some((sentence) => /another version/.test(sentence)));
    assert(heard.some((sentence) => /does not speak/.test(sentence)));
  });
});
