import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { ALICE, BOB, CALM, type DeskId, other, ROUGH, World, type WorldOptions } from '../trial/world.ts';
import { type RecordDocument, recordDocument, verifyRecord } from './record-document.ts';

const DESKS = [ALICE, BOB] as const;
/** A signature is longer than any message of a conversation of short words. */
const SIGNATURE_BYTES = 3309;

async function meet(options: Partial<WorldOptions> = {}): Promise<World> {
  const world = new World({ seed: 1, ...options });
  for (const id of DESKS) await world.start(id);
  assert.ok(await world.until(() => DESKS.every((id) => world.session(id).view().may.call.allowed)));
  return world;
}

async function goOn(world: World): Promise<void> {
  for (const id of DESKS) await world.session(id).record(true);
  assert.ok(await world.until(() => DESKS.every((id) => world.session(id).view().line.record.on)));
}

async function say(world: World, id: DeskId, text: string): Promise<void> {
  await world.session(id).say({ text, sealing: text.length % 2 ? 'hybrid' : 'sealed', author: 'Ada' });
  assert.ok(await world.until(() => world.received(other(id)).includes(text)), text);
}

const signedTexts = (world: World, id: DeskId): number | undefined => world.session(id).view().record.signed?.texts;

const settled = (world: World, texts: number): Promise<boolean> =>
  world.until(() => DESKS.every((id) => signedTexts(world, id) === texts), 60_000);

function documentOf(world: World, id: DeskId): RecordDocument {
  const document = recordDocument(world.optionsOf(id), world.session(id).recordParts, (direction, number) =>
    world.sites[id].disk.messages.get(`${direction}/${number}`),
  );
  // As it is read from a file.
  return JSON.parse(JSON.stringify(document)) as RecordDocument;
}

const isSigned = (bytes: Uint8Array): boolean => bytes.length >= SIGNATURE_BYTES;

describe('off the record', () => {
  it('nothing is ever signed: no message and nothing kept is as long as a signature', async () => {
    const world = await meet();
    await world.session(ALICE).record(true);
    for (const [i, text] of ['one', 'two!', 'three', 'four'].entries()) await say(world, DESKS[i % 2]!, text);
    world.crash(BOB);
    await world.start(BOB);
    await world.run(30_000);
    await world.session(ALICE).record(false);
    await world.run(30_000);
    for (const id of DESKS) await world.sites[id].session!.close();
    assert.ok(world.wire.length > 100);
    assert.ok(!world.wire.some(({ bytes }) => isSigned(bytes)));
    for (const id of DESKS) assert.ok(![...world.sites[id].disk.puts.values()].some(isSigned));
    for (const id of DESKS)
      assert.ok(![...world.sites[id].disk.puts.keys()].some((name) => name.startsWith('session/record')));
  });

  it('what was said before and after leaves no trace in what is signed in between', async () => {
    const world = await meet();
    await say(world, ALICE, 'before the record');
    await goOn(world);
    await say(world, ALICE, 'on the record');
    await say(world, BOB, 'so be it');
    for (const id of DESKS) await world.session(id).record(false);
    await world.until(() => DESKS.every((id) => !world.session(id).view().line.record.on));
    await say(world, BOB, 'after the record');
    assert.ok(await settled(world, 2));
    const document = documentOf(world, BOB);
    assert.deepEqual(
      verifyRecord(document).texts.map(({ from, number, words }) => [from, number, words?.text]),
      [
        [ALICE, 2, 'on the record'],
        [BOB, 1, 'so be it'],
      ],
    );
    assert.ok(!/before|after/.test(JSON.stringify(document)));
  });

  it('a text that comes when its reader has left the record is not signed by that desk, until it goes on again', async () => {
    const world = await meet();
    await goOn(world);
    assert.ok(await settled(world, 0));
    // Bob's switch does not reach Alice in time.
    world.manners = { ...CALM, loss: 1 };
    await world.session(BOB).record(false);
    await world.session(ALICE).say({ text: 'still on?', sealing: 'hybrid', author: 'Ada' });
    world.manners = CALM;
    assert.ok(await world.until(() => world.received(BOB).length === 1));
    await world.run(60_000);
    for (const id of DESKS) {
      const { record } = world.session(id).view();
      assert.deepEqual([record.texts, record.signed?.texts], [1, 0]);
    }
    await world.session(BOB).record(true);
    assert.ok(await settled(world, 1));
  });
});

