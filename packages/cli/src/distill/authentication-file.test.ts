import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Role } from '@skykey/distill';
import { AuthenticationFile, drawAuthenticationKey } from './authentication-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'skykey-auth-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
/** A file whose byte i is a mark of its pad. */
function marked(pads = 12): string {
  const file = join(folder, `${files++}.key`);
  const bytes = Buffer.alloc(16 + 16 * pads);
  for (let at = 0; at < bytes.length; at++) bytes[at] = 1 + (at >> 4);
  writeFileSync(file, bytes, { mode: 0o600 });
  return file;
}
let runs = 0;
const newRun = (): Uint8Array =>
  Uint8Array.of(...new Uint8Array(12), ...new Uint8Array(new Uint32Array([++runs]).buffer));
/** A process that has the file open, and what it says it is. */
class Party extends AuthenticationFile {
  readonly run: Uint8Array;

  constructor(file: string, role: Role, run = newRun()) {
    super(file, role, run);
    this.run = run;
  }
}
/** One that has met a party with another copy. */
function opened(file: string, role: Role): Party {
  const keys = new Party(file, role);
  keys.introduce();
  keys.met(newRun());
  return keys;
}
/** As they greet, whoever begins: what each says before it may know of the other. False when one will not. */
function greet(alice: Party, bob: Party): boolean {
  for (const one of [alice, bob]) one.introduce();
  if (!alice.mayMeet(bob.run) || !bob.mayMeet(alice.run)) return false;
  alice.met(bob.run);
  bob.met(alice.run);
  return true;
}
const padOf = async (keys: AuthenticationFile, index: number): Promise<number[]> =>
  (await keys.pad(index)).open((bytes) => [...new Set(bytes)]);
const journal = (file: string): string => `${file}.spent`;
const lastLine = (file: string): string => readFileSync(journal(file), 'utf8').split('\n').at(-1)!;

test('pads rise, and each is on the disk before it is handed out (P28)', async () => {
  const file = marked();
  const keys = opened(file, 'alice');
  assert.deepEqual(
    (await keys.hashKey()).open((bytes) => [...new Set(bytes)]),
    [1],
  );
  keys.knock((key) => assert.deepEqual([...new Set(key)], [2, 3]));
  assert.equal(await keys.nextPad(), 3);
  assert.deepEqual(await padOf(keys, 3), [5]);
  assert.match(lastLine(file), /^pad [0-9a-f]{16} alice [0-9a-f]{32} 3 [0-9a-f]{16}$/);
  // And gone from the file at once, whatever becomes of this process.
  assert.deepEqual(readFileSync(file).subarray(64, 96), Buffer.from([...Array(16).fill(0), ...Array(16).fill(6)]));
  assert.equal(await keys.nextPad(), 4);
  await assert.rejects(keys.pad(3), /pad 3 was used before/);
  // One that is passed over is lost.
  assert.deepEqual(await padOf(keys, 7), [9]);
  await assert.rejects(keys.pad(5), /pad 5 was used before/);
  for (const index of [0, 2, 12, -1, 3.5]) await assert.rejects(keys.pad(index), /has pads 3 to 11/);
  assert.deepEqual(keys.touched, [3, 7]);
  // The process dies here: the next one goes on behind.
  const next = opened(file, 'alice');
  assert.equal(await next.nextPad(), 8);
  await assert.rejects(next.pad(7), /used before/);
  next.close();
  keys.close();
  const bytes = readFileSync(file);
  assert.deepEqual(bytes.subarray(0, 64), Buffer.from([1, 2, 3, 4].flatMap((mark) => Array(16).fill(mark))));
  assert.deepEqual(bytes.subarray(64, 16 + 16 * 8), Buffer.alloc(16 * 5));
  assert.equal(bytes[16 + 16 * 8], 10);
});

