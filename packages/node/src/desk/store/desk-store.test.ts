import assert from 'node:assert/strict';
import { chmodSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { bytesOf, fileOf, messageOf, Place, refusalOf, textOf } from './test/place.ts';

describe('records', () => {
  it('are there after the next start, the last of each name', async (t) => {
    const place = new Place(t);
    const first = await place.open();
    await first.commit({
      puts: [
        ['root', bytesOf('one')],
        ['outbox/2', bytesOf('b')],
        ['outbox/1', bytesOf('a')],
      ],
    });
    await first.commit({ puts: [['root', bytesOf('two')]], deletes: ['outbox/2', 'never there'] });
    assert.equal(textOf(first.get('root')), 'two');
    await first.close();
    const second = await place.open();
    assert.equal(textOf(second.get('root')), 'two');
    assert.equal(second.get('outbox/2'), undefined);
    await second.commit({ puts: [['outbox/0', bytesOf('')]] });
    assert.deepEqual(
      [...second.all('outbox/')].map(([name, bytes]) => [name, textOf(bytes)]),
      [
        ['outbox/0', ''],
        ['outbox/1', 'a'],
      ],
    );
    assert.equal(second.restored, false);
  });

  it('are written with messages and files or not at all', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    const circular = { ...messageOf(1), keyIds: [] as unknown as string[] };
    (circular.keyIds as unknown[]).push(circular);
    const refusal = await refusalOf(() =>
      store.commit({
        puts: [['number', bytesOf('1')]],
        files: [{ file: fileOf(1), progress: bytesOf('p') }],
        messages: [messageOf(2), circular],
      }),
    );
    assert.match(refusal.message, /circular/);
    assert.deepEqual([store.get('number'), store.files.list(), store.history.count()], [undefined, [], 0]);
    await store.commit({ puts: [['number', bytesOf('1')]], messages: [messageOf(2)] });
    assert.deepEqual([textOf(store.get('number')), store.history.count()], ['1', 1]);
  });

  it('belong to the store once it was asked: what the caller does to the bytes later is the caller’s', async (t) => {
    const store = await new Place(t).open();
    for (const bytes of [bytesOf('as it was'), Buffer.from('as it was')]) {
      const written = store.commit({
        puts: [['root', bytes]],
        files: [{ file: fileOf(1), progress: bytes }],
      });
      bytes.fill(0);
      await written;
      assert.equal(textOf(store.get('root')), 'as it was');
      assert.equal(textOf(store.files.find('file-1')!.progress), 'as it was');
    }
  });

  it('of many commits at once are all there, in the order they were asked for', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    const before = store.generation;
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 600 }, (_, i) =>
        store
          .commit({
            puts: [
              ['last', bytesOf(`${i}`)],
              [`each/${i}`, bytesOf(`${i}`)],
            ],
          })
          .then(() => order.push(i)),
      ),
    );
    assert.deepEqual(
      order,
      Array.from({ length: 600 }, (_, i) => i),
    );
    assert.ok(store.generation - before <= 4, `they took ${store.generation - before} transactions`);
    await store.close();
    const again = await place.open();
    assert.equal(textOf(again.get('last')), '599');
    assert.equal(again.all('each/').size, 600);
  });

  it('keep their value under a new key, and what was asked for meanwhile is under that', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    await store.commit({
      puts: [
        ['root', bytesOf('one')],
        ['other', bytesOf('same')],
      ],
    });
    const turning = store.rotate();
    const written = store.commit({ puts: [['root', bytesOf('two')]] });
    // While it turns, what is read can be read.
    const readings: (string | undefined)[] = [];
    for (let i = 0; i < 20; i++) {
      readings.push(textOf(store.get('other')));
      await new Promise((go) => setImmediate(go));
    }
    await Promise.all([turning, written]);
    assert.deepEqual(new Set(readings), new Set(['same']));
    await store.close();
    const again = await place.open();
    assert.deepEqual([textOf(again.get('root')), textOf(again.get('other'))], ['two', 'same']);
  });
});

