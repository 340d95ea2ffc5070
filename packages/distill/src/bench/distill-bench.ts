import type { Bits } from '@skykey/bits';
import { binaryEntropy } from '@skykey/finitekey';
import { Ldpc, twins } from '@skykey/kernels';
import { amplify, toeplitzSeedBits } from '../amplify.ts';
import { TAG_BYTES } from '../authenticate.ts';
import { codeOf } from '../ldpc/one-way.ts';
import { PolynomialHash } from '../polynomial-hash.ts';
import { PADS } from '../protocol.ts';
import { type BothOutcome, reconcileBoth } from '../reconcile-both.ts';
import type { RandomBytes } from '../types.ts';
import { type ChainRun, distilBoth, lightOf, WARM_UP_SESSIONS } from './chain.ts';
import { keyPair, randomBits, seededBytes } from './keys.ts';
import { measure, type Timing, timingOf } from './measure.ts';
import { textbookCascade } from './textbook-cascade.ts';

/** The speeds of post-processing, stage by stage and as a whole, on one core. Processor time, so that others on the machine do not count. */

/** What a figure must reach. */
export interface Limit {
  readonly least?: number;
  readonly most?: number;
}

/** One figure: median of the rounds, the worst and the best of them. */
export interface Figure {
  /** Stage: `cascade`, `ldpc`, `amplify`, `hash`, `chain`. */
  readonly stage: Stage;
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly least: number;
  readonly most: number;
  readonly rounds: number;
  /** Processor seconds of one run, median; none for what is no speed. */
  readonly cpuS?: number;
  readonly expected?: Limit;
  /** The same work done by somebody else in the same process, in the same unit, and value / that. */
  readonly reference?: { readonly name: string; readonly value: number; readonly ratio: number };
}

export type Stage = 'cascade' | 'ldpc' | 'amplify' | 'hash' | 'chain';

export interface DistillBenchOptions {
  /** Processor seconds used so far by this thread. */
  readonly cpuS: () => number;
  readonly random: RandomBytes;
  /** Of which each figure is the median. */
  readonly rounds: number;
  /** Small sizes, to see that it works. */
  readonly quick: boolean;
  /** A hash of the platform's own, for comparison. It makes no authentication: its key would not be spent. */
  readonly hash: { readonly name: string; readonly digest: (bytes: Uint8Array) => void };
  /** Told what is being measured, and how much was done, from 0 to 1. */
  readonly progress: (name: string, done: number) => void;
}

/** Whether a figure is what it must be; true for one of which nothing is asked. */
export function isMet({ value, expected: { least = -Infinity, most = Infinity } = {} }: Figure): boolean {
  return value >= least && value <= most;
}

/** A speed: work a second. */
function speed(
  figure: Pick<Figure, 'stage' | 'name' | 'unit' | 'expected'>,
  work: number,
  { medianS, leastS, mostS }: Timing,
  rounds: number,
  reference?: { readonly name: string; readonly timing: Timing; readonly work: number },
): Figure {
  const value = work / medianS;
  const theirs = reference && reference.work / reference.timing.medianS;
  return {
    ...figure,
    ...{ value, least: work / mostS, most: work / leastS, rounds, cpuS: medianS },
    ...(theirs && { reference: { name: reference.name, value: theirs, ratio: value / theirs } }),
  };
}

/** A figure that has no spread: counted, or taken once. */
export function counted(stage: Stage, name: string, unit: string, values: readonly number[], expected?: Limit): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    ...{ stage, name, unit, value: sorted[sorted.length >> 1]!, least: sorted[0]!, most: sorted.at(-1)! },
    rounds: values.length,
    ...(expected && { expected }),
  };
}

const MBIT = 1e6;
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** The figures of one core but for those of the whole chain. Yields each when it is there. */
export async function* distillBench(options: DistillBenchOptions): AsyncGenerator<Figure> {
  const stages = [cascadeFigures, ldpcFigures, amplifyFigures, hashFigures];
  for (const [i, stage] of stages.entries()) {
    const progress = (name: string, done: number): void => options.progress(name, (i + done) / stages.length);
    yield* stage({ ...options, progress });
  }
}

