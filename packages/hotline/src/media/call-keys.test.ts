import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { describe, test } from 'node:test';
import { type Direction, frameKeyId, type MediaBaseKeyPlace, mediaBaseKeyContext, type Stream } from './call-keys.ts';
import { encodeHeader } from './header.ts';

const callId = Uint8Array.from({ length: 16 }, (_, i) => i);
const place: MediaBaseKeyPlace = { callId, direction: 1, stream: 'video', epoch: 258 };
const LAST = 2 ** 32 - 1;

describe('key ids of a call', () => {
  test('are media epoch ‖ stream, and differ', () => {
    assert.deepEqual([frameKeyId(0, 'audio'), frameKeyId(0, 'video'), frameKeyId(1, 'audio')], [0n, 1n, 4n]);
    assert.equal(frameKeyId(LAST, 'video'), (BigInt(LAST) << 2n) | 1n);
  });

  test('cost at most one byte for an hour, two for eleven days', () => {
    const size = (epoch: number) => encodeHeader({ kid: frameKeyId(epoch, 'video'), ctr: 3600n }).length - 3;
    assert.deepEqual([size(0), size(63), size(64), size(16_383)], [0, 1, 2, 2]);
  });

  test('are of epochs and streams that exist', () => {
    for (const epoch of [-1, 0.5, Number.NaN, LAST + 1])
      assert.throws(() => frameKeyId(epoch, 'audio'), { code: 'hotline/bad-argument' });
    for (const stream of ['screen', 'toString', ''])
      assert.throws(() => frameKeyId(0, stream as Stream), { code: 'hotline/bad-argument' });
  });
});

describe('the context of a base key', () => {
  test('byte by byte', () => {
    assert.equal(
      Buffer.from(mediaBaseKeyContext(place)).toString('latin1'),
      '\x17skykey/media/2 base key' +
        '\x04call\0\0\0\x10\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f' +
        '\x09direction\0\0\0\x01\x01' +
        '\x06stream\0\0\0\x01\x01' +
        '\x05epoch\0\0\0\x04\x00\x00\x01\x02',
    );
  });

  test('differs in every place', () => {
    const contexts = new Set<string>();
    for (const direction of [1, 2] as const)
      for (const stream of ['audio', 'video'] as const)
        for (const epoch of [0, 1, 256, LAST])
          for (const id of [callId, new Uint8Array(16)])
            contexts.add(Buffer.from(mediaBaseKeyContext({ callId: id, direction, stream, epoch })).toString('hex'));
    assert.equal(contexts.size, 32);
  });

  test('is of a place that exists', () => {
    const wrong: Partial<MediaBaseKeyPlace>[] = [
      { callId: callId.slice(1) },
      { direction: 0 as Direction },
      { direction: 3 as Direction },
      { stream: 'screen' as Stream },
      { epoch: -1 },
      { epoch: LAST + 1 },
    ];
    for (const part of wrong)
      assert.throws(() => mediaBaseKeyContext({ ...place, ...part }), { code: 'hotline/bad-argument' });
  });
});
