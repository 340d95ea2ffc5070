/**
 * How often intervals held. What came has a place among the realisations that a forecast was made of; if the forecast is
 * right it is as likely in any, so that it lies between 5 % and 95 % of them nine times in ten. Where many realisations are
 * the same (no key, for clouds) its place among those is drawn, since an interval that ends there would hold too often
 * (randomised probability integral transform; Czado, Gneiting and Held, Biometrics 65, 1254 (2009), whose variant without
 * draws serves the same purpose).
 */
import type { Foreseen, PlayedDay } from '@skykey/node';

export interface Coverage {
  readonly forecasts: number;
  readonly held: number;
  /** Between 5 % and 95 % as they were said, ends included: more than 90 % where realisations tie. */
  readonly heldAsSaid: number;
}

const LOW = 0.05;
const HIGH = 0.95;
/** What an interval from 5 % to 95 % promises. */
export const PROMISED = HIGH - LOW;

/** Whether every realisation is what came: nothing was uncertain, and nothing can be learnt. */
export const isCertain = ({ equal, of }: Foreseen<number>): boolean => equal === of;

export const heldAsSaid = ({ said, came }: Foreseen<number>): boolean => said[0] <= came && came <= said[2];

/** Whether what came lies in the middle 90 %; `u` from 0 to below 1 breaks ties. */
export function held({ below, equal, of }: Foreseen<number>, u: number): boolean {
  const place = (below + u * (equal + 1)) / (of + 1);
  return place >= LOW && place < HIGH;
}

export function coverage(forecasts: readonly Foreseen<number>[], uniform: () => number): Coverage {
  return {
    forecasts: forecasts.length,
    held: forecasts.filter((one) => held(one, uniform())).length,
    heldAsSaid: forecasts.filter(heldAsSaid).length,
  };
}

/** The fewest and the most of `n` that come true with 95 %, each with probability `p` and none depending on another. */
export function binomialRange(n: number, p: number): readonly [number, number] {
  let term = Math.log(1 - p) * n;
  let sum = Math.exp(term);
  let least = sum > 0.025 ? 0 : -1;
  for (let k = 0; ; k++) {
    if (least < 0 && sum > 0.025) least = k;
    if (sum >= 0.975 || k === n) return [Math.max(0, least), k];
    term += Math.log((n - k) / (k + 1)) + Math.log(p / (1 - p));
    sum += Math.exp(term);
  }
}

/** Mean over days and its standard error; what happens within a day depends on one weather, days do not. */
export function overDays(days: readonly Coverage[]): { readonly share: number; readonly error: number } {
  const used = days.filter(({ forecasts }) => forecasts > 0);
  const total = used.reduce((sum, { forecasts }) => sum + forecasts, 0);
  const share = used.reduce((sum, { held: n }) => sum + n, 0) / total;
  // Of a ratio of sums: Cochran, Sampling Techniques (3rd ed., 1977), equation 6.13, for as many days as there are.
  const squares = used.reduce((sum, { held: n, forecasts }) => sum + (n - share * forecasts) ** 2, 0);
  const error = Math.sqrt((squares * used.length) / Math.max(1, used.length - 1)) / total;
  return { share, error };
}

/** Of each day one uncertain forecast, drawn: they depend on nothing in common. */
export function oneADay<T extends Foreseen<number>>(days: readonly (readonly T[])[], uniform: () => number): T[] {
  return days.flatMap((forecasts) =>
    forecasts.length > 0 ? [forecasts[Math.floor(uniform() * forecasts.length)]!] : [],
  );
}

/** Forecasts of amounts, or of times, that were uncertain, by whether an alarm made them void. */
export function uncertain<T extends Foreseen<number> & { readonly alarmed: boolean }>(
  days: readonly PlayedDay[],
  of: (day: PlayedDay) => readonly T[],
  alarmed: boolean,
): T[][] {
  return days.map((day) => of(day).filter((one) => one.alarmed === alarmed && !isCertain(one)));
}
