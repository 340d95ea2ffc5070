import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HotlineError } from '../error.ts';
import {
  decodeFileMessage,
  encodeFileMessage,
  type FileBody,
  type FileMessage,
  laneOf,
  MAX_REQUEST_CHUNKS,
} from './message.ts';
import { isAfter, type MessageId, MessageNumbers, SeenMessages } from './repeats.ts';
import { SeededChance } from './test/random.ts';

const FILE_ID = '000102030405060708090a0b0c0d0e0f';
const HEAD = `${FILE_ID}a1a2a3a4a5a6a7a800000005`;
const sealed = new Uint8Array(16).fill(0xcc);
const CASES: readonly (readonly [FileBody, string])[] = [
  [{ kind: 'accept' }, `01${HEAD}`],
  [{ kind: 'refuse', reason: 'declined' }, `02${HEAD}01`],
  [{ kind: 'refuse', reason: 'too-many' }, `02${HEAD}02`],
  [{ kind: 'refuse', reason: 'no-room' }, `02${HEAD}03`],
  [{ kind: 'refuse', reason: 'policy' }, `02${HEAD}04`],
  [{ kind: 'request', from: 7, count: 256, have: 3 }, `03${HEAD}000000070000010000000003`],
  [{ kind: 'chunk', index: 9, sealed }, `04${HEAD}0000000900000010${'cc'.repeat(16)}`],
  [{ kind: 'done' }, `05${HEAD}`],
  [{ kind: 'cancel', reason: 'person' }, `06${HEAD}01`],
  [{ kind: 'cancel', reason: 'unknown' }, `06${HEAD}02`],
  [{ kind: 'cancel', reason: 'damaged' }, `06${HEAD}03`],
  [{ kind: 'changed' }, `07${HEAD}`],
  [{ kind: 'pause', reason: 'person' }, `08${HEAD}01`],
  [{ kind: 'pause', reason: 'disk' }, `08${HEAD}02`],
  [{ kind: 'resume' }, `09${HEAD}`],
];
const whole = (body: FileBody): FileMessage => ({
  ...body,
  fileId: FILE_ID,
  id: { start: 'a1a2a3a4a5a6a7a8', number: 5 },
});
const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const malformed = (error: unknown): boolean => error instanceof HotlineError && error.code === 'hotline/malformed';

describe('messages about a file', () => {
  for (const [body, hex] of CASES) {
    it(`${body.kind} ${'reason' in body ? body.reason : ''} has the bytes that are documented`, () => {
      const lane = body.kind === 'request' || body.kind === 'chunk' ? 'file' : 'control';
      assert.equal(laneOf(body.kind), lane);
      assert.equal(Buffer.from(encodeFileMessage(whole(body))).toString('hex'), hex);
      assert.deepEqual(decodeFileMessage(bytesOf(hex), lane), whole(body));
      assert.throws(() => decodeFileMessage(bytesOf(hex), lane === 'file' ? 'control' : 'file'), malformed);
    });
  }

  it('cut short, too long, of a kind or for a reason that does not exist, are refused', () => {
    for (const [body, hex] of CASES) {
      const lane = laneOf(body.kind);
      for (let cut = 0; cut < hex.length; cut += 2) {
        assert.throws(() => decodeFileMessage(bytesOf(hex.slice(0, cut)), lane), malformed, `${body.kind} ${cut / 2}`);
      }
      assert.throws(() => decodeFileMessage(bytesOf(`${hex}00`), lane), malformed);
    }
    for (const hex of [
      `00${HEAD}`,
      `0a${HEAD}`,
      `ff${HEAD}`,
      `02${HEAD}00`,
      `02${HEAD}05`,
      `06${HEAD}04`,
      `08${HEAD}03`,
    ]) {
      assert.throws(() => decodeFileMessage(bytesOf(hex), 'control'), malformed, hex);
    }
  });

  it('ask for 1 to 256 chunks, and carry 16 to 16,400 bytes', () => {
    const chunk = (bytes: number): Uint8Array =>
      encodeFileMessage(whole({ kind: 'chunk', index: 0, sealed: new Uint8Array(bytes) }));
    for (const count of [0, MAX_REQUEST_CHUNKS + 1, 2 ** 32 - 1]) {
      const bytes = encodeFileMessage(whole({ kind: 'request', from: 0, count, have: 0 }));
      assert.throws(() => decodeFileMessage(bytes, 'file'), /1 to 256 may be asked for/);
    }
    assert.throws(() => decodeFileMessage(chunk(15), 'file'), malformed);
    assert.throws(() => decodeFileMessage(chunk(16_401), 'file'), malformed);
    assert.equal(decodeFileMessage(chunk(16_400), 'file').kind, 'chunk');
  });
});

describe('a repeat', () => {
  const id = (number: number, start = 'aa'): MessageId => ({ start, number });

  it('is known, in any order, also across starts', () => {
    const seen = new SeenMessages();
    for (const number of [0, 2, 1, 5, 4, 1030, 900]) assert.ok(seen.isNew(id(number)), `${number} is new`);
    assert.ok(seen.isNew(id(0, 'bb')), 'another start counts anew');
    for (const number of [2, 5, 4, 1030, 900, 0]) assert.ok(!seen.isNew(id(number)), `${number} was seen`);
    assert.ok(seen.isNew(id(3, 'aa')) === false, 'too late to be told from a repeat');
    assert.ok(seen.isNew(id(10, 'aa')), 'late, and inside the window');
    assert.ok(!seen.isNew(id(0, 'bb')));
  });

  it('is found exactly as a list of all messages would find it', () => {
    const chance = new SeededChance(3);
    const seen = new SeenMessages();
    const list = new Map<string, Set<number>>();
    const highest = new Map<string, number>();
    for (let k = 0; k < 50_000; k++) {
      const start = `s${chance.below(4)}`;
      const base = Math.floor(k / 10);
      const number = chance.chance(0.001) ? base + chance.below(5000) : base + chance.below(40);
      const numbers = list.get(start) ?? new Set();
      list.set(start, numbers);
      const top = highest.get(start) ?? -1;
      const wanted = !numbers.has(number) && number > top - 1024;
      assert.equal(seen.isNew(id(number, start)), wanted, `${start} ${number}`);
      numbers.add(number);
      highest.set(start, Math.max(top, number));
    }
  });

  it('an older start that comes last does not silence the newer', () => {
    const seen = new SeenMessages();
    assert.ok(seen.isNew(id(0, 'new')));
    assert.ok(seen.isNew(id(0, 'old')));
    assert.ok(seen.isNew(id(1, 'new')));
    assert.ok(!seen.isNew(id(1, 'new')));
  });

  it('memory stays bounded whatever starts a peer names', () => {
    const seen = new SeenMessages();
    for (let k = 0; k < 1000; k++) assert.ok(seen.isNew(id(2 ** 32 - 1, `${k}`)));
    assert.ok(seen.isNew(id(2 ** 32 - 1, '0')), 'the first one is forgotten');
    assert.ok(!seen.isNew(id(2 ** 32 - 1, '999')));
  });

  it('numbers rise by one and never repeat', () => {
    const numbers = new MessageNumbers(new Uint8Array(8).fill(1));
    const [first, second] = [numbers.next(), numbers.next()];
    assert.deepEqual([first, second.number], [{ start: '01'.repeat(8), number: 0 }, 1]);
    assert.ok(isAfter(second, first) && !isAfter(first, second) && !isAfter(first, first));
    assert.throws(() => new MessageNumbers(new Uint8Array(7)), HotlineError);
  });
});
