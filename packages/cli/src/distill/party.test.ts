import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Role } from '@skykey/distill';
import { runParty } from './party.ts';
import {
  distil,
  documentOf,
  emissionBytes,
  Laboratory,
  light,
  type Meddle,
  messageType,
  RELEASE,
  refused,
  rejected,
  seeded,
  TEST_BOB,
} from './test/laboratory.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-distill-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const laboratory = (name: string): Laboratory => new Laboratory(join(folder, name));

describe('two parties over a socket', () => {
  it('come to the same key, and both have it in a file', async () => {
    const lab = laboratory('key');
    const endings = await distil(lab.session('one'));
    const [alice, bob] = [documentOf(endings.alice), documentOf(endings.bob)];
    assert.equal(alice.verdict, 'accepted', alice.reason ?? '');
    assert.deepEqual(bob.report, alice.report);
    assert.deepEqual(lab.key('bob', 'one'), lab.key('alice', 'one'));
    assert.equal(lab.key('alice', 'one').length * 8, alice.secretBits);
    for (const [role, { files, report }] of [
      ['alice', alice],
      ['bob', bob],
    ] as const) {
      assert.deepEqual(JSON.parse(readFileSync(files!.report, 'utf8')), report);
      const key = lab.key(role, 'one');
      for (const form of ['hex', 'base64', 'latin1'] as const)
        assert(!readFileSync(files!.report, 'latin1').includes(key.subarray(0, 12).toString(form)));
      if (process.platform !== 'win32') assert.equal(statSync(files!.key).mode & 0o777, 0o600);
      assert.deepEqual(readdirSync(lab.path(`${role}.keys/lab-roof`)).sort(), ['one.key', 'one.report.json']);
      assert.deepEqual(lab.spent(role), [3, 4, 5]);
    }
    // What one says the other hears, and the ledger of the session has all of it.
    assert.equal(alice.line.bitsSent, bob.line.bitsReceived);
    assert.equal(alice.line.messagesReceived, bob.line.messagesSent);
    assert.equal(alice.line.bitsSent + alice.line.bitsReceived, 8 * alice.report!.classicalBytes);
    assert.equal(alice.line.connections, 1);
    assert.match(alice.warnings.join(), /simulated/);
    // The pads of this session are overwritten in both files.
    const from = 16 + 3 * 16;
    for (const role of ['alice', 'bob'])
      assert.deepEqual(lab.read(`${role}.auth`).subarray(from, from + 48), Buffer.alloc(48));
  });

  it('go on after a connection that broke at any message, lost or arrived: the same key', async () => {
    const whole = laboratory('whole');
    documentOf((await distil(whole.session('one'))).alice);
    for (const fate of ['cut', 'pass and cut'] as const) {
      const lab = laboratory(fate);
      const seen = new Set<string>();
      const meddle: Meddle = (frame, from) => {
        if (frame[4] !== 3) return 'pass';
        const name = `${from} ${frame.readUInt32LE(5)}`;
        if (seen.has(name)) return 'pass';
        seen.add(name);
        return fate;
      };
      const options = lab.session('one');
      const endings = await distil(
        { alice: { ...options.alice, patience: 120 }, bob: { ...options.bob, patience: 120 } },
        {
          meddle: meddle,
        },
      );
      const [alice, bob] = [documentOf(endings.alice), documentOf(endings.bob)];
      assert.equal(alice.verdict, 'accepted', alice.reason ?? '');
      assert.equal(bob.verdict, 'accepted', bob.reason ?? '');
      assert.equal(seen.size, alice.line.messagesSent + bob.line.messagesSent);
      // Each broke the line; one at the very end may have been the last word.
      assert(alice.line.connections >= seen.size / 2, `${alice.line.connections} connections`);
      assert.deepEqual(lab.key('alice', 'one'), whole.key('alice', 'one'));
      assert.deepEqual(lab.key('bob', 'one'), whole.key('alice', 'one'));
      assert.deepEqual(lab.spent('alice'), [3, 4, 5]);
      assert.deepEqual(lab.spent('bob'), [3, 4, 5]);
    }
  });

  it('give up together when the line stays dead, and speak of that light never again', async () => {
    const lab = laboratory('dead');
    const options = lab.session('one');
    let dead = false;
    const endings = await distil(
      { alice: { ...options.alice, patience: 2 }, bob: { ...options.bob, patience: 2 } },
      {
        meddle: (frame) => ((dead ||= messageType(frame) === TEST_BOB) ? 'cut' : 'pass'),
      },
    );
    refused(lab, endings, 'one', /nothing moved for 2 s|ended the session|peer is gone/);
    assert.deepEqual([lab.spent('alice'), lab.spent('bob')], [[], []]);
    const again = await distil(options);
    rejected(again.alice, 'cli/keys', /'one' was begun before, as .* says; .* in no folder: record another session/);
    // The next one is as good as ever.
    const next = await distil(lab.session('two'));
    assert.equal(documentOf(next.alice).verdict, 'accepted');
    assert.deepEqual(lab.key('alice', 'two'), lab.key('bob', 'two'));
  });

  it('the last word is lost: Alice has a key, Bob holds it, and the next session settles it', async () => {
    const lab = laboratory('settle');
    const options = lab.session('one');
    let gone = false;
    const endings = await distil(
      { alice: { ...options.alice, patience: 2 }, bob: { ...options.bob, patience: 2 } },
      {
        meddle: (frame) => ((gone ||= messageType(frame) === RELEASE) ? 'cut' : 'pass'),
      },
    );
    const [alice, bob] = [documentOf(endings.alice), documentOf(endings.bob)];
    assert.equal(alice.verdict, 'accepted');
    assert.match(alice.warnings.join(), /did not confirm/);
    assert.equal(bob.verdict, 'refused');
    assert.match(bob.reason!, /held until the next session/);
    assert(!existsSync(lab.path('bob.keys/lab-roof/one.key')));
    assert.deepEqual(
      [lab.spent('alice'), lab.spent('bob')],
      [
        [3, 4, 5],
        [3, 4],
      ],
    );
    const next = await distil(lab.session('two'));
    assert.deepEqual(documentOf(next.bob).settled, [{ blockId: 'lab-roof/one', outcome: 'released' }]);
    for (const session of ['one', 'two']) assert.deepEqual(lab.key('bob', session), lab.key('alice', session));
    assert.deepEqual(lab.spent('bob'), [3, 4, 6, 7, 8]);
  });

  it('too many errors: both refuse, and the light is used up', async () => {
    const lab = laboratory('errors');
    const endings = await distil(lab.session('one', { qber: 0.3 }));
    refused(lab, endings, 'one', /QBER [23]\d\.\d+ % .*: the link is dropped/);
    assert.deepEqual(documentOf(endings.alice).report, documentOf(endings.bob).report);
    assert.deepEqual([lab.spent('alice'), lab.spent('bob')], [[], []]);
    rejected((await distil(lab.session('one'))).alice, 'cli/keys', /begun before/);
  });
});

