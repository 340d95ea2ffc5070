/** `skykey amplify`: privacy amplification alone, on plain packed bit files (packages/distill/FORMAT.md). */
import { statSync } from 'node:fs';
import { type Bits, fromBytes, MAX_LENGTH } from '@skykey/bits';
import { amplifySteps, toeplitzSeedBits } from '@skykey/distill';
import { writeDurably } from './distill/durable.ts';
import { CliError } from './error.ts';
import { checkWritable, readBytes } from './file.ts';
import { Progress } from './progress.ts';

export interface AmplifyOptions {
  readonly key: string;
  readonly bits: number;
  readonly seed: string;
  readonly outBits: number;
  readonly out: string;
  readonly json?: boolean;
}

/** The document of `skykey amplify --json`. */
export interface AmplifyDocument {
  readonly key: string;
  readonly inputBits: number;
  readonly seed: string;
  readonly seedBits: number;
  readonly out: string;
  readonly outputBits: number;
  /** Processor time of the multiplication, without files. */
  readonly cpuS: number;
}

/** `skykey amplify`. */
export async function amplify(options: AmplifyOptions): Promise<void> {
  const document = amplifyFile(options);
  const { inputBits, outputBits, seedBits, cpuS, out } = document;
  const [input, output, seed] = [inputBits, outputBits, seedBits].map((bits) => bits.toLocaleString('en'));
  process.stdout.write(
    options.json
      ? `${JSON.stringify(document, null, 2)}\n`
      : `${input} bits to ${output}, seed of ${seed}, in ${cpuS.toPrecision(2)} s of processor time: ${out}\n`,
  );
}

/**
 * Reads, multiplies, writes: `out` is there whole, for this user alone, or not at all, and whatever stood there before
 * stays until then. What held key in memory is overwritten.
 * @throws CliError `cli/option`, `cli/file`
 */
export function amplifyFile(options: AmplifyOptions): AmplifyDocument {
  const { bits: inputBits, outBits: outputBits, out } = options;
  if (inputBits < 1) throw new CliError('cli/option', '--bits is at least 1: how many bits of the key file are key');
  if (outputBits < 1 || outputBits > inputBits) {
    throw new CliError(
      'cli/option',
      `--out-bits is from 1 to ${inputBits} (--bits), not ${outputBits}: privacy amplification shortens`,
    );
  }
  const seedBits = toeplitzSeedBits(inputBits, outputBits);
  for (const [option, file] of Object.entries({ '--key': options.key, '--seed': options.seed })) {
    if (sameFile(file, out)) {
      throw new CliError('cli/option', `--out ${out} is the file of ${option}: name another, so that nothing is lost`);
    }
  }
  if (sameFile(options.key, options.seed)) {
    throw new CliError(
      'cli/option',
      `--seed ${options.seed} is the key itself: a seed is drawn on its own, after the key was fixed`,
    );
  }
  if (seedBits > MAX_LENGTH) {
    throw new CliError(
      'cli/option',
      `--bits and --out-bits make a seed of ${seedBits} bits; ${MAX_LENGTH} are the most`,
    );
  }
  checkWritable('--out', out);
  if (statSync(out, { throwIfNoEntry: false })?.isFile() === false) {
    throw new CliError('cli/file', `--out ${out} is not a file that can be replaced: name a new one`);
  }

  const input = readBits('--key', options.key, inputBits, '--bits');
  let output: Bits | undefined;
  const progress = new Progress();
  try {
    const seed = readBits('--seed', options.seed, seedBits, '--bits and --out-bits');
    const before = process.cpuUsage();
    const steps = amplifySteps(input, seed, outputBits);
    for (let step = steps.next(); ; step = steps.next()) {
      if (step.done) {
        output = step.value;
        break;
      }
      progress.report(step.value, 'the multiplication');
    }
    const { user, system } = process.cpuUsage(before);
    writeKey(out, output.bytes);
    const { key, seed: seedFile } = options;
    return { key, inputBits, seed: seedFile, seedBits, out, outputBits, cpuS: (user + system) / 1e6 };
  } finally {
    progress.end();
    input.bytes.fill(0);
    output?.bytes.fill(0);
  }
}

/** The first `bits` bits of a file; what comes after them, in the last byte too, is not looked at. */
function readBits(option: string, file: string, bits: number, from: string): Bits {
  const bytes = readBytes(option, file);
  try {
    if (bytes.length * 8 < bits) {
      const need = Math.ceil(bits / 8);
      throw new CliError(
        'cli/file',
        `${option} ${file} has ${bytes.length} bytes; ${from} ask for ${bits} bits, which are ${need}`,
      );
    }
    return fromBytes(bytes, bits);
  } finally {
    bytes.fill(0);
  }
}

/** Whether two paths lead to one file, by whatever links. */
function sameFile(a: string, b: string): boolean {
  const [one, other] = [a, b].map((path) => statSync(path, { bigint: true, throwIfNoEntry: false }));
  return one !== undefined && other !== undefined && one.dev === other.dev && one.ino === other.ino;
}

function writeKey(file: string, bytes: Uint8Array): void {
  try {
    writeDurably(file, bytes);
  } catch (error) {
    throw new CliError('cli/file', `--out ${file} cannot be written: ${(error as Error).message}`, { cause: error });
  }
}
