import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { type Bits, fromBytes } from '@skykey/bits';
import { amplify, DistillError, reconcileBoth } from '@skykey/distill';
import { type JobName, perform, type Task } from './jobs.ts';
import { WorkerPool } from './pool.ts';
import { errorOf, wordsOf } from './problem.ts';

const pool = new WorkerPool(2);
after(() => pool.close());

function bits(length: number, seed: number): Bits {
  let state = seed;
  return fromBytes(
    Uint8Array.from({ length: Math.ceil(length / 8) }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state >>> 24;
    }),
    length,
  );
}
const taskOf = (seed: number): Task<'amplify'> => ({
  key: bits(40_000, seed),
  seed: bits(49_999, seed + 1),
  outputBits: 10_000,
});
const expected = (seed: number): Bits => amplify(bits(40_000, seed), bits(49_999, seed + 1), 10_000);

describe('a pool of workers', () => {
  it('does the same as the main thread, many at once', async () => {
    const seeds = Array.from({ length: 12 }, (_, i) => 100 * i);
    let given = 0;
    function* tasks(): Generator<Task<'amplify'>> {
      for (const seed of seeds) {
        given++;
        yield taskOf(seed);
      }
    }
    let taken = 0;
    for await (const out of pool.map('amplify', tasks())) {
      assert.deepEqual(out, expected(seeds[taken++]!));
      // Back-pressure: tasks are made for threads that are free, and no others.
      assert(given - taken <= 2, `${given - taken} tasks ahead`);
    }
    assert.equal(taken, seeds.length);
  });

  it('takes the bits over: the caller has none of them any more', async () => {
    const task = taskOf(1);
    const { bytes } = task.key;
    await pool.run('amplify', task);
    assert.equal(bytes.length, 0);
  });

  it('corrects errors in a thread', async () => {
    const alice = bits(20_000, 5);
    const bob = bits(20_000, 5);
    for (let i = 0; i < 20_000; i += 61) bob.bytes[i >> 3]! ^= 1 << (i & 7);
    const done = await pool.run('reconcile', { method: 'cascade', alice, bob });
    assert.deepEqual(done.key, bits(20_000, 5));
    assert.equal(done.residualErrors, 0);
  });

  it('tells errors as errors of the same class', async () => {
    const task = { ...taskOf(1), outputBits: 50_000 };
    await assert.rejects(pool.run('amplify', task), (error) => {
      assert(error instanceof DistillError);
      assert.equal(error.code, 'distill/bad-argument');
      assert.match(error.message, /privacy amplification shortens/);
      return true;
    });
    // The thread is there for the next.
    assert.deepEqual(await pool.run('amplify', taskOf(3)), expected(3));
    const unequal = { method: 'cascade', alice: bits(8, 1), bob: bits(16, 1) } as const;
    await assert.rejects(pool.run('reconcile', unequal), { code: 'distill/bad-argument' });
  });

  it('sends away who does not wait, and bits that others share', async () => {
    const jobs = Array.from({ length: 4 }, (_, i) => pool.run('amplify', taskOf(i)));
    const one = taskOf(9);
    await assert.rejects(pool.run('amplify', one), /2 jobs are waiting already/);
    assert.equal(one.key.bytes.length, 5000);
    await Promise.all(jobs);
    const shared = { length: 8, bytes: new Uint8Array(9).subarray(1) };
    await assert.rejects(pool.run('amplify', { ...one, key: shared }), /a memory of their own/);
  });

  it('closes cleanly: what is under way is told so, and nothing is left', async () => {
    const other = new WorkerPool(1);
    const jobs = [other.run('amplify', taskOf(1)), other.run('amplify', taskOf(2))];
    const settled = Promise.allSettled(jobs);
    await other.close();
    for (const job of await settled) {
      assert.equal(job.status, 'rejected');
      assert.match(String(job.reason), /closed before the job was done/);
    }
    await assert.rejects(other.run('amplify', taskOf(1)), /the pool is closed/);
    await other.close();
  });

  it('a map that is left early leaves nothing running', async () => {
    for await (const _ of pool.map('amplify', [taskOf(1), taskOf(2), taskOf(3), taskOf(4)])) break;
    assert.deepEqual(await pool.run('amplify', taskOf(3)), expected(3));
  });
});

describe('a job', () => {
  it('overwrites the bits that it was given, also when it fails', async () => {
    for (const outputBits of [10_000, 50_000]) {
      const task = { ...taskOf(1), outputBits };
      await perform('amplify', task).catch(() => undefined);
      for (const { bytes } of [task.key, task.seed]) assert(bytes.every((byte) => byte === 0));
    }
    const [alice, bob] = [bits(1000, 1), bits(1000, 1)];
    const { key } = await reconcileBoth(alice, bob, { method: 'cascade', random: (n) => new Uint8Array(n) });
    const done = await perform('reconcile', { method: 'cascade', alice, bob });
    assert.deepEqual(done.key, key);
    assert(alice.bytes.every((byte) => byte === 0) && bob.bytes.every((byte) => byte === 0));
  });

  it('a session of the bench takes place in the light that was prepared, and only there', async () => {
    const task = { siftedBits: 5e5, seed: 1, sessions: 2 };
    await assert.rejects(perform('session', task), /prepare it first/);
    await perform('prepare', task);
    const { runs, fromMs, toMs } = await perform('session', task);
    assert.equal(runs.length, 2);
    for (const { siftedBits } of runs) assert(Math.abs(siftedBits / task.siftedBits - 1) < 0.02, `${siftedBits}`);
    assert(fromMs < toMs);
  });

  it('that nobody knows is a fault that is told', async () => {
    await assert.rejects(perform('dance' as JobName, { siftedBits: 1, seed: 1, sessions: 1 }), TypeError);
  });
});

describe('errors in words', () => {
  it('keep class, code and trace', () => {
    for (const error of [
      new DistillError('distill/protocol', 'a sentence'),
      new RangeError('out'),
      new Error('plain'),
      Object.assign(new Error('disk'), { code: 'ENOSPC' }),
    ]) {
      const again = errorOf(structuredClone(wordsOf(error)));
      assert.deepEqual(
        { name: again.name, message: again.message, code: (again as { code?: string }).code, stack: again.stack },
        { name: error.name, message: error.message, code: (error as { code?: string }).code, stack: error.stack },
      );
      assert.equal(again.constructor, error.constructor);
    }
    assert.equal(errorOf(wordsOf('a word')).message, 'a word');
  });
});
