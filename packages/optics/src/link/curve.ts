/** A channel that was measured: loss against range, read from a table and drawn straight between its points. */

import { demand, OpticsError } from '../error.ts';
import { sumUp } from './budget.ts';
import type { Channel, LinkGeometry } from './link.ts';

/** Loss at rising ranges, both of the same length, two points at least. */
export interface LossCurve {
  readonly rangeKm: Float64Array;
  readonly lossDb: Float64Array;
}

const NUMBER = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * Reads a loss curve from CSV: the header `distance,loss`, then one point a line, distance in km strictly rising, loss
 * in dB. Nothing else is accepted: no blank lines, no blanks, no quotes.
 * @param where file or origin, put before the line number in messages
 * @throws OpticsError `optics/curve`
 */
export function parseLossCurve(csv: string, where = 'loss curve'): LossCurve {
  const refuse = (line: number, problem: string): never => {
    throw new OpticsError('optics/curve', `${where}: line ${line}: ${problem}`);
  };
  const lines = csv.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  if (lines[0] !== 'distance,loss') refuse(1, `the header is "${lines[0] ?? ''}"; it must be "distance,loss"`);
  if (lines.length < 3) refuse(lines.length + 1, 'the table ends; a curve needs two points at least');
  const rangeKm = new Float64Array(lines.length - 1);
  const lossDb = new Float64Array(lines.length - 1);
  for (let i = 0; i < rangeKm.length; i++) {
    const line = i + 2;
    const text = lines[i + 1]!;
    const [distance, loss, ...more] = text.split(',');
    if (loss === undefined || more.length > 0) refuse(line, `"${text}" must be two numbers with a comma between them`);
    if (!NUMBER.test(distance!)) refuse(line, `distance is "${distance}"; it must be a number of kilometres`);
    if (!NUMBER.test(loss!)) refuse(line, `loss is "${loss}"; it must be a number of decibels`);
    rangeKm[i] = Number(distance);
    lossDb[i] = Number(loss);
    if (!(rangeKm[i]! > 0 && Number.isFinite(rangeKm[i]!)))
      refuse(line, `distance is ${distance}; it must be above 0 km`);
    if (!(lossDb[i]! >= 0 && Number.isFinite(lossDb[i]!))) refuse(line, `loss is ${loss}; it must be 0 dB or more`);
    if (i > 0 && !(rangeKm[i]! > rangeKm[i - 1]!)) {
      refuse(line, `distance is ${distance} km after ${rangeKm[i - 1]} km; distances must rise from line to line`);
    }
  }
  return { rangeKm, lossDb };
}

/** The loss, dB, at a range inside the table. */
function interpolate({ rangeKm, lossDb }: LossCurve, atKm: number): number {
  let low = 0;
  let high = rangeKm.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (rangeKm[middle]! <= atKm) low = middle;
    else high = middle;
  }
  const share = (atKm - rangeKm[low]!) / (rangeKm[high]! - rangeKm[low]!);
  return lossDb[low]! + (lossDb[high]! - lossDb[low]!) * share;
}

/**
 * A channel whose loss was measured on one pass, as a function of range alone. It holds for geometries like the
 * measured ones and refuses ranges that nobody measured; it knows neither elevation nor fading.
 * @param source where the curve comes from, shown with the loss
 * @throws OpticsError `optics/curve` for a table without rising ranges
 */
export function curveChannel(curve: LossCurve, source: string): Channel {
  const { rangeKm, lossDb } = curve;
  if (
    rangeKm.length < 2 ||
    rangeKm.length !== lossDb.length ||
    rangeKm.some((km, i) => i > 0 && !(km > rangeKm[i - 1]!))
  ) {
    throw new OpticsError('optics/curve', 'a loss curve needs two points at least, at strictly rising ranges');
  }
  for (const loss of lossDb) demand('lossDb', loss, 0, Number.POSITIVE_INFINITY);
  const firstKm = rangeKm[0]!;
  const lastKm = rangeKm[rangeKm.length - 1]!;
  const covers: Channel['covers'] = (at) => at.rangeKm >= firstKm && at.rangeKm <= lastKm;
  const demandCovered = (at: LinkGeometry): void => {
    if (covers(at)) return;
    throw new OpticsError(
      'optics/range',
      `rangeKm is ${at.rangeKm}; the measured loss curve goes from ${firstKm} to ${lastKm} km`,
    );
  };
  return {
    covers,
    loss(at) {
      demandCovered(at);
      return sumUp([{ name: 'measured channel', lossDb: interpolate(curve, at.rangeKm), source }]);
    },
    fading(at) {
      demandCovered(at);
      return null;
    },
  };
}
