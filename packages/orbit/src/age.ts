/** How old elements may be: SGP4 is a fit to a few days of tracking, and drifts away from the satellite after them. */
import type { Elements } from './elements.ts';
import { OrbitError } from './error.ts';

const DAY_MS = 86_400_000;
/** From here on elements come with a warning, days. */
const WARN_DAYS = 7;
/** From here on they are refused, unless the caller allows more. */
const REFUSE_DAYS = 30;
/** Elements are published for epochs some hours ahead; an assumption of ours: a day ahead is a wrong year or clock. */
const AHEAD_DAYS = 1;

export interface AgeQuery {
  /** The interval that the elements are wanted for, ms since 1970 UTC. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The present, where there is one: elements must not come from the future. */
  readonly nowMs?: number;
  /** Refuse beyond this many days in place of 30. */
  readonly allowDays?: number;
}

/**
 * Age of the elements at an instant, days; negative before their epoch. SGP4 drifts along the track
 * by a kilometre or more a day in low orbits: an age of weeks means pass times wrong by seconds to minutes.
 */
export function elementsAgeDays(elements: Elements, utcMs: number): number {
  return (utcMs - elements.epochMs) / DAY_MS;
}

/** Revolutions a day of what turns with the Earth. */
const EARTH_TURNS = 1.0027;

/** Whether elements are meant to hang over one longitude. */
const hangs = ({ satrec }: Elements): boolean =>
  Math.abs((satrec.no * 1440) / (2 * Math.PI) - EARTH_TURNS) < 0.01 && satrec.ecco < 0.05;

const dayOf = (utcMs: number) => new Date(utcMs).toISOString().slice(0, 10);

/**
 * Warnings about elements that are used more than 7 days from their epoch, before or after. Synthetic elements are the
 * orbit by definition and have no age, but for geostationary ones: those are meant to hang, and nobody keeps them there.
 * @throws OrbitError `orbit/elements-age` past 30 days or `allowDays`; `orbit/epoch-future` when the epoch is more than
 *   a day after `nowMs`; `orbit/interval` when a time or the allowance is no number, or the interval ends before it begins
 */
export function checkAge(elements: Elements, { fromMs, toMs, nowMs, allowDays }: AgeQuery): string[] {
  if (!(Number.isFinite(fromMs) && Number.isFinite(toMs) && fromMs <= toMs)) {
    throw new OrbitError(
      'orbit/interval',
      `elements from ${fromMs} to ${toMs}: both must be milliseconds since 1970 UTC, and fromMs not after toMs`,
    );
  }
  if (nowMs !== undefined && !Number.isFinite(nowMs)) {
    throw new OrbitError('orbit/interval', `nowMs is ${nowMs}; it must be milliseconds since 1970 UTC`);
  }
  if (allowDays !== undefined && !(allowDays > 0)) {
    throw new OrbitError('orbit/interval', `allowDays is ${allowDays}; it must be a positive number of days`);
  }
  const madeUp = elements.origin === 'synthetic';
  if (madeUp && !hangs(elements)) return [];
  const { name, epochMs } = elements;
  if (!madeUp && nowMs !== undefined && epochMs - nowMs > AHEAD_DAYS * DAY_MS) {
    const days = (-elementsAgeDays(elements, nowMs)).toFixed(1);
    throw new OrbitError(
      'orbit/epoch-future',
      `${name}: the epoch of the elements, ${dayOf(epochMs)}, is ${days} days after the present, ${dayOf(nowMs)}; ` +
        'check the year of the epoch and this clock, or fetch the elements again',
    );
  }
  const after = elementsAgeDays(elements, toMs);
  const before = -elementsAgeDays(elements, fromMs);
  const [days, side, farMs] = after >= before ? [after, 'after', toMs] : [before, 'before', fromMs];
  if (days <= Math.min(WARN_DAYS, allowDays ?? REFUSE_DAYS)) return [];
  const reach = `${name}: ${dayOf(farMs)} is ${days.toFixed(1)} days ${side} the epoch of the elements, ${dayOf(epochMs)}`;
  const remedy = `take elements of a day near ${dayOf(farMs)}`;
  const limitDays = allowDays ?? REFUSE_DAYS;
  if (madeUp) {
    const drift = `${reach}, and nobody keeps a made-up orbit over its longitude: it drifts by up to a degree in a month and by tens in a year`;
    if (days <= limitDays) return [drift];
    throw new OrbitError(
      'orbit/elements-age',
      `${drift}; give it an epoch near ${dayOf(farMs)}, shorten the interval, or allow ${Math.ceil(days)} days`,
    );
  }
  if (days > limitDays) {
    throw new OrbitError(
      'orbit/elements-age',
      `${reach}, and they are used for at most ${limitDays} days; ${remedy}, shorten the interval, or allow ` +
        `${Math.ceil(days)} days knowing that pass times may be wrong by minutes`,
    );
  }
  return [`${reach}: positions may be wrong by kilometres a day, pass times by seconds to minutes; ${remedy}`];
}
