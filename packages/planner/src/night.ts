import type { Scenario } from '@skykey/scenario';

const DAY_MS = 86_400_000;

/**
 * The night of a station that a moment belongs to, named after the date of its evening: noon to noon in local mean solar
 * time, so that no night is cut in two wherever the station stands.
 */
export function nightOf(longitudeDeg: number, utcMs: number): string {
  const localMs = utcMs + (longitudeDeg / 360) * DAY_MS;
  return dateOf(localMs - DAY_MS / 2);
}

/** `nightOf` a station of a scenario. */
export function nightAt({ stations }: Scenario, stationId: string, utcMs: number): string {
  return nightOf(stations.find(({ id }) => id === stationId)!.station.longitudeDeg, utcMs);
}

/** `2016-12-19`, of the UTC day. */
export function dateOf(utcMs: number): string {
  return new Date(Math.floor(utcMs / DAY_MS) * DAY_MS).toISOString().slice(0, 10);
}

/** `2016-12`, of the UTC day. */
export function monthName(utcMs: number): string {
  return dateOf(utcMs).slice(0, 7);
}
