import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FolderLock } from './folder-lock.ts';

const root = mkdtempSync(join(tmpdir(), 'skykey-lock-'));
after(() => rmSync(root, { recursive: true, force: true }));
const refuse = (problem: string): never => {
  throw new Error(problem);
};
let files = 0;
const fresh = (text = ''): string => {
  const file = join(root, String(files++));
  if (text) writeFileSync(file, text);
  return file;
};
/** No process has such a number. */
const DEAD = 2 ** 30;
const word = (digit: string): string => digit.repeat(16);

test('one at a time, and the next when it is free', () => {
  const file = fresh();
  const lock = new FolderLock(file, refuse);
  assert.throws(() => new FolderLock(file, refuse), new RegExp(`is in use by process ${process.pid}; .* remove`));
  lock.free();
  new FolderLock(file, refuse).free();
  // One that is freed after somebody took the file away makes no new one.
  const last = new FolderLock(file, refuse);
  rmSync(file);
  last.free();
  assert.throws(() => readFileSync(file));
});

test('left behind by one that died, torn, or in a container, where every process has our number', () => {
  for (const left of [
    `\n${DEAD} ${word('a')}`,
    `\n${process.pid} ${word('a')}`,
    `\n${process.ppid} ${word('a').slice(1)}`,
    `\n${process.ppid} ${word('a')}\nfree ${word('a')}`,
  ]) {
    const file = fresh(left);
    new FolderLock(file, refuse).free();
  }
  const file = fresh(`\n${process.ppid} ${word('a')}`);
  assert.throws(() => new FolderLock(file, refuse), new RegExp(`process ${process.ppid}`));
});

test('who read that the owner is dead does not displace who came since', () => {
  // The dead one, then one alive, then one more: whenever it looks, it finds the second.
  const file = fresh(`\n${DEAD} ${word('a')}\n${process.ppid} ${word('b')}`);
  assert.throws(() => new FolderLock(file, refuse), new RegExp(`process ${process.ppid}`));
  // The owner says for good that the dead one is gone: the number will be another's.
  const other = fresh(`\n${DEAD} ${word('a')}`);
  new FolderLock(other, refuse);
  assert.match(readFileSync(other, 'utf8'), new RegExp(`free ${word('a')}`));
});

test('of many processes that find a dead owner at the same time, one at most has the folder', async () => {
  const child = join(root, 'child.mjs');
  writeFileSync(
    child,
    `import { FolderLock } from ${JSON.stringify(new URL('folder-lock.ts', import.meta.url).href)};
process.on('message', (file) => {
  let got = true;
  try { new FolderLock(file, () => { throw new Error('in use'); }); } catch { got = false; }
  process.send(got);
});
process.send('ready');`,
  );
  const children = Array.from({ length: 4 }, () => fork(child));
  const answers = (): Promise<unknown[]> =>
    Promise.all(children.map((one) => new Promise((resolve) => one.once('message', resolve))));
  await answers();
  for (let round = 0; round < 25; round++) {
    const file = fresh(`\n${DEAD} ${word('a')}`);
    const answered = answers();
    for (const one of children) one.send(file);
    const got = await answered;
    assert(got.filter((one) => one === true).length <= 1, `round ${round}: ${got}`);
  }
  for (const one of children) one.kill();
});
