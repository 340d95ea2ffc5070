import { webcrypto } from 'node:crypto';
import { frameKeyId } from '../../media/call-keys.ts';
import { sealFrame } from '../../media/frame.ts';
import { deriveKeys, SKYKEY_SUITE } from '../../media/suites.ts';
import { bytesOf, hexOf } from '../hex.ts';
import { type Case, type Promised, seeded, vector } from '../vector.ts';
import { put } from './text.ts';

const AUDIO = { mediaEpoch: 2049, stream: 'audio', baseKey: seeded('base key') } as const;
const METADATA = '0001e240 617564696f2f6f707573';
const METADATA_OF_KEY_FRAME = '00 0001e240 766964656f2f767038';

/** The frame of a counter; its plaintext is "frame" and the counter. */
async function frame(counter: number): Promise<string> {
  const kid = frameKeyId(AUDIO.mediaEpoch, AUDIO.stream);
  const subtle = webcrypto.subtle as SubtleCrypto;
  const keys = await deriveKeys(subtle, SKYKEY_SUITE, kid, bytesOf(AUDIO.baseKey), 'seal');
  const plaintext = new Uint8Array(Buffer.from(`frame ${counter}`));
  return hexOf(await sealFrame(keys, { kid, ctr: BigInt(counter) }, plaintext, bytesOf(METADATA)));
}

export async function mediaCases(): Promise<readonly Case[]> {
  const [first, second, ahead, farther] = [await frame(0), await frame(1), await frame(2048), await frame(2049)];
  const end = first.length / 2;
  const baseKey = {
    epoch: seeded('epoch', 64),
    callId: seeded('call', 16),
    direction: 1,
    stream: 'audio',
    mediaEpoch: 2048,
  } as const;
  const derives = (name: string, what: string, change: object, promised: Promised = 'succeeds') =>
    vector('media/base-key', `base-key-${name}`, what, { ...baseKey, ...change }, promised);
  const opens = (name: string, what: string, came: readonly string[], change: object = {}) =>
    vector('media/open', `open-${name}`, what, { ...AUDIO, frames: came, metadata: METADATA, ...change });
  const reads = (name: string, what: string, frame: string) =>
    vector('media/read-header', `header-${name}`, what, { frame });
  const other = (hex: string, at: number) => put(hex, at, hex.slice(2 * at, 2 * at + 2) === '00' ? '01' : '00');
  return [
    derives('audio', 'audio, direction 1', {}),
    derives('back', 'the way back', { direction: 2 }),
    derives('video', 'video', { stream: 'video' }),
    derives('next', 'the next media epoch', { mediaEpoch: 2049 }),
    derives('other-call', 'another call', { callId: seeded('another call', 16) }),
    derives('short-call', 'a call id of 15 bytes', { callId: seeded('call', 15) }, 'hotline/bad-argument'),
    derives('epoch-none', 'beyond the last media epoch', { mediaEpoch: 2 ** 32 }, 'hotline/bad-argument'),
    vector('media/header', 'write-header-short', 'both numbers in the config byte', { kid: '7', ctr: '7' }),
    vector('media/header', 'write-header-long', 'both beside it', { kid: '8196', ctr: '256' }),
    reads('short', 'KID 3, CTR 5', '35'),
    reads('long', 'KID 8196, CTR 8', '98200408'),
    reads('not-shortest', 'a number of 5 in a byte of its own', '8005'),
    reads('leading-zero', 'a number with a zero before it', '90001004'),
    reads('cut', 'a number that ends too early', 'a02004'),
    reads('nothing', 'no bytes', ''),
    vector('media/seal', 'seal-audio', 'the first frame', {
      ...AUDIO,
      before: 0,
      plaintext: seeded('opus', 40),
      metadata: METADATA,
    }),
    vector('media/seal', 'seal-ninth', 'the ninth: the counter takes a byte', {
      ...AUDIO,
      before: 8,
      plaintext: 'c0ffee',
      metadata: METADATA,
    }),
    vector('media/seal', 'seal-key-frame', 'a key frame of video', {
      ...AUDIO,
      ...{ stream: 'video', before: 0, plaintext: seeded('vp8', 100), metadata: METADATA_OF_KEY_FRAME },
    }),
    vector(
      'media/seal',
      'seal-zero-key',
      'a base key of zeros',
      { ...AUDIO, baseKey: '00*32', before: 0, plaintext: '', metadata: '' },
      'hotline/bad-argument',
    ),
    opens('first', 'the first frame', [first]),
    opens('late', 'the first after the second', [second, first]),
    opens('replayed', 'the first again', [first, first]),
    opens('oldest', '2,047 behind the highest', [ahead, second]),
    opens('too-old', '2,048 behind the highest', [ahead, first]),
    opens('after-forgery', 'a forgery of a far number moved no window', [other(farther, 12), first]),
    opens('tag', 'one byte of the tag', [other(first, end - 1)]),
    opens('ciphertext', 'one byte of the ciphertext', [other(first, 4)]),
    opens('counter', 'another counter in the header', [put(first, 0, '91')]),
    opens('other-kid', 'another media epoch in the header', [put(first, 2, '08')]),
    opens('metadata', 'another time stamp', [first], { metadata: '0001e241 617564696f2f6f707573' }),
    opens('cut', 'too short for a tag', [first.slice(0, 20)]),
    opens('counter-none', 'a counter beyond 2^20', [`9a${first.slice(2, 6)}100000${first.slice(6)}`]),
  ];
}
