import { hybridText, type TextMessage } from '../../sealed/payload.ts';
import { bytesOf, hexOf } from '../hex.ts';
import type { MessageInput } from '../operations/text.ts';
import { type Case, type Promised, seeded, seededUuid, vector } from '../vector.ts';

export const MESSAGE: MessageInput = {
  number: 7,
  id: seededUuid('message'),
  text: 'The ice on the river is breaking.',
  author: 'Li Wei',
  sentAtMs: 1_790_000_000_000,
  salt: null,
};

export const ON_RECORD: MessageInput = { ...MESSAGE, salt: seeded('salt') };

function payloadOf({ number, id, salt, ...words }: MessageInput): string {
  const message: TextMessage = { number, id, words: { ...words, salt: salt === null ? null : bytesOf(salt) } };
  return hexOf(hybridText(message));
}

/** `hex` with `bytes` in the place of those at `at`. */
export function put(hex: string, at: number, bytes: string): string {
  return hex.slice(0, 2 * at) + bytes + hex.slice(2 * at + bytes.length);
}

export function textCases(): readonly Case[] {
  const good = payloadOf(MESSAGE);
  const block = 28;
  const textAt = block + 8 + 1 + 6 + 2;
  const reads = (name: string, what: string, payload: string, promised: Promised = 'succeeds') =>
    vector('text/read', name, what, { payload }, promised);
  const writes = (name: string, what: string, change: Partial<MessageInput>, promised: Promised = 'succeeds') =>
    vector('text/write', name, what, { sealing: 'hybrid', ...MESSAGE, ...change }, promised);
  return [
    writes('write', 'an ordinary text', {}),
    writes('write-on-record', 'on the record: with salt and commitment', { salt: ON_RECORD.salt }),
    vector('text/write', 'write-sealed', 'of a sealed text the transcript holds no words', {
      sealing: 'sealed',
      ...MESSAGE,
    }),
    writes('write-one-byte', 'the shortest', { text: 'a', author: 'b' }),
    writes('write-languages', 'Chinese, Russian, an emoji of several characters', {
      text: '冰破了 · Лёд тронулся · 👩🏽‍🚀',
    }),
    writes('write-as-typed', 'not normalised: a byte order mark, a combining accent', { text: '\ufeffe\u0301' }),
    writes('write-fills-a-block', 'exactly 96 bytes of block', { text: 'x'.repeat(79) }),
    writes('write-next-block', 'one byte more', { text: 'x'.repeat(80) }),
    writes('write-two-keys', 'beyond 480 bytes of block', { text: 'x'.repeat(480) }),
    writes('write-longest', '4,000 bytes', { text: 'x'.repeat(4000) }),
    writes('write-too-long', '4,001 bytes', { text: 'x'.repeat(4001) }, 'hotline/too-long'),
    writes('write-empty', 'no text', { text: '' }, 'hotline/bad-argument'),
    writes('write-no-author', 'no author', { author: '' }, 'hotline/bad-argument'),
    writes('write-long-author', 'an author of 65 bytes', { author: 'a'.repeat(65) }, 'hotline/bad-argument'),
    writes(
      'write-author-of-two-lines',
      'could pass for something the page says',
      { author: 'Li\nWei' },
      'hotline/bad-argument',
    ),
    writes('write-number-zero', 'numbers begin with 1', { number: 0 }, 'hotline/bad-argument'),
    writes('write-zero-salt', 'a salt that nobody drew', { salt: '00*32' }, 'hotline/bad-argument'),
    reads('read', 'an ordinary text', good),
    reads('read-on-record', 'with its salt', payloadOf(ON_RECORD)),
    reads('read-longest', '4,000 bytes', payloadOf({ ...MESSAGE, text: 'x'.repeat(4000) })),
    reads('read-kind-none', 'a kind that there is not', put(good, 0, '03'), 'hotline/malformed'),
    reads('read-number-zero', 'number 0', put(good, 1, '00'.repeat(8)), 'hotline/malformed'),
    reads('read-number-huge', 'a number beyond 2^53', put(good, 1, 'ff'), 'hotline/malformed'),
    reads('read-flags', 'a flag without meaning', put(good, 25, '02'), 'hotline/malformed'),
    reads(
      'read-flag-lies',
      'said to be on the record, and no room for a salt',
      put(payloadOf({ ...MESSAGE, text: 'x'.repeat(79) }), 25, '01'),
      'hotline/malformed',
    ),
    reads('read-block-size', 'a size that no block has', put(good, 26, '0061'), 'hotline/malformed'),
    reads('read-not-utf8', 'a byte that is no UTF-8', put(good, textAt, 'ff'), 'hotline/malformed'),
    reads('read-author-newline', 'an author of two lines', put(good, block + 9, '0a'), 'hotline/malformed'),
    reads('read-filling', 'a filling that is not of zeros', put(good, good.length / 2 - 1, '01'), 'hotline/malformed'),
    reads(
      'read-larger-block',
      'a larger block than the words need',
      `${put(good, 26, '00a0')}${'00'.repeat(64)}`,
      'hotline/malformed',
    ),
    reads(
      'read-empty-text',
      'a text of 0 bytes',
      put(put(good, textAt - 2, '0000'), textAt, '00'.repeat(33)),
      'hotline/malformed',
    ),
    reads('read-cut', 'the last byte is missing', good.slice(0, -2), 'hotline/malformed'),
    reads('read-longer', 'a byte at the end', `${good}00`, 'hotline/malformed'),
    reads('read-nothing', 'no bytes', '', 'hotline/malformed'),
  ];
}
