/**
 * How often Cascade fails: `node packages/distill/src/reconcile.bench.ts study [folder]`. Thousands of keys of 10^6 bits, both
 * parties with all their messages, and millions of 10,000 bits, of which only Bob's search is run, on the errors alone: what is
 * asked and found depends on nothing else. Every corrected key is compared with Alice's over its whole length. Written after every chunk to cascade.json and cascade.md in the folder
 * (docs/results unless told); begun again, it goes on where it was, and refuses to when the search is not the same any more.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bits, popcount, zeros } from '@skykey/bits';
import { binaryEntropy } from '@skykey/finitekey';
import { reconcileBoth } from '../reconcile-both.ts';
import { seededBytes, seededWords } from '../test/benchtop.ts';
import { FRAME_TAG_BITS } from '../verify.ts';
import { Frames } from './frames.ts';

export const RATES = [0.005, 0.01, 0.02, 0.03, 0.05];

/** Alice's random key, and Bob's, each bit of it wrong with probability `rate`. */
export function twoKeys(bits: number, rate: number, seed: number): { alice: Bits; bob: Bits } {
  const next = seededWords(seed);
  const alice = zeros(bits);
  for (let i = 0; i < alice.bytes.length; i++) alice.bytes[i] = next();
  if (bits & 7) alice.bytes[alice.bytes.length - 1]! &= (1 << (bits & 7)) - 1;
  const bob = { length: bits, bytes: alice.bytes.slice() };
  flipSome(bob, rate, next);
  return { alice, bob };
}

function flipSome({ length, bytes }: Bits, rate: number, next: () => number): void {
  const step = Math.log1p(-rate);
  for (let i = -1; ; ) {
    i += 1 + Math.floor(Math.log((next() + 0.5) / 2 ** 32) / step);
    if (!(i < length)) return;
    bytes[i >> 3]! ^= 1 << (i & 7);
  }
}

/** Keys of one kind, one frame each. */
interface Series {
  readonly bits: number;
  readonly rate: number;
  /** Error rate that both parties expect. */
  readonly expected: number;
  readonly wanted: number;
  readonly firstSeed: number;
  frames: number;
  /** Frames by the number of their tags: one when the first was right. */
  readonly tags: [number, number, number, number];
  disclosed: number;
  /** Wrong bits after all, by full comparison. */
  wrongBits: number;
  leakedBits: number;
  shannonBits: number;
  messageBits: number;
  worstEfficiency: number;
  roundTrips: number;
  mostRoundTrips: number;
}

interface Study {
  readonly study: 'cascade';
  readonly firstPlayed: string;
  lastPlayed: string;
  /** What the search does with some keys: two studies with the same can be one. */
  readonly fingerprint: string;
  readonly series: Series[];
}

/** Frames between two writes, in bits. */
const CHUNK_BITS = 1e8;
const FRAME = 10_000;
const PASS = 1_000_000;

function plan(): Series[] {
  const blank = { frames: 0, disclosed: 0, wrongBits: 0, leakedBits: 0, shannonBits: 0, messageBits: 0 };
  const one = (bits: number, rate: number, expected: number, wanted: number): Omit<Series, 'firstSeed'> => ({
    ...{ bits, rate, expected, wanted, ...blank, tags: [0, 0, 0, 0] },
    ...{ worstEfficiency: 0, roundTrips: 0, mostRoundTrips: 0 },
  });
  const all = [
    ...RATES.map((rate) => one(PASS, rate, rate, 300)),
    ...RATES.flatMap((rate) => [0.5, 2].map((factor) => one(PASS, rate, factor * rate, 20))),
    ...RATES.flatMap((rate) => [0.5, 2].map((factor) => one(FRAME, rate, factor * rate, 20_000))),
    ...RATES.map((rate) => one(FRAME, rate, rate, 620_000)),
  ];
  return all.map((series, i) => ({ ...series, firstSeed: 10_000_000 * (i + 1) }));
}

/** What one frame came to. */
interface Played {
  readonly errors: number;
  readonly leakedBits: number;
  readonly messageBits: number;
  readonly roundTrips: number;
  readonly tags: number;
  readonly disclosed: number;
  readonly wrongBits: number;
}

