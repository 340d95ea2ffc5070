import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { LightJournal } from './light-journal.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-light-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('light is begun once in each part, by its whole id', () => {
  const file = join(folder, 'A.emit.begun');
  const alice = new LightJournal(file, 'alice');
  alice.checkFresh('roof/one');
  alice.begin('roof/one');
  for (const journal of [alice, new LightJournal(file, 'alice')]) {
    assert.throws(() => journal.checkFresh('roof/one'), {
      code: 'cli/keys',
      message: /session 'one' was begun before/,
    });
    assert.throws(() => journal.begin('roof/one'), /begun before, as .*A\.emit\.begun says/);
  }
  const bob = new LightJournal(file, 'bob');
  bob.checkFresh('roof/one');
  // Beginnings and neighbours of an id are others.
  for (const id of ['roof/on', 'roof/one ', 'roof/one two', 'oof/one', 'roof/ü\n%2F']) {
    alice.checkFresh(id);
    alice.begin(id);
    assert.throws(() => alice.checkFresh(id), /begun before/);
  }
  assert.equal(readFileSync(file, 'utf8').split('\n').length, 9);
});

test('of two processes the one whose line stands first may speak; a line that was torn lets anybody', () => {
  const file = join(folder, 'first.begun');
  new LightJournal(file, 'alice').begin('roof/one');
  const whole = readFileSync(file, 'utf8');
  for (let length = 0; length < whole.length; length++) {
    writeFileSync(file, whole.slice(0, length));
    const journal = new LightJournal(file, 'alice');
    journal.begin('roof/one');
    assert.throws(() => new LightJournal(file, 'alice').begin('roof/one'), /begun before/);
  }
});

test('a place where nothing can be written is told before anything is said', () => {
  // A folder under the journal's name: nobody can write there, not the superuser either.
  const taken = join(folder, 'taken.begun');
  mkdirSync(taken);
  assert.throws(() => new LightJournal(taken, 'alice'), { code: 'cli/file' });
});

test('a folder that is not there is told, too', () => {
  assert.throws(() => new LightJournal(join(folder, 'none', 'A.emit.begun'), 'alice'), /cannot be written/);
});
