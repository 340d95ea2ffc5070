/** The link of `skykey keyrate --optimise`: a JSON file, options, or both. */
import { VERIFICATION_TAG_BYTES } from '@skykey/distill';
import type { OptimiseRequest } from '@skykey/finitekey';
import { CliError } from '../error.ts';
import { readDocument } from './document.ts';

export interface LinkOptions {
  /** JSON file with the fields of `FIELDS`; an option stands before a field. */
  readonly link?: string;
  readonly loss?: number;
  readonly pulses?: number;
  readonly noise?: number;
  readonly misalignment?: number;
  readonly afterPulses?: number;
  readonly decoys?: number;
  readonly weakest?: number;
  readonly receiverBasis?: number;
  readonly mismatch?: number;
  readonly efficiency?: number;
  readonly epsSec?: number;
  readonly epsCor?: number;
  readonly tagBits?: TagBits;
}

/** Bits of the verification tag as it is sent; `published`: log2(2 / epsCor), as published formulas charge. */
export type TagBits = number | 'published';

export const LINK_OPTIONS = [
  'link',
  'loss',
  'pulses',
  'noise',
  'misalignment',
  'afterPulses',
  'decoys',
  'weakest',
  'receiverBasis',
  'mismatch',
  'efficiency',
  'epsSec',
  'epsCor',
  'tagBits',
] as const satisfies readonly (keyof LinkOptions)[];

/** What a session sends to verify. */
const SESSION_TAG_BITS = 8 * VERIFICATION_TAG_BYTES;

/** Name in the file, option, and what is taken where neither is there. */
const FIELDS = {
  pulses: { option: 'pulses', usual: null },
  noise: { option: 'noise', usual: 5e-7 },
  misalignment: { option: 'misalignment', usual: 0.01 },
  afterPulsing: { option: 'afterPulses', usual: 0 },
  efficiency: { option: 'efficiency', usual: 1.16 },
  epsSec: { option: 'epsSec', usual: 1e-9 },
  epsCor: { option: 'epsCor', usual: 1e-15 },
} as const;
const RULES = {
  decoys: 'decoys',
  weakest: 'weakest',
  receiverKeyBasis: 'receiverBasis',
  detectorMismatch: 'mismatch',
} as const;

type LinkFile = Readonly<Partial<Record<'lossDb' | 'tagBits' | keyof typeof FIELDS | keyof typeof RULES, unknown>>>;

export interface AskedLink {
  /** One a slice. */
  readonly transmittance: readonly number[];
  readonly lossDb: number | readonly number[];
  readonly request: Omit<OptimiseRequest, 'proof' | 'near'>;
  /** What was neither in the file nor an option. */
  readonly assumed: readonly string[];
}

/** Throws CliError `cli/option`, `cli/file`. */
export async function askedLink(options: LinkOptions): Promise<AskedLink> {
  const file = await linkFile(options.link);
  const lossDb = lossOf(options, file);
  const assumed: string[] = [];
  const numberOf = (field: keyof typeof FIELDS): number => {
    const { option, usual } = FIELDS[field];
    const value = options[option] ?? file[field] ?? usual;
    if (value === null) {
      throw new CliError('cli/option', `--${option} is missing: give it, or ${field} in the file of --link`);
    }
    if (typeof value !== 'number') {
      throw new CliError(
        'cli/option',
        `--link ${options.link}: ${field} must be a number, not ${JSON.stringify(value)}`,
      );
    }
    if (options[option] === undefined && file[field] === undefined) assumed.push(`${field} ${value}`);
    return value;
  };
  const tagOf = (): { tagBits?: number } => {
    const tagBits = options.tagBits ?? file.tagBits;
    if (tagBits === 'published') return {};
    if (tagBits !== undefined && typeof tagBits !== 'number') {
      const words = `must be a number or "published", not ${JSON.stringify(tagBits)}`;
      throw new CliError('cli/option', `--link ${options.link}: tagBits ${words}`);
    }
    if (tagBits === undefined) assumed.push(`tagBits ${SESSION_TAG_BITS}`);
    return { tagBits: tagBits ?? SESSION_TAG_BITS };
  };
  const rules = Object.fromEntries(
    (['decoys', 'weakest', 'receiverKeyBasis', 'detectorMismatch'] as const)
      .map((field) => [field, options[RULES[field]] ?? file[field]])
      .filter(([, value]) => value !== undefined),
  );
  const values = typeof lossDb === 'number' ? [lossDb] : lossDb;
  const transmittance = values.map((loss) => 10 ** (-loss / 10));
  const request = {
    ...rules,
    link: {
      transmittance,
      pulses: numberOf('pulses'),
      noise: numberOf('noise'),
      misalignment: numberOf('misalignment'),
      afterPulsing: numberOf('afterPulsing'),
    },
    efficiency: numberOf('efficiency'),
    epsSec: numberOf('epsSec'),
    epsCor: numberOf('epsCor'),
    ...tagOf(),
  };
  return { transmittance, lossDb, request, assumed };
}

async function linkFile(name: string | undefined): Promise<LinkFile> {
  if (name === undefined) return {};
  const value = await readDocument('--link', name);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CliError('cli/file', `--link ${name} must be a JSON object, for instance {"lossDb": 30, "pulses": 1e10}`);
  }
  const known = ['lossDb', ...Object.keys(FIELDS), 'tagBits', ...Object.keys(RULES)];
  for (const field of Object.keys(value)) {
    if (known.includes(field)) continue;
    throw new CliError('cli/file', `--link ${name}: ${field} is not known; the fields are ${known.join(', ')}`);
  }
  return value as LinkFile;
}

/** No link that brings a key loses more. */
const MOST_LOSS_DB = 150;

function lossOf(options: LinkOptions, file: LinkFile): number | readonly number[] {
  const value = options.loss ?? file.lossDb;
  if (value === undefined) {
    throw new CliError(
      'cli/option',
      '--loss is missing: give the loss of the link in dB, detectors included, or a --link file with lossDb',
    );
  }
  const from = options.loss === undefined ? `--link ${options.link}: lossDb` : '--loss';
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  const bad = values.find((loss) => !(typeof loss === 'number' && loss >= 0 && loss <= MOST_LOSS_DB));
  if (values.length === 0 || bad !== undefined) {
    throw new CliError(
      'cli/option',
      `${from} must be from 0 to ${MOST_LOSS_DB} dB (one number, or one for each slice of a pass), not ${JSON.stringify(bad ?? value)}`,
    );
  }
  return value as number | readonly number[];
}
