import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import type { SessionReport } from '@skykey/distill';
import { makeFolder } from './durable.ts';
import { KeyFolder, nameOf } from './key-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'skykey-keys-'));
after(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const fresh = (): string => join(root, String(folders++));
const REPORT = { sessionId: 'one', secretBits: 24 } as SessionReport;
const key = (): SecretBytes => SecretBytes.adopt(Uint8Array.of(11, 22, 33));
const inside = (folder: string): string[] =>
  existsSync(join(folder, 'link')) ? readdirSync(join(folder, 'link')).sort() : [];

test('held, released: the key has its name when it is released, and not before', async () => {
  const folder = fresh();
  const store = new KeyFolder(folder, 'alice');
  await store.begin('link/one');
  assert.equal(await store.wasBegun('link/one'), true);
  await assert.rejects(store.begin('link/one'), /'one' was begun before/);
  await store.hold('link/one', key(), REPORT);
  assert.deepEqual(inside(folder), ['one.held', 'one.report.json']);
  assert.deepEqual(await store.held(), ['link/one']);
  assert.equal(await store.wasReleased('link/one'), false);
  await store.release('link/one');
  assert.deepEqual(inside(folder), ['one.key', 'one.report.json']);
  assert.deepEqual([...readFileSync(store.filesOf('link/one').key)], [11, 22, 33]);
  assert.deepEqual(store.reportOf('link/one'), REPORT);
  assert.equal(await store.wasReleased('link/one'), true);
  assert.deepEqual(store.settled, []);
  await assert.rejects(store.release('link/one'), /is not held here but released/);
  await assert.rejects(store.hold('link/one', key(), REPORT), /is known here/);
  store.close();
  // Whoever uses a key takes it away; that it was there is not forgotten.
  rmSync(store.filesOf('link/one').key);
  const next = new KeyFolder(folder, 'alice');
  assert.equal(await next.wasReleased('link/one'), true);
  assert.throws(() => next.checkFresh('link/one'), /'one' was distilled before: its key is here/);
  next.checkFresh('link/two');
  next.close();
});

test('discarded: overwritten, gone, and known', async () => {
  const folder = fresh();
  const store = new KeyFolder(folder, 'bob');
  await store.begin('link/zero');
  await store.hold('link/one', key(), REPORT);
  await store.discard('link/one');
  assert.deepEqual(store.settled, [{ blockId: 'link/one', outcome: 'discarded' }]);
  assert.deepEqual(inside(folder), []);
  assert.throws(() => store.checkFresh('link/one'), /discarded/);
  assert.throws(() => store.checkFresh('link/zero'), /begun before, as .*journal says/);
  store.close();
});

test('whatever is there is not written over', async () => {
  const folder = fresh();
  const store = new KeyFolder(folder, 'bob');
  await store.hold('link/one', key(), REPORT);
  await store.release('link/one');
  writeFileSync(join(folder, 'link', 'two.key'), 'mine');
  await assert.rejects(store.hold('link/two', key(), REPORT), /two\.key is there already, and nothing is written over/);
  assert.equal(readFileSync(join(folder, 'link', 'two.key'), 'utf8'), 'mine');
  store.close();
});

test('a power cut between any two steps leaves what the journal says', async () => {
  // What is on the disk after each step, put together by hand.
  for (const [states, before, kept] of [
    [['begun'], ['one.held', 'one.report.json'], []],
    [['begun'], ['one.held.part'], []],
    [
      ['begun', 'held'],
      ['one.held', 'one.report.json'],
      ['one.held', 'one.report.json'],
    ],
    [
      ['begun', 'held', 'released'],
      ['one.held', 'one.report.json'],
      ['one.key', 'one.report.json'],
    ],
    [
      ['begun', 'held', 'released'],
      ['one.key', 'one.report.json'],
      ['one.key', 'one.report.json'],
    ],
    [['begun', 'held', 'discarded'], ['one.held', 'one.report.json'], []],
  ] as const) {
    const folder = fresh();
    new KeyFolder(folder, 'alice').close();
    const journal = join(folder, 'journal');
    const lines = states.map((state) => `\n${state} "link/one"`).join('');
    writeFileSync(journal, readFileSync(journal, 'utf8') + lines);
    const other = new KeyFolder(folder, 'alice');
    await other.hold('link/two', key(), REPORT);
    other.close();
    for (const name of before) copyFileSync(join(folder, 'link', 'two.held'), join(folder, 'link', name));
    // The line that was being written when the power went.
    writeFileSync(journal, `${readFileSync(journal, 'utf8')}\nreleased "link/t`);
    const store = new KeyFolder(folder, 'alice');
    assert.deepEqual(
      inside(folder).filter((name) => name.startsWith('one')),
      kept,
    );
    assert((await store.held()).includes('link/two'));
    await store.release('link/two');
    store.close();
    assert(await new KeyFolder(folder, 'alice').wasReleased('link/two'));
  }
});

test('one party, one process', () => {
  const folder = fresh();
  const store = new KeyFolder(folder, 'alice');
  assert.throws(() => new KeyFolder(folder, 'alice'), /is in use by process/);
  store.close();
  assert.throws(() => new KeyFolder(folder, 'bob'), /holds the keys of alice; give bob a folder of its own/);
  writeFileSync(join(folder, 'journal'), '\nrole "alice"\nnonsense\nheld "link/one"');
  assert.throws(() => new KeyFolder(folder, 'alice'), /journal is damaged in line 3/);
  writeFileSync(join(root, 'a file'), '');
  assert.throws(() => new KeyFolder(join(root, 'a file'), 'alice'), /cannot be written/);
});

test('any id makes a name, and different ones different names', () => {
  const ids = [
    'journal',
    'Journal',
    'journal.x',
    'nul',
    'a.',
    'one',
    'One.2',
    '../x',
    '..',
    '.hidden',
    'a/b',
    'a b',
    'a~b',
    'ü',
    'x'.repeat(96),
    'x'.repeat(200),
    '',
  ];
  const names = ids.map(nameOf);
  assert.equal(new Set(names).size, ids.length);
  for (const name of names) assert.match(name, /^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127}$/);
  assert.equal(nameOf('micius-20161219t165214z'), 'micius-20161219t165214z');
  // Our own files, devices, and what a disk may take for another name.
  for (const id of ['journal', 'Journal', '.lock', 'CON', 'nul.txt', 'com1', 'a.']) assert.notEqual(nameOf(id), id);
  for (const id of ['journals', 'console', 'a.b']) assert.equal(nameOf(id), id);
});

