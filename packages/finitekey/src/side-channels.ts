import { FiniteKeyError } from './error.ts';
import { checkTiming, type DiodeTiming } from './timing.ts';
import type { KeyLength, KeyLengthRequest } from './types.ts';

/**
 * The key that is left when light and devices are not what the decoy proof takes them to be. Each member is a bound that
 * somebody vouches for; one left out is the assumption that there is no such thing.
 */
export interface SideChannels {
  /** Mean photon numbers lie within this relative distance of the stated ones, 0 up to 1 excluded. */
  readonly intensityTolerance?: number;
  /** Each single pulse lies within this relative distance of its class's mean, 0 up to 1 excluded. */
  readonly fluctuation?: number;
  /**
   * The setting of a pulse changes the intensities of the next `range` pulses by at most `deviation`, relative, 0 up to 1
   * excluded. Needs `pulses`.
   */
  readonly correlation?: { readonly deviation: number; readonly range: number };
  /** Trace distance of n-photon pulses of two classes, for all n and whatever tells them apart, 0..1. Needs `pulses`. */
  readonly classTraceDistance?: number;
  /** Diodes that fire at different times. Needs `pulses`. */
  readonly timing?: DiodeTiming;
  /** Mean number of photons per pulse that light sent into Alice brings back from her modulators. Needs `pulses`. */
  readonly trojanMeanPhotons?: number;
  /** Whether each pulse has a random phase of its own; false leaves no decoy statement, and no key. */
  readonly phaseRandomised?: boolean;
  /** 1 - least / greatest efficiency of the four detectors, over all modes that Eve may choose (`mismatchOf`), 0..1. */
  readonly efficiencyMismatch?: number;
  /** Probability that a click tells Eve which detector made it, 0..1. */
  readonly backFlashProbability?: number;
}
export type SideChannelName = keyof SideChannels;

export interface SecuredKeyLengthRequest extends KeyLengthRequest {
  readonly sideChannels: SideChannels;
  /**
   * Pulses for which both parties chose the key (test) basis, detected or not: prepared in it, times Bob's probability of
   * it. Needed where yields are needed as such.
   */
  readonly pulses?: { readonly key: number; readonly test: number };
}

/** What one side channel took. */
export interface SideChannelCost {
  readonly name: SideChannelName;
  /** Secret bits that it cost, after those above it in the list. */
  readonly bits: number;
  /** Whether a monitor of its own can see it used (D2) or nothing can (D3). */
  readonly visibility: 'D2' | 'D3';
  /** Where the bound comes from. */
  readonly source: string;
  /** What must hold. */
  readonly assumption: string;
}

export interface SecuredKeyLength extends KeyLength {
  /** `secretBits` without any side channel: Lim et al. 2014. */
  readonly plainSecretBits: number;
  /** One for each side channel declared, in the order in which they were charged. */
  readonly costs: readonly SideChannelCost[];
  /** Why no key is granted, in sentences; empty where one is. */
  readonly refusals: readonly string[];
}

/** In the order of charging: first what no length pays for, then the source, then the receiver. */
export const CHARGED: Readonly<Record<SideChannelName, Omit<SideChannelCost, 'name' | 'bits'>>> = {
  phaseRandomised: {
    visibility: 'D3',
    source: 'Lo and Preskill, Quantum Inf. Comput. 7, 431 (2007)',
    assumption: 'Every pulse has a phase of its own, uniform and unknown to Eve.',
  },
  intensityTolerance: {
    visibility: 'D2',
    source:
      'Wang, Peng, Zhang, Yang and Pan, Phys. Rev. A 77, 042311 (2008), arXiv:0802.3177; worst case by convex dual',
    assumption: 'Mean photon numbers stay within the tolerance: a power monitor of that accuracy at the source.',
  },
  fluctuation: {
    visibility: 'D3',
    source:
      'Wang, Peng, Zhang, Yang and Pan, Phys. Rev. A 77, 042311 (2008), arXiv:0802.3177; worst case by convex dual',
    assumption: 'No pulse leaves the interval, and what moves it has nothing to do with the settings.',
  },
  correlation: {
    visibility: 'D3',
    source:
      'Model of Zapatero, Navarrete, Tamaki and Curty, Quantum 5, 602 (2021), arXiv:2105.11165; likelihood ratios of photon numbers in place of Cauchy-Schwarz; measured in arXiv:2411.00709',
    assumption: 'A setting is remembered for no more pulses than stated, by no more than stated, in intensity alone.',
  },
  classTraceDistance: {
    visibility: 'D3',
    source:
      'Tamaki, Curty and Lucamarini, New J. Phys. 18, 065008 (2016); Huang, Sun, Liu and Makarov, Phys. Rev. A 98, 012330 (2018), arXiv:1711.00597',
    assumption: 'The trace distance of n-photon pulses of two classes is bounded for all n.',
  },
  timing: {
    visibility: 'D3',
    source: 'Neyman-Pearson test of emission times within the decoy programme (derived in `timing.ts` and `yields.ts`)',
    assumption: 'Offsets are within their error of the estimate; pulses of all diodes have the stated shape.',
  },
  trojanMeanPhotons: {
    visibility: 'D2',
    source:
      'States of Lucamarini et al., Phys. Rev. X 5, 031030 (2015), arXiv:1506.01989, eqs 5 and 7; classes in addition',
    assumption: 'No more than the stated mean photon number comes back: isolation and a limit on the light sent in.',
  },
  efficiencyMismatch: {
    visibility: 'D3',
    source: 'Splitting each detector (derived in `mismatch.ts`) and tagging, GLLP, quant-ph/0212066',
    assumption:
      'In no mode that reaches the detectors do their efficiencies differ by more than stated; no mode steers the basis.',
  },
  backFlashProbability: {
    visibility: 'D3',
    source: 'Tagging: Gottesman, Lo, Lutkenhaus and Preskill, quant-ph/0212066',
    assumption: 'A click tells its detector with at most the stated probability, whatever went before.',
  },
};
export const ORDER = Object.keys(CHARGED) as SideChannelName[];

