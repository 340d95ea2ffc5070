import { Writer } from '../../bytes.ts';
import { encodeHead, Transcript } from '../../stream/transcript.ts';
import { bytesOf, hexOf } from '../hex.ts';
import type { EntryInput } from '../operations/stream.ts';
import { type Case, type Promised, seeded, vector } from '../vector.ts';

const ORIGIN = '00*32';

function u64(value: number): string {
  return hexOf(new Writer().u64(value).finish());
}

function entries(...commitments: readonly (string | null)[]): readonly EntryInput[] {
  return commitments.map((commitment, i) => ({
    ...({ direction: 1, lane: 'text', number: i + 1, commitment } as const),
    digest: seeded(`digest ${i}`),
  }));
}

function headOf(own: readonly EntryInput[]): string {
  const transcript = new Transcript(bytesOf(ORIGIN));
  transcript.add(own.map((entry) => ({ ...entry, digest: bytesOf(entry.digest), commitment: null })));
  return hexOf(encodeHead(transcript.head()));
}

function acks(): readonly Case[] {
  const ack = (name: string, what: string, bytes: string, promised: Promised = 'succeeds') =>
    vector('stream/ack', `ack-${name}`, what, { ack: bytes }, promised);
  const bad = 'hotline/malformed';
  return [
    ack('nothing', 'nothing has come', `${u64(0)}0000`),
    ack('seven', 'all up to 7', `${u64(7)}0000`),
    ack('beyond', 'all up to 7, and 9, 10 and 17', `${u64(7)}00020602`),
    ack('farthest', 'all up to 7, and 2,055', `${u64(7)}0100${'00'.repeat(255)}80`),
    ack('two-readings', 'says 8 in the bitmap, where the cumulative number should be 8', `${u64(7)}000101`, bad),
    ack('trailing-zero', 'a bitmap that ends with nothing', `${u64(7)}00020200`, bad),
    ack('too-long', 'a bitmap of 257 bytes', `${u64(7)}0101 02*257`, bad),
    ack('cut', 'a bitmap that ends too early', `${u64(7)}000202`, bad),
    ack('longer', 'a byte at the end', `${u64(7)}000000`, bad),
    ack('huge', 'numbers beyond any that is given', `${u64(Number.MAX_SAFE_INTEGER)}0000`, bad),
  ];
}

function holdings(): readonly Case[] {
  const holding = (name: string, what: string, bytes: string, promised: Promised = 'succeeds') =>
    vector('stream/holding', `holding-${name}`, what, { holding: bytes }, promised);
  const bad = 'hotline/malformed';
  return [
    holding('new', 'a stream that begins', `${u64(1)}0000`),
    holding('empty', 'all up to 11 are confirmed', `${u64(12)}0000`),
    holding('runs', '3, 4, 5 and 9', `${u64(12)}0002${u64(3)}0003${u64(9)}0001`),
    holding('full', '1,000 numbers', `${u64(1001)}0001${u64(1)}03e8`),
    holding('too-many', '1,001 numbers', `${u64(1002)}0001${u64(1)}03e9`, bad),
    holding('next-zero', 'the next number is 0', `${u64(0)}0000`, bad),
    holding('run-empty', 'a run of none', `${u64(12)}0001${u64(3)}0000`, bad),
    holding('run-zero', 'a run from 0', `${u64(12)}0001${u64(0)}0001`, bad),
    holding('touching', 'two runs that are one', `${u64(12)}0002${u64(3)}0002${u64(5)}0001`, bad),
    holding('falling', 'runs out of order', `${u64(12)}0002${u64(9)}0001${u64(3)}0001`, bad),
    holding('beyond-next', 'a run up to the next number', `${u64(12)}0001${u64(11)}0002`, bad),
    holding('cut', 'a run is missing', `${u64(12)}0002${u64(3)}0003`, bad),
    holding('longer', 'a byte at the end', `${u64(12)}000000`, bad),
  ];
}