/** Row 1. */
async function* cascadeFigures(options: DistillBenchOptions): AsyncGenerator<Figure> {
  const { cpuS, rounds, quick, progress } = options;
  const bits = quick ? 100_000 : 1_000_000;
  const rates = [0.005, 0.01, 0.02, 0.03, 0.05];
  for (const [i, errorRate] of rates.entries()) {
    const percent = `${100 * errorRate} %`;
    progress(`Cascade at ${percent}`, i / rates.length);
    const { alice, bob } = keyPair(bits, errorRate, 10 + i);
    const outcomes: { efficiency: number; roundTrips: number; messages: number; residual: number }[] = [];
    let seed = 100 * i;
    const timing = await measure(cpuS, rounds, async () => {
      const found = await reconcileBoth(alice, bob, { method: 'cascade', errorRate, random: seededBytes(seed++) });
      outcomes.push({
        efficiency: found.efficiency,
        roundTrips: found.roundTrips,
        messages: found.messageBits / (bits * binaryEntropy(found.errors / bits)),
        residual: found.residualErrors,
      });
    });
    const textbook = await measure(cpuS, Math.min(rounds, 3), () => textbookCascade(alice, bob, errorRate, seed++));
    yield speed(
      { stage: 'cascade', name: `Cascade at ${percent}`, unit: 'Mbit/s', expected: { least: 50 } },
      bits / MBIT,
      timing,
      rounds,
      { name: 'Cascade as published in 1993', timing: textbook, work: bits / MBIT },
    );
    const each = (of: (outcome: (typeof outcomes)[number]) => number): number[] => outcomes.map(of);
    const about = (name: string, unit: string, values: number[], most: number): Figure =>
      // Of several runs the worst must do.
      ({ ...counted('cascade', `${name} at ${percent}`, unit, values, { most }), value: Math.max(...values) });
    yield counted(
      'cascade',
      `efficiency at ${percent}`,
      'f',
      each(({ efficiency }) => efficiency),
      { most: 1.04 },
    );
    yield about(
      'round trips',
      '',
      each(({ roundTrips }) => roundTrips),
      200,
    );
    yield about(
      'messages',
      'n h(q)',
      each(({ messages }) => messages),
      5,
    );
    yield about(
      'wrong bits left',
      'bits',
      each(({ residual }) => residual),
      0,
    );
  }
}

/** Row 2. */
async function* ldpcFigures(options: DistillBenchOptions): AsyncGenerator<Figure> {
  const { cpuS, rounds, quick, progress } = options;
  const kinds = [
    { family: 'short', bits: quick ? 102_400 : 1_024_000, pairs: quick ? 1 : 4, least: 50, most: 1.25 },
    { family: 'long', bits: quick ? 102_400 : 819_200, pairs: quick ? 1 : 8, least: 8, most: 1.12 },
  ] as const;
  const rates = quick ? [0.03] : [0.02, 0.03, 0.05, 0.08];
  const ratio = await sweepRatio(cpuS);
  const rows = kinds.flatMap((kind) => rates.map((errorRate) => ({ ...kind, errorRate })));
  for (const [i, { family, bits, pairs, least, most, errorRate }] of rows.entries()) {
    const at = `${family} frames at ${100 * errorRate} %`;
    const name = `LDPC, ${at}`;
    progress(name, i / rows.length);
    // What one message leaks does not follow the errors that a key happens to have: f is that of many frames.
    const keys = Array.from({ length: pairs }, (_, k) => keyPair(bits, errorRate, 2000 + 100 * i + 2 * k));
    const outcomes: BothOutcome[] = [];
    const correct = async (): Promise<void> => {
      const { alice, bob } = keys[outcomes.length % pairs]!;
      const random = seededBytes(300 + outcomes.length);
      outcomes.push(await reconcileBoth(alice, bob, { method: 'ldpc', family, errorRate, random }));
    };
    const timing = await measure(cpuS, rounds, correct);
    while (outcomes.length < pairs) await correct();
    const figure = speed({ stage: 'ldpc', name, unit: 'Mbit/s', expected: { least } }, bits / MBIT, timing, rounds);
    yield {
      ...figure,
      reference: { name: 'decoder in plain TypeScript, sweep for sweep', value: figure.value / ratio, ratio },
    };
    const once = outcomes.slice(0, pairs);
    const leaked = sum(once.map(({ leakedBits }) => leakedBits));
    const shannon = sum(once.map(({ errors }) => bits * binaryEntropy(errors / bits)));
    const each = once.map(({ efficiency }) => efficiency);
    yield { ...counted('ldpc', `efficiency, ${at}`, 'f', each, { most }), value: leaked / shannon };
    const residual = Math.max(...outcomes.map(({ residualErrors }) => residualErrors));
    yield counted('ldpc', `wrong bits left, ${at}`, 'bits', [residual], { most: 0 });
  }
}

