import assert from 'node:assert/strict';
import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import { CHUNK_BYTES, type FileContent } from './file-content.ts';
import { bytesOf, fileOf, Place, refusalOf, textOf } from './test/place.ts';

const SEALED = CHUNK_BYTES + 28;

function contentOf(bytes: number, seed = 1): Uint8Array {
  const content = new Uint8Array(bytes);
  let x = seed;
  for (let i = 0; i < bytes; i++) content[i] = (x = (x * 1103515245 + 12345) & 0x7fffffff) >> 16;
  return content;
}

async function write(content: FileContent, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    await content.write(at / CHUNK_BYTES, bytes.subarray(at, at + CHUNK_BYTES));
  }
  await content.flush();
}

async function kept(t: TestContext, bytes: Uint8Array) {
  const place = new Place(t);
  const store = await place.open();
  await store.commit({ files: [{ file: fileOf(1, bytes.length), progress: bytesOf('0') }] });
  const content = await store.files.content('file-1');
  await write(content, bytes);
  t.after(() => content.close());
  const [name] = readdirSync(place.path('files'));
  return { place, store, content, path: place.path('files', name!) };
}

describe('the bytes of a file', () => {
  it('come back as they were, of any length, after a restart', async (t) => {
    const place = new Place(t);
    let store = await place.open();
    const lengths = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5 * CHUNK_BYTES + 7];
    await store.commit({ files: lengths.map((length, i) => ({ file: fileOf(i, length), progress: bytesOf('') })) });
    for (const [i, length] of lengths.entries()) {
      const content = await store.files.content(`file-${i}`);
      await write(content, contentOf(length, i));
      await content.close();
    }
    await store.close();
    store = await place.open();
    for (const [i, length] of lengths.entries()) {
      const content = await store.files.content(`file-${i}`);
      assert.ok((await buffer(content.stream(length))).equals(contentOf(length, i)), `${length} bytes`);
      await content.close();
    }
  });

  it('go on where they were cut off, with what the receiver had noted', async (t) => {
    const place = new Place(t);
    const bytes = contentOf(3 * CHUNK_BYTES);
    let store = await place.open();
    await store.commit({ files: [{ file: fileOf(1, bytes.length), progress: bytesOf('') }] });
    const first = await store.files.content('file-1');
    await first.write(0, bytes.subarray(0, CHUNK_BYTES));
    await first.flush();
    await store.commit({
      files: [{ file: { ...fileOf(1, bytes.length), doneBytes: CHUNK_BYTES }, progress: bytesOf('1') }],
    });
    await first.write(1, contentOf(CHUNK_BYTES, 9));
    await first.close();
    await store.close();
    store = await place.open();
    const { file, progress } = store.files.find('file-1')!;
    assert.deepEqual([file.doneBytes, textOf(progress)], [CHUNK_BYTES, '1']);
    const second = await store.files.content('file-1');
    for (const index of [1, 2])
      await second.write(index, bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES));
    assert.ok((await buffer(second.stream(bytes.length))).equals(bytes));
    await second.close();
  });

  it('are not given when they are damaged, cut short, or in another’s place', async (t) => {
    const bytes = contentOf(3 * CHUNK_BYTES);
    const { content, path, place, store } = await kept(t, bytes);
    const sound = readFileSync(path);
    const refused = async (change: (copy: Buffer) => Buffer, from: number): Promise<void> => {
      writeFileSync(path, change(Buffer.from(sound)));
      const given: Uint8Array[] = [];
      const { code, message } = await refusalOf(async () => {
        for await (const chunk of content.stream(bytes.length)) given.push(chunk);
      });
      assert.equal(code, 'desk/file-damaged');
      assert.match(message, new RegExp(`this file is damaged on the disk, from byte ${from * CHUNK_BYTES} on: ask`));
      assert.ok(Buffer.concat(given).equals(bytes.subarray(0, from * CHUNK_BYTES)), 'nothing that was not written');
    };
    for (const at of [0, 12, 5000, SEALED - 1]) {
      await refused((copy) => {
        copy[SEALED + at]! ^= 1;
        return copy;
      }, 1);
    }
    await refused((copy) => copy.subarray(0, copy.length - 1), 2);
    await refused((copy) => copy.subarray(0, 2 * SEALED), 2);
    await refused((copy) => Buffer.concat([copy.subarray(SEALED, 2 * SEALED), copy.subarray(0, SEALED), copy]), 0);
    await store.commit({ files: [{ file: fileOf(2, bytes.length), progress: bytesOf('') }] });
    const other = await store.files.content('file-2');
    await write(other, bytes);
    const name = readdirSync(place.path('files')).find((each) => !path.endsWith(each))!;
    await refused(() => readFileSync(place.path('files', name)), 0);
    await other.close();
  });

  it('of a file that is shorter than was announced are not filled up', async (t) => {
    const { content, path } = await kept(t, contentOf(100));
    assert.equal((await refusalOf(() => content.read(0, 99))).code, 'desk/file-damaged');
    truncateSync(path, 0);
    assert.equal((await refusalOf(() => buffer(content.stream(100)))).code, 'desk/file-damaged');
    await assert.rejects(content.write(0, new Uint8Array(CHUNK_BYTES + 1)), RangeError);
    await assert.rejects(content.write(-1, new Uint8Array(1)), RangeError);
  });

  it('meet a full disk with a sentence, and what was there stays', async (t) => {
    const bytes = contentOf(2 * CHUNK_BYTES);
    const { content, path } = await kept(t, bytes);
    const handle = await open(path);
    const kind = Object.getPrototypeOf(handle);
    await handle.close();
    const { write: through, sync } = kind;
    t.after(() => Object.assign(kind, { write: through, sync }));
    const failing = (code: string) => () => Promise.reject(Object.assign(new Error(`${code}: it fails`), { code }));
    kind.write = failing('ENOSPC');
    const full = await refusalOf(() => content.write(2, contentOf(10)));
    assert.equal(full.code, 'desk/disk-full');
    assert.match(
      full.message,
      /no room for this file: free some space.*Everything that was kept before is still there/,
    );
    kind.write = through;
    kind.sync = failing('EIO');
    const broken = await refusalOf(() => content.flush());
    assert.equal(broken.code, 'desk/disk-fault');
    assert.match(broken.message, /does not answer as it should/);
    kind.sync = sync;
    await content.write(2, contentOf(10));
    await content.flush();
    assert.ok((await buffer(content.stream(bytes.length))).equals(bytes));
    assert.deepEqual(await content.read(2, 10), contentOf(10));
  });
});

