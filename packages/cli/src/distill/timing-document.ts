/** `skykey-timing/1`: what the receiver knows of when its tags were taken, beside a recording without slots. */
import { type ClockLine, clockOfSeconds, type LightTimeTable, Prediction } from '@skykey/distill';
import { CliError } from '../error.ts';
import { readText } from '../file.ts';

const FORMAT = 'skykey-timing/1';

/** Times are ps; "the common scale" counts from an instant of UTC that both parties have agreed, best a second near the pass. */
export interface TimingDocument {
  /** Rows of the recording: one with more or fewer is not the one that was made. */
  readonly tags: number;
  /** Standard deviation of a tag of light about the centre of its slot: pulse, detector and clock together. */
  readonly jitterPs: number;
  /** When slot 0 leaves the sender, on the common scale. */
  readonly slotZeroPs: number;
  /**
   * The tagger's readings of the pulse-per-second, one each second without a gap, of which the first is second `firstSecond`
   * of the common scale; from before the first light of the block to after the last, which is how long it watched.
   */
  readonly pulsePerSecond: {
    readonly firstSecond: number;
    /** Most by which a reading may be off the line of all. */
    readonly tolerancePs: number;
    readonly readingPs: readonly number[];
  };
  /** One-way flight time by time of reception on the common scale, with its derivatives, in equal steps. */
  readonly lightTime: {
    readonly startPs: number;
    readonly stepPs: number;
    readonly delayPs: readonly number[];
    readonly ratePsPerS: readonly number[];
    readonly accelerationPsPerS2: readonly number[];
    readonly jerkPsPerS3: readonly number[];
  };
  readonly simulated: boolean;
}

type Shape = 'number' | 'numbers' | 'truth' | { readonly [field: string]: Shape };

const SHAPE: Shape = {
  tags: 'number',
  jitterPs: 'number',
  slotZeroPs: 'number',
  pulsePerSecond: { firstSecond: 'number', tolerancePs: 'number', readingPs: 'numbers' },
  lightTime: {
    startPs: 'number',
    stepPs: 'number',
    delayPs: 'numbers',
    ratePsPerS: 'numbers',
    accelerationPsPerS2: 'numbers',
    jerkPsPerS3: 'numbers',
  },
  simulated: 'truth',
};

const NAMES = { number: 'a number', numbers: 'a list of numbers', truth: 'true or false' };

/** Where the timing of a recording is looked for, when nobody says. */
export function timingFileOf(tags: string): string {
  return `${tags}.timing.json`;
}

export function timingText(timing: TimingDocument): string {
  return `${JSON.stringify({ format: FORMAT, ...timing }, null, 1)}\n`;
}

/** Throws CliError `cli/file`, naming the field. */
export function readTiming(file: string): TimingDocument {
  const text = readText('--timing', file);
  const refuse = (problem: string, cause?: unknown): never => {
    throw new CliError('cli/file', `--timing ${file}: ${problem}`, { cause });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(`it is no JSON (${(error as Error).message})`, error);
  }
  const { format, ...timing } = (value ?? {}) as { readonly format?: unknown };
  if (format !== FORMAT) {
    refuse(`format is ${JSON.stringify(format) ?? 'not there'}; this program reads "${FORMAT}"`);
  }
  const problem = problemOf(timing, SHAPE, '');
  if (problem !== undefined) refuse(problem);
  return timing as TimingDocument;
}

/** The first field that is not as it should be, in a sentence. */
function problemOf(value: unknown, shape: Shape, at: string): string | undefined {
  const isNumber = (one: unknown): boolean => typeof one === 'number' && Number.isFinite(one);
  if (typeof shape === 'string') {
    const fits =
      shape === 'number' ? isNumber(value) : shape === 'truth' ? typeof value === 'boolean' : Array.isArray(value);
    if (!fits) return `${at} must be ${NAMES[shape]}, not ${JSON.stringify(value)?.slice(0, 40) ?? 'left out'}`;
    const odd = shape === 'numbers' ? (value as unknown[]).findIndex((one) => !isNumber(one)) : -1;
    return odd < 0 ? undefined : `${at}[${odd}] must be a number, not ${JSON.stringify((value as unknown[])[odd])}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return `${at} must be an object`;
  const inside = (field: string): string => (at ? `${at}.${field}` : field);
  const unknown = Object.keys(value).find((field) => !Object.hasOwn(shape, field));
  if (unknown !== undefined) return `${inside(unknown)} is not known; there are ${Object.keys(shape).join(', ')}`;
  for (const [field, one] of Object.entries(shape)) {
    const problem = problemOf((value as Record<string, unknown>)[field], one, inside(field));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/**
 * Where the light of a block is expected, and the stretch of the tagger's clock in which its tags are: up to `marginPs` to
 * either side. Throws CliError `cli/file` for a timing that does not reach over the block or contradicts itself.
 */
export function expectationOf(
  file: string,
  { slotZeroPs, pulsePerSecond, lightTime }: TimingDocument,
  {
    pulses,
    pulseRateHz,
    marginPs,
  }: { readonly pulses: number; readonly pulseRateHz: number; readonly marginPs: number },
): { readonly prediction: Prediction; readonly fromPs: number; readonly untilPs: number } {
  const { firstSecond, tolerancePs, readingPs } = pulsePerSecond;
  const refuse = (problem: string, cause?: unknown): never => {
    throw new CliError('cli/file', `--timing ${file}: ${problem}`, { cause });
  };
  const columns = (table: TimingDocument['lightTime']): LightTimeTable => ({
    startPs: table.startPs,
    stepPs: table.stepPs,
    delayPs: Float64Array.from(table.delayPs),
    ratePsPerS: Float64Array.from(table.ratePsPerS),
    accelerationPsPerS2: Float64Array.from(table.accelerationPsPerS2),
    jerkPsPerS3: Float64Array.from(table.jerkPsPerS3),
  });
  try {
    const clock: ClockLine = clockOfSeconds(Float64Array.from(readingPs), firstSecond, tolerancePs);
    const prediction = new Prediction(clock, columns(lightTime), { firstPs: slotZeroPs, pulseRateHz });
    const endPs = (pulses * 1e12) / pulseRateHz;
    const [fromPs, untilPs] = [prediction.readingPs(-marginPs), prediction.readingPs(endPs + marginPs)];
    const [first, last] = [readingPs[0]!, readingPs[readingPs.length - 1]!];
    const seconds = (ps: number): string => `${(ps * 1e-12).toFixed(3)} s`;
    if (first > fromPs || last < untilPs) {
      refuse(
        `pulsePerSecond.readingPs reaches from ${seconds(first)} to ${seconds(last)} of the tagger's clock, and the light ` +
          `of the block from ${seconds(fromPs)} to ${seconds(untilPs)}: a pass that was not watched to its end gives no key`,
      );
    }
    return { prediction, fromPs, untilPs };
  } catch (error) {
    if (error instanceof CliError) throw error;
    return refuse((error as Error).message, error);
  }
}
