import { EpochSecrets } from '../../secret/combiner.ts';
import { type Direction, LANES, type Lane } from '../../secret/lanes.ts';
import { SendingChain } from '../../secret/ratchet.ts';
import { sealRecord } from '../../secret/record.ts';
import { bytesOf, hexOf, secretOf } from '../hex.ts';
import { type Case, seeded, vector } from '../vector.ts';

const EPOCH = seeded('epoch', 64);
const OTHER_EPOCH = seeded('another epoch', 64);
const TO_MOSCOW = { epoch: EPOCH, ownId: 'moscow', peerId: 'beijing', opened: [], refused: [] };

interface Place {
  readonly lane?: Lane;
  readonly direction?: Direction;
  readonly counter?: number;
  readonly epoch?: string;
}

/** A record as a desk seals it, hexadecimal. */
function recordOf(text: string, { lane = 'text', direction = 1, counter = 1, epoch = EPOCH }: Place = {}): string {
  const secrets = new EpochSecrets(secretOf(epoch));
  const sending = new SendingChain(secrets.chains[lane][direction]);
  for (let before = 1; before < counter; before++) sending.next(0);
  return hexOf(sealRecord(lane, direction, secrets.id, sending.next(0), Buffer.from(text)));
}

/** `record` with byte `at` xor `mask`. */
function altered(record: string, at: number, mask = 1): string {
  const bytes = bytesOf(record);
  bytes[at]! ^= mask;
  return hexOf(bytes);
}

export function recordCases(): readonly Case[] {
  const good = recordOf('The ice on the river is breaking.');
  const last = good.length / 2 - 1;
  const opens = (name: string, what: string, record: string, more: object = {}) =>
    vector('record/open', name, what, { ...TO_MOSCOW, ...more, record });
  const refuses = (
    name: string,
    what: string,
    record: string,
    code: Parameters<typeof vector>[4],
    more: { opened?: readonly string[]; refused?: readonly string[]; ownId?: string; peerId?: string } = {},
  ) => vector('record/open', name, what, { ...TO_MOSCOW, ...more, record }, code);
  const seal = { chain: seeded('chain'), lane: 'text', direction: 1, epochId: seeded('id', 16) } as const;
  return [
    vector('record/seal', 'seal-first', 'the first record of a chain', {
      ...seal,
      counter: 1,
      plaintext: '68656c6c6f',
    }),
    vector('record/seal', 'seal-third', 'the third: two keys are passed over', {
      ...seal,
      counter: 3,
      plaintext: '00',
    }),
    vector('record/seal', 'seal-empty', 'no plaintext at all', { ...seal, counter: 1, plaintext: '' }),
    vector('record/seal', 'seal-control', 'lane 1, direction 2', {
      ...seal,
      lane: 'control',
      direction: 2,
      counter: 2,
      plaintext: 'c0ffee',
    }),
    vector('record/seal', 'seal-file', 'lane 3', { ...seal, lane: 'file', counter: 1, plaintext: 'ab*100' }),
    vector('record/seal', 'seal-longest', 'as much as a record holds', { ...seal, counter: 1, plaintext: '5a*65536' }),
    vector(
      'record/seal',
      'seal-too-long',
      'one byte more',
      { ...seal, counter: 1, plaintext: '5a*65537' },
      'hotline/too-long',
    ),
    ...LANES.map((lane) => opens(`open-${lane}`, `a record of the ${lane} lane`, recordOf(`by ${lane}`, { lane }))),
    vector('record/open', 'open-back', 'the way back, at the other desk', {
      ...TO_MOSCOW,
      ownId: 'beijing',
      peerId: 'moscow',
      record: recordOf('back', { direction: 2 }),
    }),
    opens('open-empty', 'a record that holds nothing', recordOf('')),
    opens('open-late', 'the first record comes after the third', good, { opened: [recordOf('three', { counter: 3 })] }),
    opens('open-farthest', '2,000 records are lost before it', recordOf('far', { counter: 2000 })),
    opens('open-after-forgery', 'a forgery of the same number came before: it changed nothing', good, {
      refused: [altered(good, last)],
    }),
    refuses('replayed', 'the same record again', good, 'hotline/replayed', { opened: [good] }),
    refuses('too-far', '2,001 records ahead', recordOf('far', { counter: 2001 }), 'hotline/out-of-order'),
    refuses('reflected', 'our own record thrown back', recordOf('back', { direction: 2 }), 'hotline/not-for-us'),
    refuses(
      'other-epoch',
      'sealed under the keys of another epoch',
      recordOf('old', { epoch: OTHER_EPOCH }),
      'hotline/unknown-epoch',
    ),
    refuses('altered-magic', 'the first byte is another', altered(good, 0), 'hotline/malformed'),
    refuses('altered-version', 'version 3', altered(good, 4), 'hotline/malformed'),
    refuses('altered-kind', 'named an emergency text', altered(good, 5), 'hotline/malformed'),
    refuses('altered-lane', 'a text put into the file lane', altered(good, 6), 'hotline/forged'),
    refuses('altered-lane-none', 'a lane that there is not', altered(good, 6, 4), 'hotline/malformed'),
    refuses('altered-direction', 'direction 2 in the header', altered(good, 7, 3), 'hotline/not-for-us'),
    refuses('altered-direction-none', 'direction 0', altered(good, 7), 'hotline/malformed'),
    refuses('altered-epoch-id', 'one bit of the epoch id', altered(good, 8), 'hotline/unknown-epoch'),
    refuses('altered-counter', 'moved to number 3', altered(good, 31, 2), 'hotline/forged'),
    refuses('altered-counter-zero', 'number 0', altered(good, 31), 'hotline/out-of-order'),
    refuses('altered-counter-huge', 'a number beyond 2^53', altered(good, 24, 0xff), 'hotline/malformed'),
    refuses('altered-commitment', 'one bit of the commitment', altered(good, 32), 'hotline/forged'),
    refuses('altered-ciphertext', 'one bit of the ciphertext', altered(good, 48), 'hotline/forged'),
    refuses('altered-tag', 'one bit of the tag', altered(good, last), 'hotline/forged'),
    refuses('cut-by-one', 'the last byte is missing', good.slice(0, -2), 'hotline/forged'),
    refuses('cut-into-tag', 'too short for a tag', good.slice(0, 2 * 63), 'hotline/malformed'),
    refuses('cut-into-header', 'too short for a header', good.slice(0, 2 * 20), 'hotline/malformed'),
    refuses('empty', 'no bytes at all', '', 'hotline/malformed'),
    refuses('longer-by-one', 'a byte at the end', `${good}00`, 'hotline/forged'),
    refuses('longer-than-any', 'more than a record holds', `${good} 00*65536`, 'hotline/malformed'),
  ];
}
