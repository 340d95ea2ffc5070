import { createHash } from 'node:crypto';
import { makeEmergencyFile } from '../../sealed/emergency-file.ts';
import { EmergencyPad } from '../../sealed/emergency-pad.ts';
import { encodePlan } from '../../sealed/emergency-record.ts';
import { sealText } from '../../sealed/payload.ts';
import { bytesOf, hexOf, secretOf } from '../hex.ts';
import type { KeyInput } from '../operations/text.ts';
import { type Case, type Promised, seeded, seededUuid, vector } from '../vector.ts';
import { MESSAGE, ON_RECORD, put } from './text.ts';

const ROUTE = { conversationId: seededUuid('conversation'), sender: 'beijing', receiver: 'moscow' };

function keys(of: string, count: number, bytes: number): readonly KeyInput[] {
  return Array.from({ length: count }, (_, i) => ({
    keyId: seededUuid(`${of} id ${i}`),
    key: seeded(`${of} key ${i}`, bytes),
  }));
}

function named(own: readonly KeyInput[]) {
  return own.map(({ keyId, key }) => ({ keyId, key: secretOf(key) }));
}

const KEYS = keys('pad', 1, 128);
const TWO_KEYS = keys('pad', 2, 320);
const LONGER = { ...MESSAGE, text: 'x'.repeat(580) };
/** Three texts of one key each. */
const PLAN = { blockBytes: 96, keyIds: keys('emergency', 3, 128).map(({ keyId }) => keyId) };
const PAD = { route: ROUTE, plan: PLAN, keys: keys('emergency', 3, 128), state: null, witnessOffset: 0 };
const WORDS = { text: 'Stop at once.', author: 'Li Wei', sentAtMs: 1_790_000_000_000, salt: null };

/** Records of the first texts of the pad, and the sender's state after each. */
function emergency(): readonly { readonly record: string; readonly state: string }[] {
  const { route, plan } = PAD;
  const pad = new EmergencyPad({ route, plan, role: 'sender', keys: named(PAD.keys), state: null, witnessOffset: 0 });
  return PLAN.keyIds.map(() => {
    const { record, state } = pad.seal(WORDS);
    return { record: hexOf(record), state: hexOf(state) };
  });
}

/** The receiver's state after the first text. */
function heard(record: string): string {
  const { route, plan } = PAD;
  const pad = new EmergencyPad({ route, plan, role: 'receiver', keys: named(PAD.keys), state: null, witnessOffset: 0 });
  return hexOf(pad.open(bytesOf(record)).state);
}

