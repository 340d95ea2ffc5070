import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { Writer } from '../../bytes.ts';
import { encodeHead, Transcript } from '../../stream/transcript.ts';
import { bytesOf, hexOf } from '../hex.ts';
import { type Case, type Promised, seeded, vector } from '../vector.ts';
import { SIGNATURES } from './signatures.ts';

const PARTIES = {
  conversationId: '6f1c2d3e-4b5a-4978-8a9b-0c1d2e3f4a5b',
  desks: ['beijing', 'moscow'] as const,
};

/** ML-DSA-65 from its seed of 32 bytes (FIPS 204, 6.1), in PKCS #8. */
export function signingKey(desk: string): KeyObject {
  const der = `3034020100300b0609608648016503040312042280 20 ${seeded(`signing key of ${desk}`)}`;
  return createPrivateKey({ key: Buffer.from(bytesOf(der)), format: 'der', type: 'pkcs8' });
}

const publicKey = (desk: string): string =>
  hexOf(createPublicKey(signingKey(desk)).export({ format: 'der', type: 'spki' }));

const KEYS = { beijing: publicKey('beijing'), moscow: publicKey('moscow') };

/** Texts 2 and 5 of one desk and 1 of the other are on the record. */
function headOfRecord(): string {
  const transcript = new Transcript(bytesOf(seeded('origin of the record')));
  const entry = (direction: 1 | 2, number: number) => ({
    ...{ direction, number, lane: 'text' as const },
    digest: bytesOf(seeded(`digest ${direction} ${number}`)),
    commitment: bytesOf(seeded(`commitment ${direction} ${number}`)),
  });
  transcript.add([entry(1, 2), entry(1, 5), entry(2, 1)]);
  return hexOf(encodeHead(transcript.head()));
}

export const RECORD_HEAD = headOfRecord();
export const RECORD_PARTIES = PARTIES;

function signed(...signatures: readonly (readonly [desk: string, signature: string])[]): string {
  const writer = new Writer().long(bytesOf(RECORD_HEAD)).u8(signatures.length);
  for (const [desk, signature] of signatures) writer.name(desk).raw(bytesOf(signature));
  return hexOf(writer.finish());
}

/** Signing takes chance, so these were made once, by the keys above, and kept. */
export function signedCases(): readonly Case[] {
  const [beijing, moscow] = (['beijing', 'moscow'] as const).map(
    (desk) => [desk, Buffer.from(SIGNATURES[desk], 'base64').toString('hex')] as const,
  ) as [readonly [string, string], readonly [string, string]];
  const both = signed(beijing, moscow);
  const at = (bytes: string, place: number, byte: string): string =>
    `${bytes.slice(0, 2 * place)}${byte}${bytes.slice(2 * place + 2)}`;
  const reads = (name: string, what: string, bytes: string, promised: Promised = 'hotline/malformed') =>
    vector('stream/signed-read', `signed-${name}`, what, { signed: bytes }, promised);
  const checks = (
    name: string,
    what: string,
    bytes: string,
    more: object = {},
    promised: Promised = 'hotline/forged',
  ) =>
    vector(
      'stream/signed-verify',
      `signed-${name}`,
      what,
      { ...PARTIES, keys: KEYS, signed: bytes, ...more },
      promised,
    );
  const headBytes = RECORD_HEAD.length / 2;
  return [
    vector('stream/record-origin', 'record-origin', 'a conversation that begins', { origin: '00*32' }),
    vector('stream/record-origin', 'record-origin-anew', 'begun anew after a restore', { origin: seeded('origin') }),
    vector('stream/signed-bytes', 'signed-bytes', 'three texts on the record', { ...PARTIES, head: RECORD_HEAD }),
    vector('stream/signed-bytes', 'signed-bytes-exchanged', 'the desks named in the other order: the same bytes', {
      ...{ ...PARTIES, desks: ['moscow', 'beijing'] as const },
      head: RECORD_HEAD,
    }),
    vector('stream/signed-bytes', 'signed-bytes-empty', 'the beginning: nothing was said yet', {
      ...PARTIES,
      head: `${seeded('origin of the record')}00`,
    }),
    vector(
      'stream/signed-bytes',
      'signed-bytes-one-desk',
      'a record needs two desks',
      { ...PARTIES, desks: ['moscow', 'moscow'] as const, head: RECORD_HEAD },
      'hotline/bad-argument',
    ),
    reads('one', 'one desk asks for the other signature', signed(beijing), 'succeeds'),
    reads('both', 'both have signed', both, 'succeeds'),
    reads('none', 'no signature', signed()),
    reads('three', 'a third signature', signed(beijing, moscow, beijing)),
    reads('cut', 'the last byte is missing', both.slice(0, -2)),
    reads('longer', 'a byte at the end', `${both}00`),
    reads('head-longer', 'a head longer than any', `${hexOf(new Writer().u32(286).finish())} 00*286 ${both.slice(8)}`),
    checks('verify', 'both signatures are right', both, {}, 'succeeds'),
    checks('verify-one', 'one signature is no record', signed(beijing)),
    checks('verify-order', 'the signature of direction 1 comes first', signed(moscow, beijing)),
    checks('verify-twice', 'one desk twice', signed(beijing, beijing)),
    checks(
      'verify-borrowed',
      'the signature of one desk in the name of the other',
      signed(beijing, ['moscow', beijing[1]]),
    ),
    checks(
      'verify-signature',
      'one bit of a signature',
      at(both, both.length / 2 - 9, both.slice(-18, -16) === '00' ? '01' : '00'),
    ),
    checks('verify-head', 'another number of texts', at(both, 4 + headBytes - 33, '02')),
    checks('verify-other-conversation', 'another conversation', both, {
      conversationId: PARTIES.conversationId.replace('6f', '7f'),
    }),
    checks('verify-other-desk', 'another desk', both, {
      ...{ desks: ['beijing', 'vienna'], keys: { beijing: KEYS.beijing, vienna: KEYS.moscow } },
    }),
    checks('verify-keys-exchanged', 'each under the key of the other', both, {
      keys: { beijing: KEYS.moscow, moscow: KEYS.beijing },
    }),
    checks(
      'verify-no-key',
      'a desk whose key nobody has',
      both,
      { keys: { beijing: KEYS.beijing } },
      'hotline/bad-argument',
    ),
  ];
}
