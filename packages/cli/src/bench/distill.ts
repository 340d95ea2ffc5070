/** `skykey bench distill`: the speeds of post-processing on one core, on two, and the memory it takes. */
import { execFile } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { counted, distillBench, type Figure, isMet, WARM_UP_SESSIONS } from '@skykey/distill';
import { Progress } from '../progress.ts';
import { WorkerPool } from '../workers/pool.ts';
import type { Memory } from './memory.ts';

export interface DistillFigures {
  readonly rounds: number;
  readonly quick: boolean;
  readonly figures: readonly (Figure & { readonly met: boolean })[];
  /** What was not measured here, and why. */
  readonly warnings: readonly string[];
}

/** Of the progress, what one core's figures are. */
const ONE_CORE = 0.85;
const MEGA = 1e6;

export async function distillFigures(rounds: number, quick: boolean): Promise<DistillFigures> {
  const progress = new Progress();
  const figures: Figure[] = [];
  const warnings: string[] = [];
  try {
    progress.report(0, 'the bench, the whole chain');
    figures.push(...(await chainFigures(rounds, quick)));
    const onOneCore = distillBench({
      cpuS: () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1e6;
      },
      random: (length) => randomFillSync(new Uint8Array(length)),
      rounds,
      quick,
      hash: { name: 'SHA-256 of node:crypto', digest: (bytes) => void createHash('sha256').update(bytes).digest() },
      progress: (name, done) => progress.report(ONE_CORE * done, `the bench, ${name}`),
    });
    for await (const figure of onOneCore) figures.push(figure);
    progress.report(ONE_CORE, 'the bench, two cores');
    if (availableParallelism() < 2) warnings.push('this machine has one core: nothing is said of two');
    else figures.push(...(await onTwoCores(rounds, quick)));
    progress.report(0.95, 'the bench, memory');
    figures.push(...(await memoryFigures(quick)));
  } finally {
    progress.end();
  }
  return { rounds, quick, figures: figures.map((figure) => ({ ...figure, met: isMet(figure) })), warnings };
}

/**
 * Two workers, each with sessions of its own, which begin together when both have their light and are warm. By the clock: from
 * the first word of the one that begins first to the last of the one that ends last, and what others on the machine take is
 * in it.
 */
async function onTwoCores(rounds: number, quick: boolean): Promise<Figure[]> {
  const pool = new WorkerPool(2);
  try {
    const siftedBits = quick ? 5e5 : 1e7;
    const seeds = [1000, 2000];
    await Promise.all(seeds.map((seed) => pool.run('prepare', { siftedBits, seed })));
    const before = process.cpuUsage();
    const done = await Promise.all(
      seeds.map((seed) => pool.run('session', { siftedBits, seed: seed + WARM_UP_SESSIONS, sessions: rounds })),
    );
    const runs = done.flatMap((one) => one.runs);
    const sifted = runs.reduce((sum, run) => sum + run.siftedBits, 0) / MEGA;
    const [fromMs, toMs] = [Math.min(...done.map((one) => one.fromMs)), Math.max(...done.map((one) => one.toMs))];
    const wall = sifted / ((toMs - fromMs) / 1000);
    // Of the whole process: what tidies up behind the workers is in it.
    const { user, system } = process.cpuUsage(before);
    const cpuS = (user + system) / 1e6;
    const size = `${siftedBits.toExponential(0).replace('+', '')} sifted bits`;
    return [
      {
        ...counted('chain', `${size}, two cores, by the clock`, 'Mbit/s', [wall], quick ? undefined : { least: 35 }),
        cpuS: cpuS / runs.length,
      },
      counted('chain', `${size}, two cores, by processor time`, 'Mbit/s', [(2 * sifted) / cpuS]),
    ];
  } finally {
    await pool.close();
  }
}

/** The most that a process of its own takes. */
async function memoryFigures(quick: boolean): Promise<Figure[]> {
  const [sifted, large] = quick ? [5e5, 1e6] : [1e7, 1e8];
  const chain = await memoryOf('chain', sifted);
  const amplify = await memoryOf('amplify', large);
  const size = (bits: number): string => bits.toExponential(0).replace('+', '');
  return [
    counted(
      'chain',
      `memory, ${size(sifted)} sifted bits, both parties, beyond the program and its light`,
      'MB',
      [(chain.peakBytes - chain.beforeBytes) / MEGA],
      { most: 256 },
    ),
    counted(
      'amplify',
      `memory, amplification of ${size(large)} bits, the whole process`,
      'MB',
      [amplify.peakBytes / MEGA],
      { most: 1000 },
    ),
  ];
}

async function memoryOf(task: 'chain' | 'amplify', bits: number): Promise<Memory> {
  return (await printedBy('./memory.ts', task, String(bits))) as Memory;
}

async function chainFigures(rounds: number, quick: boolean): Promise<Figure[]> {
  return (await printedBy('./chain.ts', String(rounds), quick ? 'quick' : 'whole')) as Figure[];
}

/** What a process of its own found. */
async function printedBy(script: string, ...args: string[]): Promise<unknown> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args]);
  return JSON.parse(stdout);
}
