// Writes vectors/*.json: envelopes that must come out, and envelopes that must be refused, with the keys that belong to
// them. `node packages/hotline/vectors.ts` after a change of the format; a test holds the files to this and to PROTOCOL.md.
import { writeFileSync } from 'node:fs';
import { SecretBytes } from '@skykey/bits';
import { type Header, parseEnvelope } from './src/envelope.ts';
import { Conversation, type HotlineErrorCode, type NamedKey, type Suite } from './src/index.ts';
import { sealBlock } from './src/suite.ts';
import { blockOf } from './src/text.ts';

export interface KeyVector {
  readonly keyId: string;
  /** Hexadecimal. */
  readonly key: string;
}

export interface SealedVector {
  readonly name: string;
  readonly suite: Suite;
  readonly conversationId: string;
  readonly sender: string;
  readonly receiver: string;
  readonly sequence: number;
  readonly text: string;
  readonly keys: readonly KeyVector[];
  /** Hexadecimal. */
  readonly envelope: string;
}

/** What the desk `receiver`, whose peer is `sender`, refuses. */
export interface RefusedVector {
  readonly name: string;
  readonly conversationId: string;
  readonly sender: string;
  readonly receiver: string;
  readonly accepts: readonly Suite[];
  /** Number of the message that the receiver accepted last. */
  readonly acceptedSequence: number;
  /** What the receiver's key manager holds. */
  readonly keys: readonly KeyVector[];
  readonly envelope: string;
  readonly code: HotlineErrorCode;
}

const CONVERSATION = '6f1c2d3e-4b5a-4978-8a9b-0c1d2e3f4a5b';
const BOTH: readonly Suite[] = ['one-time-pad', 'aes-256-gcm'];

/** Keys that anybody can write down: byte j of key i is (89 i + 41 j + 7) mod 256. */
function fixedKey(index: number, bytes: number): KeyVector {
  const key = Uint8Array.from({ length: bytes }, (_, j) => 89 * index + 41 * j + 7);
  return { keyId: `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`, key: hexOf(key) };
}

