import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fromBytes, pack } from '@skykey/bits';
import fc from 'fast-check';
import { DistillError } from './error.ts';
import { DETECT_LIMIT, decode, encode, HELD_LIMIT, type Message, typeOf } from './messages.ts';
import { FATES, MOST_CLAIMS, VERSION } from './protocol.ts';
import { REASONS } from './refusal.ts';
import { seededBytes } from './test/benchtop.ts';

const bytes = seededBytes(11);
const bits = (length: number) => fromBytes(bytes(Math.ceil(length / 8)), length);

/** One of each type; a new type that is missing here fails the test of the type bytes. */
const EXAMPLES: readonly Message[] = [
  {
    type: 'hello-bob',
    version: VERSION,
    parameters: ['s-1', 'link', 1e9, 0.8, -0, NaN],
    held: ['link/a', 'link/ü'],
  },
  { type: 'hello-alice', version: VERSION, parameters: [], fates: Uint8Array.of(1, 0, 2) },
  {
    type: 'detect',
    detections: { from: 100, until: 2 ** 52, slot: Float64Array.of(100, 101, 4_000_000_000, 2 ** 52 - 1) },
  },
  { type: 'monitor', positions: bits(4) },
  { type: 'clicks', detector: Uint8Array.of(0, 1, 2, 3, 2) },
  { type: 'emissions', emission: Uint8Array.of(0, 11, 5) },
  { type: 'end', pulses: 2 ** 40, detections: 4 },
  { type: 'bases', basis: bits(9) },
  { type: 'settings', basis: bits(9), intensity: { length: 9, packed: Uint8Array.of(0x24, 0x49, 0x02) } },
  { type: 'test-bob', bits: bits(17) },
  { type: 'test-alice', bits: bits(16) },
  { type: 'shuffle', seed: bytes(16) },
  { type: 'parities', bits: bits(1) },
  { type: 'differences', bits: bits(0) },
  { type: 'frame-tags', seed: bytes(32), tags: Uint32Array.of(0, 0xffffffff) },
  { type: 'frame-check', failed: bits(2) },
  { type: 'frames', bits: bits(300) },
  { type: 'reconciled', corrected: 300 },
  { type: 'verify', seed: bytes(16), tag: bytes(16) },
  { type: 'verified' },
  { type: 'amplify', seed: bits(1000) },
  { type: 'tag', pad: 2 ** 53 - 1, tag: bytes(16) },
  { type: 'accept', tag: bytes(16) },
  { type: 'release', tag: bytes(16) },
  { type: 'claim', claim: { centreSlot: Float64Array.of(200, 605, 2 ** 52), halfSlots: 200 } },
  { type: 'claimed', settings: Uint8Array.of(0, 11, 5, 7) },
  { type: 'acquired', found: true, significance: 12.5 },
  { type: 'syndromes', message: bytes(48) },
  { type: 'decoded', failed: bits(3) },
  { type: 'abort', code: 3 },
];

const refused = (message: Uint8Array): boolean => {
  try {
    decode(message);
    return false;
  } catch (error) {
    assert(error instanceof DistillError, String(error));
    assert(error.code === 'distill/protocol' || error.code === 'distill/version');
    return true;
  }
};

test('every type survives the way over the line, and has a byte of its own', () => {
  for (const message of EXAMPLES) assert.deepEqual(decode(encode(message)), message, message.type);
  const known = Array.from({ length: 256 }, (_, byte) => typeOf(Uint8Array.of(byte))).filter((type) => type);
  assert.deepEqual(known.toSorted(), EXAMPLES.map(({ type }) => type).toSorted());
});

