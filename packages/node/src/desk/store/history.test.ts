import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import type { DeskMessage } from '@skykey/telemetry';
import fc from 'fast-check';
import { folded } from './fold.ts';
import { DAY_MS } from './shelf.ts';
import { bytesOf, fileOf, messageOf, NOON, Place, refusalOf, textOf } from './test/place.ts';

const numbers = (messages: readonly DeskMessage[]): number[] => messages.map(({ number }) => number);
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('history', () => {
  it('is turned page by page, and shows each message once and as it was kept', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    const all = range(1, 25).map((number) => messageOf(number));
    await store.commit({ messages: all });
    await store.close();
    const { history } = await place.open();
    let before: string | undefined;
    const seen: DeskMessage[] = [];
    for (let more = true; more; ) {
      const page = history.page({ limit: 10, ...(before !== undefined && { before }) });
      seen.unshift(...page.messages);
      before = page.messages[0]?.id;
      ({ more } = page);
      assert.equal(page.notice, null);
    }
    assert.deepEqual(seen, all);
    assert.deepEqual(history.page({ limit: 25 }), { messages: all, more: false, notice: null });
    assert.deepEqual(history.page({ limit: 10, before: 'message-1' }).messages, []);
    assert.equal((await refusalOf(() => history.page({ limit: 1, before: 'nobody' }))).code, 'desk/no-such-message');
  });

  it('keeps a message in its place when its state changes, and says when there is none', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    await store.commit({ messages: [messageOf(1), messageOf(2), messageOf(3)] });
    await store.commit({ messages: [{ ...messageOf(2), state: 'sent' }] });
    const delivered = await store.history.update('message-2', { state: 'delivered', reason: 'at last' });
    const expected = { ...messageOf(2), state: 'delivered', reason: 'at last' };
    assert.deepEqual(delivered, expected);
    assert.deepEqual(store.history.page({ limit: 9 }).messages, [messageOf(1), expected, messageOf(3)]);
    // One that is not there spoils nothing for those that wait with it.
    const [gone, there] = await Promise.allSettled([
      store.history.update('message-9', { state: 'sent' }),
      store.history.update('message-1', { state: 'sent' }),
    ]);
    assert.ok(gone!.status === 'rejected' && gone!.reason.code === 'desk/no-such-message');
    assert.equal(there!.status, 'fulfilled');
    await store.close();
    assert.equal((await place.open()).history.find('message-1')?.state, 'sent');
  });

  it('is what a list would be, over any order of keeping, changing, ending days and starting anew', async (t) => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('keep' as const),
          number: fc.integer({ min: 1, max: 12 }),
          text: fc.string(),
        }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), days: fc.integer({ min: -1, max: 3 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const), days: fc.integer({ min: 0, max: 3 }) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('forget' as const, 'restart' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const place = new Place(t);
        let store = await place.open();
        let model: { day: number; message: DeskMessage }[] = [];
        for (const each of steps) {
          const today = Math.floor(place.nowMs / DAY_MS);
          if (each.do === 'keep') {
            const message = messageOf(each.number, each.text);
            await store.commit({ messages: [message] });
            const there = model.find((one) => one.message.number === each.number);
            if (there) there.message = message;
            else model.push({ day: today, message });
          } else if (each.do === 'wait') place.nowMs += each.days * DAY_MS;
          else if (each.do === 'expire') {
            await store.expire(place.nowMs, each.days);
            model = model.filter(({ day }) => day >= today - each.days);
          } else if (each.do === 'forget') {
            await store.forget();
            model = [];
          } else {
            await store.close();
            store = await place.open();
          }
          assert.deepEqual(store.history.page({ limit: 100 }), {
            messages: model.map(({ message }) => message),
            more: false,
            notice: null,
          });
        }
        await store.close();
      }),
      { seed: 7, numRuns: 12 },
    );
  });

  it('damaged in one message shows the others, and says so', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    await store.commit({ messages: range(1, 5).map((number) => messageOf(number)) });
    await store.close();
    const db = new DatabaseSync(place.path('desk.db'));
    db.exec(
      "UPDATE message SET sealed = CAST(substr(sealed, 1, 99) || x'00ff' || substr(sealed, 102) AS BLOB) WHERE place = 3",
    );
    // And one that somebody has put in the place of another.
    db.exec('UPDATE message SET sealed = (SELECT m.sealed FROM message AS m WHERE m.place = 5) WHERE place = 4');
    db.close();
    const { history } = await place.open();
    const { messages, notice } = history.page({ limit: 4 });
    assert.deepEqual(numbers(messages), [1, 2, 5]);
    assert.match(notice!, /^2 message\(s\) here cannot be read any more/);
    assert.deepEqual(numbers((await history.search('text', { limit: 9 })).messages), [5, 2, 1]);
  });
});

