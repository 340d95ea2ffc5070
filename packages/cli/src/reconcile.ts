/** `skykey reconcile`: error correction alone, both parties in one process, on plain packed bit files (packages/distill/FORMAT.md). */
import { createHash, randomInt } from 'node:crypto';
import { type Bits, fromBytes, MAX_LENGTH } from '@skykey/bits';
import {
  type BothOptions,
  type BothPlan,
  DistillError,
  type OneWayFamily,
  planBoth,
  prepareOneWay,
  type RandomBytes,
  reconcileBoth,
} from '@skykey/distill';
import { CliError } from './error.ts';
import { readBytes } from './file.ts';

export interface ReconcileOptions {
  readonly alice: string;
  readonly bob: string;
  readonly bits: number;
  /** `cascade`, `ldpc` or `auto`. */
  readonly method: string;
  /** For `auto`: time between a question and its answer, ms. */
  readonly roundTrip?: number;
  /** What both parties expect; by default what a comparison of all bits shows. */
  readonly errorRate?: number;
  /** Of `ldpc`: standard deviation of that error rate, absolute. */
  readonly errorSpread?: number;
  /** Of `ldpc`: `short` or `long`; by default what suits the number of bits. */
  readonly frames?: string;
  /** Of the public randomness: the same seed, the same run. */
  readonly seed?: number;
  readonly json?: boolean;
}

/** The document of `skykey reconcile --json`. */
export interface ReconcileDocument {
  /** As it was done: with `auto`, the one that was chosen. */
  readonly method: 'cascade' | 'ldpc';
  readonly bits: number;
  /** Bits in which the two files differ. */
  readonly errors: number;
  readonly errorRate: number;
  /** leakedBits / (bits * h(errors / bits)); 0 for files without a difference. */
  readonly efficiency: number;
  /** All that Alice disclosed about her key: parities or syndromes, tags, disclosed frames. */
  readonly leakedBits: number;
  /** Bob's answers to frame tags, which a proof charges with `leakedBits`: one bit each. */
  readonly tagAnswers: number;
  /** What Bob announced: differences of parities, answers to tags, how many errors he found. */
  readonly announcedBits: number;
  readonly roundTrips: number;
  /** All messages, both directions. */
  readonly messageBits: number;
  readonly frames: number;
  /** Frames that were not right at the first tag and then corrected by more passes; 0 for ldpc. */
  readonly retaggedFrames: number;
  /** Frames that could not be corrected: Alice disclosed them, and they stay in the key. */
  readonly failedFrames: number;
  /** Bits in which Bob's corrected key differs from Alice's, counted over the whole. */
  readonly residualErrors: number;
  /** Processor time of both parties together, without files and `codeS`. */
  readonly cpuS: number;
  /** Processor time to make the code of `ldpc`, once for all keys of like length and error rate. */
  readonly codeS?: number;
  readonly seed: number;
}

/** `skykey reconcile`. */
export async function reconcile(options: ReconcileOptions): Promise<void> {
  const document = await reconcileFiles(options);
  process.stdout.write(options.json ? `${JSON.stringify(document, null, 2)}\n` : describe(document));
}

function describe(document: ReconcileDocument): string {
  const { bits, errors, leakedBits, roundTrips, messageBits, failedFrames, residualErrors, cpuS, codeS } = document;
  const percent = bits ? `${((100 * errors) / bits).toPrecision(3)} %` : 'no bits';
  const number = (value: number): string => value.toLocaleString('en');
  return [
    `${number(bits)} bits, ${number(errors)} of them different (${percent}): ${residualErrors ? `${number(residualErrors)} are still different` : 'now equal'}`,
    `  method         ${document.method === 'ldpc' ? 'LDPC, one message' : 'Cascade'}`,
    `  disclosed      ${number(leakedBits)} bits${errors ? `, ${document.efficiency.toFixed(3)} times the Shannon limit` : ''}`,
    `  on the line    ${number(roundTrips)} round trips, ${number(messageBits)} bits`,
    ...(failedFrames
      ? [`  frames         ${number(failedFrames)} of ${number(document.frames)} had to be disclosed`]
      : []),
    `  processor      ${cpuS.toPrecision(2)} s for both parties${codeS ? `, ${codeS.toPrecision(2)} s before that for the code` : ''}, seed ${document.seed}`,
    '',
  ].join('\n');
}

const METHODS: readonly string[] = ['cascade', 'ldpc', 'auto'] satisfies BothOptions['method'][];
const FRAMES: readonly string[] = ['short', 'long'] satisfies OneWayFamily[];

