import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { SecretBytes } from '@skykey/bits';
import { tag } from '@skykey/distill';
import type { BlockLabels, KeyBatch } from '@skykey/vault';
import fc from 'fast-check';
import { CARRIED_LANE, keyLane, peerLane } from '../lanes.ts';
import { alone, code, hex, Network, pattern } from '../test/sites.ts';
import {
  ALARM_CLASSES,
  decodeAnswer,
  decodeMessage,
  encodeAnswer,
  encodeMessage,
  type PeerAnswer,
  type PeerMessage,
  type WayRange,
} from './message.ts';
import { Peer } from './peer.ts';
import { Reader, Writer } from './wire.ts';

const plain = { noNullPrototype: true };
const uuid = fc.uuid().map((id) => id.toLowerCase());
const name = fc.string({ unit: 'grapheme', maxLength: 8 });
const some = (unit: fc.Arbitrary<string>, minLength = 0): fc.Arbitrary<string[]> =>
  fc.array(unit, { minLength, maxLength: 5 });
const way = fc.constantFrom('direct', 'micius', 'micius.jinan', 'direct+micius');
const batch: fc.Arbitrary<KeyBatch> = fc.record(
  {
    lane: fc.oneof(
      way.map((each) => keyLane('a', 'b', each)),
      fc.constant(CARRIED_LANE),
    ),
    bytes: fc.integer({ min: 1, max: 512 }),
    masterSae: name,
    slaveSaes: some(name, 1),
    keys: fc.array(fc.record({ keyId: uuid, offset: fc.maxSafeNat() }, plain), { minLength: 1, maxLength: 20 }),
  },
  plain,
);
const range: fc.Arbitrary<WayRange> = fc.record(
  { way, offset: fc.maxSafeNat(), bytes: fc.integer({ min: 1, max: 4096 }) },
  plain,
);
const number = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });
const labels: fc.Arbitrary<BlockLabels> = fc
  .record(
    {
      origins: fc.array(fc.tuple(name, number), { maxLength: 4 }),
      routes: fc.array(some(name, 2), { minLength: 1, maxLength: 4 }),
      jurisdictions: some(name),
      epsSec: number,
      epsCor: number,
      proof: name,
      createdAtMs: number,
      simulated: fc.boolean(),
      expiresAtMs: fc.option(number),
    },
    plain,
  )
  .map(({ origins, ...rest }) => ({
    ...rest,
    originLinks: origins.map(([link]) => link),
    originTimesMs: origins.map(([, timeMs]) => timeMs),
  }));
const carry = fc
  .record(
    {
      masterSae: name,
      slaveSaes: some(name, 1),
      bytes: fc.integer({ min: 1, max: 64 }),
      keyIds: fc.array(uuid, { minLength: 1, maxLength: 5 }),
      way,
      offset: fc.maxSafeNat(),
      labels,
    },
    plain,
  )
  .map(({ way: pad, offset, ...rest }): PeerMessage => {
    const bytes = rest.bytes * rest.keyIds.length;
    return { kind: 'carry', ...rest, pad: { way: pad, offset, bytes }, ciphertext: pattern(bytes, bytes) };
  });
const message: fc.Arbitrary<PeerMessage> = fc.oneof(
  fc.record(
    {
      kind: fc.constantFrom('assign' as const, 'void' as const),
      batches: fc.array(batch, { minLength: 1, maxLength: 4 }),
    },
    plain,
  ),
  fc.record(
    {
      kind: fc.constant('alarm' as const),
      link: name,
      foundBy: name,
      version: fc.maxSafeNat(),
      state: fc.constantFrom('dropped' as const, 'open' as const),
      atMs: fc.nat(),
      reason: fc.string({ unit: 'grapheme', maxLength: 40 }),
    },
    plain,
  ),
  fc.record(
    {
      kind: fc.constant('alarm' as const),
      link: name,
      foundBy: name,
      version: fc.maxSafeNat(),
      state: fc.constant('dropped' as const),
      class: fc.constantFrom(...ALARM_CLASSES),
      atMs: fc.nat(),
      reason: fc.string({ unit: 'grapheme', maxLength: 40 }),
    },
    plain,
  ),
  fc.record(
    {
      kind: fc.constant('join' as const),
      joinId: uuid,
      route: fc.tuple(name, name, name),
      range,
      labels,
      mask: fc.uint8Array({ maxLength: 99 }),
    },
    plain,
  ),
  fc.record(
    {
      kind: fc.constant('combine' as const),
      combineId: uuid,
      parts: fc.array(range, { minLength: 2, maxLength: 4 }),
      at: fc.maxSafeNat(),
    },
    plain,
  ),
  carry,
  fc.record({ kind: fc.constant('word' as const), topic: name, body: fc.uint8Array({ maxLength: 99 }) }, plain),
  fc.record({ kind: fc.constant('burn' as const), keyIds: fc.array(uuid, { minLength: 1, maxLength: 5 }) }, plain),
  fc.record({ kind: fc.constant('discard' as const), blockId: name }, plain),
);

