/** A loss curve that was measured, as a channel. */
import { type Channel, curveChannel, OpticsError, parseLossCurve } from '@skykey/optics';
import { ScenarioError } from './error.ts';
import type { MeasuredDocument } from './schema.ts';

/**
 * The channel of a curve beside the scenario. Throws ScenarioError `scenario/file` where it cannot be read and
 * `scenario/channel` where it is no curve; `place` goes before the field.
 */
export function measuredChannel(
  { file, nearer }: MeasuredDocument,
  place: string,
  readText: (name: string) => string,
): Channel {
  const text = readBeside(file.value, place, readText);
  try {
    const points = parseLossCurve(text, file.value);
    const curve = curveChannel(points, file.source);
    return nearer.value === 'refuse' ? curve : nearerByInverseSquare(curve, points.rangeKm[0]!, nearer.source);
  } catch (error) {
    if (!(error instanceof OpticsError)) throw error;
    throw new ScenarioError('scenario/channel', `${place}.file: ${error.message}`, { cause: error });
  }
}

function readBeside(file: string, place: string, readText: (name: string) => string): string {
  try {
    return readText(file);
  } catch (error) {
    throw new ScenarioError(
      'scenario/file',
      `${place}.file is "${file}", which cannot be read beside the scenario (${(error as Error).message})`,
      { cause: error },
    );
  }
}

/** Extends a measured curve below its first range: the spot shrinks with the range, so the loss falls by 20 log10. */
function nearerByInverseSquare(curve: Channel, firstRangeKm: number, source: string): Channel {
  return {
    covers: (at) => (at.rangeKm > 0 && at.rangeKm < firstRangeKm) || curve.covers(at),
    loss(at) {
      if (!(at.rangeKm > 0 && at.rangeKm < firstRangeKm)) return curve.loss(at);
      const edge = curve.loss({ ...at, rangeKm: firstRangeKm });
      const gainDb = 20 * Math.log10(firstRangeKm / at.rangeKm);
      const totalDb = edge.totalDb - gainDb;
      return {
        terms: [...edge.terms, { name: 'nearer than the curve', lossDb: -gainDb, source }],
        totalDb,
        transmittance: 10 ** (-totalDb / 10),
      };
    },
    fading: () => null,
  };
}