function sealedTexts(): readonly Case[] {
  const { number, id, text, author, sentAtMs } = MESSAGE;
  const words = { text, author, sentAtMs, salt: null };
  const good = hexOf(sealText(ROUTE, { number, id, words }, named(KEYS)));
  const end = good.length / 2;
  const seals = (name: string, what: string, more: object, promised: Promised = 'succeeds') =>
    vector('pad/seal', name, what, { route: ROUTE, message: MESSAGE, keys: KEYS, ...more }, promised);
  const opens = (
    name: string,
    what: string,
    payload: string,
    more: object = {},
    promised: Promised = 'hotline/forged',
  ) => vector('pad/open', name, what, { route: ROUTE, payload, keys: KEYS, ...more }, promised);
  const reads = (name: string, what: string, payload: string) =>
    vector('text/read', `sealed-${name}`, what, { payload }, 'hotline/malformed');
  return [
    seals('seal', 'one key of 128 bytes', {}),
    seals('seal-on-record', 'with a salt', { message: ON_RECORD }),
    seals('seal-two-keys', 'two keys of 320 bytes', { message: LONGER, keys: TWO_KEYS }),
    seals('seal-back', 'the way back: another tag', { route: { ...ROUTE, sender: 'moscow', receiver: 'beijing' } }),
    seals(
      'seal-too-few',
      'one key where two are needed',
      { message: LONGER, keys: TWO_KEYS.slice(1) },
      'hotline/no-key',
    ),
    seals('seal-short-key', 'a key of another size', { keys: keys('pad', 1, 64) }, 'hotline/no-key'),
    seals(
      'seal-zero-key',
      'a key of zeros hides nothing',
      { keys: [{ keyId: KEYS[0]!.keyId, key: '00*128' }] },
      'hotline/no-key',
    ),
    seals(
      'seal-key-twice',
      'one id for two keys',
      { message: LONGER, keys: [TWO_KEYS[0]!, TWO_KEYS[0]!] },
      'hotline/no-key',
    ),
    seals(
      'seal-to-itself',
      'a desk cannot call itself',
      { route: { ...ROUTE, receiver: 'beijing' } },
      'hotline/bad-argument',
    ),
    opens('open', 'what was sealed', good, {}, 'succeeds'),
    opens('open-other-number', 'moved to another number', put(good, 8, '08')),
    opens('open-other-id', 'under another id', put(good, 9, seeded('another id', 16))),
    opens('open-flag', 'said to be on the record', put(good, 25, '01')),
    opens('open-ciphertext', 'one byte of the ciphertext', put(good, 50, good.slice(100, 102) === '00' ? '01' : '00')),
    opens('open-tag', 'one byte of the tag', put(good, end - 1, good.slice(-2) === '00' ? '01' : '00')),
    opens('open-other-sender', 'from another desk', good, { route: { ...ROUTE, sender: 'delhi' } }),
    opens('open-other-conversation', 'in another conversation', good, {
      route: { ...ROUTE, conversationId: seededUuid('x') },
    }),
    opens('open-reflected', 'thrown back', good, { route: { ...ROUTE, sender: 'moscow', receiver: 'beijing' } }),
    opens('open-other-key', 'another key under the id', good, {
      keys: [{ ...KEYS[0]!, key: seeded('another key', 128) }],
    }),
    opens('open-other-key-id', 'a key under another id', good, { keys: [{ ...KEYS[0]!, keyId: seededUuid('other') }] }),
    opens('open-no-key', 'the key manager gave none', good, { keys: [] }),
    reads(
      'keys-twice',
      'one key twice',
      `${put(good.slice(0, 2 * 43), 26, '02')}${good.slice(2 * 27, 2 * 43)}${good.slice(2 * 43)}`,
    ),
    reads('keys-none', 'no keys', `${put(good.slice(0, 2 * 27), 26, '00')}${good.slice(2 * 43)}`),
    reads('cut', 'a part of the tag is missing', good.slice(0, -2)),
    reads('longer', 'a byte at the end', `${good}00`),
  ];
}

/** A pad of two texts each way, and what is none. */
function files(): readonly Case[] {
  let drawn = 0;
  const from = { conversationId: ROUTE.conversationId, provenance: 'courier of 19 December 2016', texts: 2 };
  const random = (bytes: number) => bytesOf(seeded(`emergency file ${drawn++}`, bytes));
  const file = hexOf(makeEmergencyFile(from, random));
  const hashed = (body: string): string => body + createHash('sha256').update(Buffer.from(body, 'hex')).digest('hex');
  const body = file.slice(0, -64);
  const [head, pads] = [
    body.slice(0, 2 * (22 + from.provenance.length)),
    body.slice(2 * (22 + from.provenance.length)),
  ];
  const half = pads.length / 2;
  const reads = (name: string, what: string, bytes: string, promised: Promised = 'hotline/malformed') =>
    vector('pad/file', `file-${name}`, what, { file: bytes }, promised);
  return [
    reads('read', 'two texts each way', file, 'succeeds'),
    reads('altered', 'one byte of a key', put(file, 200, file.slice(400, 402) === '00' ? '01' : '00')),
    reads('cut', 'the last byte is missing', file.slice(0, -2)),
    reads('magic', 'another beginning', hashed(put(body, 0, '00'))),
    reads('version', 'version 3', hashed(put(body, 4, '03'))),
    reads('nobody', 'nobody stands for it', hashed(`${head.slice(0, 42)}00${pads}`)),
    reads('one-way', 'a pad for one direction', hashed(head + pads.slice(0, half))),
    reads('twice', 'the same keys for both directions', hashed(head + pads.slice(0, half) + pads.slice(0, half))),
    reads('longer', 'a byte before the hash', hashed(`${body}00`)),
  ];
}