test('a pad that is only looked at stays unused, and what was used, passed over or is not there shows nothing', async () => {
  const file = marked();
  const keys = opened(file, 'bob');
  const look = async (index: number) => (await keys.look(index))?.open((bytes) => [...new Set(bytes)]);
  for (let i = 0; i < 2; i++) assert.deepEqual(await look(6), [8]);
  assert.doesNotMatch(readFileSync(journal(file), 'utf8'), /pad/);
  assert.deepEqual(keys.touched, []);
  assert.deepEqual(await padOf(keys, 6), [8]);
  for (const nothing of [0, 2, 3, 6, 12, 2 ** 53 - 1, -1, 7.5]) assert.equal(await look(nothing), undefined);
  assert.deepEqual(await look(7), [9]);
  keys.close();
});

test('no pad before somebody was met', async () => {
  const file = marked();
  const keys = new Party(file, 'alice');
  await assert.rejects(keys.pad(3), /before the other party was met/);
  assert(!existsSync(journal(file)));
  keys.close();
});

test('of two processes that ask for one pad, one gets it', async () => {
  const file = marked();
  const one = opened(file, 'alice');
  const two = opened(file, 'alice');
  const asked = await Promise.allSettled([one.pad(3), two.pad(3)]);
  assert.equal(asked.filter(({ status }) => status === 'fulfilled').length, 1);
  one.close();
  two.close();
});

test('a journal that is gone does not bring a pad back, whether the process ended well or not', async () => {
  for (const role of ['alice', 'bob'] as const) {
    for (const crashed of [true, false]) {
      const file = marked();
      const keys = opened(file, role);
      await keys.pad(3);
      if (!crashed) keys.close();
      rmSync(journal(file));
      for (const next of ['alice', 'bob'] as const) {
        assert.throws(() => new Party(file, next), /pad 3 was overwritten after use, and the journal .* does not know/);
      }
      if (crashed) keys.close();
    }
  }
});

