import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Changes, SessionStore } from './ports.ts';
import { Steps } from './steps.ts';

/** A store whose commits end when the test says so. */
class SlowStore implements SessionStore {
  readonly commits: { readonly changes: Changes; readonly end: (error?: Error) => void }[] = [];

  async load(): Promise<ReadonlyMap<string, Uint8Array>> {
    return new Map();
  }

  commit(changes: Changes): Promise<void> {
    return new Promise((resolve, reject) => {
      this.commits.push({ changes, end: (error) => (error ? reject(error) : resolve()) });
    });
  }
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

describe('steps', () => {
  it('let nothing happen before what it rests on is durable, then all of it in order', async () => {
    const store = new SlowStore();
    const steps = new Steps(store);
    const happened: string[] = [];
    for (const name of ['first', 'second']) {
      void steps
        .run(() => {
          steps.put(name, Uint8Array.of(1));
          steps.after(() => happened.push(name));
        })
        .then(() => happened.push(`${name} is told`));
    }
    await settled();
    assert.deepEqual([store.commits.length, happened], [1, []]);
    assert.deepEqual([...store.commits[0]!.changes.puts.keys()], ['first', 'second'], 'both share a commit');
    store.commits[0]!.end();
    await settled();
    assert.deepEqual(happened, ['first', 'second', 'first is told', 'second is told']);
  });

  it('let nothing happen when the store fails, and refuse from then on', async () => {
    const store = new SlowStore();
    const steps = new Steps(store);
    const happened: string[] = [];
    const step = steps.run(() => {
      steps.put('name', Uint8Array.of(1));
      steps.after(() => happened.push('it'));
    });
    const refused = assert.rejects(step, { code: 'hotline/store' });
    await settled();
    store.commits[0]!.end(new Error('the disk is full'));
    await refused;
    await assert.rejects(
      steps.run(() => undefined),
      { code: 'hotline/store', message: /cannot be written: the disk is full/ },
    );
    assert.deepEqual(happened, []);
  });
});
