/** One-way flight time by the instant of reception, as a timing has it. */
import { type LightDirection, type LightTime, lightTime, type Station, type Target } from '@skykey/orbit';
import type { TimingDocument } from './timing-document.ts';

/** Delay and its derivatives: s, s/s, s/s^2, s/s^3. */
export type Flight = Pick<LightTime, 'delayS' | 'rate' | 'ratePerS' | 'ratePerS2'>;

/** As `lightTime`, for the moment of reception at either end. */
export function flightTo(target: Target, station: Station, direction: LightDirection, receivedMs: number): Flight {
  const at = (utcMs: number): LightTime => lightTime(target, station, utcMs, direction);
  if (direction === 'down') return at(receivedMs);
  let sentMs = receivedMs;
  for (let round = 0; round < 4; round++) sentMs = receivedMs - at(sentMs).delayS * 1000;
  const { delayS, rate, ratePerS, ratePerS2 } = at(sentMs);
  // Derivatives of r - t(r), where r = t + delay(t).
  const u = 1 + rate;
  return {
    delayS,
    rate: rate / u,
    ratePerS: ratePerS / u ** 3,
    ratePerS2: (ratePerS2 * u - 3 * ratePerS ** 2) / u ** 5,
  };
}

/** A row for each second of the common scale, whose zero is `zeroMs`: instants in whole ms are exact. */
export function flightTable(
  flight: (receivedMs: number) => Flight,
  zeroMs: number,
  firstSecond: number,
  seconds: number,
): TimingDocument['lightTime'] {
  const rows = Array.from({ length: seconds }, (_, n) => flight(zeroMs + (firstSecond + n) * 1000));
  return {
    startPs: firstSecond * 1e12,
    stepPs: 1e12,
    delayPs: rows.map(({ delayS }) => delayS * 1e12),
    ratePsPerS: rows.map(({ rate }) => rate * 1e12),
    accelerationPsPerS2: rows.map(({ ratePerS }) => ratePerS * 1e12),
    jerkPsPerS3: rows.map(({ ratePerS2 }) => ratePerS2 * 1e12),
  };
}