describe('on the record', () => {
  for (const manners of [CALM, ROUGH]) {
    it(`both sign at the beginning, after 10 quiet seconds, after 32 texts and at the end, ${manners === CALM ? 'on a calm line' : 'whatever the line does'}`, async () => {
      const world = await meet();
      world.manners = manners;
      await goOn(world);
      assert.ok(await settled(world, 0), 'the beginning');
      await say(world, ALICE, 'first');
      assert.ok(await settled(world, 1), 'after a while');
      await Promise.all(
        Array.from({ length: 32 }, (_, i) =>
          world.session(DESKS[i % 2]!).say({ text: `text ${i}`, sealing: 'hybrid', author: 'Ada' }),
        ),
      );
      assert.ok(await settled(world, 33), 'after 32');
      await say(world, BOB, 'last');
      await world.session(ALICE).record(false);
      assert.ok(await settled(world, 34), 'the end');
      for (const id of DESKS) {
        const report = verifyRecord(documentOf(world, id));
        assert.equal(report.texts.length, 34);
        assert.ok(report.texts.every(({ words }) => words !== null));
        assert.equal(report.unsigned, 0);
      }
    });
  }

  it('signatures survive the death of either desk, and are asked for again', async () => {
    const world = await meet();
    await goOn(world);
    for (let i = 0; i < 6; i++) {
      await say(world, DESKS[i % 2]!, `text ${i}`);
      await world.run(9800 + 100 * i);
      world.crash(DESKS[i % 2]!);
      await world.run(2000);
      await world.start(DESKS[i % 2]!);
      await world.until(() => DESKS.every((id) => world.session(id).view().may.sealedText.allowed));
    }
    assert.ok(await settled(world, 6));
    for (const id of DESKS) assert.equal(verifyRecord(documentOf(world, id)).texts.length, 6);
  });

  it('a desk that is closed signs what it has not signed yet', async () => {
    const world = await meet();
    await goOn(world);
    assert.ok(await settled(world, 0));
    await say(world, BOB, 'the last word');
    await world.run(1000);
    await world.session(BOB).close();
    world.crash(BOB);
    const kept = [...world.sites[BOB].disk.puts].filter(([name]) => name.startsWith('session/notice/out/'));
    assert.ok(kept.some(([, bytes]) => isSigned(bytes)));
  });

  it('a store put back from a copy begins another part; what both had signed stays with the other desk', async () => {
    const world = await meet();
    await goOn(world);
    await say(world, ALICE, 'part one');
    const copy = world.snapshot(BOB);
    await say(world, BOB, 'lost with the store');
    assert.ok(await settled(world, 2));
    world.restore(BOB, copy);
    await world.start(BOB);
    await world.until(() => DESKS.every((id) => world.session(id).view().may.sealedText.allowed), 60_000);
    await goOn(world);
    await say(world, BOB, 'part two');
    assert.ok(await settled(world, 1));
    const document = documentOf(world, ALICE);
    assert.deepEqual(
      document.parts.map(({ texts }) => texts.map(({ words }) => words?.text)),
      [['part one', 'lost with the store'], ['part two']],
    );
    assert.equal(verifyRecord(document).texts.length, 3);
  });

  it('a wrong signature is not accepted: both desks go black for a fault, and the record goes off', async () => {
    const world = await meet();
    const { privateKey } = generateKeyPairSync('ml-dsa-65');
    world.crash(BOB);
    world.signing = { ...world.signing, [BOB]: { ...world.signing[BOB]!, privateKey } };
    await world.start(BOB);
    await world.until(() => DESKS.every((id) => world.session(id).view().may.call.allowed));
    for (const id of DESKS) await world.session(id).record(true);
    assert.ok(await world.until(() => DESKS.every((id) => world.level(id) === 'black')));
    const { line, record } = world.session(ALICE).view();
    assert.deepEqual([line.alarm?.class, line.record.ownWants], ['fault', false]);
    assert.match(record.fault!, /signature of desk-bob under the transcript is wrong/);
    assert.equal(record.signed, null);
    assert.ok(world.journal(ALICE).includes(record.fault!));
  });

  it('needs keys: without them the desk says how to get them', async () => {
    const world = new World({ seed: 1 });
    world.signing = { ...world.signing, [ALICE]: null };
    await world.start(ALICE);
    await assert.rejects(world.session(ALICE).record(true), {
      code: 'hotline/not-permitted',
      message: /no keys to sign/,
    });
  });
});

