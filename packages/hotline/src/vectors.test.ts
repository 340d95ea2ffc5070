import assert from 'node:assert/strict';
import { createDecipheriv } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { bytesOf, FILES, hexOf, namedKey, type RefusedVector, type SealedVector } from '../vectors.ts';
import { Conversation, type ConversationOptions, type Suite } from './index.ts';
import { refusal, SUITES } from './test/desks.ts';

function readVectors<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'));
}

const sealed = SUITES.flatMap((suite) => readVectors<SealedVector>(`${suite}.json`));
const refused = readVectors<RefusedVector>('refused.json');

/** A desk of a vector whose key manager holds exactly the vector's keys. */
function deskOf(
  { conversationId, keys }: SealedVector | RefusedVector,
  self: string,
  peer: string,
  accepts: readonly Suite[],
  suite: Suite,
  [reserved, accepted]: [number, number],
): Conversation {
  const options: ConversationOptions = {
    conversationId,
    self: { deskId: self, accepts },
    peer: { deskId: peer, accepts: SUITES },
    suite,
    keys: {
      draw: async () => keys.map(namedKey),
      fetch: async (keyIds) =>
        keyIds.map((keyId) => {
          const vector = keys.find((key) => key.keyId === keyId);
          if (!vector) throw new Error('no such key');
          return namedKey(vector);
        }),
    },
    store: { reserveSequence: async () => reserved, acceptedSequence: async () => accepted, accept: async () => {} },
  };
  return new Conversation(options);
}

describe('the vectors of the envelope', () => {
  for (const [name, make] of Object.entries(FILES)) {
    test(`${name} is what vectors.ts writes`, async () => {
      assert.deepEqual(readVectors(name), JSON.parse(JSON.stringify(await make())));
    });
  }

  for (const vector of sealed) {
    const { name, suite, sender, receiver, sequence, text, keys, envelope } = vector;
    test(`${suite}: ${name} seals to the same bytes and opens`, async () => {
      const out = await deskOf(vector, sender, receiver, SUITES, suite, [sequence, 0]).seal(text);
      assert.equal(hexOf(out.envelope), envelope);
      const opened = await deskOf(vector, receiver, sender, SUITES, suite, [1, sequence - 1]).open(bytesOf(envelope));
      const keyIds = keys.map(({ keyId }) => keyId);
      assert.deepEqual(opened, { text, sequence, missed: 0, keyIds, suite });
    });

    test(`${suite}: ${name} is read by a second hand that knows PROTOCOL.md alone`, () => {
      assert.deepEqual(readByHand(bytesOf(envelope), keys), { suite, sequence, text, names: [sender, receiver] });
    });
  }

  for (const vector of refused) {
    test(`refused: ${vector.name}`, async () => {
      const { sender, receiver, accepts, acceptedSequence, envelope, code } = vector;
      const desk = deskOf(vector, receiver, sender, accepts, accepts[0]!, [1, acceptedSequence]);
      assert.equal((await refusal(desk.open(bytesOf(envelope)))).code, code);
    });
  }
});

/** PROTOCOL.md read again with big integers and none of the package's code: an oracle for what crosses the line. */
function readByHand(envelope: Uint8Array, keys: SealedVector['keys']) {
  const hex = hexOf(envelope);
  const number = (from: number, bytes: number) => Number.parseInt(hex.slice(2 * from, 2 * (from + bytes)), 16);
  assert.equal(hex.slice(0, 10), `${hexOf(new TextEncoder().encode('SKYH'))}01`);
  let at = 32;
  const names = [0, 1].map(() => {
    const length = number(at, 1);
    at += 1 + length;
    return new TextDecoder().decode(envelope.subarray(at - length, at));
  });
  assert.equal(number(6, 1), names[0]! < names[1]! ? 1 : 2);
  const ids = Array.from({ length: number(at, 1) }, (_, i) => hex.slice(2 * (at + 1 + 16 * i), 2 * (at + 17 + 16 * i)));
  at += 1 + 16 * ids.length;
  const blockBytes = number(at, 2);
  at += 2;
  const header = envelope.subarray(0, at);
  const ciphertext = envelope.subarray(at, at + blockBytes);
  const tag = envelope.subarray(at + blockBytes);
  assert.equal(tag.length, 16);
  const material = ids.map((id) => keys.find(({ keyId }) => keyId.replaceAll('-', '') === id)!.key).join('');
  const key = bytesOf(material);
  let block: Uint8Array;
  if (number(5, 1) === 1) {
    assert.equal(key.length, 32 + blockBytes);
    assert.equal(littleEndian(tag), oneTimeTag(key.subarray(0, 16), key.subarray(16, 32), header, ciphertext));
    block = ciphertext.map((byte, i) => byte ^ key[32 + i]!);
  } else {
    const decipher = createDecipheriv('aes-256-gcm', key, bytesOf(`00000000${hex.slice(48, 64)}`));
    decipher.setAAD(header).setAuthTag(tag);
    block = Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  }
  const textBytes = block[0]! * 256 + block[1]!;
  assert.ok(block.subarray(2 + textBytes).every((byte) => byte === 0));
  return {
    suite: number(5, 1) === 1 ? 'one-time-pad' : 'aes-256-gcm',
    sequence: number(24, 8),
    text: Buffer.from(block.subarray(2, 2 + textBytes)).toString('utf8'),
    names,
  };
}

/** Records (kind, 8 bytes of length, content), 15-byte blocks, Horner modulo 2^127 - 1, plus the mask modulo 2^128. */
function oneTimeTag(point: Uint8Array, mask: Uint8Array, ...contents: Uint8Array[]): bigint {
  const record = (kind: number, content: Uint8Array) => {
    const length = Array.from({ length: 8 }, (_, i) => Math.floor(content.length / 256 ** i) % 256);
    return [kind, ...length, ...content];
  };
  const text = contents.flatMap((content) => record(3, content));
  text.push(...record(0, new TextEncoder().encode('skykey/hotline/text/1')));
  const blocks = [];
  for (let i = 0; i < text.length; i += 15) blocks.push(littleEndian(Uint8Array.from(text.slice(i, i + 15))));
  blocks.push(BigInt(text.length));
  const p = 2n ** 127n - 1n;
  const r = littleEndian(point) % 2n ** 127n;
  const digest = blocks.reduce((state, block) => ((state + block) * r) % p, 0n);
  return (digest + littleEndian(mask)) % 2n ** 128n;
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => value * 256n + BigInt(byte), 0n);
}