describe('a copy from before', () => {
  it('is recognised when it is put back, and stays so until that is settled', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    await store.commit({ puts: [['number', bytesOf('1')]] });
    place.keep('old');
    await store.commit({ puts: [['number', bytesOf('2')]] });
    await store.close();
    place.putBack('old');
    const restored = await place.open();
    assert.equal(restored.restored, true);
    assert.equal(textOf(restored.get('number')), '1');
    assert.ok(restored.generation > store.generation, 'generations never come again');
    await restored.close();
    const still = await place.open();
    assert.equal(still.restored, true, 'also when the first start ended at once');
    await still.settleRestored();
    await still.close();
    assert.equal((await place.open()).restored, false);
  });

  it('is recognised from every commit on, and the newest is not taken for one', async (t) => {
    const place = new Place(t);
    let store = await place.open();
    for (let i = 0; i < 6; i++) {
      await store.commit({ puts: [['number', bytesOf(`${i}`)]] });
      place.keep(`${i}`);
    }
    await store.close();
    for (let i = 4; i >= 0; i--) {
      place.putBack(`${i}`);
      store = await place.open();
      assert.equal(store.restored, true, `copy ${i}`);
      await store.close();
    }
    const other = new Place(t);
    const running = await other.open();
    await running.commit({ puts: [['number', bytesOf('1')]] });
    // As a crash leaves it: with its log, and open.
    other.keep('crash');
    await running.close();
    other.putBack('crash');
    assert.equal((await other.open()).restored, false);
  });

  it('of everything, its witness lost or spoilt, is not believed to be current', async (t) => {
    for (const spoil of [
      (path: string) => rmSync(path),
      (path: string) => writeFileSync(path, Buffer.alloc(5000, 7)),
      (path: string) => writeFileSync(path, 'x'),
    ]) {
      const place = new Place(t);
      await (await place.open()).close();
      spoil(place.witness);
      const store = await place.open();
      assert.equal(store.restored, true);
      await store.settleRestored();
      await store.close();
      assert.equal((await place.open()).restored, false, 'there is a witness again');
    }
  });

  it('a witness of which one write was torn still knows the one before', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    for (let i = 1; i < 5; i++) await store.commit({ puts: [['number', bytesOf(`${i}`)]] });
    await store.close();
    const bytes = readFileSync(place.witness);
    const newest = [0, 4096].sort((a, b) => Number(bytes.readBigUInt64BE(b + 32) - bytes.readBigUInt64BE(a + 32)))[0]!;
    bytes[newest + 39]! ^= 1;
    writeFileSync(place.witness, bytes);
    assert.equal((await place.open()).restored, false);
  });

  it('an empty folder beside a witness that has seen a store is one that has forgotten', async (t) => {
    const place = new Place(t);
    await (await place.open()).close();
    rmSync(place.folder, { recursive: true });
    assert.equal((await place.open()).restored, true);
  });

  it('a start that was cut short before the first row is just a new one', async (t) => {
    const place = new Place(t);
    await (await place.open()).close();
    const db = new DatabaseSync(place.path('desk.db'));
    db.exec('DELETE FROM store');
    db.close();
    rmSync(place.witness);
    const store = await place.open();
    assert.equal(store.restored, false);
    await store.commit({ puts: [['a', bytesOf('b')]] });
  });

  it('from before the keys were renewed cannot be read, and that is said', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    await store.commit({ puts: [['root', bytesOf('old root')]] });
    place.keep('old');
    await store.rotate();
    await store.close();
    place.keep('new', 'desk.db');
    place.putBack('old', 'desk.db');
    const { code, message } = await refusalOf(() => place.open());
    assert.equal(code, 'desk/keys');
    assert.match(message, /it is an old copy, from before its keys were renewed.*put back the newest one.*start empty/);
    place.putBack('new', 'desk.db');
    assert.equal(textOf((await place.open()).get('root')), 'old root', 'nothing was lost by trying');
  });

  it('never shares a nonce with what went on from the same point', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    await store.commit({ puts: [['root', bytesOf('before')]], messages: [messageOf(1)] });
    place.keep('old');
    const nonces = (): string[] => {
      const db = new DatabaseSync(place.path('desk.db'));
      const rows = db.prepare('SELECT sealed FROM state UNION ALL SELECT sealed FROM message').all();
      db.close();
      return rows.map(({ sealed }) => Buffer.from(sealed as Uint8Array).toString('hex', 0, 12));
    };
    await store.commit({
      puts: [['root', bytesOf('one future')]],
      messages: [messageOf(1, 'one'), messageOf(2, 'one')],
    });
    await store.close();
    const one = nonces();
    place.putBack('old', 'desk.db');
    const other = await place.open();
    await other.commit({
      puts: [['root', bytesOf('other future')]],
      messages: [messageOf(1, 'two'), messageOf(2, 'two')],
    });
    await other.close();
    assert.equal(new Set([...one, ...nonces()]).size, 6);
  });
});