test('a line that was torn is no obstacle, one that is wrong or of another key is', async () => {
  const file = marked();
  const keys = opened(file, 'alice');
  await keys.pad(3);
  const whole = readFileSync(journal(file), 'utf8');
  const padLine = lastLine(file);
  for (const line of [`\n${whole.split('\n')[1]}`, `\n${padLine.replace(' 3 ', ' 4 ')}`]) {
    for (let length = 0; length <= line.length; length++) {
      writeFileSync(journal(file), whole + line.slice(0, length));
      const next = opened(file, 'alice');
      // Before all of it was on the disk nobody had the pad.
      assert.equal(await next.nextPad(), length === line.length && line.includes(' 4 ') ? 5 : 4);
      next.close();
    }
  }
  for (const wrong of ['!', 'pad g', padLine.replace(' 3 ', ' x '), `${padLine}0`, 'alice']) {
    writeFileSync(journal(file), `${whole}\n${wrong}\n`);
    assert.throws(() => new Party(file, 'alice'), /journal .* is damaged at "|is that of another key/, wrong);
  }
  const other = join(folder, 'other.key');
  drawAuthenticationKey(256, other);
  writeFileSync(journal(other), whole);
  assert.throws(() => new Party(other, 'alice'), /is that of another key/);
});

test('two parties on one machine may share the file: what one has not spent stays', async () => {
  const file = marked(24);
  for (const first of [3, 6]) {
    const [alice, bob] = [new Party(file, 'alice'), new Party(file, 'bob')];
    assert(greet(alice, bob));
    // Bob takes nothing that his Alice has not.
    assert.equal(await bob.look(first), undefined);
    await padOf(alice, first);
    assert.deepEqual(await padOf(bob, first), [first + 2]);
    assert.deepEqual(await padOf(alice, first + 1), [first + 3]);
    assert.deepEqual(await padOf(alice, first + 2), [first + 4]);
    assert.deepEqual(await padOf(bob, first + 1), [first + 3]);
    alice.close();
    assert.equal(readFileSync(file)[16 + 16 * (first + 1)], 0);
    assert.equal(readFileSync(file)[16 + 16 * (first + 2)], first + 4);
    assert.deepEqual(await padOf(bob, first + 2), [first + 4]);
    assert.equal(readFileSync(file)[16 + 16 * (first + 2)], 0);
    bob.close();
  }
  // Later it may be Alice's with a Bob elsewhere, who has his own copy, and not Bob's: there would be two that were Alice's.
  const away = marked(24);
  assert(!greet(new Party(away, 'alice'), new Party(file, 'bob')));
  assert(greet(new Party(file, 'alice'), new Party(marked(24), 'bob')));
});

/** Two copies: whichever processes greet, in whatever order, one copy at most ever sends as Alice. */
test('a copy keeps its part: no two tags under one pad, whoever begins, and whatever is stopped on the line (P28)', () => {
  const orders: [number, number][][] = [[]];
  // Processes 0 and 1 are alice and bob on the first copy, 2 and 3 on the second; a pair is one greeting.
  const pairs: [number, number][] = [
    [0, 3],
    [2, 1],
    [0, 1],
    [2, 3],
  ];
  for (const a of pairs) for (const b of pairs) for (const c of pairs) orders.push([a, b, c]);
  for (const order of orders) {
    for (const introducedFirst of [true, false]) {
      const copies = [marked(), marked()];
      const parties: (Party | undefined)[] = [];
      const party = (which: number): Party | undefined => {
        try {
          parties[which] ??= new Party(copies[which >> 1]!, which & 1 ? 'bob' : 'alice');
        } catch (error) {
          assert.match((error as Error).message, /has served (alice|bob), and a copy keeps its part/);
        }
        return parties[which];
      };
      // All there at once: two directions at the same time.
      if (introducedFirst) for (let which = 0; which < 4; which++) party(which)!.introduce();
      const elsewhere = new Set<number>();
      for (const [a, b] of order) {
        const [alice, bob] = [party(a), party(b)];
        if (!alice || !bob || !greet(alice, bob)) continue;
        if (a >> 1 !== b >> 1) elsewhere.add(a >> 1);
      }
      assert(elsewhere.size <= 1, JSON.stringify({ order, introducedFirst }));
    }
  }
});

test('a file that others may read, of a wrong length, or used up, is refused', {
  skip: process.platform === 'win32',
}, async () => {
  const file = marked();
  chmodSync(file, 0o640);
  assert.throws(() => new Party(file, 'alice'), /may be read by others \(mode 640\); chmod 600/);
  assert(!existsSync(journal(file)));
  const short = join(folder, 'short.key');
  for (const length of [0, 16, 96, 113]) {
    writeFileSync(short, Buffer.alloc(length), { mode: 0o600 });
    assert.throws(
      () => new Party(short, 'alice'),
      new RegExp(`has ${length} bytes; it must be a multiple of 16 from 112`),
    );
  }
  assert.throws(() => new Party(join(folder, 'none'), 'bob'), /there is no such file/);
  const little = opened(marked(7), 'alice');
  little.checkEnough();
  await little.pad(3);
  assert.equal(little.padsLeft, 3);
  assert.throws(() => little.checkEnough(), /has 3 pads left, and a session needs three; carry a new key/);
  little.close();
});

test('a new key is from chance, for its owner alone, and written over nothing', () => {
  const file = join(folder, 'drawn.key');
  assert.deepEqual(drawAuthenticationKey(208, file), { pads: 12, sessions: 3 });
  const bytes = readFileSync(file);
  assert.equal(bytes.length, 208);
  assert(new Set(bytes).size > 80);
  if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.throws(() => drawAuthenticationKey(208, file), /never written over/);
  assert.deepEqual(readFileSync(file), bytes);
  for (const wrong of [0, 96, 120, 2 ** 31, Number.NaN]) {
    assert.throws(() => drawAuthenticationKey(wrong, join(folder, 'wrong.key')), /--bytes .*multiple of 16 from 112/);
  }
  assert(!existsSync(join(folder, 'wrong.key')));
});
