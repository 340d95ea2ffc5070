import type { AcquisitionAnswer, AcquisitionTags } from './disclosure.ts';
import type { Uncertainty } from './prediction.ts';

/** What Alice's settings are drawn from, as both parties have agreed. */
export interface SettingsLaw {
  readonly meanPhotons: readonly number[];
  readonly probabilities: readonly number[];
}

export interface AcquisitionInput {
  /** All tags of the window: predicted time of emission, ps since slot 0, in order; and detector, `basis * 2 + bit`. */
  readonly emissionPs: Float64Array;
  readonly detector: Uint8Array;
  readonly claimed: AcquisitionTags;
  readonly answer: AcquisitionAnswer;
  readonly settings: SettingsLaw;
  readonly periodPs: number;
  /** Standard deviation of a tag of light about the centre of its slot: pulse, detector and clock together. */
  readonly jitterPs: number;
  readonly uncertainty: Uncertainty;
  /** How much of the acceleration the ephemeris may miss, ps/s^2. Left out: 2000 (0.1 s along the track make 600 at 500 km). */
  readonly accelerationPsPerS2?: number;
}
