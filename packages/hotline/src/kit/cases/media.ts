import { webcrypto } from 'node:crypto';
import { frameKeyId } from '../../media/call-keys.ts';
import { sealFrame } from '../../media/frame.ts';
import { SpeechCover } from '../../media/speech-pad.ts';
import { deriveKeys, SKYKEY_SUITE } from '../../media/suites.ts';
import type { CallBody, PadBody } from '../../session/call-notice.ts';
import { bytesOf, hexOf } from '../hex.ts';
import { type Case, type Promised, seeded, seededUuid, vector } from '../vector.ts';
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

const CALL = seeded('call', 16);
const PAD = { block: 3, pad: seeded('pad of a call', 4000) } as const;

/** Frames of 78 bytes, covered by the slots of PAD from its first. */
function covered(count: number): readonly string[] {
  const cover = new SpeechCover();
  cover.add(PAD.block, bytesOf(PAD.pad));
  return Array.from({ length: count }, (_, i) => hexOf(cover.cover(bytesOf(seeded(`speech ${i}`, 78)))));
}

function callCases(): readonly Case[] {
  const writes = (name: string, what: string, body: CallBody) =>
    vector('media/write-call', `call-${name}`, what, { id: CALL, body });
  const reads = (name: string, what: string, rest: string, promised: Promised = 'succeeds') =>
    vector('media/read-call', `call-read-${name}`, what, { bytes: `${CALL} ${rest}` }, promised);
  return [
    writes('ring-voice', 'a ring, voice', { type: 'ring', kind: 'voice', sealing: 'hybrid' }),
    writes('ring-video', 'a ring, with a picture', { type: 'ring', kind: 'video', sealing: 'hybrid' }),
    writes('ring-pad', 'a ring, voice by one-time pad', { type: 'ring', kind: 'voice', sealing: 'sealed' }),
    writes('accept', 'it is taken', { type: 'accept' }),
    writes('end', 'it is over, with a reason', { type: 'end', reason: 'Nobody answered.' }),
    reads('ring-pad', 'voice by one-time pad', '01 03'),
    reads('ring-none', 'a kind of call that does not exist', '01 04', 'hotline/malformed'),
    reads('ring-more', 'a byte after the ring', '01 03 00', 'hotline/malformed'),
  ];
}

function padCases(): readonly Case[] {
  const keyIds = Array.from({ length: 8 }, (_, i) => seededUuid(`key ${i} of a pad`));
  const ids = keyIds.map((id) => id.replaceAll('-', ''));
  const writes = (name: string, what: string, body: PadBody) =>
    vector('media/write-pad', `speech-pad-${name}`, what, { id: CALL, body });
  const reads = (name: string, what: string, rest: string, promised: Promised = 'succeeds') =>
    vector('media/read-pad', `speech-pad-read-${name}`, what, { bytes: `${CALL} ${rest}` }, promised);
  const opens = (name: string, what: string, came: readonly string[], change: object = {}) =>
    vector('media/open-speech', `open-speech-${name}`, what, { ...PAD, covered: came, ...change });
  const seals = (name: string, what: string, before: number, plaintext: string, promised: Promised = 'succeeds') =>
    vector(
      'media/seal-speech',
      `seal-speech-${name}`,
      what,
      { ...AUDIO, ...PAD, before, plaintext, metadata: METADATA },
      promised,
    );
  const [first, second] = covered(2) as [string, string];
  const turned = (hex: string, at: number) =>
    put(hex, at, (Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16) ^ 0x80).toString(16).padStart(2, '0'));
  return [
    writes('offer', 'block 3 is drawn, of eight keys', { type: 'offer', block: 3, keyIds }),
    writes('have', 'block 3 is at the page that hears', { type: 'have', block: 3 }),
    writes('lost', 'block 3 could not be fetched', { type: 'lost', block: 3 }),
    reads('offer', 'an offer', `01 00000003 ${ids.join(' ')}`),
    reads('last', 'the last block of a call', '02 051eb850'),
    reads('beyond', 'a block beyond the last', '02 051eb851', 'hotline/malformed'),
    reads('twice', 'the same key twice', `01 00000003 ${[...ids.slice(0, 7), ids[0]].join(' ')}`, 'hotline/malformed'),
    reads('cut', 'seven keys', `01 00000003 ${ids.slice(0, 7).join(' ')}`, 'hotline/malformed'),
    reads('more', 'a byte after it', '02 00000003 00', 'hotline/malformed'),
    reads('none', 'a type that does not exist', '04 00000003', 'hotline/malformed'),
    seals('first', 'the first slot of a block', 0, seeded('speech 0', 78)),
    seals('last', 'its last slot, and a frame of no bytes', 49, ''),
    seals('longest', 'a frame of 79 bytes', 1, seeded('speech', 79)),
    seals('too-long', 'a frame of 80 bytes is not sent', 0, seeded('speech', 80), 'hotline/too-long'),
    seals('spent', 'a block has no 51st slot', 50, seeded('speech', 78), 'hotline/no-key'),
    opens('first', 'the first slot', [first]),
    opens('lost', 'the second, where the first was lost', [second]),
    opens('late', 'the first after the second', [second, first]),
    opens('twice', 'the same slot again', [first, first]),
    opens('other-block', 'a block that is not here', [put(first, 3, '64')]),
    opens('length', 'a length that no slot has room for', [turned(first, 4)]),
    opens('filling', 'a byte of the filling that is not zero', [turned(first, 83)]),
    opens('cut', 'a byte too few', [first.slice(0, -2)]),
  ];
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
    ...callCases(),
    ...padCases(),
    opens('counter-none', 'a counter beyond 2^20', [`9a${first.slice(2, 6)}100000${first.slice(6)}`]),
  ];
}