test('a message comes back as it was, and has one encoding', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(message, (given) => {
      seen.add(given.kind);
      const bytes = encodeMessage(given, 'a', 'b');
      const read = decodeMessage(bytes, 'a', 'b');
      assert.deepEqual(read, given);
      assert.equal(hex(encodeMessage(read, 'a', 'b')), hex(bytes));
      assert.throws(() => decodeMessage(bytes.subarray(0, -1), 'a', 'b'), code('kme/malformed'));
      assert.throws(() => decodeMessage(Uint8Array.of(...bytes, 0), 'a', 'b'), code('kme/malformed'));
    }),
    { seed: 1, numRuns: 300 },
  );
  assert.equal(seen.size, 9);
  const answers: PeerAnswer[] = [
    { status: 'accepted', body: Uint8Array.of(1, 2) },
    { status: 'refused', reason: 'because' },
    { status: 'later', reason: 'not yet' },
  ];
  for (const given of answers) assert.deepEqual(decodeAnswer(encodeAnswer(given)), given);
});

test('any bytes at all are a message or kme/malformed, and what is read can be written again', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(message, fc.nat(400), fc.nat(255)).map(([given, at, value]) => {
      const changed = encodeMessage(given, 'a', 'b');
      changed[at % changed.length] = value;
      return changed;
    }),
  );
  fc.assert(
    fc.property(bytes, (given) => {
      for (const [read, write] of [
        [() => decodeMessage(given, 'a', 'b'), (value: PeerMessage) => encodeMessage(value, 'a', 'b')],
        [() => decodeAnswer(given), encodeAnswer],
      ] as unknown as [() => never, (value: never) => Uint8Array][]) {
        try {
          assert.equal(hex(write(read())), hex(given));
        } catch (error) {
          code('kme/malformed')(error);
        }
      }
    }),
    { seed: 2, numRuns: 5_000 },
  );
});

test('a length that is larger than the message is refused before room is made for it', () => {
  const bytes = new Writer().u32(2 ** 32 - 1).finish();
  assert.throws(() => new Reader(bytes).text(), code('kme/malformed'));
  assert.throws(() => new Reader(bytes).texts(5), code('kme/malformed'));
  assert.throws(() => new Reader(bytes).bytes(2 ** 32), code('kme/malformed'));
  assert.throws(() => new Writer().u53(2 ** 53), code('kme/argument'));
  assert.throws(() => new Writer().u53(-1), code('kme/argument'));
  assert.throws(() => new Reader(new Writer().f64(Number.NaN).finish()).f64(), code('kme/malformed'));
});

test('what no reader would take is not written', () => {
  const keyId = '00112233-4455-4677-8899-aabbccddeeff';
  const keys = [{ keyId, offset: 0 }];
  const good: KeyBatch = { lane: keyLane('a', 'b', 'direct'), bytes: 32, masterSae: 'x', slaveSaes: ['y'], keys };
  const alarm = { kind: 'alarm' as const, link: 'l', foundBy: 'n', version: 1, state: 'open' as const, atMs: 0 };
  const wrong: PeerMessage[] = [
    { kind: 'assign', batches: [] },
    { kind: 'assign', batches: Array(65).fill(good) },
    { kind: 'assign', batches: [{ ...good, keys: [] }] },
    { kind: 'assign', batches: [{ ...good, keys: Array(1025).fill(keys[0]) }] },
    { kind: 'assign', batches: [{ ...good, slaveSaes: Array(65).fill('y') }] },
    { kind: 'assign', batches: [{ ...good, masterSae: 'x'.repeat(257) }] },
    { ...alarm, reason: 'x'.repeat(2_001) },
    { ...alarm, reason: '', link: 'é'.repeat(129) },
    { kind: 'combine', combineId: keyId, at: 0, parts: [{ way: 'direct', offset: 0, bytes: 1 }] },
    { kind: 'word', topic: 'x'.repeat(65), body: new Uint8Array(0) },
    { kind: 'word', topic: 'x', body: new Uint8Array(32 * 1024 + 1) },
  ];
  for (const each of wrong) assert.throws(() => encodeMessage(each, 'a', 'b'), code('kme/argument'), each.kind);
  assert.throws(() => encodeAnswer({ status: 'accepted', body: new Uint8Array(32 * 1024 + 1) }), code('kme/argument'));
});

