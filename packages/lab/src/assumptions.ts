/**
 * What must hold for a key to be secret beside what the decoy bound sees to. All of it stands for every pass alike, whoever
 * is on the line: before a key is released, the hard findings of the checks below refuse it, and its length pays for what
 * is declared of the devices (`declaration.ts`). A study may take one of them away, to show what it is there for.
 *
 * Two of the checks are tests of the link's own counts, `gated-detectors-checked` and `devices-whole`. They are what is left
 * to do where a receiver has no monitor for it, and they are weaker: an adversary has a say in those counts. No other alarm
 * of the link's statistics has a part in secrecy.
 */
import type { Finding } from '@skykey/alarm';
import type { SideChannelName } from '@skykey/finitekey';
import type { Attack, MonitorName } from '@skykey/photons';
import { LabError } from './error.ts';

export interface Assumption {
  /** As in the catalogue of attacks. */
  readonly name: string;
  /** What is assumed, in one sentence. */
  readonly sentence: string;
  /** The monitor whose hard finding refuses the key on its behalf; taken away, it is not fitted. */
  readonly monitor: MonitorName | null;
  /** Which findings about the link's own counts refuse the key on its behalf, if hard. */
  test(finding: Finding): boolean;
  /** Members of the declaration that the length of the key pays on its behalf. */
  readonly pays: readonly SideChannelName[];
  /** Others that find the same attacks where this one is not there: without them too, what it is there for can be seen. */
  readonly backedBy: readonly string[];
}

function assumption(
  name: string,
  sentence: string,
  carried: Partial<Omit<Assumption, 'name' | 'sentence'>>,
): Assumption {
  return { name, sentence, monitor: null, test: () => false, pays: [], backedBy: [], ...carried };
}

/**
 * What the key rests on when nobody is on the line but something broke: a detector that is lost makes every bit of its basis
 * the other one, for anybody to know, and no count of errors shows it. What of its efficiency goes unnoticed is within the
 * drift that the mismatch pays for.
 */
const WHOLE = assumption(
  'devices-whole',
  "the balance of detectors, states and bases, in the light and in the dark, is tested on the link's own counts before a key is released",
  { test: ({ statistic }) => /^T5\b|^T7 floor [XZ]/.test(statistic) },
);

const ALL: readonly Assumption[] = [
  assumption(
    'bright-light-monitor',
    'a photodiode beside the detectors sees the light that takes them into linear mode',
    { monitor: 'bright-light' },
  ),
  assumption(
    'source-power-monitor',
    'the power meter of the source sees a change of intensity; what it may miss is paid for',
    { monitor: 'source-power', pays: ['intensityTolerance'] },
  ),
  assumption('injected-power-monitor', 'light that is sent into the transmitter is seen there', {
    monitor: 'injected-power',
    backedBy: ['source-power-monitor'],
  }),
  assumption(
    'self-test',
    'attenuators, pinhole and detectors are compared with their calibration; what it may miss is paid',
    {
      monitor: 'self-test',
      pays: ['intensityTolerance'],
    },
  ),
  assumption('out-of-band-monitor', 'light beside the band of the receiver is seen by a photodiode', {
    monitor: 'out-of-band',
  }),
  assumption(
    'gated-detectors-checked',
    'clicks outside of the gate are counted, by the link itself, and too many of them refuse the key',
    {
      // Too few of them are for the monitor of bright light.
      test: ({ statistic, measured, expected }) => /^T7 floor(?! [XZ])/.test(statistic) && measured > expected,
      backedBy: ['devices-whole', 'bright-light-monitor'],
    },
  ),
  WHOLE,
  assumption('phase-randomised', 'whether each pulse has a random phase of its own is known; without it no key', {
    pays: ['phaseRandomised'],
  }),
  assumption('pulses-alike', 'how far pulses differ from their class, and after which others, is known and paid for', {
    pays: ['fluctuation', 'correlation'],
  }),
  assumption('source-timing', 'the times at which diodes emit are known, and paid for', { pays: ['timing'] }),
  assumption(
    'trojan-bound',
    'light that is sent into the transmitter is seen there, or so faint that what comes back is paid for',
    { monitor: 'injected-power', pays: ['trojanMeanPhotons'] },
  ),
  assumption(
    'mismatch-bound',
    'how much the efficiencies of the detectors differ in any mode that can come is known, and paid for',
    { pays: ['efficiencyMismatch'] },
  ),
  assumption('back-flash-bound', 'how often a click tells its detector is bounded, and paid for', {
    pays: ['backFlashProbability'],
  }),
];

export const ASSUMPTIONS: ReadonlyMap<string, Assumption> = new Map(ALL.map((one) => [one.name, one]));

/** One of them and those that back it. */
export function withBackers(one: Assumption): Assumption[] {
  return [one, ...ALL.filter(({ name }) => one.backedBy.includes(name))];
}

/** Those that stand when some are taken away. */
export function standing(taken: readonly Assumption[]): Assumption[] {
  return ALL.filter((one) => !taken.includes(one));
}

/** The first of these assumptions on whose behalf a finding refuses the key. */
export function refusedBy(assumptions: readonly Assumption[], finding: Finding): Assumption | undefined {
  const { severity, monitor } = finding;
  if (severity !== 'hard') return undefined;
  return assumptions.find((one) => (monitor ? one.monitor === monitor : one.test(finding)));
}

/** What the secrecy of an attacked pass rests on; null where the decoy bound alone answers. A fault rests on `WHOLE`. */
export function assumptionOf({ name, kind, assumption: rests }: Attack): Assumption | null {
  if (kind === 'fault') return WHOLE;
  if (rests === null) return null;
  const found = ASSUMPTIONS.get(rests);
  if (found) return found;
  throw new LabError('lab/assumption', `${name} rests on "${rests}"; known are ${[...ASSUMPTIONS.keys()].join(', ')}`);
}
