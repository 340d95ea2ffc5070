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
  WARM_UP_SESSIONS,
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
  /** For the bench: the light of the sessions that this thread is to do, and some of them to get warm. */
  readonly prepare: {
    readonly task: { readonly siftedBits: number; readonly seed: number };
    readonly result: readonly ChainRun[];
  };
  /** For the bench: sessions of both parties one after the other, with the light that is there. */
  readonly session: {
    readonly task: { readonly siftedBits: number; readonly seed: number; readonly sessions: number };
    readonly result: TimedSessions;
  };
}

export interface TimedSessions {
  readonly runs: readonly ChainRun[];
  /** When the first began and the last ended, ms since 1970: clocks of threads begin at different times. */
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
  prepare,
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

/** What this thread has prepared. */
type Light = ReturnType<typeof lightOf>;
let light: Light | undefined;

const cpuS = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
};

async function prepare({ siftedBits, seed }: Task<'prepare'>): Promise<ChainRun[]> {
  light = lightOf({ siftedBits, seed });
  return runAll(light, { siftedBits, seed, sessions: WARM_UP_SESSIONS });
}

async function session(task: Task<'session'>): Promise<TimedSessions> {
  if (!light) throw new RangeError('a session of the bench needs light: prepare it first');
  const nowMs = (): number => performance.timeOrigin + performance.now();
  const fromMs = nowMs();
  const runs = await runAll(light, task);
  return { runs, fromMs, toMs: nowMs() };
}

async function runAll(of: Light, { siftedBits, seed, sessions }: Task<'session'>): Promise<ChainRun[]> {
  const runs: ChainRun[] = [];
  for (let i = 0; i < sessions; i++)
    runs.push(await distilBoth(of, { siftedBits, seed: seed + i, random: systemRandom, cpuS }));
  return runs;
}
