import type { DarkExcess } from './document.ts';
import { binaryEntropy } from './entropy.ts';
import { FiniteKeyError } from './error.ts';

/**
 * Secret content, in bits, of `events` detections with phase error rate `phaseErrorRate` of which a share `known` is given
 * away to Eve, whichever she likes: the rest may hold all phase errors (tagging: Gottesman, Lo, Lutkenhaus and Preskill,
 * Quantum Inf. Comput. 4, 325 (2004), quant-ph/0212066).
 */
export function untaggedContent(events: number, phaseErrorRate: number, known: number): number {
  if (known >= 1) return 0;
  return events * (1 - known) * (1 - binaryEntropy(phaseErrorRate / (1 - known)));
}

/**
 * The share of detections to give away for a mismatch: 1 - (least / greatest efficiency) over all detectors, for the worst
 * mode (time, angle, wavelength) that Eve may choose. Efficiencies: rows of modes, columns of detectors, above 0.
 *
 * Why that pays for any choice of modes. In a mode where the four detectors have efficiencies eta_d, let eta be the least.
 * Split each into a common part of efficiency eta and an excess of eta_d - eta, and tell Eve of every click of an excess, with
 * the detector. The common parts are a receiver without mismatch, for which the proof holds. Of the clicks of detector d
 * the share eta / eta_d >= 1 - m is common, whatever light comes and however much is lost, so that of S events at least
 * (1 - m) S stay, and the errors that the common part would have shown in the test basis are among those counted there:
 * their rate is at most e / (1 - m). The proof needs of the detectors what Tupkary, Nahar, Sinha and Lutkenhaus, Quantum 9,
 * 1937 (2025), arXiv:2408.17349, need: the greatest relative difference, Eve choosing within it in each round; their bound
 * is another. Clicks made of nothing (n = 0 at Alice) carry a bit of Alice's that was never sent, and stay.
 *
 * Assumed: the photons of one pulse that reach Bob are one, or are treated as one by a random bit for double clicks.
 */
export function mismatchOf(efficiencies: readonly (readonly number[])[]): number {
  let worst = 0;
  for (const mode of efficiencies) worst = Math.max(worst, 1 - Math.min(...mode) / Math.max(...mode));
  return worst;
}

/**
 * `darkExcess` of a document: what dark counts add beyond those that all detectors have alike. `darkCounts`: probability of a
 * dark count in a gate, one for each detector of the key basis and of the test basis, as many of either; `pulses`: how many
 * of the block are expected to be sent and measured in the key basis and in the test basis, of all intensities, detected or
 * not. Why that pays: `variable-length.ts`, step 8. Throws FiniteKeyError.
 */
export function darkExcessOf(
  darkCounts: { readonly key: readonly number[]; readonly test: readonly number[] },
  pulses: { readonly key: number; readonly test: number },
): DarkExcess {
  const { key, test } = darkCounts;
  const all = [...key, ...test];
  if (key.length === 0 || key.length !== test.length || !all.every((d) => d >= 0 && d < 1)) {
    throw new FiniteKeyError(
      'darkCounts',
      `must be as many probabilities from 0 to 1 for the key basis as for the test basis, not ${JSON.stringify(darkCounts)}`,
    );
  }
  for (const [basis, count] of Object.entries(pulses)) {
    if (!(Number.isFinite(count) && count >= 0)) {
      throw new FiniteKeyError(`pulses.${basis}`, `must be a finite number from 0 on, not ${count}`);
    }
  }
  const common = Math.min(...all);
  // The union of the common process and the excess is the whole: (1 - common) (1 - excess) = 1 - d.
  const excess = (detectors: readonly number[]): number =>
    0 - Math.expm1(detectors.reduce((sum, d) => sum + Math.log1p(-(d - common) / (1 - common)), 0));
  return { key: pulses.key * excess(key), test: pulses.test * excess(test) };
}
