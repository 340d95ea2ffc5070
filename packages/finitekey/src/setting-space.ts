import { FiniteKeyError } from './error.ts';
import { BRIGHTEST, type Setting } from './link-model.ts';

/** Settings of a decoy source as points without borders, so that a search cannot leave what is possible. */
export interface SettingSpace {
  readonly dimensions: number;
  /** Null where a probability or an intensity is too near its border to be told from it. */
  setting(x: ArrayLike<number>): Setting | null;
  /** Its inverse. */
  point(setting: Setting): Float64Array;
  /** The i-th of points that fill what is in use in practice evenly, however many are taken. */
  spread(i: number): Float64Array;
}

export interface SettingRules {
  /** Intensities besides the signal. */
  readonly decoys: 1 | 2;
  /** The weakest of three intensities, which a modulator's extinction decides: 0 if not given. */
  readonly weakest?: number;
  /** Probability of the key basis at the receiver, where a beam splitter decides it; else both parties use the same. */
  readonly receiverKeyBasis?: number;
}

const logit = (share: number): number => Math.log(share / (1 - share));
const share = (x: number): number => 1 / (1 + Math.exp(-x));
/** Beyond, a share is 0 or 1 to within 1e-13. */
const BORDER = 30;

/**
 * Coordinates: the logit of the sender's key basis; logarithms of the other probabilities over the signal's; logits of the
 * signal's intensity up to BRIGHTEST and of the decoy's within what the weakest leaves (mu1 > mu2 + mu3, mu2 > mu3).
 *
 * With no beam splitter to obey, both parties choose the key basis with the same probability. That loses nothing: counts
 * depend on the choices through a b and (1 - a)(1 - b) alone, and of all pairs of one (1 - a)(1 - b) the equal ones have
 * the greatest a b, since the sum of 1 - a and 1 - b is then least.
 *
 * Throws FiniteKeyError, naming the field.
 */
export function settingSpace({ decoys, weakest = 0, receiverKeyBasis }: SettingRules): SettingSpace {
  if (decoys !== 1 && decoys !== 2) throw new FiniteKeyError('decoys', `must be 1 or 2, not ${decoys}`);
  if (decoys === 1 && weakest !== 0) {
    throw new FiniteKeyError('weakest', 'is the third intensity; with one decoy there is none, so leave it out');
  }
  if (!(weakest >= 0 && weakest <= 0.1)) {
    throw new FiniteKeyError('weakest', `must be an intensity from 0 to 0.1, not ${weakest}`);
  }
  if (receiverKeyBasis !== undefined && !(receiverKeyBasis > 0 && receiverKeyBasis < 1)) {
    throw new FiniteKeyError('receiverKeyBasis', `must lie between 0 and 1, both excluded, not ${receiverKeyBasis}`);
  }
  const dimensions = decoys === 1 ? 4 : 5;
  return {
    dimensions,
    setting(x) {
      for (let j = 0; j < dimensions; j++) if (!(Math.abs(x[j]!) < BORDER)) return null;
      const sender = share(x[0]!);
      const weights = [1, Math.exp(x[1]!), ...(decoys === 2 ? [Math.exp(x[2]!)] : [])];
      const whole = weights.reduce((sum, weight) => sum + weight, 0);
      const mu1 = 2 * weakest + (BRIGHTEST - 2 * weakest) * share(x[decoys + 1]!);
      const mu2 = weakest + (mu1 - 2 * weakest) * share(x[decoys + 2]!);
      return {
        keyBasis: { sender, receiver: receiverKeyBasis ?? sender },
        intensities: decoys === 1 ? [mu1, mu2] : [mu1, mu2, weakest],
        probabilities: weights.map((weight) => weight / whole),
      };
    },
    point({ keyBasis, intensities, probabilities }) {
      const [mu1, mu2] = intensities as [number, number];
      return Float64Array.of(
        logit(keyBasis.sender),
        ...probabilities.slice(1).map((p) => Math.log(p / probabilities[0]!)),
        logit((mu1 - 2 * weakest) / (BRIGHTEST - 2 * weakest)),
        logit((mu2 - weakest) / (mu1 - 2 * weakest)),
      );
    },
    spread(i) {
      const [u, v, w, y, z] = BASES.map((base) => radicalInverse(i + 1, base)) as [
        number,
        number,
        number,
        number,
        number,
      ];
      const others = 0.02 * 35 ** v;
      const mu1 = 0.1 + 0.9 * y + 2 * weakest;
      return this.point({
        keyBasis: { sender: 0.3 + 0.68 * u, receiver: 0.5 },
        probabilities:
          decoys === 1 ? [1 - others, others] : [1 - others, others * (0.2 + 0.7 * w), others * (0.8 - 0.7 * w)],
        intensities: [mu1, weakest + (mu1 - 2 * weakest) * (0.02 + 0.6 * z)],
      });
    },
  };
}

const BASES = [2, 3, 5, 7, 11] as const;

/** Halton's sequence (Numer. Math. 2:84 (1960)): the digits of `i` mirrored at the point. */
function radicalInverse(i: number, base: number): number {
  let value = 0;
  for (let unit = 1 / base, rest = i; rest > 0; rest = Math.floor(rest / base), unit /= base)
    value += (rest % base) * unit;
  return value;
}
