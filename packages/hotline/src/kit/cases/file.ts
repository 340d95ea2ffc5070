import { createHash } from 'node:crypto';
import { FileCipher, sealFile } from '../../file/chunked.ts';
import { encodeFileMessage, type FileBody, laneOf } from '../../file/message.ts';
import { encodeOffer, fileContext, makeOffer } from '../../file/offer.ts';
import { bytesOf, hexOf, secretOf, shown } from '../hex.ts';
import { type Case, type Promised, seeded, vector } from '../vector.ts';
import { put } from './text.ts';

const CONVERSATION = seeded('conversation', 16);
const FILE_ID = seeded('file', 16);
const KEY = seeded('file key');
const SALT = seeded('file salt', 24);
const BAD = 'hotline/malformed';

function sha256(plaintext: string): string {
  return createHash('sha256').update(bytesOf(plaintext)).digest('hex');
}

function fileOf(plaintext: string) {
  return { key: KEY, conversationId: CONVERSATION, fileId: FILE_ID, sha256: sha256(plaintext) };
}

function encrypted(plaintext: string): string {
  const context = fileContext(bytesOf(CONVERSATION), { fileId: FILE_ID, sha256: bytesOf(sha256(plaintext)) });
  const cipher = FileCipher.create(secretOf(KEY), bytesOf(SALT), context);
  return hexOf(Buffer.concat([...sealFile(cipher, [bytesOf(plaintext)])]));
}

function contents(): readonly Case[] {
  const words = '54686520696365206f6e20746865207269766572';
  const good = encrypted(words);
  const file = fileOf(words);
  const seals = (name: string, what: string, plaintext: string) =>
    vector('file/seal', name, what, { ...fileOf(plaintext), salt: SALT, plaintext });
  const opens = (name: string, what: string, change: object, promised: Promised = 'hotline/forged') =>
    vector('file/open', name, what, { ...file, encrypted: good, ...change }, promised);
  const prefix = good.slice(0, 112);
  const chunk = good.slice(112);
  return [
    seals('seal', 'a short file', words),
    seals('seal-empty', 'an empty file: one empty chunk', ''),
    seals('seal-one-short', 'one byte less than a chunk', '5a*16383'),
    seals('seal-whole-chunk', 'exactly a chunk: an empty one follows', '5a*16384'),
    seals('seal-two-chunks', 'a byte in the second chunk', '5a*16385'),
    vector(
      'file/seal',
      'seal-short-key',
      'a key of 31 bytes',
      { ...file, key: seeded('file key', 31), salt: SALT, plaintext: '' },
      'hotline/bad-argument',
    ),
    vector(
      'file/seal',
      'seal-short-salt',
      'a salt of 23 bytes',
      { ...file, salt: seeded('x', 23), plaintext: '' },
      'hotline/bad-argument',
    ),
    opens('open', 'what was sealed', {}, 'succeeds'),
    opens('open-salt', 'one byte of the salt', { encrypted: put(good, 0, '00') }),
    opens('open-commitment', 'one byte of the commitment', { encrypted: put(good, 24, '00') }),
    opens('open-ciphertext', 'one byte of the chunk', { encrypted: put(good, 56, '00') }),
    opens('open-other-key', 'another key', { key: seeded('another file key') }),
    opens('open-other-conversation', 'in another conversation', { conversationId: seeded('x', 16) }),
    opens('open-other-file', 'under another id', { fileId: seeded('x', 16) }),
    opens('open-other-hash', 'with another hash in the offer', { sha256: sha256('00') }),
    opens('open-longer', 'a byte at the end', { encrypted: `${good}00` }),
    opens('open-cut', 'the last byte is missing', { encrypted: good.slice(0, -2) }),
    opens('open-cut-into-tag', 'the last chunk has 15 bytes', { encrypted: good.slice(0, 2 * 71) }, BAD),
    opens('open-no-chunk', 'no chunk at all', { encrypted: prefix }, BAD),
    opens('open-no-head', 'a head of 55 bytes', { encrypted: good.slice(0, 110) }, BAD),
    vector('file/chunk', 'chunk', 'chunk 0 alone', { ...file, prefix, index: 0, sealed: chunk }),
    vector(
      'file/chunk',
      'chunk-elsewhere',
      'chunk 0 in the place of chunk 1',
      { ...file, prefix, index: 1, sealed: chunk },
      'hotline/forged',
    ),
    vector(
      'file/chunk',
      'chunk-too-long',
      'longer than any chunk',
      { ...file, prefix, index: 0, sealed: '00*16401' },
      BAD,
    ),
    vector(
      'file/chunk',
      'chunk-no-index',
      'chunk 2^38',
      { ...file, prefix, index: 2 ** 38, sealed: chunk },
      'hotline/bad-argument',
    ),
  ];
}

