import { type DecoyDocument, type KeyStatement, leakOf, statementOf, total, verificationOf } from './document.ts';
import { binaryEntropy } from './entropy.ts';
import { phaseErrorBound } from './lim2014.ts';

/**
 * One decoy: Rusca, Boaron, Grunenfelder, Martin and Zbinden, Appl. Phys. Lett. 112, 171104 (2018), and, as
 * `wiesemann2024`, its repaired form in Wiesemann, Krause, Tupkary, Lutkenhaus, Rusca and Walenta, Quantum 10, 2037 (2026),
 * arXiv:2405.16578. Key from X here, test in Z. Both papers were read through programs only: the first through
 * adomasbaliuka/formal-qkd (`RuscaEqn.lean`), the second through its authors' own
 * jankhg/Quantum-key-distribution-secure-key-rate-simulation-1-decoy-BB84 (`qkdsimulator.py`).
 *
 * n+- = (e^mu / p) (n_k +- delta(n)), delta(n) = sqrt(n / 2 ln(parts / epsSec)), m+- likewise, tau_n = sum p e^-mu mu^n / n!:
 *   s_0^l = tau_0 / (mu1 - mu2) (mu1 n_2^- - mu2 n_1^+)
 *   s_0^u = 2 (tau_0 min_k m_k^+ + delta(n)): empty pulses are wrong half of the time
 *   s_1^l = tau_1 mu1 / (mu2 (mu1 - mu2)) (n_2^- - (mu2^2 / mu1^2) n_1^+ - (1 - mu2^2 / mu1^2) s_0^u / tau_0)
 *   v^u   = tau_1 / (mu1 - mu2) (m_1^+ - m_2^-), in the test basis
 *   phi   = v^u / s_1^l + gamma, as in `lim2014.ts`
 */
interface Form {
  /** Each bound fails with epsSec / parts. */
  readonly parts: number;
  /** Bits that privacy amplification costs. */
  readonly cost: (bitsOfEps: number) => number;
  /** Whether detections of empty pulses are granted. */
  readonly vacuum: boolean;
}

export const ONE_DECOY_FORMS = {
  /** 6 log2(19 / epsSec). */
  rusca2018: { parts: 19, cost: (bits) => 6 * bits, vacuum: true },
  /** 4 log2(15 / (2^(1/4) epsSec)). */
  wiesemann2024: { parts: 15, cost: (bits) => 4 * bits - 1, vacuum: false },
} as const satisfies Record<string, Form>;

/** Key length with one decoy, as published. Two intensities; of a document that was checked. */
export function oneDecoyLength(
  name: keyof typeof ONE_DECOY_FORMS,
  document: DecoyDocument,
  assumptions: readonly string[],
): KeyStatement {
  const { parts, cost, vacuum } = ONE_DECOY_FORMS[name];
  const { epsSec, nX, mX, nZ, mZ } = document;
  const beta = Math.log(parts) - Math.log(epsSec);
  const key = eventsOf(document, nX, mX, beta);
  const test = eventsOf(document, nZ, mZ, beta);
  // As in both programs: no more than there are detections, where `lim2014` says no more than there are errors.
  const errors = Math.min(total(nZ), singleErrors(document, mZ, beta));
  const degenerate = key.singles === 0 || test.singles === 0;
  const phaseError = degenerate ? 0.5 : phaseErrorBound(errors, test.singles, key.singles, beta);
  const leakBits = leakOf(document, total(nX), total(mX));
  const event = `each of the bounds, in ${parts} equal parts`;
  return statementOf(
    {
      s0: key.vacuum,
      s1: key.singles,
      phaseError,
      leakBits,
      epsilons: [{ event, probability: epsSec / parts, share: epsSec }],
      proof: name,
      rigorous: false,
      assumptions,
    },
    {
      vacuum: vacuum && !degenerate ? key.vacuum : 0,
      singles: degenerate ? 0 : key.singles,
      phaseErrors: degenerate ? 0 : -key.singles * binaryEntropy(phaseError),
      leak: -leakBits,
      privacyAmplification: -cost(beta / Math.LN2),
      verification: -verificationOf(document),
    },
  );
}

function eventsOf(source: DecoyDocument, detections: readonly number[], errors: readonly number[], beta: number) {
  const { mu1, mu2, scale1, scale2, tau0, tau1 } = lightOf(source);
  const n = total(detections);
  const deviation = Math.sqrt((n / 2) * beta);
  const high = scale1 * (detections[0]! + deviation);
  const low = scale2 * (detections[1]! - deviation);
  const spread = Math.sqrt((total(errors) / 2) * beta);
  const wrong = Math.min(scale1 * (errors[0]! + spread), scale2 * (errors[1]! + spread));
  const mostVacuum = Math.min(n, 2 * (tau0 * wrong + deviation));
  const vacuum = (tau0 / (mu1 - mu2)) * (mu1 * low - mu2 * high);
  const ratio = (mu2 / mu1) ** 2;
  const singles = ((tau1 * mu1) / (mu2 * (mu1 - mu2))) * (low - ratio * high - (1 - ratio) * (mostVacuum / tau0));
  return { vacuum: Math.min(n, Math.max(0, vacuum)), singles: Math.min(n, Math.max(0, singles)) };
}

function singleErrors(source: DecoyDocument, errors: readonly number[], beta: number): number {
  const { mu1, mu2, scale1, scale2, tau1 } = lightOf(source);
  const spread = Math.sqrt((total(errors) / 2) * beta);
  const v = (tau1 / (mu1 - mu2)) * (scale1 * (errors[0]! + spread) - scale2 * (errors[1]! - spread));
  return Math.max(0, v);
}

function lightOf({ intensities, probabilities }: DecoyDocument) {
  const [mu1, mu2] = [intensities[0]!, intensities[1]!];
  const [scale1, scale2] = [Math.exp(mu1) / probabilities[0]!, Math.exp(mu2) / probabilities[1]!];
  return { mu1, mu2, scale1, scale2, tau0: 1 / scale1 + 1 / scale2, tau1: mu1 / scale1 + mu2 / scale2 };
}