export function padCases(): readonly Case[] {
  const [first, second] = emergency();
  const plan = hexOf(encodePlan(PLAN));
  const seals = (name: string, what: string, more: object, promised: Promised = 'succeeds') =>
    vector('pad/emergency-seal', `emergency-${name}`, what, { ...PAD, words: WORDS, ...more }, promised);
  const opens = (name: string, what: string, record: string, more: object = {}, promised: Promised = 'succeeds') =>
    vector(
      'pad/emergency-open',
      `emergency-${name}`,
      what,
      { ...PAD, opened: [], refused: [], record, ...more },
      promised,
    );
  const plans = (name: string, what: string, bytes: string, promised: Promised = 'hotline/malformed') =>
    vector('pad/plan', `plan-${name}`, what, { plan: bytes }, promised);
  const numberAt = 23;
  return [
    ...sealedTexts(),
    ...files(),
    plans('read', 'three texts of one key', plan, 'succeeds'),
    plans('block-size', 'a size that no block has', put(plan, 0, '0061')),
    plans('key-twice', 'a key for two texts', `${plan.slice(0, -32)}${plan.slice(8, 40)}`),
    plans('no-key', 'no texts', put(plan.slice(0, 8), 2, '0000')),
    plans('half-a-text', 'blocks of two keys, and three keys', put(plan, 0, '0260')),
    plans('cut', 'a part of an id is missing', plan.slice(0, -2)),
    seals('seal', 'the first text', {}),
    seals('seal-second', 'the second, from the state after the first', { state: first!.state, witnessOffset: 1 }),
    seals(
      'seal-spent',
      'all three were used',
      { state: emergency()[2]!.state, keys: [], witnessOffset: 3 },
      'hotline/spent',
    ),
    seals(
      'seal-too-long',
      'longer than the blocks of this pad',
      { words: { ...WORDS, text: 'x'.repeat(80) } },
      'hotline/too-long',
    ),
    seals('seal-restored', 'the witness knows of more', { witnessOffset: 1 }, 'hotline/store'),
    seals('seal-key-missing', 'a key of an unused text is gone', { keys: PAD.keys.slice(1) }, 'hotline/store'),
    seals('seal-other-state', 'the state of another pad', { state: `${seeded('x', 16)}000000` }, 'hotline/store'),
    opens('open', 'the first text', first!.record),
    opens('open-second-first', 'the second before the first: one is missing', second!.record),
    opens('open-after-forgery', 'a forgery of it cost no key', first!.record, {
      refused: [put(first!.record, 50, '00')],
    }),
    opens('open-again', 'a copy', first!.record, { opened: [first!.record] }, 'hotline/replayed'),
    opens(
      'open-used',
      'a copy, after a start',
      first!.record,
      { state: heard(first!.record), witnessOffset: 1 },
      'hotline/replayed',
    ),
    opens('open-forged', 'one byte of the ciphertext', put(first!.record, 50, '00'), {}, 'hotline/forged'),
    opens('open-flag', 'said to be on the record', put(first!.record, 25, '01'), {}, 'hotline/forged'),
    opens(
      'open-other-number',
      'the keys of the first text in the second',
      put(first!.record, numberAt, '0002'),
      {},
      'hotline/not-for-us',
    ),
    opens('open-number-zero', 'number 0', put(first!.record, numberAt, '0000'), {}, 'hotline/not-for-us'),
    opens('open-reflected', 'the other direction', put(first!.record, 6, '02'), {}, 'hotline/not-for-us'),
    opens(
      'open-other-conversation',
      'another conversation',
      put(first!.record, 7, seeded('x', 16)),
      {},
      'hotline/not-for-us',
    ),
    opens('open-version', 'version 3', put(first!.record, 4, '03'), {}, 'hotline/malformed'),
    opens('open-cut', 'the last byte is missing', first!.record.slice(0, -2), {}, 'hotline/malformed'),
  ];
}