/** How much faster the kernel decodes than its twin: a frame of a small code, three sweeps, the same result. */
async function sweepRatio(cpuS: () => number): Promise<number> {
  const [lift, layers] = [64, 64];
  const code = codeOf('short', lift, layers);
  const rows = lift * layers;
  const task = { rows, unknown: new Array<number>(code.columns).fill(lift), nats: Math.log(0.97 / 0.03), sweeps: 3 };
  const syndrome = randomBits(rows, 5).bytes;
  const kernel = new Ldpc(code);
  const [fast, slow] = [
    await measure(cpuS, 3, () => kernel.decode(syndrome, task)),
    await measure(cpuS, 1, () => twins.decode(code, syndrome, task)),
  ];
  return slow.medianS / fast.medianS;
}

/** Row 3. */
async function* amplifyFigures(options: DistillBenchOptions): AsyncGenerator<Figure> {
  const { cpuS, rounds, quick, progress } = options;
  const sizes = quick ? [1e5, 1e6] : [1e6, 1e7, 1e8];
  for (const [i, inputBits] of sizes.entries()) {
    const name = `amplification of ${inputBits.toExponential(0).replace('+', '')} bits to a quarter`;
    progress(name, i / sizes.length);
    const task = matrix(inputBits);
    const large = inputBits > 1e7;
    const timing = await measure(cpuS, large ? Math.min(2, rounds) : rounds, () => amplify(...task));
    // The twin takes minutes for more.
    const small = matrix(Math.min(inputBits, 1e6));
    const twin = i === 0 ? await measure(cpuS, 1, () => twins.toeplitz(...small)) : undefined;
    yield speed(
      { stage: 'amplify', name, unit: 'Mbit/s', expected: { least: large ? 60 : 100 } },
      inputBits / MBIT,
      timing,
      large ? Math.min(2, rounds) : rounds,
      twin && { name: 'plain TypeScript', timing: twin, work: small[0].length / MBIT },
    );
  }
}

function matrix(inputBits: number): [Bits, Bits, number] {
  const outputBits = inputBits / 4;
  return [randomBits(inputBits, 1), randomBits(toeplitzSeedBits(inputBits, outputBits), 2), outputBits];
}

/** Row 4. */
async function* hashFigures({ cpuS, rounds, quick, hash, progress }: DistillBenchOptions): AsyncGenerator<Figure> {
  progress('authentication', 0);
  const text = randomBits(quick ? 8e6 : 128e6, 3).bytes;
  const point = randomBits(128, 4).bytes;
  const ours = await measure(cpuS, rounds, () => new PolynomialHash(point).update(text).digest());
  const theirs = await measure(cpuS, rounds, () => hash.digest(text));
  yield speed(
    { stage: 'hash', name: 'authentication hash', unit: 'MB/s', expected: { least: 500 } },
    text.length / 1e6,
    ours,
    rounds,
    { name: hash.name, timing: theirs, work: text.length / 1e6 },
  );
  yield counted('hash', 'authentication key of a pass', 'bits', [8 * TAG_BYTES * PADS], { most: 512 });
}

/**
 * Row 5, what one core shows of it. For a process of its own: the collector of garbage looks through all that a process has
 * loaded, so that the same session takes a fifth longer in one with three times as much in memory.
 */
export async function* chainBench(
  options: Pick<DistillBenchOptions, 'cpuS' | 'random' | 'rounds' | 'quick' | 'progress'>,
): AsyncGenerator<Figure> {
  const { cpuS, random, rounds, quick, progress } = options;
  const sizes = quick
    ? [{ siftedBits: 5e5, mostS: 0.5 }]
    : [
        { siftedBits: 1e6, mostS: 0.5 },
        { siftedBits: 1e7, mostS: 3 },
      ];
  for (const [i, { siftedBits, mostS }] of sizes.entries()) {
    const size = `${siftedBits.toExponential(0).replace('+', '')} sifted bits`;
    progress(`the whole chain, ${size}`, i / sizes.length);
    const light = lightOf({ siftedBits, seed: 0 });
    const runs: ChainRun[] = [];
    for (let seed = 0; seed < WARM_UP_SESSIONS + rounds; seed++)
      runs.push(await distilBoth(light, { siftedBits, seed, random, cpuS }));
    const timed = runs.slice(WARM_UP_SESSIONS);
    const seconds = timed.map((run) => run.cpuS);
    yield {
      ...counted('chain', `${size}, both parties`, 's', seconds, { most: mostS }),
      cpuS: timingOf(seconds).medianS,
    };
    if (!i) yield counted('chain', `${size}, the first of a process`, 's', [runs[0]!.cpuS]);
    yield counted(
      'chain',
      `${size}, one core`,
      'Mbit/s',
      timed.map((run) => run.siftedBits / MBIT / run.cpuS),
      siftedBits >= 1e7 ? { least: 20 } : undefined,
    );
  }
}