describe('a record in the hands of a third', () => {
  it('shows what was said; one letter, one signature or one key of another makes it worthless', async () => {
    const world = await meet();
    await goOn(world);
    await say(world, ALICE, 'we agree on seven');
    await say(world, BOB, 'seven it is');
    assert.ok(await settled(world, 2));
    const document = documentOf(world, ALICE);
    const keys = new Map(DESKS.map((id) => [id as string, createPublicKey(world.signing[id]!.privateKey)]));
    assert.ok(verifyRecord(document, keys).desks.every(({ pinned }) => pinned));
    const forgeries: Record<string, (copy: RecordDocument) => unknown> = {
      'another word': (copy) => replaced(copy, 'seven it is', 'eight it is'),
      'another author': (copy) => replaced(copy, '"author":"Ada"', '"author":"Bob"'),
      'another time': (copy) => replaced(copy, '"utcMs":148', '"utcMs":149'),
      'another conversation': (copy) => replaced(copy, '9d6f3a52', '9d6f3a53'),
      'a text left out': (copy) => withPart(copy, ({ texts }) => ({ texts: texts.slice(1) })),
      'texts exchanged': (copy) =>
        withPart(copy, ({ texts }) => ({
          texts: texts.map((text) => ({ ...text, direction: text.direction === 1 ? 2 : 1 })),
        })),
      'one bit of a signature': (copy) =>
        withPart(copy, ({ signed }) => ({
          signed: `${signed!.slice(0, -8)}${signed!.at(-8) === 'A' ? 'B' : 'A'}${signed!.slice(-7)}`,
        })),
      'the keys exchanged': (copy) => ({
        ...copy,
        desks: copy.desks.map((desk, i) => ({ ...desk, publicKey: copy.desks[1 - i]!.publicKey })),
      }),
    };
    for (const [what, forge] of Object.entries(forgeries)) {
      const forgery = forge(document);
      assert.notDeepEqual(forgery, document, what);
      assert.throws(() => verifyRecord(forgery), { code: 'hotline/forged' }, what);
    }
    const stranger = generateKeyPairSync('ml-dsa-65').publicKey;
    assert.throws(() => verifyRecord(document, new Map([[BOB, stranger]])), { code: 'hotline/forged' });
    assert.throws(() => verifyRecord(document, new Map([['vienna', stranger]])), { code: 'hotline/forged' });
    for (const wrong of [null, {}, [], 'x', { ...document, format: 'skykey-record/2' }, { ...document, desks: [] }]) {
      assert.throws(() => verifyRecord(wrong), { code: 'hotline/malformed' });
    }
  });

  it('has no words, and nothing to guess them by, once they are no longer kept; the signatures still hold', async () => {
    const world = await meet();
    await goOn(world);
    await say(world, ALICE, 'yes');
    assert.ok(await settled(world, 1));
    const salt = documentOf(world, BOB).parts[0]!.texts[0]!.words!.salt;
    await world.session(BOB).forgetRecord(world.nowMs);
    world.crash(BOB);
    await world.start(BOB);
    const { texts } = verifyRecord(documentOf(world, BOB));
    assert.deepEqual([texts.length, texts[0]!.words], [1, null]);
    const kept = [...world.sites[BOB].disk.puts].filter(([name]) => name.startsWith('session/record'));
    assert.ok(kept.length >= 2 && !kept.some(([, bytes]) => Buffer.from(bytes).toString('hex').includes(salt)));
  });
});

function replaced(copy: RecordDocument, from: string, to: string): unknown {
  return JSON.parse(JSON.stringify(copy).replaceAll(from, to));
}

function withPart(
  copy: RecordDocument,
  change: (part: RecordDocument['parts'][number]) => Partial<RecordDocument['parts'][number]>,
): RecordDocument {
  return { ...copy, parts: copy.parts.map((part) => ({ ...part, ...change(part) })) };
}