test('the bytes are those of PROTOCOL.md', () => {
  const hex = (message: Message): string => Buffer.from(encode(message)).toString('hex');
  assert.equal(
    hex({ type: 'detect', detections: { from: 5, until: 300, slot: Float64Array.of(5, 7, 299) } }),
    '0305a702030000000001a302',
  );
  assert.equal(hex({ type: 'monitor', positions: pack([1, 0, 1]) }), '040300000005');
  assert.equal(hex({ type: 'clicks', detector: Uint8Array.of(1, 2, 3, 0, 2) }), '05050000003902');
  assert.equal(hex({ type: 'emissions', emission: Uint8Array.of(11, 2, 4) }), '06030000002b04');
  assert.equal(hex({ type: 'end', pulses: 128, detections: 3 }), '07800103');
  assert.equal(
    hex({ type: 'settings', basis: pack([1]), intensity: { length: 5, packed: Uint8Array.of(0x24, 0x02) } }),
    '0a0100000001050000002402',
  );
  assert.equal(hex({ type: 'tag', pad: 300, tag: new Uint8Array(16).fill(0xee) }), `1aac02${'ee'.repeat(16)}`);
  assert.equal(
    hex({ type: 'claim', claim: { centreSlot: Float64Array.of(202, 1000), halfSlots: 2 } }),
    '1d0202000000c8019906',
  );
  assert.equal(hex({ type: 'claimed', settings: Uint8Array.of(11, 2, 4) }), '1e030000002b04');
  assert.equal(hex({ type: 'acquired', found: true, significance: 8.5 }), '1f010000000000002140');
  assert.equal(hex({ type: 'syndromes', message: Uint8Array.of(1, 2) }), '20020000000102');
  assert.equal(hex({ type: 'decoded', failed: pack([0, 1]) }), '210200000002');
  assert.equal(hex({ type: 'abort', code: 8 }), '7f08');
  const fates = Uint8Array.of(FATES.released, FATES.withheld, FATES.unknown);
  assert(hex({ type: 'hello-alice', version: VERSION, parameters: [], fates }).endsWith('0300000021'));
});

test('PROTOCOL.md has this version, every message and the vectors above', () => {
  const text = readFileSync(new URL('../PROTOCOL.md', import.meta.url), 'utf8');
  assert(text.includes(`This is version ${VERSION} of the protocol.`));
  assert(text.includes(`u16 version = ${VERSION};`) && text.includes(`\`skykey-distill/${VERSION} <purpose>`));
  const rows = [...text.matchAll(/^\| ([0-9a-f]{2}) \| `([a-z-]+)` \|/gm)].map(([, byte, name]) => `${byte} ${name}`);
  const known = EXAMPLES.map(
    (message) => `${Buffer.from(encode(message).subarray(0, 1)).toString('hex')} ${message.type}`,
  );
  assert.deepEqual(rows.toSorted(), known.toSorted());
  const vectors = ['03 05 a702 03000000 00 01 a302', '1d 02 02000000 c801 9906', '03000000 21'];
  for (const vector of vectors) assert(text.includes(vector));
  const stops = text.slice(text.indexOf('### Why a session stops'));
  assert.deepEqual(
    [...stops.matchAll(/^\| (\d+) \| /gm)].map(([, code]) => Number(code)),
    Object.values(REASONS).map(({ code }) => code),
  );
  assert(text.includes(`as often as ${MOST_CLAIMS} times`));
});

test('a message is refused when anything is missing or left over', () => {
  for (const message of EXAMPLES) {
    const whole = encode(message);
    for (let end = 0; end < whole.length; end++)
      assert(refused(whole.subarray(0, end)), `${message.type} cut at ${end}`);
    assert(refused(Uint8Array.of(...whole, 0)), `${message.type} with a byte more`);
  }
});

test('one flipped bit gives another message or none, never the same one', () => {
  for (const message of EXAMPLES) {
    const whole = encode(message);
    for (let at = 0; at < whole.length * 8; at++) {
      const flipped = whole.slice();
      flipped[at >> 3]! ^= 1 << (at & 7);
      if (!refused(flipped)) assert.deepEqual(encode(decode(flipped)), flipped);
    }
  }
});

test('garbage is refused with a sentence and nothing else happens', () => {
  fc.assert(
    fc.property(fc.constantFrom(...EXAMPLES), fc.uint8Array({ maxLength: 64 }), (message, tail) => {
      const garbage = Uint8Array.of(encode(message)[0]!, ...tail);
      if (!refused(garbage)) assert.deepEqual(encode(decode(garbage)), garbage);
    }),
    { numRuns: 3000, seed: 5 },
  );
});