/** Both parties, with every message encoded and decoded. */
async function playBoth({ bits, rate, expected }: Series, seed: number): Promise<Played> {
  const { alice, bob } = twoKeys(bits, rate, seed);
  const { tagAnswers, failedFrames, residualErrors, ...outcome } = await reconcileBoth(alice, bob, {
    ...{ method: 'cascade', errorRate: expected, random: seededBytes(seed) },
  });
  return { ...outcome, tags: tagAnswers, disclosed: failedFrames, wrongBits: residualErrors };
}

/**
 * Bob alone, with the errors for a key, so that Alice's is zero: his parities are the differences that he would announce. Up to
 * three tags after the first, as in reconcile.ts; here a comparison of all bits decides.
 */
function playAlone({ bits, rate, expected }: Series, seed: number): Played {
  const key = zeros(bits);
  flipSome(key, rate, seededWords(seed));
  const errors = popcount(key);
  const frames = new Frames(key, seededBytes(seed)(16), expected, true);
  let [leakedBits, roundTrips, tags, wrong] = [0, 0, 0, 0];
  do {
    if (tags) frames.extend([0]);
    for (let asked = frames.ask([0]); asked.length; asked = frames.ask([0])) {
      frames.learn([0], asked);
      leakedBits += asked.length;
      roundTrips++;
    }
    leakedBits += FRAME_TAG_BITS;
    roundTrips++;
    tags++;
    wrong = popcount(frames.key());
  } while (wrong && tags < 4);
  frames.wipe();
  if (wrong) leakedBits += bits;
  return { errors, leakedBits, messageBits: 0, roundTrips, tags, disclosed: Number(wrong > 0), wrongBits: 0 };
}

async function play(series: Series, frame: number): Promise<void> {
  const { bits, firstSeed } = series;
  const seed = firstSeed + frame;
  const played = bits === PASS ? await playBoth(series, seed) : playAlone(series, seed);
  const shannon = bits * binaryEntropy(played.errors / bits);
  series.frames++;
  series.tags[played.tags - 1]!++;
  series.disclosed += played.disclosed;
  series.wrongBits += played.wrongBits;
  series.leakedBits += played.leakedBits;
  series.shannonBits += shannon;
  series.messageBits += played.messageBits;
  series.worstEfficiency = Math.max(series.worstEfficiency, played.leakedBits / shannon);
  series.roundTrips += played.roundTrips;
  series.mostRoundTrips = Math.max(series.mostRoundTrips, played.roundTrips);
}

async function fingerprint(): Promise<string> {
  const said: number[] = [];
  for (const rate of RATES) {
    for (const bits of [FRAME, PASS]) {
      const { alice, bob } = twoKeys(bits, rate, 1);
      const random = seededBytes(1);
      const { leakedBits, roundTrips } = await reconcileBoth(alice, bob, {
        method: 'cascade',
        errorRate: rate,
        random,
      });
      said.push(leakedBits, roundTrips);
    }
  }
  return said.join(' ');
}

export async function study(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'cascade.json');
  const today = (): string => new Date().toISOString().slice(0, 10);
  const now = await fingerprint();
  const begun: Study = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { study: 'cascade', firstPlayed: today(), lastPlayed: today(), fingerprint: now, series: plan() };
  if (begun.fingerprint !== now) {
    console.error(`${file} is of another search than this one: move it away to begin a new study.`);
    process.exitCode = 1;
    return;
  }
  for (const series of begun.series) {
    while (series.frames < series.wanted) {
      const until = Math.min(series.wanted, series.frames + Math.ceil(CHUNK_BITS / series.bits));
      for (let frame = series.frames; frame < until; frame++) await play(series, frame);
      begun.lastPlayed = today();
      // A study that is cut off while it writes has the last one still.
      writeFileSync(`${file}.new`, `${JSON.stringify(begun, null, 2)}\n`);
      renameSync(`${file}.new`, file);
      writeFileSync(join(folder, 'cascade.md'), report(begun));
      const { bits, rate, expected, frames, wanted, tags, disclosed, wrongBits } = series;
      console.log(
        `${bits} bits, QBER ${percent(rate)}, expected ${percent(expected)}: ${frames} of ${wanted}, ` +
          `tags ${tags.join(' ')}, disclosed ${disclosed}, wrong bits ${wrongBits}`,
      );
    }
  }
}

