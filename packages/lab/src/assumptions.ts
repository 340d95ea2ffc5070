/**
 * What must hold for a key of an attacked pass to be secret where the decoy bound alone does not see to it. Each is carried
 * by a monitor or a test whose hard finding refuses the key, or by a side channel that the length of the key pays for.
 */
import type { Finding } from '@skykey/alarm';
import type { SideChannels } from '@skykey/finitekey';
import { type Attack, honestConditions, type MonitorName, seededRandom } from '@skykey/photons';
import { LabError } from './error.ts';
import type { LabLink } from './link.ts';
import { receiverBackFlash, receiverMismatch } from './mismatch.ts';

export interface Assumption {
  /** As in the catalogue of attacks. */
  readonly name: string;
  /** What is assumed, in one sentence. */
  readonly sentence: string;
  /** The monitor that carries it, null for none: off, it is not fitted. */
  readonly monitor: MonitorName | null;
  /** Whether a hard finding refuses the key on its behalf. */
  refuses(finding: Finding): boolean;
  /** What the length of the key pays on its behalf. */
  pays(link: LabLink, attack: Attack, strength: number): SideChannels;
}

const never = (): boolean => false;
const nothing = (): SideChannels => ({});

function monitored(name: string, monitor: MonitorName, sentence: string, pays = nothing): Assumption {
  return { name, monitor, sentence, refuses: (finding) => finding.monitor === monitor, pays };
}

function paid(name: string, sentence: string, pays: Assumption['pays']): Assumption {
  return { name, monitor: null, sentence, refuses: never, pays };
}

/** What a power meter of 1 % and the drift of the source leave open: below it no finding is to be expected. */
const INTENSITY_TOLERANCE = 0.03;
/** What of an offset between diodes a calibration leaves open, ps. */
const OFFSET_ERROR_PS = 0.01;

const ALL: readonly Assumption[] = [
  monitored(
    'bright-light-monitor',
    'bright-light',
    'a photodiode beside the detectors sees the light that takes them into linear mode',
  ),
  monitored(
    'source-power-monitor',
    'source-power',
    `the power meter of the source sees a change of intensity; ±${INTENSITY_TOLERANCE * 100} % of it is paid for`,
    () => ({ intensityTolerance: INTENSITY_TOLERANCE }),
  ),
  monitored('injected-power-monitor', 'injected-power', 'light that is sent into the transmitter is seen there'),
  monitored('self-test', 'self-test', 'attenuators, pinhole and detectors are compared with their calibration'),
  monitored('out-of-band-monitor', 'out-of-band', 'light beside the band of the receiver is seen by a photodiode'),
  {
    name: 'gated-detectors-checked',
    monitor: null,
    sentence: 'arrival times at the edge of the gate and clicks outside of it are tested before a key is released',
    refuses: ({ statistic }) => /^T[47]\b/.test(statistic),
    pays: nothing,
  },
  paid(
    'phase-randomised',
    'whether each pulse has a random phase of its own is known; without it there is no key',
    () => ({
      phaseRandomised: false,
    }),
  ),
  paid('source-timing', 'the times at which diodes emit are known, and paid for', (link, attack, strength) => ({
    timing: {
      offsetsPs: diodesOf(link, attack, strength),
      errorPs: OFFSET_ERROR_PS,
      pulseWidthPs: link.source.flaws?.pulseWidthPs ?? 0,
      model: 'incoherent',
    },
  })),
  paid(
    'trojan-bound',
    'what comes back of light sent into the transmitter is bounded, and paid for',
    (_link, _attack, strength) => ({
      trojanMeanPhotons: strength,
    }),
  ),
  paid(
    'mismatch-bound',
    'how much the efficiencies of the detectors differ in any mode is known, and paid for',
    (link) => ({
      efficiencyMismatch: receiverMismatch(link.receiver),
    }),
  ),
  paid('back-flash-bound', 'how often a click tells its detector is bounded, and paid for', (link) => ({
    backFlashProbability: receiverBackFlash(link.receiver),
  })),
];

/** When the diodes of a source emit that has this defect, ps: what a calibration would find. */
function diodesOf({ source, receiver }: LabLink, attack: Attack, strength: number): number[] {
  const conditions = honestConditions(
    { source, receiver, channelTransmittance: 0, receiverTransmittance: 0, noiseHz: [0, 0, 0, 0] },
    { bin: 0, startS: 0, durationS: 0 },
  );
  attack.create(strength).source?.(conditions, seededRandom(0));
  return Array.from(conditions.diodeShiftPs, (shift, diode) => shift + (source.flaws?.diodeOffsetPs?.[diode] ?? 0));
}

/**
 * What the key rests on when nobody is on the line but something broke: a detector that is lost makes every bit of its basis
 * the other one, for anybody to know, and no count of errors shows it.
 */
const WHOLE: Assumption = {
  name: 'devices-whole',
  monitor: null,
  sentence: 'the balance of detectors, states and bases is tested before a key is released',
  refuses: ({ statistic }) => /^T5\b/.test(statistic),
  pays: nothing,
};

export const ASSUMPTIONS: ReadonlyMap<string, Assumption> = new Map([...ALL, WHOLE].map((one) => [one.name, one]));

/** What the secrecy of an attacked pass rests on; null where the decoy bound alone answers. A fault rests on `WHOLE`. */
export function assumptionOf({ name, kind, assumption }: Attack): Assumption | null {
  if (kind === 'fault') return WHOLE;
  if (assumption === null) return null;
  const found = ASSUMPTIONS.get(assumption);
  if (found) return found;
  throw new LabError(
    'lab/assumption',
    `${name} rests on "${assumption}"; known are ${[...ASSUMPTIONS.keys()].join(', ')}`,
  );
}
