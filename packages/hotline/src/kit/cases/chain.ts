import { type Case, seeded, vector } from '../vector.ts';

const CHAIN = seeded('chain');
const NEW = { chain: CHAIN, opened: [], forged: [], atMs: 0, authentic: true };
const HOUR_MS = 3_600_000;

export function chainCases(): readonly Case[] {
  return [
    vector('chain/receive', 'receive-first', 'the first record', { ...NEW, counter: 1 }),
    vector('chain/receive', 'receive-seventh', 'the seventh: six are skipped', { ...NEW, counter: 7 }),
    vector('chain/receive', 'receive-skipped', 'one of those that were skipped', {
      ...NEW,
      opened: [{ from: 7, to: 7, atMs: 0 }],
      counter: 3,
    }),
    vector('chain/receive', 'receive-farthest', 'exactly 2,000 ahead of the highest', {
      ...NEW,
      opened: [{ from: 5, to: 5, atMs: 0 }],
      counter: 2005,
    }),
    vector('chain/receive', 'oldest-skipped-kept', 'the 1,000th of 1,000 keys that are kept', {
      ...NEW,
      opened: [{ from: 1001, to: 1001, atMs: 0 }],
      counter: 1,
    }),
    vector('chain/receive', 'skipped-in-the-hour', 'one millisecond before its key goes', {
      ...NEW,
      opened: [{ from: 2, to: 2, atMs: 0 }],
      counter: 1,
      atMs: HOUR_MS - 1,
    }),
    vector('chain/receive', 'after-forgeries', 'forgeries of it and of records ahead changed nothing', {
      ...NEW,
      forged: [1, 4, 2000],
      counter: 1,
    }),
    vector('chain/receive', 'clock-back-next', 'the clock was set back: what comes next opens all the same', {
      ...NEW,
      opened: [{ from: 1, to: 1, atMs: 5000 }],
      counter: 2,
      atMs: 0,
    }),
    vector('chain/receive', 'zero', 'no record has number 0', { ...NEW, counter: 0 }, 'hotline/out-of-order'),
    vector('chain/receive', 'fraction', 'nor 1.5', { ...NEW, counter: 1.5 }, 'hotline/out-of-order'),
    vector('chain/receive', 'too-far', '2,001 ahead of the highest', { ...NEW, counter: 2001 }, 'hotline/out-of-order'),
    vector(
      'chain/receive',
      'beyond-the-chain',
      'one more than a chain seals',
      { ...NEW, counter: 1_048_577 },
      'hotline/out-of-order',
    ),
    vector(
      'chain/receive',
      'replayed-highest',
      'the highest accepted again',
      { ...NEW, opened: [{ from: 1, to: 3, atMs: 0 }], counter: 3 },
      'hotline/replayed',
    ),
    vector(
      'chain/receive',
      'replayed-skipped',
      'one that came late, again',
      {
        ...NEW,
        opened: [
          { from: 5, to: 5, atMs: 0 },
          { from: 2, to: 2, atMs: 0 },
        ],
        counter: 2,
      },
      'hotline/replayed',
    ),
    vector(
      'chain/receive',
      'forged-then-nothing',
      'a forgery is refused as such',
      { ...NEW, counter: 2, authentic: false },
      'hotline/forged',
    ),
    vector(
      'chain/receive',
      'skipped-too-many',
      'the oldest of 1,001 skipped: its key is gone',
      { ...NEW, opened: [{ from: 1002, to: 1002, atMs: 0 }], counter: 1 },
      'hotline/out-of-order',
    ),
    vector(
      'chain/receive',
      'skipped-an-hour-ago',
      'its key was kept for an hour',
      { ...NEW, opened: [{ from: 2, to: 2, atMs: 0 }], counter: 1, atMs: HOUR_MS },
      'hotline/out-of-order',
    ),
    vector(
      'chain/receive',
      'clock-back-skipped',
      'after the clock was set back no skipped key is kept',
      { ...NEW, opened: [{ from: 2, to: 2, atMs: 5000 }], counter: 1, atMs: 4999 },
      'hotline/out-of-order',
    ),
    vector('chain/send', 'send-first', 'the first key', { chain: CHAIN, sent: [], bytes: 100 }),
    vector('chain/send', 'send-hundredth', 'the hundredth', {
      chain: CHAIN,
      sent: [{ records: 99, bytes: 100 }],
      bytes: 100,
    }),
    vector('chain/send', 'send-last-byte', 'exactly 2^30 bytes', {
      chain: CHAIN,
      sent: [{ records: 1, bytes: 2 ** 30 - 100 }],
      bytes: 100,
    }),
    vector(
      'chain/send',
      'send-beyond-bytes',
      'one byte more than 2^30',
      { chain: CHAIN, sent: [{ records: 1, bytes: 2 ** 30 - 100 }], bytes: 101 },
      'hotline/spent',
    ),
  ];
}
