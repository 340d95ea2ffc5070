/** `skykey reconcile`: error correction alone, both parties in one process, on plain packed bit files (packages/distill/FORMAT.md). */
import { createHash, randomInt } from 'node:crypto';
import { type Bits, fromBytes, MAX_LENGTH } from '@skykey/bits';
import { type RandomBytes, reconcileBoth } from '@skykey/distill';
import { CliError } from './error.ts';
import { readBytes } from './file.ts';

export interface ReconcileOptions {
  readonly alice: string;
  readonly bob: string;
  readonly bits: number;
  /** `cascade` or `ldpc`. */
  readonly method: string;
  /** What both parties expect; by default what a comparison of all bits shows. */
  readonly errorRate?: number;
  /** Of the public randomness: the same seed, the same run. */
  readonly seed?: number;
  readonly json?: boolean;
}

/** The document of `skykey reconcile --json`. */
export interface ReconcileDocument {
  readonly method: string;
  readonly bits: number;
  /** Bits in which the two files differ. */
  readonly errors: number;
  readonly errorRate: number;
  /** leakedBits / (bits * h(errors / bits)); 0 for files without a difference. */
  readonly efficiency: number;
  /** All that Alice disclosed about her key: parities, tags, disclosed frames. */
  readonly leakedBits: number;
  /** What Bob announced of the error pattern. */
  readonly announcedBits: number;
  readonly roundTrips: number;
  /** All messages, both directions. */
  readonly messageBits: number;
  readonly frames: number;
  /** Frames that were not right at the first tag, and those that had to be disclosed after more passes. */
  readonly retaggedFrames: number;
  readonly failedFrames: number;
  /** Bits in which Bob's corrected key differs from Alice's, counted over the whole. */
  readonly residualErrors: number;
  /** Processor time of both parties together, without files. */
  readonly cpuS: number;
  readonly seed: number;
}

/** `skykey reconcile`. */
export async function reconcile(options: ReconcileOptions): Promise<void> {
  const document = await reconcileFiles(options);
  process.stdout.write(options.json ? `${JSON.stringify(document, null, 2)}\n` : describe(document));
}

function describe(document: ReconcileDocument): string {
  const { bits, errors, leakedBits, roundTrips, messageBits, failedFrames, residualErrors, cpuS } = document;
  const percent = bits ? `${((100 * errors) / bits).toPrecision(3)} %` : 'no bits';
  const number = (value: number): string => value.toLocaleString('en');
  return [
    `${number(bits)} bits, ${number(errors)} of them different (${percent}): ${residualErrors ? `${number(residualErrors)} are still different` : 'now equal'}`,
    `  disclosed      ${number(leakedBits)} bits${errors ? `, ${document.efficiency.toFixed(3)} times the Shannon limit` : ''}`,
    `  on the line    ${number(roundTrips)} round trips, ${number(messageBits)} bits`,
    ...(failedFrames
      ? [`  frames         ${number(failedFrames)} of ${number(document.frames)} had to be disclosed`]
      : []),
    `  processor      ${cpuS.toPrecision(2)} s for both parties, seed ${document.seed}`,
    '',
  ].join('\n');
}

/** @throws CliError `cli/option`, `cli/file` */
export async function reconcileFiles(options: ReconcileOptions): Promise<ReconcileDocument> {
  const { method, bits, errorRate, seed = randomInt(2 ** 32) } = options;
  if (method === 'ldpc') {
    throw new CliError('cli/option', '--method ldpc cannot run here yet: give cascade, which needs a return path');
  }
  if (method !== 'cascade') throw new CliError('cli/option', `--method is cascade or ldpc, not ${method}`);
  if (bits < 1 || bits > MAX_LENGTH) {
    throw new CliError('cli/option', `--bits is from 1 to ${MAX_LENGTH}: how many bits of each file are key`);
  }
  if (errorRate !== undefined && !(errorRate > 0 && errorRate <= 0.5))
    throw new CliError('cli/option', `--error-rate is above 0 and at most 0.5, not ${errorRate}`);
  const keys: Bits[] = [];
  try {
    const alice = readKey('--alice', options.alice, bits);
    keys.push(alice);
    const bob = readKey('--bob', options.bob, bits);
    keys.push(bob);
    const before = process.cpuUsage();
    const { key, ...outcome } = await reconcileBoth(alice, bob, {
      method,
      random: randomnessOf(seed),
      ...(errorRate === undefined ? {} : { errorRate }),
    });
    const { user, system } = process.cpuUsage(before);
    keys.push(key);
    const { corrected: _, ...figures } = outcome;
    return { method, bits, ...figures, errorRate: outcome.errors / bits, cpuS: (user + system) / 1e6, seed };
  } finally {
    for (const { bytes } of keys) bytes.fill(0);
  }
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
