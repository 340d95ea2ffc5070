/**
 * What reaches the front of the receiver in place of a pulse of Alice's: one branch for each thing that may happen to it,
 * with the probability of that. An honest link has one branch a kind. Both samplers work from the same list, so that an
 * adversary is written once.
 */

/** How the photons of a branch are distributed. */
export const Statistics = {
  /** Poisson: `amount` is the mean photon number. */
  coherent: 0,
  /** Exactly `amount` photons, a whole number. */
  fock: 1,
  /** A bright pulse on detectors in linear mode: `amount` is its energy at the receiver's front, J. */
  bright: 2,
} as const;

/** What stands at the receiver's front. Members left out are those of Alice's own light. */
export interface Light {
  /** Of `Statistics`. */
  readonly statistics: number;
  readonly amount: number;
  /** Polarisation angle, rad, in the receiver's frame. */
  readonly angleRad: number;
  /** Degree of polarisation, 0..1; 1 when left out. */
  readonly purity?: number;
  /** Time against the pulse's own, ps. */
  readonly shiftPs?: number;
  /** NaN (when left out): in the band. */
  readonly wavelengthNm?: number;
  /** Angle of arrival along the tilt axis, microradian; 0 when left out. */
  readonly tiltMicroRad?: number;
}

/** What is true of a branch beside its light. */
export interface Ledger {
  /** Her probability of guessing Alice's bit, whatever makes Bob click: what she measured, kept or read at the source. */
  readonly guess: number;
  /**
   * The same of a click that this light makes: with it she knows, or all know, which detector was the likelier. Of noise, of
   * an after-pulse, of light of another slot that tells nothing. Left out: `guess`.
   */
  readonly clickGuess?: number;
  readonly attacked: boolean;
  /**
   * Whether coherent light is what is left of Alice's own, so that what is missing was lost on the way and can be collected
   * (`PassInput.collects`). Left out: where nobody acted.
   */
  readonly own?: boolean;
  /** `Branches.photons`. */
  readonly photons?: number;
}

/** Structure of arrays, `count` long, grown as needed; `clear` keeps the memory. */
export class Branches {
  count = 0;
  /** The kind (`PulseKinds`) that the branch belongs to. */
  kind = new Uint16Array(64);
  /** Probability of the branch among all pulses, that of its kind included. */
  probability = new Float64Array(64);
  statistics = new Uint8Array(64);
  amount = new Float64Array(64);
  angleRad = new Float64Array(64);
  purity = new Float64Array(64);
  shiftPs = new Float64Array(64);
  wavelengthNm = new Float64Array(64);
  tiltMicroRad = new Float64Array(64);
  /**
   * Eve's probability of guessing Alice's bit right, once bases are announced, 1/2 to 1: her ledger. It is Alice's bit that
   * becomes key, so that this holds whatever made Bob click in the slot. 1/2: she knows nothing.
   */
  guess = new Float64Array(64);
  /** The same for a click that the branch's own light made, at least `guess`. */
  clickGuess = new Float64Array(64);
  /** 1 where the adversary acted. */
  attacked = new Uint8Array(64);
  /** 1 where the light is what is left of Alice's own coherent pulse, and nobody has what is missing yet. */
  own = new Uint8Array(64);
  /** Photons at the exit that are known from the branch, 255: none known (draw it). */
  photons = new Uint8Array(64);

  clear(): void {
    this.count = 0;
  }

  /** Adds a branch; of probability 0 or less it is left out. */
  add(kind: number, probability: number, light: Light, ledger: Ledger): void {
    if (!(probability > 0)) return;
    if (this.count === this.kind.length) this.#grow();
    const at = this.count++;
    const { guess, clickGuess = guess, attacked } = ledger;
    this.kind[at] = kind;
    this.probability[at] = probability;
    this.statistics[at] = light.statistics;
    this.amount[at] = light.amount;
    this.angleRad[at] = light.angleRad;
    this.purity[at] = light.purity ?? 1;
    this.shiftPs[at] = light.shiftPs ?? 0;
    this.wavelengthNm[at] = light.wavelengthNm ?? Number.NaN;
    this.tiltMicroRad[at] = light.tiltMicroRad ?? 0;
    this.guess[at] = guess;
    this.clickGuess[at] = clickGuess < guess ? guess : clickGuess;
    this.attacked[at] = attacked ? 1 : 0;
    this.own[at] = (ledger.own ?? !attacked) && light.statistics === Statistics.coherent ? 1 : 0;
    this.photons[at] = ledger.photons ?? 255;
  }

  /** Makes two branches of one that has the same light either way: in a share of it she guesses at least so well. */
  divide(at: number, share: number, guess: number): void {
    if (!(share > 0)) return;
    if (this.count === this.kind.length) this.#grow();
    const added = this.count++;
    this.kind[added] = this.kind[at]!;
    this.probability[added] = this.probability[at]! * share;
    this.probability[at]! *= 1 - share;
    this.statistics[added] = this.statistics[at]!;
    this.amount[added] = this.amount[at]!;
    this.angleRad[added] = this.angleRad[at]!;
    this.purity[added] = this.purity[at]!;
    this.shiftPs[added] = this.shiftPs[at]!;
    this.wavelengthNm[added] = this.wavelengthNm[at]!;
    this.tiltMicroRad[added] = this.tiltMicroRad[at]!;
    this.guess[added] = Math.max(guess, this.guess[at]!);
    this.clickGuess[added] = Math.max(guess, this.clickGuess[at]!);
    this.attacked[added] = this.attacked[at]!;
    this.own[added] = this.own[at] = 0;
    this.photons[added] = this.photons[at]!;
  }

  #grow(): void {
    const twice = <T extends Float64Array | Uint8Array | Uint16Array>(old: T): T => {
      const grown = new (old.constructor as new (n: number) => T)(2 * old.length);
      grown.set(old as never);
      return grown;
    };
    this.kind = twice(this.kind);
    this.probability = twice(this.probability);
    this.statistics = twice(this.statistics);
    this.amount = twice(this.amount);
    this.angleRad = twice(this.angleRad);
    this.purity = twice(this.purity);
    this.shiftPs = twice(this.shiftPs);
    this.wavelengthNm = twice(this.wavelengthNm);
    this.tiltMicroRad = twice(this.tiltMicroRad);
    this.guess = twice(this.guess);
    this.clickGuess = twice(this.clickGuess);
    this.attacked = twice(this.attacked);
    this.own = twice(this.own);
    this.photons = twice(this.photons);
  }
}
