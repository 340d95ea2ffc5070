import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { Writer } from '../bytes.ts';
import {
  countersign,
  encodeSignedHead,
  type RecordParties,
  readSignedHead,
  recordBytes,
  type SignedHead,
  signHead,
  verifySignedHead,
} from './signed-head.ts';
import { codeOf, refuses } from './test/refusal.ts';
import { type Entry, encodeHead, Transcript } from './transcript.ts';

const PARTIES: RecordParties = {
  conversationId: '6f1c2d3e-4b5a-4978-8a9b-0c1d2e3f4a5b',
  desks: ['moscow', 'beijing'],
};
const keys = { beijing: generateKeyPairSync('ml-dsa-65'), moscow: generateKeyPairSync('ml-dsa-65') };
const pinned = new Map<string, KeyObject>(Object.entries(keys).map(([desk, { publicKey }]) => [desk, publicKey]));

function said(...numbers: number[]): Transcript {
  const transcript = new Transcript(new Uint8Array(32).fill(3));
  const entry = (number: number): Entry => {
    const digest = new Uint8Array(32).fill(number);
    return { direction: 1, lane: 'text', number, digest, commitment: digest };
  };
  transcript.add(numbers.map(entry));
  return transcript;
}

function bySide(desk: 'beijing' | 'moscow', transcript: Transcript): SignedHead {
  return signHead(PARTIES, transcript, desk, keys[desk].privateKey);
}

function answered(transcript: Transcript, first: SignedHead): SignedHead {
  return countersign(PARTIES, transcript, first, 'moscow', keys.moscow.privateKey, pinned);
}

test('both desks sign the same head, either first; anybody with both public keys can check it', () => {
  const both = answered(said(1, 2), bySide('beijing', said(1, 2)));
  const other = countersign(
    { ...PARTIES, desks: ['beijing', 'moscow'] },
    said(1, 2),
    bySide('moscow', said(1, 2)),
    'beijing',
    keys.beijing.privateKey,
    pinned,
  );
  for (const signed of [both, other]) {
    const read = readSignedHead(encodeSignedHead(signed));
    assert.deepEqual(read, signed);
    verifySignedHead(PARTIES, read, pinned);
    assert.deepEqual(read.head, said(1, 2).head());
    assert.deepEqual(
      read.signatures.map(({ deskId }) => deskId),
      ['beijing', 'moscow'],
    );
  }
});

test('what is signed is what the documentation says', () => {
  const { head } = bySide('beijing', said(1));
  const expected = new Writer()
    .name('skykey/hotline/record/2')
    .long(Uint8Array.from(Buffer.from('6f1c2d3e4b5a49788a9b0c1d2e3f4a5b', 'hex')))
    .name('desk')
    .long(new TextEncoder().encode('beijing'))
    .name('desk')
    .long(new TextEncoder().encode('moscow'))
    .name('head')
    .long(encodeHead(head))
    .finish();
  assert.deepEqual(recordBytes(PARTIES, head), expected);
});

test('a desk signs what it remembers, also when it has heard more since, and nothing else', () => {
  const first = bySide('beijing', said(1, 2));
  verifySignedHead(PARTIES, answered(said(1, 2, 3), first), pinned);
  for (const memory of [said(1), said(1, 3), said(2, 3), said()]) {
    refuses('hotline/not-permitted', () => answered(memory, first));
  }
});

test('one signature, the same one twice, or one of a third desk is no record', () => {
  const first = bySide('beijing', said(1));
  const both = answered(said(1), first);
  const [a, b] = both.signatures;
  const wrong: SignedHead['signatures'][] = [
    [a!],
    [a!, a!],
    [b!, a!],
    [a!, { deskId: 'moscow', signature: a!.signature }],
    [a!, { ...b!, deskId: 'vienna' }],
  ];
  for (const signatures of wrong) {
    refuses('hotline/forged', () => verifySignedHead(PARTIES, { ...both, signatures }, pinned));
  }
  refuses('hotline/forged', () => answered(said(1), { ...first, signatures: [b!] }));
  const altered = { deskId: 'beijing', signature: a!.signature.map((byte, i) => (i === 99 ? byte ^ 1 : byte)) };
  refuses('hotline/forged', () => answered(said(1), { ...first, signatures: [altered] }));
});

test('a record altered anywhere, or moved to other parties, is refused', () => {
  const both = answered(said(1), bySide('beijing', said(1)));
  const bytes = encodeSignedHead(both);
  const headBits = 8 * (4 + encodeHead(both.head).length + 1 + 8);
  for (let bit = 0; bit < 8 * bytes.length; bit += bit < headBits ? 7 : 1111) {
    const altered = bytes.slice();
    altered[bit >> 3]! ^= 1 << (bit & 7);
    const code = codeOf(() => verifySignedHead(PARTIES, readSignedHead(altered), pinned));
    assert.ok(code === 'hotline/forged' || code === 'hotline/malformed', `bit ${bit}: ${code}`);
  }
  for (const wrong of [bytes.subarray(0, -1), Uint8Array.of(...bytes, 0), new Uint8Array(0)]) {
    refuses('hotline/malformed', () => readSignedHead(wrong));
  }
  const elsewhere = { ...PARTIES, conversationId: PARTIES.conversationId.replace('6f', '7f') };
  refuses('hotline/forged', () => verifySignedHead(elsewhere, both, pinned));
  const exchanged = new Map([
    ['beijing', keys.moscow.publicKey],
    ['moscow', keys.beijing.publicKey],
  ]);
  refuses('hotline/forged', () => verifySignedHead(PARTIES, both, exchanged));
});

test('keys of another kind, or of nobody, are refused', () => {
  const other = generateKeyPairSync('ed25519');
  const attempts = [
    () => signHead(PARTIES, said(1), 'beijing', other.privateKey),
    () => signHead(PARTIES, said(1), 'beijing', keys.beijing.publicKey),
    () => signHead(PARTIES, said(1), 'vienna', keys.beijing.privateKey),
    () => signHead({ ...PARTIES, desks: ['moscow', 'moscow'] }, said(1), 'moscow', keys.moscow.privateKey),
    () => signHead({ ...PARTIES, conversationId: 'x' }, said(1), 'moscow', keys.moscow.privateKey),
    () => verifySignedHead(PARTIES, answered(said(1), bySide('beijing', said(1))), new Map()),
    () =>
      verifySignedHead(
        PARTIES,
        answered(said(1), bySide('beijing', said(1))),
        new Map([...pinned, ['beijing', other.publicKey]]),
      ),
  ];
  for (const attempt of attempts) refuses('hotline/bad-argument', attempt);
});
