/** What a long study is made of: series of passes, the claims that they decide, and tables beside them. */
import { type Attack, attackNamed } from '@skykey/photons';
import type { Devices } from './flaws.ts';
import type { LabLink } from './link.ts';
import type { Summary, Tally } from './outcome.ts';
import type { Study } from './study.ts';

/** One series of a long study. */
export interface Series {
  readonly study: Study;
  /** About how many detections the link is scaled to; null: as it is. */
  readonly detections: number | null;
  /** Of the link, where they are not the usual ones. */
  readonly devices: Devices | null;
  /** Of the pass only so much, s; null: all that there is. */
  readonly seconds: number | null;
}

export interface SeriesResult extends Series {
  /** On which it was played. */
  readonly link: LabLink;
  readonly summary: Summary;
  readonly tally: Tally;
}

/** A statement that the study puts to the test. */
export interface Claim {
  readonly says: string;
  readonly measured: string;
  /** null: nothing was granted in any pass, so that it was not put to the test. */
  readonly holds: boolean | null;
}

/** A table of a report. */
export interface Section {
  readonly title: string;
  readonly says: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** The greatest strength up to that of a series at which there is a key; null where it is that one, or none is known. */
export type EdgeOf = (series: Series) => number | null;

export interface LongStudy {
  readonly name: string;
  readonly title: string;
  readonly question: string;
  /** All passes of it together, about: series share them out and round up. */
  readonly passes: number;
  series(passes: number, seed: number, edgeOf: EdgeOf): Series[];
  claims(results: readonly SeriesResult[]): Claim[];
  sections(results: readonly SeriesResult[]): Section[];
}

/**
 * An attack that only the event sampler can play takes minutes a pass where another takes a twentieth of a second: few passes,
 * of so much of the pass, and not at its greatest strength.
 */
const EVENT_PASSES = 1 / 20;
const EVENT_SECONDS = 10;

/** At which an attack is played: its usual strength and its greatest. */
export function strengthsOf({ level, strength: { usual, high } }: Attack): number[] {
  return level === 'event' ? [usual] : [...new Set([usual, high])];
}

/** `passes` of one attack, fewer where every click has to be drawn. */
export function seriesOf(
  asked: Pick<Study, 'attack' | 'strength' | 'passes' | 'seed'> & Partial<Study>,
  link: Partial<Pick<Series, 'detections' | 'devices'>> = {},
): Series {
  const { level = 'count' } = attackNamed(asked.attack);
  const event = level === 'event';
  return {
    study: {
      level,
      without: [],
      assumptions: 'on',
      onset: 'drawn',
      ...asked,
      passes: Math.ceil(event ? EVENT_PASSES * asked.passes : asked.passes),
    },
    detections: link.detections ?? null,
    devices: link.devices ?? null,
    seconds: event ? EVENT_SECONDS : null,
  };
}

export const percent = (share: number): string => `${Number((100 * share).toPrecision(3))} %`;

/** `pns 0.2 at 5e+5 detections`. */
export function nameOf({ study: { attack, strength, assumptions, onset }, detections, devices }: Series): string {
  if (attack === 'none') return 'clean';
  const parts = [
    `${attack} ${strength}`,
    ...(detections === null ? [] : [`at ${detections.toExponential()} detections`]),
    ...(devices === null ? [] : [`on ${devices} devices`]),
    ...(onset === 'start' ? ['from the start'] : []),
  ];
  return `${parts.join(' ')}${assumptions === 'off' ? ', flag off' : ''}`;
}