test('absurd counts reserve no memory', () => {
  const absurd = Uint8Array.of(255, 255, 255, 255);
  for (const byte of [0x04, 0x05, 0x06, 0x09, 0x0a, 0x10, 0x1e, 0x20, 0x21])
    assert(refused(Uint8Array.of(byte, ...absurd)));
  // A million slots announced, none sent.
  assert(refused(Uint8Array.of(0x03, 0, 100, 0, 0, 1, 0)));
  assert(refused(Uint8Array.of(0x12, ...new Uint8Array(32), 0, 0, 0, 1)));
  assert(refused(Uint8Array.of(0x1d, 1, 0xf4, 1, 0, 0, 0)));
  const many = { from: 0, until: 2 ** 20, slot: Float64Array.from({ length: DETECT_LIMIT + 1 }, (_, i) => i) };
  assert(refused(encode({ type: 'detect', detections: many })));
});

test('there is one way to write a number, and entries that mean nothing are refused', () => {
  assert(refused(Uint8Array.of(0x15, 0x80, 0x00)), 'overlong');
  assert(refused(Uint8Array.of(0x15, ...new Uint8Array(8).fill(0x80), 1)), 'nine bytes');
  assert(!refused(Uint8Array.of(0x15, ...new Uint8Array(7).fill(0xff), 0x0f)), '2^53 - 1');
  assert(refused(Uint8Array.of(0x15, ...new Uint8Array(7).fill(0x80), 0x10)), '2^53');
  assert(refused(Uint8Array.of(0x04, 3, 0, 0, 0, 0x0f)), 'padding bits');
  assert(refused(Uint8Array.of(0x06, 1, 0, 0, 0, 0x0c)), 'intensity 3');
  const knowsMore = Uint8Array.of(0x02, VERSION, 0, 0, 1, 0, 0, 0, 3);
  assert(refused(knowsMore), 'a fate that is none');
  assert(!refused(knowsMore.with(8, FATES.unknown)));
  assert(
    refused(encode({ type: 'hello-alice', version: VERSION, parameters: [], fates: new Uint8Array(HELD_LIMIT + 1) })),
  );
  assert(refused(Uint8Array.of(0x03, 5, 1, 2, 0, 0, 0, 0, 0)), 'a slot beyond the end');
});

test('an intensity of 3 is found wherever it stands, and named; a message that lies anywhere is read', () => {
  for (let length = 1; length < 40; length++) {
    const packed = new Uint8Array(Math.ceil(length / 4)).fill(0x9a);
    if (length & 3) packed[packed.length - 1]! &= (1 << (2 * (length & 3))) - 1;
    const message = encode({ type: 'settings', basis: pack([1, 0]), intensity: { length, packed } });
    const start = message.length - packed.length;
    for (let entry = 0; entry < length; entry++) {
      const wrong = Buffer.concat([new Uint8Array(entry), message]).subarray(entry);
      assert.deepEqual(encode(decode(wrong)), message);
      wrong[start + (entry >> 2)]! |= 3 << (2 * (entry & 3));
      const text = `message 'settings': entry ${entry} is 3, which means nothing`;
      assert.throws(() => decode(wrong), { code: 'distill/protocol', message: text });
    }
    if (length & 3) assert(refused(message.with(-1, 0x80)), 'padding bits');
  }
});

test('what was read stays what it was when the message is overwritten', () => {
  for (const example of EXAMPLES) {
    const message = Buffer.from(encode(example));
    const read = decode(message);
    message.fill(0xff);
    assert.deepEqual(encode(read), encode(example));
  }
});

test('another version is told apart from a broken message', () => {
  const hello = encode(EXAMPLES[0]!);
  for (const other of [1, 2, 99]) {
    hello[1] = other;
    assert.throws(() => decode(hello), {
      code: 'distill/version',
      message: `the peer speaks version ${other} of the protocol, this side ${VERSION}`,
    });
  }
});

test('slots are read into the room that is given', () => {
  const detections = { from: 10, until: 1000, slot: Float64Array.of(10, 500, 999) };
  const desk = new Float64Array(5);
  const message = decode(encode({ type: 'detect', detections }), (length) => desk.subarray(0, length));
  assert.deepEqual(message, { type: 'detect', detections });
  assert.deepEqual(desk, Float64Array.of(10, 500, 999, 0, 0));
});
