/** What a worker thread can do, and what it needs for it. The same on the main thread: what comes out does not depend on who did it. */
import { randomFillSync } from 'node:crypto';
import type { Bits } from '@skykey/bits';
import {
  amplify,
  type BothOptions,
  type BothOutcome,
  type ChainRun,
  distilBoth,
  lightOf,
  reconcileBoth,
} from '@skykey/distill';

/** Each job: what goes in and what comes out. Bits go over to the worker, and are overwritten there when it is done. */
export interface Jobs {
  readonly amplify: {
    readonly task: { readonly key: Bits; readonly seed: Bits; readonly outputBits: number };
    readonly result: Bits;
  };
  readonly reconcile: {
    readonly task: Omit<BothOptions, 'random'> & { readonly alice: Bits; readonly bob: Bits };
    readonly result: BothOutcome;
  };
  /** For the bench: sessions of both parties one after the other, the first of them to get warm. */
  readonly session: {
    readonly task: { readonly siftedBits: number; readonly seed: number; readonly sessions: number };
    readonly result: TimedSessions;
  };
}

export interface TimedSessions {
  /** All but the first. */
  readonly runs: readonly ChainRun[];
  /** When the second began and the last ended, ms since 1970: clocks of threads begin at different times. */
  readonly fromMs: number;
  readonly toMs: number;
}

export type JobName = keyof Jobs;
export type Task<K extends JobName> = Jobs[K]['task'];
export type Result<K extends JobName> = Jobs[K]['result'];

const systemRandom = (length: number): Uint8Array => randomFillSync(new Uint8Array(length));

const work: { readonly [K in JobName]: (task: Task<K>) => Result<K> | Promise<Result<K>> } = {
  amplify: ({ key, seed, outputBits }) => amplify(key, seed, outputBits),
  reconcile: ({ alice, bob, ...options }) => reconcileBoth(alice, bob, { ...options, random: systemRandom }),
  session,
};

/** The bits of a task or a result: what is handed over, and what held key. */
export function bitsOf(value: object): Uint8Array[] {
  const own = isBits(value) ? [value] : Object.values(value).filter(isBits);
  return own.map(({ bytes }) => bytes);
}

function isBits(value: unknown): value is Bits {
  return typeof value === 'object' && value !== null && 'bytes' in value && value.bytes instanceof Uint8Array;
}

/** Does a job, and overwrites the bits that it was given, whatever comes of it. */
export async function perform<K extends JobName>(job: K, task: Task<K>): Promise<Result<K>> {
  try {
    return await work[job](task);
  } finally {
    for (const bytes of bitsOf(task)) bytes.fill(0);
  }
}

async function session({ siftedBits, seed, sessions }: Task<'session'>): Promise<TimedSessions> {
  const nowMs = (): number => performance.timeOrigin + performance.now();
  const cpuS = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1e6;
  };
  const runs: ChainRun[] = [];
  // Drawn before the clock runs.
  const lights = Array.from({ length: sessions }, (_, i) => lightOf({ siftedBits, seed: seed + i }));
  let fromMs = nowMs();
  for (const [i, light] of lights.entries()) {
    if (i === 1) fromMs = nowMs();
    const run = await distilBoth(light, { siftedBits, seed: seed + i, random: systemRandom, cpuS });
    if (i) runs.push(run);
  }
  return { runs, fromMs, toMs: nowMs() };
}
