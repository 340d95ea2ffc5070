import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { bytesOf, fileOf, messageOf, Place } from './test/place.ts';

const WORD = 'Zvenigorod-at-noon';
const TEXT = `Meet me at ${WORD}, grüße`;

/** The same words as they could lie in a file. */
const forms = (text: string): Buffer[] => [
  Buffer.from(text),
  Buffer.from(text, 'utf16le'),
  Buffer.from(Buffer.from(text).toString('hex')),
  Buffer.from(Buffer.from(text).toString('base64').slice(0, -4)),
];

test('no word, name or record lies in the clear in any file, while the store is open and after', async (t) => {
  const place = new Place(t);
  const store = await place.open();
  const big = Buffer.alloc(40_000, TEXT);
  await store.commit({
    puts: [
      [`outbox/${WORD}`, bytesOf(TEXT)],
      ['big', big],
    ],
    messages: Array.from({ length: 50 }, (_, i) => ({
      ...messageOf(i, TEXT),
      author: `Countess ${WORD}`,
      keyIds: [WORD],
    })),
    files: [{ file: fileOf(1, big.length, `${WORD}.pdf`), progress: bytesOf(WORD) }],
  });
  await store.history.update('message-3', { reason: `because of ${WORD}` });
  await store.history.search(WORD, { limit: 100 });
  const content = await store.files.content('file-1');
  for (const index of [0, 1, 2]) await content.write(index, big.subarray(index * 16384, (index + 1) * 16384));
  await content.flush();
  const look = (): void => {
    const bytes = place.bytes();
    assert.ok(bytes.length > 100_000);
    for (const text of [WORD, TEXT, 'message-', 'outbox/', 'Countess', 'file-1', '.pdf']) {
      for (const form of forms(text)) assert.ok(!bytes.includes(form), `${text} as ${form.toString('latin1')}`);
    }
  };
  assert.ok(statSync(place.path('desk.db-wal')).size > 10_000, 'the log is there to be looked into');
  look();
  await content.close();
  await store.expire(place.nowMs, 3);
  look();
  await store.commit({ deletes: [`outbox/${WORD}`], removedFiles: ['file-1'] });
  await store.close();
  look();
  assert.deepEqual(readdirSync(place.folder).sort(), ['desk.db', 'desk.keys', 'files']);
});

test('what was written can be found by this search where it is not sealed', async (t) => {
  const place = new Place(t);
  const store = await place.open();
  await store.commit({ puts: [[WORD, bytesOf(TEXT)]] });
  const keys = readFileSync(place.path('desk.keys'));
  assert.ok(place.bytes().includes(keys.subarray(64 + 16, 64 + 48)), 'a key in its file is found');
});

test('the length of a text does not show, up to its quarter of a kilobyte', async (t) => {
  const place = new Place(t);
  const store = await place.open();
  const messages = ['Yes', 'No', 'Perhaps'].map((text, i) => messageOf(i, text));
  await store.commit({
    messages,
    puts: [
      ['outbox/1', bytesOf('Yes')],
      ['outbox/2', bytesOf('Perhaps, if it holds')],
    ],
  });
  await store.close();
  const db = new DatabaseSync(place.path('desk.db'));
  for (const table of ['message', 'state']) {
    const lengths = db.prepare(`SELECT DISTINCT length(sealed) AS n FROM ${table}`).all();
    assert.equal(lengths.length, 1, table);
  }
  db.close();
});

test('no refusal holds a word', async (t) => {
  const place = new Place(t);
  const store = await place.open({ maxPages: 24 });
  await store.commit({
    files: [{ file: fileOf(1, 5, `${WORD}.pdf`), progress: bytesOf(WORD) }],
    messages: [messageOf(1, TEXT)],
  });
  const content = await store.files.content('file-1');
  const errors: unknown[] = [];
  const gather = (work: () => unknown): Promise<unknown> =>
    Promise.resolve()
      .then(work)
      .catch((error) => errors.push(error));
  await gather(() => content.read(0, 5));
  await gather(() => store.commit({ puts: [[WORD, Buffer.alloc(200_000, TEXT)]] }));
  await gather(() => store.commit({ messages: [messageOf(2, TEXT.repeat(10_000))] }));
  await gather(() => store.history.update(WORD, { text: TEXT }));
  await gather(() => store.history.page({ before: WORD, limit: 1 }));
  await gather(() => store.files.content(WORD));
  await content.close();
  await store.close();
  assert.equal(errors.length, 6);
  for (const error of errors) assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), new RegExp(WORD));
});