describe('a store is refused', () => {
  it('while another process has it, and that one goes on', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    const { code, message } = await refusalOf(() => place.open());
    assert.equal(code, 'desk/busy');
    assert.match(message, /is open in another process: end that one first/);
    await store.commit({ puts: [['a', bytesOf('b')]] });
    await store.close();
    assert.equal(textOf((await place.open()).get('a')), 'b');
  });

  it('when a later version wrote it, or another program', async (t) => {
    const place = new Place(t);
    await (await place.open()).close();
    const change = (sql: string): void => {
      const db = new DatabaseSync(place.path('desk.db'));
      db.exec(sql);
      db.close();
    };
    change('PRAGMA user_version = 2');
    assert.match((await refusalOf(() => place.open())).message, /has format 2, and this Skykey reads 1/);
    change('PRAGMA application_id = 7');
    assert.match((await refusalOf(() => place.open())).message, /a database of another program/);
    writeFileSync(place.path('desk.db'), 'Dear diary, '.repeat(1000));
    assert.equal((await refusalOf(() => place.open())).code, 'desk/damaged');
    assert.match(readFileSync(place.path('desk.db'), 'utf8'), /^Dear diary/);
  });

  it('without its key file, with another, or with one that others may read', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    await store.commit({ puts: [['root', bytesOf('mine')]] });
    await store.close();
    place.keep('mine', 'desk.keys');
    const other = new Place(t);
    await (await other.open()).close();
    const keys = place.path('desk.keys');
    assert.equal(statSync(keys).mode & 0o777, 0o600);
    assert.equal(statSync(place.path('desk.db')).mode & 0o777, 0o600);
    chmodSync(keys, 0o640);
    assert.match((await refusalOf(() => place.open())).message, /others than its owner may read.*chmod 600/);
    writeFileSync(keys, readFileSync(other.path('desk.keys')));
    chmodSync(keys, 0o600);
    assert.match((await refusalOf(() => place.open())).message, /belongs to another store; put back/);
    rmSync(keys);
    const { code, message } = await refusalOf(() => place.open());
    assert.equal(code, 'desk/keys');
    assert.match(message, /there is no such file.*put back the one that belongs to it/);
    place.putBack('mine', 'desk.keys');
    assert.equal(textOf((await place.open()).get('root')), 'mine');
  });
});

