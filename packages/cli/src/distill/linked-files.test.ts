import assert from 'node:assert/strict';
import { existsSync, linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, describe, it } from 'node:test';
import type { CliError } from '../error.ts';
import { AuthenticationFile, drawAuthenticationKey } from './authentication-file.ts';
import { runParty } from './party.ts';
import { distil, documentOf, Laboratory, messageType, TAG } from './test/laboratory.ts';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'skykey-links-')));
after(() => rmSync(folder, { recursive: true, force: true }));
const RUN = new Uint8Array(16).fill(7);

describe('the same file by another name', { skip: process.platform === 'win32' }, () => {
  it('light whose session was begun stays used, by whichever link it is given again', async () => {
    // What is forgotten leaves one of the two journals alone to say so.
    for (const [name, forgotten, says] of [
      ['by her key', 'one.emit.begun', 'alice.auth.begun'],
      ['by her light', 'alice.auth.begun', 'one.emit.begun'],
    ] as const) {
      const lab = new Laboratory(join(folder, name));
      const { alice, bob } = lab.session('one');
      const broken = await distil(
        { alice: { ...alice, patience: 1 }, bob: { ...bob, patience: 1 } },
        {
          meddle: (frame) => (messageType(frame) === TAG ? 'cut' : 'pass'),
        },
      );
      for (const role of ['alice', 'bob'] as const) assert.equal(documentOf(broken[role]).verdict, 'refused');
      rmSync(lab.path(forgotten));
      // A link to a link, and one that counts from its own folder.
      mkdirSync(lab.path('elsewhere'));
      const linked = (file: string): string => {
        const [near, far] = [`${file}.link`, lab.path(`elsewhere/${relative(lab.folder, file)}`)];
        symlinkSync(file, near);
        symlinkSync(relative(lab.path('elsewhere'), near), far);
        return far;
      };
      const ofAlice = { ...alice, input: linked(alice.input), auth: linked(alice.auth), out: lab.path('a2') };
      const ofBob = { ...bob, auth: linked(bob.auth), out: lab.path('b2') };
      for (const [journal, role, options] of [
        [says, 'alice', ofAlice],
        ['bob.auth.begun', 'bob', ofBob],
      ] as const) {
        const party = runParty(role, { ...options, listen: '127.0.0.1:0', patience: 1 });
        await assert.rejects(party, (error: CliError) => {
          const { code, message } = error;
          assert.equal(code, 'cli/keys');
          assert(message.includes(`begun before, as ${lab.path(journal)} says`), message);
          return true;
        });
      }
      assert(!existsSync(lab.path('elsewhere/alice.auth.spent')));
    }
  });

  it('a key has one journal, in which all its names are', async () => {
    const file = join(folder, 'key');
    drawAuthenticationKey(256, file);
    const link = join(folder, 'link');
    symlinkSync('key', link);
    const keys = new AuthenticationFile(link, 'alice', RUN);
    assert.equal(keys.file, file);
    keys.introduce();
    keys.met(new Uint8Array(16));
    await keys.pad(3);
    keys.close();
    assert(!existsSync(`${link}.spent`));
    assert.throws(() => new AuthenticationFile(file, 'bob', RUN), /this copy of the key has served alice/);
    // A sentence speaks of the name that was given.
    assert.throws(() => new AuthenticationFile(link, 'bob', RUN), {
      code: 'cli/authentication',
      message: new RegExp(`^--auth ${link}: this copy`),
    });
    rmSync(`${file}.spent`);
    assert.throws(() => new AuthenticationFile(link, 'alice', RUN), /pad 3 was overwritten after use/);
  });

  it('a key with two names that nothing tells apart is refused before anything is written', () => {
    const file = join(folder, 'first');
    const second = join(folder, 'second');
    drawAuthenticationKey(256, file);
    linkSync(file, second);
    for (const name of [file, second]) {
      assert.throws(() => new AuthenticationFile(name, 'alice', RUN), {
        code: 'cli/authentication',
        message: /has 2 names \(hard links\), and its journals stand beside one of them; leave it one/,
      });
    }
    assert(!existsSync(`${file}.spent`) && !existsSync(`${second}.spent`));
    rmSync(second);
    new AuthenticationFile(file, 'alice', RUN).close();
  });

  it('a link that leads nowhere is told as a file that is not there', () => {
    const link = join(folder, 'nowhere');
    symlinkSync(join(folder, 'no such'), link);
    assert.throws(() => new AuthenticationFile(link, 'alice', RUN), {
      code: 'cli/file',
      message: /nowhere cannot be opened .*: there is no such file/,
    });
  });
});