/** @throws CliError `cli/option`, `cli/file` */
export async function reconcileFiles(options: ReconcileOptions): Promise<ReconcileDocument> {
  const { bits, seed = randomInt(2 ** 32) } = options;
  const how = optionsOf(options, seed);
  if (bits < 1 || bits > MAX_LENGTH) {
    throw new CliError('cli/option', `--bits is from 1 to ${MAX_LENGTH}: how many bits of each file are key`);
  }
  const keys: Bits[] = [];
  try {
    const alice = readKey('--alice', options.alice, bits);
    keys.push(alice);
    const bob = readKey('--bob', options.bob, bits);
    keys.push(bob);
    const plan = planBoth(alice, bob, how);
    const codeS = plan.method === 'ldpc' ? processorTime(() => prepare(plan, bits, how)) : undefined;
    const before = process.cpuUsage();
    const { key, ...outcome } = await reconcileBoth(alice, bob, { ...how, ...plan });
    const { user, system } = process.cpuUsage(before);
    keys.push(key);
    const { corrected: _, ...figures } = outcome;
    return {
      ...{ bits, ...figures, errorRate: outcome.errors / bits, cpuS: (user + system) / 1e6 },
      ...{ ...(codeS !== undefined && { codeS }), seed },
    };
  } finally {
    for (const { bytes } of keys) bytes.fill(0);
  }
}

function optionsOf(options: ReconcileOptions, seed: number): BothOptions {
  const { method, roundTrip, errorRate, errorSpread, frames } = options;
  const refuse = (what: string): never => {
    throw new CliError('cli/option', what);
  };
  if (!METHODS.includes(method)) refuse(`--method is ${METHODS.join(', ')}, not ${method}`);
  if (errorRate !== undefined && !(errorRate > 0 && errorRate <= 0.5))
    refuse(`--error-rate is above 0 and at most 0.5, not ${errorRate}`);
  if (errorSpread !== undefined && !(errorSpread >= 0 && errorSpread <= 0.5))
    refuse(`--error-spread is from 0 to 0.5, not ${errorSpread}`);
  if (roundTrip !== undefined && !(roundTrip >= 0)) refuse(`--round-trip is 0 or more milliseconds, not ${roundTrip}`);
  if (method !== 'auto' && roundTrip !== undefined)
    refuse(`--round-trip decides with --method auto; with ${method} there is nothing to decide`);
  if (frames !== undefined && !FRAMES.includes(frames)) refuse(`--frames is ${FRAMES.join(' or ')}, not ${frames}`);
  return {
    ...{ method: method as BothOptions['method'], random: randomnessOf(seed) },
    ...(roundTrip !== undefined && { roundTripMs: roundTrip }),
    ...(errorRate !== undefined && { errorRate }),
    ...(errorSpread !== undefined && { errorSpread }),
    ...(frames !== undefined && { family: frames as OneWayFamily }),
  };
}

/** The code for one message, before anything is measured. What it cannot do, it says here. */
function prepare({ errorRate }: BothPlan, bits: number, { errorSpread, family }: BothOptions): void {
  try {
    prepareOneWay(bits, errorRate, {
      ...(errorSpread !== undefined && { spread: errorSpread }),
      ...(family && { family }),
    });
  } catch (error) {
    if (!(error instanceof DistillError)) throw error;
    throw new CliError('cli/option', `--method ldpc: ${error.message}`);
  }
}

function processorTime(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** The first `bits` bits of a file; what comes after them, in the last byte too, is not looked at. */
function readKey(option: string, file: string, bits: number): Bits {
  const bytes = readBytes(option, file);
  try {
    if (bytes.length * 8 < bits) {
      throw new CliError(
        'cli/file',
        `${option} ${file} has ${bytes.length} bytes; --bits asks for ${bits} bits, which are ${Math.ceil(bits / 8)}`,
      );
    }
    return fromBytes(bytes, bits);
  } finally {
    bytes.fill(0);
  }
}

/** Public randomness from a seed: SHA-256 of the seed and a counter. Nothing secret rests on it, and it can be run again. */
function randomnessOf(seed: number): RandomBytes {
  let counter = 0;
  return (length) => {
    const out = new Uint8Array(length);
    for (let at = 0; at < length; at += 32) {
      const digest = createHash('sha256').update(`skykey reconcile ${seed} ${counter++}`).digest();
      out.set(digest.subarray(0, length - at), at);
    }
    return out;
  };
}