describe('a disk that is', () => {
  it('full refuses what is new and loses nothing that was kept', async (t) => {
    const place = new Place(t);
    const store = await place.open({ maxPages: 24 });
    await store.commit({ puts: [['root', bytesOf('kept')]] });
    const big = new Uint8Array(200_000);
    const asked = [
      store.commit({ puts: [['a', bytesOf('before')]] }),
      store.commit({
        puts: [
          ['big', big],
          ['root', bytesOf('changed')],
        ],
      }),
      store.commit({ puts: [['b', bytesOf('behind')]] }),
    ];
    const [before, refused, behind] = await Promise.allSettled(asked);
    assert.equal(before!.status, 'fulfilled');
    for (const outcome of [refused!, behind!]) {
      assert.ok(outcome.status === 'rejected');
      assert.equal(outcome.reason.code, 'desk/disk-full');
      assert.match(
        outcome.reason.message,
        /free some space on its disk. Everything that was kept before is still there/,
      );
    }
    const look = (): unknown[] => [textOf(store.get('root')), textOf(store.get('a')), store.get('big'), store.get('b')];
    assert.deepEqual(look(), ['kept', 'before', undefined, undefined]);
    await store.commit({ puts: [['b', bytesOf('now')]] });
    await store.close();
    assert.equal(textOf((await place.open()).get('b')), 'now');
  });

  it('damaged is found where it is damaged', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    await store.commit({
      puts: [
        ['root', bytesOf('x'.repeat(1000))],
        ['other', bytesOf('sound')],
      ],
    });
    await store.close();
    const change = (sql: string): void => {
      const db = new DatabaseSync(place.path('desk.db'));
      db.exec(sql);
      db.close();
    };
    change(
      "UPDATE state SET sealed = CAST(substr(sealed, 1, 600) || x'00' || substr(sealed, 602) AS BLOB) WHERE length(sealed) > 1000",
    );
    const again = await place.open();
    const { code, message } = await refusalOf(() => again.get('root'));
    assert.equal(code, 'desk/damaged');
    assert.match(message, /is damaged: a record in it is not what was written.*Put back the newest copy/);
    assert.equal(textOf(again.get('other')), 'sound');
    await again.close();
    // A record in the place of another is none.
    change('UPDATE state SET sealed = (SELECT s.sealed FROM state AS s WHERE length(s.sealed) < 1000)');
    const swapped = await place.open();
    assert.equal((await refusalOf(() => swapped.get('root'))).code, 'desk/damaged');
    await swapped.close();
    change("UPDATE store SET sealed = CAST(x'00' || substr(sealed, 2) AS BLOB)");
    assert.equal((await refusalOf(() => place.open())).code, 'desk/damaged');
  });

  it('gone under the witness ends the writing, until the next start', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    await store.commit({ puts: [['root', bytesOf('one')]] });
    const handle = await open(place.witness);
    const kind = Object.getPrototypeOf(handle);
    await handle.close();
    const { datasync } = kind;
    t.after(() => (kind.datasync = datasync));
    kind.datasync = () => Promise.reject(Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' }));
    const both = [store.commit({ puts: [['root', bytesOf('two')]] }), store.commit({ puts: [['a', bytesOf('b')]] })];
    for (const outcome of await Promise.allSettled(both)) assert.equal(outcome.status, 'rejected');
    kind.datasync = datasync;
    assert.match((await refusalOf(() => store.commit({ puts: [['root', bytesOf('three')]] }))).message, /witness.*EIO/);
    await store.close();
    const again = await place.open();
    assert.notEqual(textOf(again.get('root')), 'three');
    assert.equal(again.restored, false);
  });

  it('full under the witness does not say that nothing was written, and that only a new start helps', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    const handle = await open(place.witness);
    const kind = Object.getPrototypeOf(handle);
    await handle.close();
    const { datasync } = kind;
    t.after(() => (kind.datasync = datasync));
    kind.datasync = () => Promise.reject(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }));
    const refused = await refusalOf(() => store.commit({ puts: [['root', bytesOf('one')]] }));
    kind.datasync = datasync;
    assert.equal(refused.code, 'desk/disk-fault');
    assert.match(refused.message, /free some space.*start the desk again/);
    await store.close();
    assert.equal(textOf((await place.open()).get('root')), 'one');
  });

  it('closed takes nothing more, and says so', async (t) => {
    const store = await new Place(t).open();
    const last = store.commit({ puts: [['root', bytesOf('last')]] });
    await store.close();
    await last;
    assert.equal((await refusalOf(() => store.commit({}))).code, 'desk/closed');
  });
});