/** Whether somebody may tell classes apart by other than time. */
export function classesDiffer({ correlation, classTraceDistance = 0, trojanMeanPhotons = 0 }: SideChannels): boolean {
  return (
    (correlation?.deviation ?? 0) * (correlation?.range ?? 0) > 0 || classTraceDistance > 0 || trojanMeanPhotons > 0
  );
}

/** Relative distance within which a pulse's mean photon number lies. */
export function tolerance({ intensityTolerance = 0, fluctuation = 0, correlation }: SideChannels): number {
  return (1 + intensityTolerance) * (1 + fluctuation) * (1 + (correlation?.deviation ?? 0)) - 1;
}

/** Throws FiniteKeyError, naming the field. */
export function checkSideChannels(request: SecuredKeyLengthRequest): void {
  const { sideChannels: channels, pulses, counts } = request;
  for (const name of Object.keys(channels)) {
    if (!Object.hasOwn(CHARGED, name)) {
      throw new FiniteKeyError(`sideChannels.${name}`, `is not a side channel; known are ${ORDER.join(', ')}`);
    }
  }
  const within = (field: string, value: number | undefined, most: number, open: boolean): void => {
    if (value === undefined) return;
    if (!(value >= 0 && (open ? value < most : value <= most))) {
      throw new FiniteKeyError(
        `sideChannels.${field}`,
        `must lie from 0 to ${most}${open ? ', excluded' : ''}, not ${value}`,
      );
    }
  };
  within('intensityTolerance', channels.intensityTolerance, 1, true);
  within('fluctuation', channels.fluctuation, 1, true);
  within('classTraceDistance', channels.classTraceDistance, 1, false);
  within('efficiencyMismatch', channels.efficiencyMismatch, 1, false);
  within('backFlashProbability', channels.backFlashProbability, 1, false);
  within('trojanMeanPhotons', channels.trojanMeanPhotons, Number.MAX_VALUE, false);
  if (channels.correlation !== undefined) {
    within('correlation.deviation', channels.correlation.deviation, 1, true);
    const { range } = channels.correlation;
    if (!(Number.isInteger(range) && range >= 0)) {
      throw new FiniteKeyError(
        'sideChannels.correlation.range',
        `must be a whole number of pulses from 0 on, not ${range}`,
      );
    }
  }
  if (!(tolerance(channels) < 1)) {
    throw new FiniteKeyError('sideChannels', 'together the intensity bounds must leave a mean photon number above 0');
  }
  if (channels.timing !== undefined) {
    checkTiming(channels.timing, 'sideChannels.timing');
    if ('offsetsPs' in channels.timing && channels.timing.offsetsPs.length === 8 && counts.meanPhotons[2] > 0) {
      throw new FiniteKeyError(
        'sideChannels.timing.offsetsPs',
        'the weakest class emits light too, so that its four diodes are needed: 12 times, not 8',
      );
    }
  }
  if (channels.phaseRandomised !== undefined && typeof channels.phaseRandomised !== 'boolean') {
    throw new FiniteKeyError('sideChannels.phaseRandomised', `must be true or false, not ${channels.phaseRandomised}`);
  }
  if (pulses === undefined) {
    if (classesDiffer(channels) || channels.timing !== undefined) {
      throw new FiniteKeyError(
        'pulses',
        'are needed for timing, correlation, classTraceDistance and trojanMeanPhotons',
      );
    }
    return;
  }
  for (const [field, sent, events] of [
    ['pulses.key', pulses.key, counts.keyDetections],
    ['pulses.test', pulses.test, counts.testDetections],
  ] as const) {
    const all = events[0] + events[1] + events[2];
    if (!(Number.isFinite(sent) && sent > 0 && sent >= all)) {
      throw new FiniteKeyError(
        field,
        `must be a finite number above 0 and not below the ${all} detections, not ${sent}`,
      );
    }
  }
}