describe('a file that is removed', () => {
  it('is gone from the list and from the disk; others stay', async (t) => {
    const { place, store, path } = await kept(t, contentOf(10));
    await store.commit({ files: [{ file: fileOf(2), progress: bytesOf('') }] });
    await (await store.files.content('file-2')).close();
    assert.equal(readdirSync(place.path('files')).length, 2);
    await store.commit({ removedFiles: ['file-1', 'nobody'] });
    assert.deepEqual(
      store.files.list().map(({ file }) => file.id),
      ['file-2'],
    );
    assert.equal(readdirSync(place.path('files')).length, 1);
    assert.ok(!readdirSync(place.path('files')).some((name) => path.endsWith(name)));
    assert.match(
      (await refusalOf(() => store.files.content('file-1'))).message,
      /not here any more: ask the other side/,
    );
  });

  it('and whose bytes were left by a crash is swept up, but never beside an old copy of the list', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    place.keep('old', 'desk.db');
    await store.commit({ files: [{ file: fileOf(1), progress: bytesOf('') }] });
    await (await store.files.content('file-1')).close();
    await store.close();
    writeFileSync(place.path('files', 'ab'.repeat(16)), 'left');
    writeFileSync(place.path('files', 'a letter of the operator'), 'no business of ours');
    await (await place.open()).close();
    const left = readdirSync(place.path('files'));
    assert.equal(left.length, 2);
    place.putBack('old', 'desk.db');
    await (await place.open()).close();
    assert.deepEqual(readdirSync(place.path('files')), left);
  });
});
