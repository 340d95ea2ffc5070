/** `link.json`: what both parties of a session must have alike, each from its own copy. */
import { checkParameters, type SessionParameters } from '@skykey/distill';
import { CliError } from '../error.ts';
import { readText } from '../file.ts';

const FORMAT = 'skykey-link/2';

/** A link as `link.json` has it. */
export interface LinkDocument {
  readonly parameters: SessionParameters;
  readonly pulseRateHz: number;
  readonly sync: SyncExpectation;
}

/** What the receiver knows of the sender's clock before it has seen a tag, and which clicks count. */
export interface SyncExpectation {
  /** Most by which clocks and ephemeris may be off, ps. */
  readonly offsetUncertaintyPs: number;
  /** Most by which their rates may differ, relative. */
  readonly slopeUncertainty: number;
  /** Clicks up to half of this from the centre of their slot count, ps; fixed before any bit is looked at. */
  readonly gatePs: number;
}

type Shape = 'text' | 'number' | 'three numbers' | { readonly [field: string]: Shape };

const SHAPE = {
  format: 'text',
  sessionId: 'text',
  linkId: 'text',
  pulses: 'number',
  pulseRateHz: 'number',
  meanPhotons: 'three numbers',
  probabilities: 'three numbers',
  detectorMismatch: 'number',
  epsSec: 'number',
  epsCor: 'number',
  proof: 'text',
  method: 'text',
  monitorProbability: 'number',
  alarm: {
    expectedQber: 'number',
    qberDrift: 'number',
    softFalseAlarm: 'number',
    hardQber: 'number',
    hardFalseAlarm: 'number',
  },
  sync: { offsetUncertaintyPs: 'number', slopeUncertainty: 'number', gatePs: 'number' },
} as const satisfies Shape;

type Shaped<S> = S extends 'text'
  ? string
  : S extends 'number'
    ? number
    : S extends 'three numbers'
      ? readonly [number, number, number]
      : { readonly [F in keyof S]: Shaped<S[F]> };

/** Reads and checks a file. Throws CliError `cli/file` or `cli/link`, naming the field. */
export function readLink(file: string): LinkDocument {
  const text = readText('--link', file);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CliError('cli/link', `${file} is no JSON: ${(error as Error).message}`, { cause: error });
  }
  try {
    return linkOf(value);
  } catch (error) {
    const { message } = error as Error;
    throw new CliError('cli/link', `${file}: ${message}`, { cause: error });
  }
}

/** Throws an Error with a sentence that names the field. */
function linkOf(value: unknown): LinkDocument {
  const { format } = (value ?? {}) as { format?: unknown };
  if (format === 'skykey-link/1') {
    throw new Error(
      `format is "skykey-link/1", which is read no longer; write "${FORMAT}", "proof": "tilted" in place of bound, "method": "auto", and "detectorMismatch": 0`,
    );
  }
  if (format !== FORMAT) {
    throw new Error(`format is ${JSON.stringify(format) ?? 'not there'}; this program reads "${FORMAT}"`);
  }
  check(value, SHAPE, '');
  const { format: _, pulseRateHz, sync, ...rest } = value as Shaped<typeof SHAPE>;
  const parameters = rest as SessionParameters;
  checkParameters(parameters);
  if (!(pulseRateHz > 0)) throw new Error(`pulseRateHz must be above 0, not ${pulseRateHz}`);
  for (const [field, number] of Object.entries(sync)) {
    if (!(number >= 0)) throw new Error(`sync.${field} must be at least 0, not ${number}`);
  }
  const slotPs = 1e12 / pulseRateHz;
  if (!(sync.gatePs > 0 && sync.gatePs <= slotPs)) {
    throw new Error(`sync.gatePs must be above 0 and at most a slot, ${slotPs} ps, not ${sync.gatePs}`);
  }
  return { parameters, pulseRateHz, sync };
}

function check(value: unknown, shape: Shape, at: string): void {
  const refuse = (what: string): never => {
    throw new Error(`${at || 'the document'} must be ${what}, not ${JSON.stringify(value) ?? 'left out'}`);
  };
  const isNumber = (one: unknown): boolean => typeof one === 'number' && Number.isFinite(one);
  if (typeof shape === 'string') {
    if (shape === 'text' && typeof value !== 'string') refuse('a text');
    if (shape === 'number' && !isNumber(value)) refuse('a number');
    if (shape === 'three numbers' && !(Array.isArray(value) && value.length === 3 && value.every(isNumber))) {
      refuse('three numbers, signal first');
    }
    return;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse('an object');
  const inside = (field: string): string => (at ? `${at}.${field}` : field);
  for (const field of Object.keys(value as object)) {
    if (!Object.hasOwn(shape, field)) {
      throw new Error(`${inside(field)} is not known; there are ${Object.keys(shape).join(', ')}`);
    }
  }
  for (const [field, one] of Object.entries(shape))
    check((value as Record<string, unknown>)[field], one, inside(field));
}

/** The text of `link.json`. */
export function linkText({ parameters, pulseRateHz, sync }: LinkDocument): string {
  const { sessionId, linkId, pulses, ...rest } = parameters;
  const document = { format: FORMAT, sessionId, linkId, pulses, pulseRateHz, ...rest, sync };
  return `${JSON.stringify(document, null, 2)}\n`;
}