describe('search', () => {
  it('finds without regard to case, accents and forms of letters, and no more than is there', () => {
    for (const [text, wanted] of [
      ['Żółta łódź w Łodzi', 'zolta lodz'],
      ['Straße', 'STRASSE'],
      ['ΟΔΟΣ', 'οδος'],
      ['Ψυχή', 'ψυχη'],
      ['İstanbul ılık', 'istanbul ilik'],
      ['ﬁnal', 'FINAL'],
      ['Ёлка', 'елка'],
      ['مَرْحَبًا', 'مرحبا'],
      ['شَـــكر', 'شكر'],
      ['שָׁלוֹם', 'שלום'],
      ['e\u0301tude', 'étude'],
      ['smørrebrød', 'smorrebrod'],
      ['ＡＢＣ', 'abc'],
      ['한국어', '한국'],
    ] as const) {
      assert.ok(folded(text).includes(folded(wanted)), `${wanted} in ${text}`);
    }
    for (const [text, wanted] of [
      ['がく', 'かく'],
      ['हिन्दी', 'हन्द'],
      ['lodz', 'lodzi'],
    ] as const) {
      assert.ok(!folded(text).includes(folded(wanted)), `${wanted} not in ${text}`);
    }
  });

  it('goes from the newest back, as far as it is asked to, and says how far it is', async (t) => {
    const store = await new Place(t).open();
    const messages = range(1, 450).map((number) =>
      messageOf(number, number % 100 === 0 ? `Besuch in Köln ${number}` : 'x'),
    );
    await store.commit({ messages });
    const progress: [number, number][] = [];
    const all = await store.history.search('KOLN', { limit: 9, onProgress: (...each) => progress.push(each) });
    assert.deepEqual([numbers(all.messages), all.more], [[400, 300, 200, 100], false]);
    assert.deepEqual(progress, [
      [200, 450],
      [400, 450],
      [450, 450],
    ]);
    const some = await store.history.search(' köln ', { limit: 2 });
    assert.deepEqual([numbers(some.messages), some.more], [[400, 300], true]);
    const rest = await store.history.search('köln', { limit: 2, before: some.messages.at(-1)!.id });
    assert.deepEqual([numbers(rest.messages), rest.more], [[200, 100], false]);
    assert.equal((await store.history.search('anna', { limit: 3 })).messages.length, 3, 'an author is found');
    assert.match((await refusalOf(() => store.history.search('  ', { limit: 1 }))).message, /type a word/);
    const ending = AbortSignal.abort();
    await assert.rejects(store.history.search('x', { limit: 500, signal: ending }), { name: 'AbortError' });
  });
});

describe('when a day is over for good', () => {
  it('its messages and files are unreadable, in old copies too, and those of other days are not', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    const keep = async (number: number): Promise<void> => {
      await store.commit({
        messages: [messageOf(number)],
        files: [{ file: fileOf(number, 3), progress: bytesOf('') }],
      });
      const content = await store.files.content(`file-${number}`);
      await content.write(0, bytesOf('abc'));
      await content.close();
    };
    await keep(1);
    place.nowMs = NOON + DAY_MS;
    await keep(2);
    // What was kept on its day goes with its day, whenever it is changed.
    await store.history.update('message-1', { state: 'delivered' });
    place.keep('old', 'desk.db');
    place.keep('old', 'files');
    const keysBefore = readFileSync(place.path('desk.keys'));
    place.nowMs = NOON + 8 * DAY_MS;
    await store.expire(place.nowMs, 7);
    assert.deepEqual(numbers(store.history.page({ limit: 9 }).messages), [2]);
    assert.deepEqual(
      store.files.list().map(({ file }) => file.id),
      ['file-2'],
    );
    await store.close();

    const keys = readFileSync(place.path('desk.keys'));
    // The state's key was renewed as well; for the sake of this look only it is put back beside the days that are left.
    const old = Buffer.from(keys);
    keysBefore.copy(old, 64, 64, 128);
    writeFileSync(place.path('desk.keys'), old);
    place.putBack('old', 'desk.db');
    place.putBack('old', 'files');
    const thief = await place.open();
    const { messages, notice } = thief.history.page({ limit: 9 });
    assert.deepEqual(numbers(messages), [2]);
    assert.match(notice!, /^1 message\(s\)/);
    assert.equal(thief.history.find('message-1'), undefined);
    assert.equal((await refusalOf(() => thief.files.content('file-1'))).code, 'desk/no-such-file');
    const content = await thief.files.content('file-2');
    assert.equal(textOf(await content.read(0, 3)), 'abc');
    await content.close();
    await thief.close();
    // With the keys of before it would have been read: it is their destruction that keeps the words.
    place.putBack('old', 'desk.db');
    writeFileSync(place.path('desk.keys'), keysBefore);
    assert.deepEqual(numbers((await place.open()).history.page({ limit: 9 }).messages), [1, 2]);
  });

  it('what was on its way that day is unreadable in old copies as well', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    await store.commit({ puts: [['outbox/1', bytesOf('a word on its way')]] });
    place.keep('old', 'desk.db');
    await store.commit({ deletes: ['outbox/1'] });
    await store.expire(NOON + 2 * DAY_MS, 1);
    await store.close();
    place.putBack('old', 'desk.db');
    assert.match((await refusalOf(() => place.open())).message, /it is an old copy/);
  });

  it('null keeps everything; forgetting ends everything but the conversation; a day that comes again has another key', async (t) => {
    const place = new Place(t);
    const store = await place.open();
    await store.commit({ messages: [messageOf(1)], puts: [['root', bytesOf('r')]] });
    await store.expire(NOON + 10_000 * DAY_MS, null);
    assert.equal(store.history.count(), 1);
    place.keep('old', 'desk.db');
    const before = readFileSync(place.path('desk.keys'));
    await store.forget();
    assert.deepEqual([store.history.count(), textOf(store.get('root'))], [0, 'r']);
    await store.commit({ messages: [messageOf(2)] });
    const after = readFileSync(place.path('desk.keys'));
    for (let at = 64; at < before.length; at += 64) {
      const key = before.subarray(at + 16, at + 48);
      if (!key.every((byte) => byte === 0)) assert.ok(!after.includes(key), 'no key of before is left');
    }
    await assert.rejects(store.expire(NOON, 0.5), RangeError);
    await assert.rejects(store.expire(NOON, -1), RangeError);
    assert.equal(store.history.count(), 1);
  });
});
