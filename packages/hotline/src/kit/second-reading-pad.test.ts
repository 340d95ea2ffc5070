import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { integer, long, name, type Read, sha256, unhex, uuid, vectors } from './test/reading.ts';

// Written from PROTOCOL.md, sections 6 and 10, alone: nothing of the implementation is imported here.

function littleEndian(bytes: Buffer): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex') || '00'}`);
}

interface Words {
  readonly text: string;
  readonly author: string;
  readonly sentAtMs: number;
  readonly salt: string | null;
}

function contentOf({ text, author, sentAtMs, salt }: Words): Buffer {
  const words = Buffer.from(text);
  const salted = Buffer.from(salt ?? '', 'hex');
  return Buffer.concat([integer(sentAtMs, 8), name(author), integer(words.length, 2), words, salted]);
}

/** The content, filled up to `bytes`. */
function filled(content: Buffer, bytes: number): Buffer {
  return Buffer.concat([content, Buffer.alloc(bytes - content.length)]);
}

/** Number and size of the keys that content of so many bytes takes. */
function padOf(contentBytes: number): { count: number; bytesPerKey: number } {
  const b = 32 + contentBytes;
  const count = Math.ceil(b / 512);
  return { count, bytesPerKey: 64 * Math.ceil(b / (64 * count)) };
}

/** Ciphertext and tag of `block` under the bytes of the keys. */
function sealed(material: Buffer, block: Buffer, header: Buffer, route: Read['input'], context: string): Buffer {
  assert.equal(material.length, 32 + block.length);
  const ciphertext = Buffer.from(block.map((byte, i) => byte ^ material[32 + i]!));
  const place = [uuid(route.conversationId), name(route.sender), name(route.receiver)];
  const authenticated = Buffer.concat([...place, integer(header.length, 4), header]);
  const record = (kind: number, bytes: Buffer) =>
    Buffer.concat([Buffer.of(kind), integer(bytes.length, 8).reverse(), bytes]);
  const hashed = Buffer.concat([record(3, authenticated), record(3, ciphertext), record(0, Buffer.from(context))]);
  const p = 2n ** 127n - 1n;
  const r = littleEndian(material.subarray(0, 16)) & (2n ** 127n - 1n);
  let sum = 0n;
  for (let at = 0; at < hashed.length; at += 15) sum = ((sum + littleEndian(hashed.subarray(at, at + 15))) * r) % p;
  sum = ((sum + BigInt(hashed.length)) * r) % p;
  const tag = (sum + littleEndian(material.subarray(16, 32))) % 2n ** 128n;
  return Buffer.concat([ciphertext, Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse()]);
}

describe('texts and pads, read a second time', () => {
  test('blocks', () => {
    const written = vectors('text/write', true);
    assert.ok(written.length >= 8);
    for (const { name: file, input, output } of written) {
      const content = contentOf(input);
      const pad = padOf(content.length);
      assert.deepEqual(output.pad, pad, file);
      if (input.sealing === 'sealed') continue;
      const bytes = pad.count * pad.bytesPerKey - 32;
      const head = [Buffer.of(1), integer(input.number, 8), uuid(input.id), Buffer.of(input.salt === null ? 0 : 1)];
      const payload = Buffer.concat([...head, integer(bytes, 2), filled(content, bytes)]);
      assert.equal(output.payload, payload.toString('hex'), file);
    }
  });

  test('texts by one-time pad', () => {
    const all = vectors('pad/seal', true);
    assert.ok(all.length >= 4);
    for (const { name: file, input, output } of all) {
      const { route, message, keys } = input as { route: unknown; message: Read['input']; keys: Read['input'][] };
      const content = contentOf(message);
      const { count, bytesPerKey } = padOf(content.length);
      const block = filled(content, count * bytesPerKey - 32);
      const flags = Buffer.of(message.salt === null ? 0 : 1);
      const head = [Buffer.of(2), integer(message.number, 8), uuid(message.id), flags, Buffer.of(count)];
      const ids = keys.map(({ keyId }) => uuid(keyId));
      const header = Buffer.concat([...head, ...ids, integer(block.length, 2)]);
      const material = Buffer.concat(keys.map(({ key }) => Buffer.from(key, 'hex')));
      const rest = sealed(material, block, header, route, 'skykey/hotline/sealed/2');
      assert.equal(output.payload, Buffer.concat([header, rest]).toString('hex'), file);
    }
  });

  test('what a courier brings', () => {
    const [{ input, output }] = vectors('pad/file', true) as [Read];
    const pads = output.pads.map(({ blockBytes, keys }: Read['output']) => {
      const ids = keys.map(({ keyId }: { keyId: string }) => uuid(keyId));
      const plan = Buffer.concat([integer(blockBytes, 2), integer(ids.length, 2), ...ids]);
      return Buffer.concat([long(plan), ...keys.map(({ key }: { key: string }) => unhex(key))]);
    });
    const head = [Buffer.from('SKYP'), Buffer.of(2), uuid(output.conversationId), name(output.provenance)];
    const body = Buffer.concat([...head, ...pads]);
    assert.equal(input.file, Buffer.concat([body, sha256(body)]).toString('hex'));
  });

  test('emergency texts', () => {
    const all = vectors('pad/emergency-seal', true);
    assert.ok(all.length >= 2);
    for (const { name: file, input, output } of all) {
      const { route, plan, keys, words } = input;
      const block = filled(contentOf(words), plan.blockBytes);
      // One key a text: every plan of these vectors has blocks of 96 bytes.
      const keyId = plan.keyIds[output.number - 1];
      const { key } = keys.find((one: { keyId: string }) => one.keyId === keyId);
      const direction = route.sender < route.receiver ? 1 : 2;
      const header = Buffer.concat([
        ...[Buffer.from('SKYH'), Buffer.of(2, 3, direction), uuid(route.conversationId), integer(output.number, 2)],
        ...[Buffer.of(words.salt === null ? 0 : 1, 1), uuid(keyId), integer(block.length, 2)],
      ]);
      const rest = sealed(Buffer.from(key, 'hex'), block, header, route, 'skykey/hotline/emergency/2');
      assert.equal(output.record, Buffer.concat([header, rest]).toString('hex'), file);
      const ids = plan.keyIds.map(uuid);
      const bytes = Buffer.concat([integer(plan.blockBytes, 2), integer(ids.length, 2), ...ids]);
      assert.equal(output.plan, bytes.toString('hex'), file);
    }
  });
});