function ends(): readonly Case[] {
  const five = { state: null, add: 5, sent: true };
  const nothing = { numbers: [], holding: null };
  return [
    vector('stream/acknowledge', 'confirmed', '1, 2 and 4 of five', { ...five, ack: `${u64(2)}000102` }),
    vector('stream/acknowledge', 'confirmed-twice', 'an old ack confirms nothing', {
      ...{ state: `${u64(6)}0001${u64(3)}0003`, add: 0, sent: false },
      ack: `${u64(2)}0000`,
    }),
    vector('stream/acknowledge', 'never-given', 'number 6 of five', { ...five, ack: `${u64(6)}0000` }, 'hotline/store'),
    vector(
      'stream/acknowledge',
      'never-sent',
      'a number that never left',
      { ...five, sent: false, ack: `${u64(1)}0000` },
      'hotline/store',
    ),
    vector('stream/accept', 'accept-first', 'number 1', { ...nothing, number: 1 }),
    vector('stream/accept', 'accept-ahead', '3 waits for 1 and 2', { ...nothing, number: 3 }),
    vector('stream/accept', 'accept-fills', '1 releases 2 and 3', { ...nothing, numbers: [2, 3], number: 1 }),
    vector('stream/accept', 'accept-repeat', '2 again', { ...nothing, numbers: [2], number: 2 }),
    vector('stream/accept', 'accept-farthest', '2,048 above', { ...nothing, number: 2048 }),
    vector('stream/accept', 'accept-too-far', '2,049 above', { ...nothing, number: 2049 }, 'hotline/out-of-order'),
    vector('stream/accept', 'accept-zero', 'no message has number 0', { ...nothing, number: 0 }, 'hotline/malformed'),
    vector('stream/accept', 'lost', 'the peer holds 4 alone: 1 and 2 are lost, 3 is shown, then 4', {
      ...{ numbers: [3], holding: `${u64(5)}0001${u64(4)}0001` },
      number: 4,
    }),
    vector('stream/accept', 'lost-all', 'the peer has nothing below 100', {
      ...{ numbers: [], holding: `${u64(100)}0000` },
      number: 100,
    }),
  ];
}

export function streamCases(): readonly Case[] {
  const [one, two] = [entries(null), entries(null, null)];
  const head = headOf(two);
  const compare = (name: string, what: string, own: readonly EntryInput[], bytes: string) =>
    vector('stream/compare', `compare-${name}`, what, { origin: ORIGIN, entries: own, head: bytes });
  const other = two.map((entry, i) => (i === 0 ? { ...entry, digest: seeded('other') } : entry));
  const bad = 'hotline/malformed';
  return [
    ...acks(),
    ...holdings(),
    ...ends(),
    vector('stream/transcript', 'transcript-new', 'nothing was said', { origin: ORIGIN, entries: [] }),
    vector('stream/transcript', 'transcript-two', 'two texts', { origin: ORIGIN, entries: two }),
    vector('stream/transcript', 'transcript-on-record', 'the second on the record', {
      ...{ origin: ORIGIN, entries: entries(null, seeded('commitment')) },
    }),
    vector('stream/transcript', 'transcript-both-ways', 'one text each way, with a gap', {
      origin: seeded('origin'),
      entries: [...one, { ...one[0]!, direction: 2, number: 9 }],
    }),
    vector(
      'stream/transcript',
      'transcript-falling',
      'a number twice',
      { origin: ORIGIN, entries: [...one, ...one] },
      'hotline/bad-argument',
    ),
    vector('stream/head', 'head', 'a head of one chain', { head }),
    vector(
      'stream/head',
      'head-lane-none',
      'a lane that there is not',
      { head: `${head.slice(0, 68)}04${head.slice(70)}` },
      bad,
    ),
    vector(
      'stream/head',
      'head-count-zero',
      'a chain without entries',
      { head: `${head.slice(0, 84)}00${head.slice(86)}` },
      bad,
    ),
    vector(
      'stream/head',
      'head-twice',
      'one chain twice',
      { head: `${head.slice(0, 64)}02${head.slice(66)}${head.slice(66)}` },
      bad,
    ),
    vector('stream/head', 'head-cut', 'the last byte is missing', { head: head.slice(0, -2) }, bad),
    compare('equal', 'the same two texts', two, head),
    compare('behind', 'this desk has the first of two', one, head),
    compare('ahead', 'the peer has none', two, headOf([])),
    compare('differs', 'the first text is another one', other, head),
    compare('other-origin', 'begun elsewhere', two, `ff${head.slice(2)}`),
  ];
}
