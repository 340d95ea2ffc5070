import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from '../api.ts';
import { type Source, Uploads } from './uploads.ts';

const OK: Answer = { ok: true, body: null };
const source = (name: string): Source => ({ name, size: 100 });
const settle = async () => {
  for (let i = 0; i < 10; i++) await null;
};

/** A desk that answers when it is told to. */
function desk() {
  const asked: { name: string; progress: (done: number) => void; signal: AbortSignal; answer: (a: Answer) => void }[] =
    [];
  const uploads = new Uploads<Source>((file, progress, signal) => {
    const { promise, resolve } = Promise.withResolvers<Answer>();
    signal.addEventListener('abort', () => resolve({ ok: false, error: 'ended', status: null }));
    asked.push({ name: file.name, progress, signal, answer: resolve });
    return promise;
  });
  const shown = () => uploads.store.latest.map(({ name, state, doneBytes }) => `${name} ${state} ${doneBytes}`);
  return { asked, uploads, shown };
}

test('files go one after the other, with progress, and leave the list when the desk has them', async () => {
  const { asked, uploads, shown } = desk();
  uploads.add(source('a'));
  uploads.add(source('b'));
  assert.deepEqual(shown(), ['a running 0', 'b queued 0']);
  asked[0]!.progress(40);
  assert.deepEqual(shown(), ['a running 40', 'b queued 0']);
  assert.equal(asked.length, 1);
  asked[0]!.answer(OK);
  await settle();
  assert.deepEqual(shown(), ['b running 0']);
  asked[1]!.answer(OK);
  await settle();
  assert.deepEqual(shown(), []);
});

test('a refusal stays with its reason until it is taken away, and does not hold up the next', async () => {
  const { asked, uploads, shown } = desk();
  uploads.add(source('a'));
  uploads.add(source('b'));
  asked[0]!.answer({ ok: false, error: 'the disk is full', status: 507 });
  await settle();
  assert.deepEqual(shown(), ['a refused 0', 'b running 0']);
  assert.equal(uploads.store.latest[0]?.reason, 'the disk is full');
  uploads.remove(uploads.store.latest[0]!.id);
  assert.deepEqual(shown(), ['b running 0']);
});

test('one that is taken away is ended, or never begun', async () => {
  const { asked, uploads, shown } = desk();
  uploads.add(source('a'));
  uploads.add(source('b'));
  uploads.add(source('c'));
  uploads.remove(2);
  uploads.remove(1);
  assert.equal(asked[0]!.signal.aborted, true);
  await settle();
  assert.deepEqual(
    asked.map(({ name }) => name),
    ['a', 'c'],
  );
  assert.deepEqual(shown(), ['c running 0']);
});

test('a folder is refused without trying', () => {
  const { asked, uploads, shown } = desk();
  uploads.refuse(source('folder'), 'a folder');
  assert.deepEqual([shown(), asked.length], [['folder refused 0'], 0]);
});