/** The messages whose bytes PROTOCOL.md shows, from `a` to `b`. */
const VECTORS: readonly PeerMessage[] = (() => {
  const keyId = '00112233-4455-4677-8899-aabbccddeeff';
  const told: BlockLabels = {
    originLinks: ['micius-a'],
    originTimesMs: [1000],
    routes: [['a', 'micius', 'b']],
    jurisdictions: ['ORBIT'],
    epsSec: 0.5,
    epsCor: 0.25,
    proof: 'p',
    simulated: true,
    createdAtMs: 1000,
    expiresAtMs: null,
  };
  const keys = [{ keyId, offset: 64 }];
  const common = { bytes: 32, masterSae: 'alice', slaveSaes: ['bob'] };
  const part = { way: 'micius', offset: 64, bytes: 2 };
  return [
    { kind: 'assign', batches: [{ ...common, lane: keyLane('a', 'b', 'micius'), keys }] },
    { kind: 'void', batches: [{ ...common, lane: CARRIED_LANE, keys: [{ keyId, offset: 0 }] }] },
    { kind: 'alarm', link: 'micius-a', foundBy: 'a', version: 7, state: 'dropped', reason: 'tapped', atMs: 1000 },
    {
      ...{ kind: 'alarm', link: 'micius-a', foundBy: 'a', version: 7, state: 'dropped', class: 'jam' },
      ...{ reason: 'dazzled', atMs: 1000 },
    },
    {
      ...{ kind: 'join', joinId: 'j', route: ['x', 'a', 'b'], labels: told, mask: Uint8Array.of(0xff, 0) },
      range: { ...part, way: 'direct' },
    },
    { kind: 'combine', combineId: 'c', parts: [part, { ...part, way: 'direct' }], at: 128 },
    {
      ...{ kind: 'carry', masterSae: 'alice', slaveSaes: ['bob'], bytes: 2, keyIds: [keyId], pad: part },
      ...{ ciphertext: Uint8Array.of(0xff, 0), labels: told },
    },
    { kind: 'burn', keyIds: [keyId] },
    { kind: 'discard', blockId: 'join:micius:j' },
    { kind: 'word', topic: 't', body: Uint8Array.of(0xff) },
  ] as PeerMessage[];
})();

test('the vectors of PROTOCOL.md: every kind of message, and a frame with its answer, byte by byte', async (t) => {
  const document = readFileSync(new URL('../../PROTOCOL.md', import.meta.url), 'utf8');
  for (const vector of VECTORS) {
    assert.ok(
      document.includes(`\`${hex(encodeMessage(vector, 'a', 'b'))}\``),
      `${vector.kind}: ${hex(encodeMessage(vector, 'a', 'b'))}`,
    );
  }
  // Hash point 00…0f, first pad 10…1f, and so on, as PROTOCOL.md says; the other direction has all bits of these inverted.
  const network = await Network.open(t, { keyBytes: 0, sites: ['beijing', 'moscow'] });
  const lane = Uint8Array.from({ length: 144 }, (_, i) => i);
  const origin = { originLinks: [], routes: [['a', 'b']], jurisdictions: [], epsSec: 0, epsCor: 0, proof: 'couriered' };
  const couriered = { ...origin, simulated: false, createdAtMs: 0, expiresAtMs: null };
  for (const node of ['beijing', 'moscow']) {
    await network.tx(node).append(peerLane('a', 'b'), couriered, SecretBytes.adopt(lane.slice()));
    await network.tx(node).append(peerLane('b', 'a'), couriered, SecretBytes.adopt(lane.map((byte) => byte ^ 0xff)));
  }
  const b = new Peer({ vault: network.moscow.vault, self: 'b', peer: 'a', link: { call: async (frame) => frame } });
  let sent = '';
  let answered = '';
  const call = async (frame: Uint8Array): Promise<Uint8Array> => {
    sent = hex(frame);
    const hear = async (): Promise<PeerAnswer> => ({ status: 'accepted', body: Uint8Array.of(0xaa) });
    const { answer } = await b.receive(frame, () => Promise.reject(new Error('there is a word only')), hear);
    answered = hex(answer);
    return answer;
  };
  const a = new Peer({ vault: network.beijing.vault, self: 'a', peer: 'b', link: { call } });
  const heard = await a.request({
    word: true,
    build: async () => VECTORS.at(-1)!,
    settle: async (_, answer) => answer,
  });
  assert.deepEqual(heard, { status: 'accepted', body: Uint8Array.of(0xaa) });
  assert.ok(document.includes(`\`${sent}\``), `request: ${sent}`);
  assert.ok(document.includes(`\`${answered}\``), `answer: ${answered}`);
  // And the tag by itself, from the bytes before it.
  const signed = Uint8Array.from(Buffer.from(sent, 'hex')).subarray(0, -16);
  const [point, pad] = [SecretBytes.adopt(lane.slice(0, 16)), SecretBytes.adopt(lane.slice(16, 32))];
  assert.equal(hex(tag(point, pad, [signed], 'skykey-kme/2 request a>b')), sent.slice(-32));
  assert.equal(await alone(network.beijing.vault).pads(peerLane('a', 'b')).left(), 7);
});
