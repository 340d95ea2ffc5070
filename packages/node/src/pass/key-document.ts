/** A session's report as what its key length was computed from. */
import type { SessionParameters, SessionReport } from '@skykey/distill';
import type { DecoyDocument } from '@skykey/finitekey';

/**
 * The document that gives this session's secret bits again, before they are cut to whole bytes, under the proof that the
 * report names. Null where the session ended before its length was computed.
 */
export function keyDocumentOf(report: SessionReport, parameters: SessionParameters): DecoyDocument | null {
  const { keyDetections, testDetections, testErrors, keyErrors, reconciliation, secrecy, correctness } = report;
  const { leak } = secrecy.terms;
  if (leak === undefined) return null;
  const { method, announcedBits, tagAnswers } = reconciliation;
  return {
    protocol: 'decoy-bb84',
    intensities: parameters.meanPhotons,
    probabilities: parameters.probabilities,
    nX: keyDetections,
    mX: brightestFirst(keyErrors, keyDetections),
    nZ: testDetections,
    mZ: testErrors,
    detectorMismatch: parameters.detectorMismatch,
    epsSec: parameters.epsSec,
    epsCor: parameters.epsCor,
    leakBits: 0 - leak,
    tagBits: correctness.tagBits,
    ...(method === 'ldpc' ? { bobBits: announcedBits - tagAnswers } : {}),
  };
}

/** A session knows the sum of the errors alone; no proof with two decoys asks where they fell. */
function brightestFirst(errors: number, detections: readonly number[]): number[] {
  let left = errors;
  return detections.map((n) => {
    const here = Math.min(n, left);
    left -= here;
    return here;
  });
}
