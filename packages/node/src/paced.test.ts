import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Paced } from './paced.ts';

const fault = (error: unknown): never => assert.fail(String(error));

/** A work that ends when it is told, and says how often it began. */
function work(): { run: () => Promise<void>; begun: number; end: (error?: Error) => Promise<void> } {
  const open: ((error?: Error) => void)[] = [];
  return {
    begun: 0,
    run() {
      this.begun++;
      return new Promise<void>((resolve, reject) => open.push((error) => (error ? reject(error) : resolve())));
    },
    async end(error) {
      open.shift()!(error);
      await pause(0);
    },
  };
}

test('one run at a time; whoever asks meanwhile gets one that begins afterwards, all of them the same', async () => {
  const slow = work();
  const paced = new Paced(() => slow.run(), 1, fault);
  const over: string[] = [];
  const first = paced.now().then(() => over.push('first'));
  const others = Array.from({ length: 100 }, () => paced.now().then(() => over.push('other')));
  assert.equal(slow.begun, 1);
  await slow.end();
  await first;
  assert.deepEqual([slow.begun, over], [2, ['first']]);
  await slow.end();
  await Promise.all(others);
  assert.deepEqual([slow.begun, over.length], [2, 101]);
  const again = paced.now();
  assert.equal(slow.begun, 3);
  await slow.end();
  await again;
});

test('a run that fails is told to those who waited for it, and the next one is another', async () => {
  const slow = work();
  const faults: unknown[] = [];
  const paced = new Paced(
    () => slow.run(),
    0,
    (error) => faults.push(error),
  );
  const failing = paced.now();
  const next = paced.now();
  const reason = new Error('the disk is full');
  const heard = assert.rejects(failing, reason);
  await slow.end(reason);
  await heard;
  await slow.end();
  await next;
  assert.deepEqual(faults, []);
  paced.soon();
  await pause(10);
  await slow.end(reason);
  assert.deepEqual(faults, [reason]);
});

test('however often it is wanted soon, it runs once a pause; stopped, it begins nothing more', async () => {
  let runs = 0;
  const paced = new Paced(async () => void runs++, 5, fault);
  for (let i = 0; i < 1000; i++) paced.soon();
  assert.equal(runs, 0);
  await pause(30);
  assert.equal(runs, 1);
  paced.soon();
  await paced.stop();
  paced.soon();
  await paced.now();
  await pause(30);
  assert.equal(runs, 1);
  const slow = work();
  const busy = new Paced(() => slow.run(), 1, fault);
  const waiting = [busy.now(), busy.now(), busy.stop()];
  await slow.end();
  await Promise.all(waiting);
  assert.equal(slow.begun, 1);
});