export function namedKey({ keyId, key }: KeyVector): NamedKey {
  return { keyId, key: SecretBytes.adopt(bytesOf(key)) };
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

async function sealedVector(
  name: string,
  suite: Suite,
  text: string,
  { sequence = 1, sender = 'beijing', receiver = 'moscow', firstKey = 1 } = {},
): Promise<SealedVector> {
  const keys: KeyVector[] = [];
  const conversation = new Conversation({
    conversationId: CONVERSATION,
    self: { deskId: sender, accepts: BOTH },
    peer: { deskId: receiver, accepts: BOTH },
    suite,
    keys: {
      async draw(bytesPerKey, count) {
        for (let i = 0; i < count; i++) keys.push(fixedKey(firstKey + i, bytesPerKey));
        return keys.map(namedKey);
      },
      async fetch() {
        return [];
      },
    },
    store: { reserveSequence: async () => sequence, acceptedSequence: async () => 0, accept: async () => {} },
  });
  const { envelope } = await conversation.seal(text);
  return {
    name,
    suite,
    conversationId: CONVERSATION,
    sender,
    receiver,
    sequence,
    text,
    keys,
    envelope: hexOf(envelope),
  };
}

export async function sealedVectors(suite: Suite): Promise<SealedVector[]> {
  const max = Number.MAX_SAFE_INTEGER;
  return [
    await sealedVector('shortest text', suite, 'a'),
    await sealedVector('the other direction', suite, 'Да.', { sender: 'moscow', receiver: 'beijing', firstKey: 5 }),
    await sealedVector('last text of the smallest block', suite, '0123456789'.repeat(3), { sequence: 2 }),
    await sealedVector('first text of the next block', suite, `${'0123456789'.repeat(3)}0`, { sequence: 3 }),
    await sealedVector('not normalised, with byte order mark and zero', suite, '\ufeffe\u0301 é \0 北京 🛰', {
      sequence: 4,
    }),
    await sealedVector('two keys for one pad', suite, 'ü'.repeat(240), { sequence: 5, firstKey: 9 }),
    await sealedVector('longest text, highest number', suite, `${'密'.repeat(1333)}!`, { sequence: max, firstKey: 20 }),
  ];
}

export async function refusedVectors(): Promise<RefusedVector[]> {
  const out: RefusedVector[] = [];
  const refuse = (
    name: string,
    code: HotlineErrorCode,
    from: SealedVector,
    edit: (envelope: Uint8Array) => Uint8Array | undefined,
    situation: Partial<RefusedVector> = {},
  ) => {
    const bytes = bytesOf(from.envelope);
    const { conversationId, sender, receiver, keys } = from;
    const base = { conversationId, sender, receiver, accepts: BOTH, acceptedSequence: from.sequence - 1, keys };
    out.push({ name, ...base, ...situation, envelope: hexOf(edit(bytes) ?? bytes), code });
  };
  const at = (offset: number, mask: number) => (bytes: Uint8Array) => {
    bytes[offset < 0 ? bytes.length + offset : offset]! ^= mask;
    return bytes;
  };
  const untouched = () => undefined;

  for (const suite of BOTH) {
    const base = await sealedVector('', suite, 'The treaty is ready to sign.', { sequence: 7, firstKey: 40 });
    const idAt = 32 + 1 + base.sender.length + 1 + base.receiver.length + 1;
    const lengthAt = idAt + 16 * base.keys.length;
    const its = (name: string) => `${suite}: ${name}`;
    refuse(its('last bit of the tag'), 'hotline/forged', base, at(-1, 0x01));
    refuse(its('a bit of the ciphertext'), 'hotline/forged', base, at(-20, 0x10));
    refuse(its('a bit of the number'), 'hotline/forged', base, at(31, 0x08));
    refuse(its('key of another message'), 'hotline/forged', base, at(idAt + 15, 0x01), {
      keys: [{ keyId: `${base.keys[0]!.keyId.slice(0, -1)}9`, key: fixedKey(41, base.keys[0]!.key.length / 2).key }],
    });
    refuse(its('key that is not there'), 'hotline/no-key', base, untouched, { keys: [] });
    refuse(its('same number again'), 'hotline/replayed', base, untouched, { acceptedSequence: 7 });
    refuse(its('older number'), 'hotline/out-of-order', base, untouched, { acceptedSequence: 8 });
    refuse(its('another conversation'), 'hotline/not-for-us', base, at(8, 0x80));
    refuse(its('thrown back at its sender'), 'hotline/not-for-us', base, untouched, {
      sender: base.receiver,
      receiver: base.sender,
    });
    refuse(its('for another desk'), 'hotline/not-for-us', base, untouched, { receiver: 'vienna' });
    refuse(its('suite outside the policy'), 'hotline/unknown-suite', base, untouched, {
      accepts: BOTH.filter((other) => other !== suite),
    });
    refuse(its('suite number 0'), 'hotline/unknown-suite', base, at(5, suite === 'one-time-pad' ? 0x01 : 0x02));
    refuse(its('other magic'), 'hotline/malformed', base, at(0, 0x20));
    refuse(its('version 2'), 'hotline/malformed', base, at(4, 0x03));
    refuse(its('direction reversed'), 'hotline/malformed', base, at(6, 0x03));
    refuse(its('lane 2'), 'hotline/malformed', base, at(7, 0x03));
    refuse(its('number 0'), 'hotline/malformed', base, at(31, 0x07));
    refuse(its('number beyond 2^53 - 1'), 'hotline/malformed', base, at(25, 0x20));
    refuse(its('space in a desk id'), 'hotline/malformed', base, at(33, 0x62 ^ 0x20));
    refuse(its('one key id more'), 'hotline/malformed', base, (bytes) => {
      bytes[idAt - 1]! += 1;
      return Uint8Array.of(...bytes.subarray(0, lengthAt), ...new Uint8Array(16), ...bytes.subarray(lengthAt));
    });
    refuse(its('block length that no text has'), 'hotline/malformed', base, at(lengthAt + 1, 0x01));
    refuse(its('a byte short'), 'hotline/malformed', base, (bytes) => bytes.subarray(0, -1));
    refuse(its('a byte long'), 'hotline/malformed', base, (bytes) => Uint8Array.of(...bytes, 0));
    refuse(its('empty'), 'hotline/malformed', base, () => new Uint8Array());

    const { header } = parseEnvelope(bytesOf(base.envelope));
    const authentic = (name: string, edit: (block: Uint8Array) => void) => {
      const block = blockOf(base.text);
      edit(block);
      refuse(its(`authentic, but ${name}`), 'hotline/malformed', base, () => resealed(base, header, block));
    };
    authentic('the text is not UTF-8', (block) => void (block[2] = 0xff));
    authentic('the text is empty', (block) => block.fill(0));
    authentic('the inner length belongs to a larger block', (block) => void (block[1] = 31));
    authentic('the filling is not zero', (block) => void (block[block.length - 1] = 1));
  }

  const far = await sealedVector('', 'aes-256-gcm', 'far', { sequence: 2001 });
  refuse('2,001 ahead', 'hotline/out-of-order', far, untouched, { acceptedSequence: 0 });
  const two = await sealedVector('', 'one-time-pad', 'x'.repeat(500), { firstKey: 60 });
  const idAt = 32 + 1 + two.sender.length + 1 + two.receiver.length + 1;
  refuse('two key ids exchanged', 'hotline/forged', two, (bytes) => {
    const first = bytes.slice(idAt, idAt + 16);
    bytes.copyWithin(idAt, idAt + 16, idAt + 32).set(first, idAt + 16);
    return bytes;
  });
  refuse('one key id twice', 'hotline/malformed', two, (bytes) => bytes.copyWithin(idAt + 16, idAt, idAt + 16));
  return out;
}

function resealed({ keys }: SealedVector, header: Header, block: Uint8Array): Uint8Array {
  return sealBlock(
    keys.map((vector) => namedKey(vector).key),
    header,
    block,
  );
}

export const FILES: Readonly<Record<string, () => Promise<unknown>>> = {
  'one-time-pad.json': () => sealedVectors('one-time-pad'),
  'aes-256-gcm.json': () => sealedVectors('aes-256-gcm'),
  'refused.json': refusedVectors,
};

if (import.meta.main) {
  for (const [name, make] of Object.entries(FILES)) {
    const file = new URL(`vectors/${name}`, import.meta.url);
    writeFileSync(file, `${JSON.stringify(await make(), null, 2)}\n`);
    console.log(`wrote ${file.pathname}`);
  }
}