test('a link that is called journal, and ids that differ by upper and lower case only', async () => {
  const folder = fresh();
  const store = new KeyFolder(folder, 'alice');
  await store.begin('journal/one');
  await store.hold('journal/one', key(), REPORT);
  await store.release('journal/one');
  assert.deepEqual([...readFileSync(store.filesOf('journal/one').key)], [11, 22, 33]);
  for (const alike of ['journal/One', 'Journal/one']) {
    if (store.filesOf(alike).key.toLowerCase() !== store.filesOf('journal/one').key.toLowerCase()) continue;
    assert.throws(() => store.checkFresh(alike), /differs from 'journal\/one' by upper and lower case only/);
    await assert.rejects(store.begin(alike), /name it otherwise/);
  }
  assert.throws(() => store.checkFresh('journal/ONE'), /upper and lower case/);
  store.close();
});

test('what is to be written beside the light is written first, and stops it', async () => {
  const store = new KeyFolder(fresh(), 'alice');
  const begun: string[] = [];
  store.alsoBegins((id) => {
    begun.push(id);
    if (id === 'link/two') throw new Error('used elsewhere');
  });
  await store.begin('link/one');
  await assert.rejects(store.begin('link/two'), /used elsewhere/);
  assert.deepEqual(begun, ['link/one', 'link/two']);
  assert.equal(await store.wasBegun('link/two'), false);
  store.close();
});

test('each folder that is made is on the disk with its name, the innermost first', () => {
  const at = join(fresh(), 'keys', 'of today');
  assert.deepEqual(makeFolder(at), [at, dirname(at), dirname(dirname(at))]);
  assert.deepEqual(makeFolder(at), []);
});
