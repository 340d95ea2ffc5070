/** `skykey keyrate`: counts in, secret length out, under a named proof; or the setting of a link that brings most. */
import {
  DEFAULT_PROOF,
  FiniteKeyError,
  type KeyDocument,
  keyLength,
  type Optimum,
  optimise,
  PROOFS,
  type Proof,
  proofNamed,
} from '@skykey/finitekey';
import { CliError } from './error.ts';
import { checkWritable, writeWhole } from './file.ts';
import { type CoverageOptions, coverageStudy } from './keyrate/coverage.ts';
import { readDocument } from './keyrate/document.ts';
import { type AskedLink, askedLink, LINK_OPTIONS, type LinkOptions } from './keyrate/link.ts';
import { optimumReport, proofTable, statementReport } from './keyrate/report.ts';
import { refuseUnused } from './lab/unused.ts';
import { Progress } from './progress.ts';

export interface KeyrateOptions extends LinkOptions, CoverageOptions {
  readonly list?: boolean;
  readonly counts?: string;
  readonly optimise?: boolean;
  readonly proof?: string;
  readonly plot?: string;
  readonly study?: string;
}

/** The document of `skykey keyrate --optimise --json`. */
export interface OptimumDocument extends Pick<Optimum, 'setting' | 'keyFromBlocks' | 'evaluations'> {
  readonly link: Omit<AskedLink, 'transmittance'>;
  /** Slices of the pass that are used: those that lose at most so much. */
  readonly window: { readonly slices: number; readonly of: number; readonly mostLossDb: number };
  /** What the key length was computed from; `skykey keyrate --counts` takes it as it is. */
  readonly counts: Optimum['document'];
  readonly statement: Optimum['statement'];
}

/** What one question is made of. */
const ASKED = [...LINK_OPTIONS, 'counts', 'optimise', 'proof', 'plot'] as const;

/** `skykey keyrate`. */
export async function keyrate(options: KeyrateOptions): Promise<void> {
  const { list, counts, json, plot, study } = options;
  if (study !== undefined) {
    if (study !== 'coverage') throw new CliError('cli/option', `--study ${study}: there is one, coverage`);
    refuseUnused(options, ['list', ...ASKED], '--study, which decides that by itself');
    coverageStudy(options);
    return;
  }
  refuseUnused(options, ['sessions', 'seed', 'results'], 'anything but --study');
  if (list) {
    refuseUnused(options, ASKED, '--list');
    print(json ? PROOFS.map(listed) : proofTable(PROOFS), json);
    return;
  }
  if (options.optimise ? counts !== undefined : counts === undefined) {
    throw new CliError(
      'cli/option',
      counts === undefined
        ? '--counts is missing: name a JSON file of counts (- for standard input), or give --optimise, or --list'
        : '--optimise finds settings for a link and needs no --counts; give one of the two',
    );
  }
  const proof = chosen(options.proof);
  checkWritable('--plot', plot);
  if (counts !== undefined) {
    refuseUnused(options, LINK_OPTIONS, '--counts');
    await fromCounts(counts, proof, options);
  } else await fromLink(proof, options);
}

const listed = (proof: Proof) => ({ ...proof, default: proof.name === DEFAULT_PROOF });

function print(result: unknown, json: boolean | undefined): void {
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : String(result));
}

function chosen(name: string = DEFAULT_PROOF): Proof {
  try {
    return proofNamed(name);
  } catch {
    const names = PROOFS.map((one) => one.name).join(', ');
    throw new CliError(
      'cli/option',
      `--proof ${name}: the proofs are ${names} ("skykey keyrate --list" explains them)`,
    );
  }
}

async function fromCounts(file: string, proof: Proof, { json, plot }: KeyrateOptions): Promise<void> {
  const document = await readDocument('--counts', file);
  // Whatever it is, it is checked there.
  const statement = explained(`--counts ${file}`, () => keyLength(proof.name, document as KeyDocument));
  if (plot !== undefined) {
    const { countsChart } = await import('./plot/keyrate-chart.ts');
    writeWhole('--plot', plot, countsChart(document as KeyDocument, proof));
  }
  print(json ? statement : statementReport(proof, statement, document as KeyDocument), json);
}

async function fromLink(proof: Proof, options: KeyrateOptions): Promise<void> {
  const { json, plot } = options;
  const asked = await askedLink(options);
  const optimum = explained('--optimise', () => optimise({ ...asked.request, proof: proof.name }));
  if (plot !== undefined) {
    const { linkChart } = await import('./plot/keyrate-chart.ts');
    const progress = new Progress();
    try {
      writeWhole('--plot', plot, linkChart(asked, proof, progress));
    } finally {
      progress.end();
    }
  }
  print(json ? optimumDocument(asked, optimum) : optimumReport(proof, asked, optimum), json);
}

function optimumDocument(asked: AskedLink, optimum: Optimum): OptimumDocument {
  const { transmittance, ...link } = asked;
  const { setting, keyFromBlocks, evaluations, document, statement } = optimum;
  return {
    link,
    setting,
    window: {
      slices: optimum.slices,
      of: transmittance.length,
      mostLossDb: -10 * Math.log10(optimum.threshold),
    },
    keyFromBlocks,
    evaluations,
    counts: document,
    statement,
  };
}

/** A field of a document or a link, in a sentence that begins with the option it came by. */
function explained<T>(option: string, compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof FiniteKeyError)) throw error;
    throw new CliError('cli/option', `${option}: ${error.message}`, { cause: error });
  }
}