function offers(): readonly Case[] {
  const hashes = { bytes: 20, sha256: bytesOf(sha256('00')), matches: () => false };
  const of = (name: string) =>
    shown(
      encodeOffer(
        makeOffer({
          ...{ conversationId: bytesOf(CONVERSATION), fileId: bytesOf(FILE_ID), name, hashes },
          ...{ key: secretOf(KEY), salt: bytesOf(SALT) },
        }),
      ),
    );
  const good = of('Vertrag 条约 договор.pdf');
  const reads = (name: string, what: string, offer: string, promised: Promised = BAD) =>
    vector('file/offer', `offer-${name}`, what, { offer }, promised);
  const nameAt = 141;
  const named = (text: string) => {
    const bytes = Buffer.from(text);
    return good.slice(0, 2 * nameAt) + hexOf(Uint8Array.of(bytes.length, ...bytes));
  };
  return [
    reads('read', 'a contract', good, 'succeeds'),
    reads('version', 'another version', put(good, 0, '02')),
    reads('name-empty', 'no name', named('')),
    reads('name-separator', 'a name with a stroke', named('../etc/passwd')),
    reads('name-direction', 'a name that is shown backwards', named('in\u202egpj.exe')),
    reads('name-device', 'a device of Windows', named('con.txt')),
    reads('name-not-utf8', 'a byte that is no UTF-8', put(good, nameAt + 1, 'ff')),
    reads('cut', 'the last byte is missing', good.slice(0, -2)),
    reads('longer', 'a byte at the end', `${good}00`),
    ...(
      [
        ['plain', 'stays as it is', 'treaty.pdf'],
        ['path', 'separators go', '..\\..\\a:b'],
        ['hidden', 'a first dot goes', '.profile'],
        ['joiners', 'joiners stay', 'می‌خواهم.txt'],
        ['unseen', 'unseen characters go', 'a\u200bb\ufeff.txt'],
        ['long', 'the stem is cut, the ending stays', `${'条'.repeat(100)}.pdf`],
        ['tail', 'dots and blanks at the end go', 'a. . '],
        ['nothing', 'nothing is left', '\u0000'],
      ] as const
    ).map(([name, what, text]) => vector('file/name', `name-${name}`, what, { name: text })),
  ];
}

function messages(): readonly Case[] {
  const head = { fileId: FILE_ID, id: { start: seeded('start', 8), number: 5 } };
  const bytes = (body: FileBody) => hexOf(encodeFileMessage({ ...head, ...body }));
  const reads = (name: string, what: string, lane: 'file' | 'control', hex: string, promised: Promised = BAD) =>
    vector('file/message', `message-${name}`, what, { lane, bytes: hex }, promised);
  const bodies: readonly FileBody[] = [
    { kind: 'accept' },
    { kind: 'refuse', reason: 'no-room' },
    { kind: 'request', from: 64, count: 64, have: 60 },
    { kind: 'chunk', index: 3, sealed: bytesOf(seeded('chunk', 48)) },
    { kind: 'done' },
    { kind: 'cancel', reason: 'damaged' },
    { kind: 'changed' },
    { kind: 'pause', reason: 'disk' },
    { kind: 'resume' },
  ];
  const chunk = (count: number) => bytes({ kind: 'chunk', index: 0, sealed: new Uint8Array(count) });
  const request = (count: number) => bytes({ kind: 'request', from: 0, count, have: 0 });
  return [
    ...bodies.map((body) => reads(body.kind, `"${body.kind}"`, laneOf(body.kind), bytes(body), 'succeeds')),
    reads('wrong-lane-request', 'a request in the control lane', 'control', request(1)),
    reads('wrong-lane-accept', 'an accept in the file lane', 'file', bytes({ kind: 'accept' })),
    reads('kind-none', 'a kind that there is not', 'control', put(bytes({ kind: 'done' }), 0, '0a')),
    reads(
      'reason-none',
      'a reason that there is not',
      'control',
      put(bytes({ kind: 'refuse', reason: 'policy' }), 29, '05'),
    ),
    reads('request-none', 'no chunks', 'file', request(0)),
    reads('request-many', '257 chunks', 'file', request(257)),
    reads('chunk-short', 'a chunk without a whole tag', 'file', chunk(15)),
    reads('chunk-long', 'a chunk of 16,401 bytes', 'file', `${put(chunk(16), 33, '00004011')} 00*16385`),
    reads('longer', 'a byte at the end', 'control', `${bytes({ kind: 'done' })}00`),
    reads('cut', 'the number is missing', 'control', bytes({ kind: 'done' }).slice(0, -8)),
  ];
}

export function fileCases(): readonly Case[] {
  return [...contents(), ...offers(), ...messages()];
}
