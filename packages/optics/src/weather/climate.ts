/** How often the sky over a station is clear, as statistics; `weather.ts` makes weather of it. */
import { demand, demandPositive, OpticsError } from '../error.ts';

/** What is known of the sky over a station. Months are UTC, so that every station of a plan turns the page together. */
export interface Climate {
  readonly stationId: string;
  readonly latitudeDeg: number;
  readonly longitudeDeg: number;
  /** Probability of a sky clear enough for the link, by month (UTC) from January; null for a month nobody has data for. */
  readonly clearFraction: readonly (number | null)[];
  /** Time after which the correlation of clear with clear has fallen to 1/e, hours. */
  readonly correlationH: number;
  /** Where the figures come from. */
  readonly source: string;
}

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** The calendar month (UTC) of an instant, 0 for January. */
export const monthOf = (utcMs: number): number => new Date(utcMs).getUTCMonth();

/**
 * Refuses a climate that says something impossible; months of null are allowed, a year of them is not.
 * @throws OpticsError `optics/climate`, `optics/parameter`
 */
export function checkClimate(climate: Climate): void {
  const { stationId, clearFraction } = climate;
  if (stationId.trim() === '') {
    throw new OpticsError('optics/climate', 'a climate has no stationId; it must name the station it belongs to');
  }
  const refuse = (problem: string): never => {
    throw new OpticsError('optics/climate', `climate of station ${stationId}: ${problem}`);
  };
  demand(`latitudeDeg of station ${stationId}`, climate.latitudeDeg, -90, 90);
  demand(`longitudeDeg of station ${stationId}`, climate.longitudeDeg, -180, 180);
  demandPositive(`correlationH of station ${stationId}`, climate.correlationH);
  if (clearFraction.length !== 12) {
    refuse(`clearFraction has ${clearFraction.length} months; it must have 12, January first, null where unknown`);
  }
  for (const [month, fraction] of clearFraction.entries()) {
    if (fraction !== null && !(fraction >= 0 && fraction <= 1)) {
      refuse(`clearFraction of ${MONTHS[month]} is ${fraction}; it must be a share from 0 to 1, or null if unknown`);
    }
  }
  if (clearFraction.every((fraction) => fraction === null)) {
    refuse('clearFraction knows no month at all; leave the climate out instead, or give the months that are known');
  }
  if (climate.source.trim() === '') refuse('source is empty; it must say where the figures come from');
}

/**
 * The probability of a clear sky in one calendar month (UTC), 0 for January.
 * @throws OpticsError `optics/weather-month` for a month nobody has data for
 */
export function clearFractionOfMonth({ stationId, clearFraction }: Climate, month: number): number {
  const fraction = clearFraction[month];
  if (typeof fraction === 'number') return fraction;
  throw new OpticsError(
    'optics/weather-month',
    `station ${stationId} has no weather data for ${MONTHS[month] ?? `month ${month + 1}`}; ` +
      'give its clearFraction for that month with a source, or choose a period without it',
  );
}

/**
 * The probability of a clear sky at an instant: that of its month, the same from the first to the last of it.
 * @throws OpticsError `optics/weather-month` for a month nobody has data for, `optics/parameter` for no instant at all
 */
export function clearFractionAt(climate: Climate, utcMs: number): number {
  demand('utcMs', utcMs, -8.64e15, 8.64e15);
  return clearFractionOfMonth(climate, monthOf(utcMs));
}
