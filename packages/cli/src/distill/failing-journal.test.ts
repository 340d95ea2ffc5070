import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Role } from '@skykey/distill';
import { CliError } from '../error.ts';
import { AuthenticationJournal } from './authentication-journal.ts';
import { type Meeting, type OpenLine, openLine } from './line/open-line.ts';
import { distil, documentOf, type Ending, Laboratory, seeded } from './test/laboratory.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-journal-'));
after(() => rmSync(folder, { recursive: true, force: true }));

function rejected(ending: Ending, code: string, message: RegExp): void {
  assert.equal(ending.status, 'rejected', JSON.stringify(ending));
  const { reason } = ending as PromiseRejectedResult;
  assert.equal(reason.code, code, String(reason.message));
  assert.match(reason.message, message);
}

describe('a journal of the key that fails while the parties greet', () => {
  it('of the one who is waited for: cannot be written', {
    skip: process.platform === 'win32',
  }, async () => {
    const lab = new Laboratory(join(folder, 'written'));
    const { alice, bob } = lab.session('one');
    const endings = await distil(
      { alice, bob: { ...bob, patience: 1 } },
      {
        onPort: async () => symlinkSync(join(folder, 'none', 'spent'), `${alice.auth}.spent`),
      },
    );
    rejected(endings.alice, 'cli/file', /alice\.auth\.spent cannot be written .*; it is to say which pads were used/);
    assert.match(documentOf(endings.bob).reason!, /nothing moved for 1 s/);
    assert.deepEqual(lab.spent('bob'), []);
  });

  it('of the one who comes: gone, and cannot be written, when he has met her', {
    skip: process.platform === 'win32',
  }, async () => {
    const lab = new Laboratory(join(folder, 'met'));
    const { alice, bob } = lab.session('one');
    const endings = await distil(
      { alice: { ...alice, patience: 1 }, bob },
      {
        meddle: (frame, from) => {
          // The proof of Alice, which lets Bob put down that he met her.
          if (from === 'alice' && frame[4] === 2) {
            rmSync(`${bob.auth}.spent`);
            symlinkSync(join(folder, 'none', 'spent'), `${bob.auth}.spent`);
          }
          return 'pass';
        },
      },
    );
    rejected(endings.bob, 'cli/file', /bob\.auth\.spent cannot be written .*; it is to say which pads were used/);
    assert.equal(documentOf(endings.alice).verdict, 'refused');
    assert.deepEqual([lab.spent('alice'), lab.spent('bob')], [[], []]);
  });

  it('ends whoever waits for the first connection, and not a session that runs, when somebody knocks beside it', async () => {
    let broken = false;
    const party = (role: Role, word: number, meeting: Meeting): Promise<OpenLine> => {
      const keys = {
        knock: <T>(use: (key: Uint8Array) => T): T => use(new Uint8Array(32)),
        introduce: () => undefined,
        mayMeet: () => {
          if (role === 'bob' && broken) throw new CliError('cli/authentication', 'the journal is damaged');
          return true;
        },
        met: () => undefined,
      };
      const self = { role, blockId: 'roof/one', run: new Uint8Array(16).fill(word), keys, random: seeded(`${word}`) };
      return openLine({ self, meeting, patienceMs: 20_000, onListening: (at) => (port = at) });
    };
    let port = 0;
    const here = { kind: 'listen', at: { host: '127.0.0.1', port: 0 } } as const;
    const there = (): Meeting => ({ kind: 'connect', to: { host: '127.0.0.1', port } });
    const bob = await party('bob', 1, here);
    const alice = await party('alice', 2, there());
    await alice.line.send(Uint8Array.of(1));
    assert.deepEqual(await bob.line.receive(), Uint8Array.of(1));
    broken = true;
    const beside = await party('alice', 3, there());
    while (bob.line.trouble !== 'the journal is damaged') await sleep(5);
    await alice.line.send(Uint8Array.of(2));
    assert.deepEqual(await bob.line.receive(), Uint8Array.of(2));
    assert.equal(bob.fault(), undefined);
    await Promise.all([alice, bob, beside].map((line) => line.close(0)));

    const waiting = await party('bob', 4, here);
    const first = await party('alice', 5, there());
    await assert.rejects(waiting.line.receive(), /the journal is damaged/);
    assert.equal(waiting.fault()?.code, 'cli/authentication');
    await Promise.all([waiting, first].map((line) => line.close(0)));
  });

  it('cannot be read, or written: a sentence and not the words of the system alone', () => {
    const file = join(folder, 'journal');
    mkdirSync(file);
    const journal = new AuthenticationJournal(file, '0'.repeat(16), () => assert.fail());
    assert.throws(() => journal.entries(), { code: 'cli/file', message: /journal cannot be read \(EISDIR/ });
    assert.throws(() => journal.add('open', 'alice', '0'.repeat(32)), CliError);
  });
});