/** The largest mean with which `count` events or fewer have a probability of 5 %: three when there is none. */
function upperLimit(count: number): number {
  let low = count;
  let high = 2 * count + 10;
  for (let i = 0; i < 60; i++) {
    const mean = (low + high) / 2;
    let term = Math.exp(-mean);
    let sum = term;
    for (let k = 1; k <= count; k++) sum += term *= mean / k;
    if (sum > 0.05) low = mean;
    else high = mean;
  }
  return high;
}

const percent = (rate: number): string => `${+(100 * rate).toFixed(3)} %`;
const grouped = (value: number): string => value.toLocaleString('en-US');

function report({ series, firstPlayed, lastPlayed }: Study): string {
  const played = series.filter(({ frames }) => frames);
  const rows = played.map((s) => {
    const [, second, third, fourth] = s.tags;
    return [
      ...[grouped(s.bits), percent(s.rate), percent(s.expected), grouped(s.frames)],
      ...[s.leakedBits / s.shannonBits, s.worstEfficiency].map((f) => f.toFixed(4)),
      ...[
        (s.roundTrips / s.frames).toFixed(0),
        s.mostRoundTrips,
        s.messageBits ? (s.messageBits / s.shannonBits).toFixed(2) : '',
      ],
      ...[second + third + fourth, third + fourth, fourth, s.disclosed, s.wrongBits],
    ].join(' | ');
  });
  const told = (bits: number, isExpected: boolean): string => {
    const some = played.filter((s) => s.bits === bits && (s.expected === s.rate) === isExpected);
    const sum = (of: (s: Series) => number): number => some.reduce((total, s) => total + of(s), 0);
    const frames = sum((s) => s.frames);
    if (!frames) return '';
    const first = sum((s) => s.frames - s.tags[0]);
    const failed = sum((s) => s.disclosed);
    const kind = isExpected ? 'the error rate as expected' : 'an expected error rate half or twice the true one';
    const most = (upperLimit(failed) / frames).toExponential(1);
    return `- ${grouped(bits)} bits, ${kind}: of ${grouped(frames)} frames ${grouped(first)} needed the clean-up (${(first / frames).toExponential(1)}), ${failed} failed after it: at most ${most} at 95 %.`;
  };
  const wanted = series.reduce((sum, s) => sum + s.wanted * s.bits, 0);
  const done = series.reduce((sum, s) => sum + s.frames * s.bits, 0);
  return [
    '# How often Cascade fails',
    '',
    `${grouped(done)} key bits, played from ${firstPlayed} to ${lastPlayed}; ${done < wanted ? `${((100 * done) / wanted).toFixed(0)} % of what is planned` : 'all of what was planned'}. Independent errors; every corrected key is compared with Alice's over its whole length. Of 1,000,000 bits both parties are run, with all their messages; of 10,000 bits Bob's search alone, on the errors, since what is asked and found depends on nothing else, and the comparison stands for the tag of 32 bits, which misses a difference once in 2^31.`,
    'Run again, or on, by `node packages/distill/src/reconcile.bench.ts study`: seeds are in the JSON file beside this one. None of them was used to choose the constants of the schedule.',
    '',
    'A frame whose first tag of 32 bits differs gets more passes and another tag (the clean-up), three times at most; one that still differs is disclosed, and that is the failure that is counted. Without the clean-up every frame whose first tag differs would be one.',
    '',
    ...[told(FRAME, true), told(FRAME, false), told(PASS, true), told(PASS, false)].filter(Boolean),
    '',
    '| bits | QBER | expected | frames | f, mean | f, worst | round trips, mean | most | messages / Shannon | second tag | third | fourth | disclosed | wrong bits |',
    `|${'---|'.repeat(14)}`,
    ...rows.map((row) => `| ${row} |`),
    '',
    'f is what Alice disclosed, tags included, over n h(q) with the true q of each key. Limits at 95 % are one-sided, for a Poisson mean; none in N frames is below 3 / N.',
    '',
  ].join('\n');
}
