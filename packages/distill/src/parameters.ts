import { type DecoyDocument, FiniteKeyError, keyLength, PROOFS } from '@skykey/finitekey';
import { DistillError } from './error.ts';
import type { SessionParameters } from './types.ts';
import { VERIFICATION_BITS } from './verify.ts';

export type ParameterValue = string | number;

/** Most bytes of a session's id, and of a link's. */
const ID_BYTES = 96;

/** Every parameter by name, in the order of the wire. Both parties compare all of them before the first photon. */
const FIELDS: readonly (readonly [string, (parameters: SessionParameters) => ParameterValue])[] = [
  ['sessionId', (p) => p.sessionId],
  ['linkId', (p) => p.linkId],
  ['pulses', (p) => p.pulses],
  ['meanPhotons[0]', (p) => p.meanPhotons[0]],
  ['meanPhotons[1]', (p) => p.meanPhotons[1]],
  ['meanPhotons[2]', (p) => p.meanPhotons[2]],
  ['probabilities[0]', (p) => p.probabilities[0]],
  ['probabilities[1]', (p) => p.probabilities[1]],
  ['probabilities[2]', (p) => p.probabilities[2]],
  ['detectorMismatch', (p) => p.detectorMismatch],
  ['epsSec', (p) => p.epsSec],
  ['epsCor', (p) => p.epsCor],
  ['proof', (p) => p.proof],
  ['method', (p) => p.method],
  ['monitorProbability', (p) => p.monitorProbability],
  ['alarm.expectedQber', (p) => p.alarm.expectedQber],
  ['alarm.qberDrift', (p) => p.alarm.qberDrift],
  ['alarm.softFalseAlarm', (p) => p.alarm.softFalseAlarm],
  ['alarm.hardQber', (p) => p.alarm.hardQber],
  ['alarm.hardFalseAlarm', (p) => p.alarm.hardFalseAlarm],
];

/** The parameters as they go over the line, where they are compared bit for bit: -0 goes as 0. */
export function parameterValues(parameters: SessionParameters): ParameterValue[] {
  return FIELDS.map(([, read]) => {
    const value = read(parameters);
    return value === 0 ? 0 : value;
  });
}

/** The first parameter in which the parties differ, as a sentence; undefined when they agree. */
export function disagreement(alice: readonly ParameterValue[], bob: readonly ParameterValue[]): string | undefined {
  for (const [i, [name]] of FIELDS.entries()) {
    if (!Object.is(alice[i], bob[i])) return `the parties disagree on ${name}: Alice has ${alice[i]}, Bob ${bob[i]}`;
  }
  return alice.length === FIELDS.length && bob.length === FIELDS.length
    ? undefined
    : `the parties disagree on the list of parameters: Alice has ${alice.length}, Bob ${bob.length}`;
}

/** Id of a session's block in the stores of both parties. */
export function blockIdOf(parameters: SessionParameters): string {
  return `${blockPrefix(parameters)}${parameters.sessionId}`;
}

/** What the ids of all blocks of a link begin with: one store may serve several links. */
export function blockPrefix(parameters: SessionParameters): string {
  return `${parameters.linkId}/`;
}

/** Throws DistillError `distill/parameters`, naming the field. */
export function checkParameters(parameters: SessionParameters): void {
  const { sessionId, linkId, pulses, detectorMismatch, epsCor, monitorProbability, alarm } = parameters;
  const need = (ok: boolean, field: string, rule: string, value: unknown): void => {
    if (!ok) throw new DistillError('distill/parameters', `${field} must be ${rule}, not ${value}`);
  };
  const within = (value: number, low: number, high: number): boolean => value >= low && value <= high;
  const open = (value: number): boolean => value > 0 && value < 1;
  for (const [field, id] of Object.entries({ sessionId, linkId })) {
    const bytes = typeof id === 'string' && id.isWellFormed() ? new TextEncoder().encode(id).length : 0;
    need(within(bytes, 1, ID_BYTES), field, `a text of 1 to ${ID_BYTES} bytes`, JSON.stringify(id));
  }
  need(!linkId.includes('/'), 'linkId', 'without a slash', JSON.stringify(linkId));
  need(Number.isSafeInteger(pulses) && pulses >= 1, 'pulses', 'a whole number from 1 on', pulses);
  need(within(detectorMismatch, 0, 1), 'detectorMismatch', 'between 0 and 1', detectorMismatch);
  need(within(monitorProbability, 0, 1), 'monitorProbability', 'between 0 and 1', monitorProbability);
  // The verification tag misses two different keys of 2^24 bits with a probability below 2^-109.
  need(within(epsCor, 2 ** -109, 1), 'epsCor', 'at least 2^-109, what a verification tag of 128 bits gives', epsCor);
  need(within(alarm.expectedQber, 0, 0.5), 'alarm.expectedQber', 'between 0 and 0.5', alarm.expectedQber);
  need(alarm.qberDrift >= 0, 'alarm.qberDrift', 'at least 0', alarm.qberDrift);
  need(
    within(alarm.expectedQber + alarm.qberDrift, 0, 0.5),
    'alarm.qberDrift',
    'at most 0.5 with expectedQber',
    alarm.qberDrift,
  );
  need(within(alarm.hardQber, 0, 0.5), 'alarm.hardQber', 'between 0 and 0.5', alarm.hardQber);
  need(open(alarm.softFalseAlarm), 'alarm.softFalseAlarm', 'between 0 and 1', alarm.softFalseAlarm);
  need(open(alarm.hardFalseAlarm), 'alarm.hardFalseAlarm', 'between 0 and 1', alarm.hardFalseAlarm);
  const { proof, method } = parameters;
  need(
    DECOY_PROOFS.includes(proof),
    'proof',
    `one of ${DECOY_PROOFS.join(', ')}, for decoy states with three intensities`,
    JSON.stringify(proof),
  );
  need(METHODS.includes(method), 'method', `one of ${METHODS.join(', ')}`, JSON.stringify(method));
  need(
    proof !== 'tilted-one-way' || method === 'ldpc',
    'method',
    'ldpc with the proof tilted-one-way, which counts what Bob says',
    JSON.stringify(method),
  );
  // The key length knows its own conditions on intensities and epsilons: better asked before the pass than after it.
  try {
    keyLength(proof, { ...documentOf(parameters), leakBits: 0 });
  } catch (error) {
    if (!(error instanceof FiniteKeyError)) throw error;
    const message = error.message.replace(/^intensities:/, 'meanPhotons:');
    throw new DistillError('distill/parameters', message, { cause: error });
  }
}

const DECOY_PROOFS: readonly string[] = PROOFS.filter(({ intensities }) => intensities.includes(3)).map(
  ({ name }) => name,
);
const METHODS: readonly string[] = ['cascade', 'ldpc', 'auto'] satisfies SessionParameters['method'][];

/** What the key length needs of the parameters; counts are to be added, here they are those of a pass without a click. */
export function documentOf(parameters: SessionParameters): DecoyDocument {
  const { meanPhotons, probabilities, detectorMismatch, epsSec, epsCor } = parameters;
  const none = [0, 0, 0];
  return {
    protocol: 'decoy-bb84',
    intensities: meanPhotons,
    probabilities,
    detectorMismatch,
    nX: none,
    // With two decoys no proof asks which errors fell on which intensity, and with one message Alice would not know.
    mX: none,
    nZ: none,
    mZ: none,
    epsSec,
    epsCor,
    tagBits: VERIFICATION_BITS,
  };
}
