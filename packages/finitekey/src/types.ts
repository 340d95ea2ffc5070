/** Counts of one decoy-state block; every triple is in the order signal, decoy, weakest. */
export interface DecoyCounts {
  /** Mean photon numbers mu1 > mu2 + mu3, mu2 > mu3 >= 0. */
  readonly meanPhotons: readonly [number, number, number];
  /** Probabilities of the three intensities, sum 1. */
  readonly probabilities: readonly [number, number, number];
  /** n_{X,k}: detections with both parties in the key basis. */
  readonly keyDetections: readonly [number, number, number];
  /** n_{Z,k}: detections with both parties in the test basis. */
  readonly testDetections: readonly [number, number, number];
  /** m_{Z,k}: errors among them. */
  readonly testErrors: readonly [number, number, number];
}

export interface KeyLengthRequest {
  readonly counts: DecoyCounts;
  /** lambda_EC: every bit about the key that was disclosed; of the verification tag what log2(2 / epsCor) does not pay. */
  readonly leakedBits: number;
  readonly epsSec: number;
  readonly epsCor: number;
  /** Concentration bound: as printed in Lim et al. 2014, or the Chernoff form. */
  readonly bound: 'hoeffding' | 'chernoff';
}

export interface KeyLength {
  /** l, floored, never negative. */
  readonly secretBits: number;
  /** The same before floor and clip at zero. */
  readonly rawSecretBits: number;
  /** s_{X,0}, s_{X,1}, s_{Z,0}, s_{Z,1}: lower bounds on vacuum and single-photon events. */
  readonly keyVacuum: number;
  readonly keySingles: number;
  readonly testVacuum: number;
  readonly testSingles: number;
  /** v_{Z,1}: upper bound on single-photon errors in the test basis. */
  readonly testSingleErrors: number;
  /** phi_X: upper bound on the phase error rate of single photons in the key basis, at most 1/2. */
  readonly phaseErrorRate: number;
  /** For example `Lim et al. 2014 (Hoeffding)`. */
  readonly proof: string;
  /** What the proof does not cover, in sentences. */
  readonly gaps: readonly string[];
}