describe('a line that gives signs of life and nothing else', () => {
  it('ends on both sides after twice the patience, in a sentence, and leaves nothing locked', async () => {
    const lab = laboratory('signs');
    const options = lab.session('one');
    let swallow = false;
    const endings = await distil(
      { alice: { ...options.alice, patience: 1 }, bob: { ...options.bob, patience: 1 } },
      {
        meddle: (frame) => {
          swallow ||= messageType(frame) === TEST_BOB;
          // Messages, and what was taken of them; greetings and pings go through.
          return swallow && (frame[4] === 3 || frame[4] === 4) ? 'swallow' : 'pass';
        },
      },
    );
    refused(lab, endings, 'one', /nothing new came for 2 s, though .* signs of life|has ended the session/);
    const sentences = ['alice', 'bob'].map((role) => documentOf(endings[role as Role]).reason);
    assert.match(sentences.join(), /nothing new came for 2 s/);
    // The connection was made again in between.
    assert(documentOf(endings.alice).line.connections >= 2);
    assert.equal(documentOf((await distil(lab.session('two'))).alice).verdict, 'accepted');
  });
});

describe('names', () => {
  it('a link that is called as something of ours gives key as any other', async () => {
    const lab = laboratory('names');
    for (const linkId of ['journal', '.lock', 'nul']) {
      const sessionId = `of ${linkId.replace('.', '')}`;
      const { alice, bob } = lab.session(sessionId);
      const link = lab.link('named.json', { sessionId, linkId });
      const input = lab.write('named.emit', emissionBytes(light(`light of ${sessionId}`), { sessionId, linkId }));
      const endings = await distil({ alice: { ...alice, link, input }, bob: { ...bob, link } });
      const { files, verdict } = documentOf(endings.alice);
      assert.equal(verdict, 'accepted');
      assert.deepEqual(readFileSync(files!.key), readFileSync(documentOf(endings.bob).files!.key));
    }
  });
});

describe('through a folder', () => {
  it('the same key as over a socket, whatever lies about in the folder', async () => {
    const socket = laboratory('by-socket');
    documentOf((await distil(socket.session('one'))).alice);
    const lab = laboratory('by-folder');
    const between = lab.path('between');
    mkdirSync(join(between, 'one'), { recursive: true });
    const { alice, bob } = lab.session('one');
    const folder = { folder: between, patience: 60 };
    const own = join(between, readdirSync(between)[0]!);
    writeFileSync(join(own, '0123456789abcdef.bob.000000'), 'left over');
    writeFileSync(join(own, 'note.txt'), 'left over');
    const [a, b] = await Promise.all([
      runParty('alice', { ...alice, ...folder }, { random: seeded('alice') }),
      runParty('bob', { ...bob, ...folder }, { random: seeded('bob') }),
    ]);
    assert.equal(a.verdict, 'accepted', a.reason ?? '');
    assert.equal(b.verdict, 'accepted', b.reason ?? '');
    assert.deepEqual(lab.key('alice', 'one'), socket.key('alice', 'one'));
    assert.deepEqual(lab.key('bob', 'one'), socket.key('alice', 'one'));
  });
});
