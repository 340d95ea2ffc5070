import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import type { DeskFile } from '@skykey/telemetry';
import { DAY_MS } from './store/shelf.ts';
import { DeskPair } from './test/pair.ts';

async function* inPieces(bytes: Uint8Array, piece = 10_000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece);
}

describe('a file at two desks', () => {
  it('arrives whole, and can be taken out', async (t) => {
    const pair = await DeskPair.open(t);
    const bytes = randomBytes(100_000);
    const { id } = await pair.desks.here.sendFile('map.png', bytes.length, inPieces(bytes));
    await pair.until(() => pair.desks.there.view().files[0]?.state === 'done');
    assert.ok((await buffer(pair.desks.there.readFile(id).content)).equals(bytes));
  });

  it('is kept no longer than the texts of its day: row, bytes, list and what was held open of it go', async (t) => {
    const pair = await DeskPair.open(t);
    const { there } = pair.desks;
    const old = await pair.desks.here.sendFile('old.png', 50_000, inPieces(randomBytes(50_000)));
    await pair.until(() => there.view().files[0]?.state === 'done');
    pair.tick(2 * DAY_MS);
    await pair.until(() => there.view().may.file.allowed && pair.desks.here.view().may.file.allowed);
    const young = await pair.desks.here.sendFile('young.png', 50_000, inPieces(randomBytes(50_000)));
    await pair.until(() => there.view().files.some(({ id, state }) => id === young.id && state === 'done'));
    const files = (): string[] => readdirSync(pair.places.there.path('files'));
    assert.equal(files().length, 2);

    await there.retain(1);
    assert.deepEqual(
      there.state().files.map(({ id }) => id),
      [young.id],
    );
    assert.equal(files().length, 1);
    assert.throws(() => there.readFile(old.id), { code: 'desk/no-such-file' });
    assert.equal((await buffer(there.readFile(young.id).content)).length, 50_000);
    // What the other desk settles for itself is its own.
    assert.equal(pair.desks.here.state().files.length, 2);

    await pair.end('there');
    const again = await pair.start('there');
    assert.deepEqual(
      again.state().files.map(({ id }) => id),
      [young.id],
      'nor does it come back with a start',
    );
    assert.ok(!pair.places.there.bytes().includes('old.png'));
  });

  it('is kept by its sender until the transfer has ended, over restarts, and no longer', async (t) => {
    const pair = await DeskPair.open(t);
    const copies = (side: 'here' | 'there'): number => readdirSync(pair.places[side].path('files')).length;
    const state = (side: 'here' | 'there', id: string) =>
      pair.desks[side].view().files.find((file) => file.id === id)?.state;
    const send = () => pair.desks.here.sendFile('map.png', 300_000, inPieces(randomBytes(300_000)));

    const done = await send();
    await pair.until(() => state('here', done.id) === 'done' && copies('here') === 0);
    assert.equal(copies('there'), 1);
    assert.throws(() => pair.desks.here.readFile(done.id), { code: 'desk/no-such-file' });

    await pair.end('there');
    const cancelled = await send();
    const kept = await send();
    assert.equal(copies('here'), 2);
    await pair.desks.here.steerFile(cancelled.id, 'cancel');
    await pair.until(() => copies('here') === 1);
    const orphan = pair.places.here.path('files', pair.stores.here.files.nameOf(cancelled.id));
    await pair.end('here');
    // As if the process had been killed before the copy was taken away.
    writeFileSync(orphan, randomBytes(1000));
    await pair.start('here');
    await pair.until(() => !existsSync(orphan));
    assert.equal(copies('here'), 1);
    await pair.start('there');
    await pair.until(() => state('there', kept.id) === 'done' && copies('here') === 0);
  });

  it('that ends in the middle of the browser’s reading is not offered, and nothing of it stays', async (t) => {
    const pair = await DeskPair.open(t);
    const { here } = pair.desks;
    for (const bytes of [50_000, 150_000]) {
      await assert.rejects(here.sendFile('grows.log', 100_000, inPieces(randomBytes(bytes))), {
        code: 'desk/file-changed',
        message: /changed while it was read.*choose it again/,
      });
    }
    assert.deepEqual([here.state().files, readdirSync(pair.places.here.path('files'))], [[], []]);
  });

  it('that was being taken in when the process was killed is gone with the next start', async (t) => {
    const pair = await DeskPair.open(t);
    await pair.end('here');
    const store = await pair.places.here.open();
    const file: DeskFile = {
      ...{ id: randomBytes(16).toString('hex'), direction: 'sent', name: 'map.png', bytes: 50_000, doneBytes: 0 },
      ...{ utcMs: pair.places.here.nowMs, state: 'offered', reason: null, sha256: null },
    };
    await store.commit({ files: [{ file, progress: new Uint8Array(0) }] });
    const content = await store.files.content(file.id);
    await content.write(0, randomBytes(16_384));
    await content.close();
    await store.close();
    await pair.start('here');
    await pair.until(() => readdirSync(pair.places.here.path('files')).length === 0);
    assert.deepEqual(pair.stores.here.files.list(), []);
  });

  for (const [code, sentence] of [
    ['ENOSPC', /The disk of this desk is full: make room for 1 MB, then resume/],
    ['EIO', /The disk of this desk does not answer as it should: look at the disk .*then resume/],
  ] as const) {
    it(`that arrives on a disk with ${code} says so, and goes on when a person resumes it`, async (t) => {
      const pair = await DeskPair.open(t);
      const handle = await open(pair.places.there.path('desk.db'));
      const kind = Object.getPrototypeOf(handle);
      await handle.close();
      const { write } = kind;
      t.after(() => Object.assign(kind, { write }));
      await pair.desks.here.sendFile('big.bin', 400_000, inPieces(randomBytes(400_000)));
      kind.write = function (this: { fd: number }, ...args: unknown[]) {
        // The witness is written by the same kind of handle, with fewer bytes.
        if ((args[0] as Uint8Array).length < 16_000) return write.apply(this, args);
        return Promise.reject(Object.assign(new Error(`${code}: what the system says`), { code }));
      };
      const file = () => pair.desks.there.view().files[0];
      await pair.until(() => file()?.state === 'paused');
      assert.match(file()!.reason!, sentence);
      kind.write = write;
      await pair.desks.there.steerFile(file()!.id, 'resume');
      await pair.until(() => file()?.state === 'done');
    });
  }

  it('meets a full disk with a sentence, and nothing of it stays', async (t) => {
    const pair = await DeskPair.open(t);
    const handle = await open(pair.places.here.path('desk.db'));
    const kind = Object.getPrototypeOf(handle);
    await handle.close();
    const { write } = kind;
    t.after(() => Object.assign(kind, { write }));
    const folder = pair.places.here.path('files');
    let writes = 0;
    kind.write = function (this: { fd: number }, ...args: unknown[]) {
      // The witness is written by the same kind of handle, with fewer bytes.
      if ((args[0] as Uint8Array).length < 16_000 || ++writes < 3) return write.apply(this, args);
      return Promise.reject(Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' }));
    };
    await assert.rejects(pair.desks.here.sendFile('big.bin', 200_000, inPieces(randomBytes(200_000))), {
      code: 'desk/disk-full',
      message: /no room for this file: free some space on its disk/,
    });
    kind.write = write;
    assert.deepEqual([pair.desks.here.state().files, readdirSync(folder)], [[], []]);
  });
});

describe('a desk that was put back from a copy', () => {
  it('says so until an operator has looked', async (t) => {
    const pair = await DeskPair.open(t);
    assert.equal(pair.desks.here.state().restored, false);
    await pair.end('here');
    pair.places.here.keep('copy');
    await pair.start('here');
    await pair.end('here');
    pair.places.here.putBack('copy');
    await pair.start('here');
    assert.equal(pair.desks.here.state().restored, true);
    await pair.desks.here.noted();
    assert.equal(pair.desks.here.state().restored, false);
  });
});
