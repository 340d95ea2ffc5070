import { keyLength, type ProofName } from '../index.ts';
import { type ExpectedLink, LinkModel, type Setting } from '../link-model.ts';
import { normal } from './link.ts';

/** Links of all kinds, from bright to hopeless, most of them near the border of a key. */
export function randomLink(random: () => number): ExpectedLink {
  const slices = random() < 0.3 ? 1 : 2 + Math.floor(300 * random());
  const leastLossDb = 12 + 40 * random();
  const swingDb = 20 * random();
  return {
    transmittance: Array.from(
      { length: slices },
      (_, i) => 10 ** (-(leastLossDb + swingDb * ((2 * (i + 0.5)) / slices - 1) ** 2) / 10),
    ),
    pulses: Math.max(1, 10 ** (6 + 6 * random()) / slices),
    noise: 10 ** (-8.5 + 3.5 * random()),
    misalignment: 0.06 * random() ** 1.5,
    afterPulsing: random() < 0.5 ? 0 : 0.04 * random(),
  };
}

/**
 * The judge of an optimiser, which shares nothing with it but the model of the link: `points` settings drawn at random over
 * more than is in use, in windows drawn at random, and from the best of them random steps that are kept when they gain.
 */
export function randomSearch(
  link: ExpectedLink,
  { proof, decoys, points }: { readonly proof: ProofName; readonly decoys: 1 | 2; readonly points: number },
  random: () => number,
): number {
  const model = new LinkModel(link);
  const gauss = normal(random);
  const bits = (y: readonly number[], window: number): number => {
    const [basis, p2, p3, mu1, ratio] = y as [number, number, number, number, number];
    const probabilities = decoys === 2 ? [1 - p2 - p3, p2, p3] : [1 - p2, p2];
    const inside = [basis, mu1 / 1.5, ratio, ...probabilities].every((share) => share > 1e-6 && share < 1 - 1e-6);
    if (!inside) return Number.NEGATIVE_INFINITY;
    const setting: Setting = {
      keyBasis: { sender: basis, receiver: basis },
      intensities: decoys === 2 ? [mu1, mu1 * ratio, 0] : [mu1, mu1 * ratio],
      probabilities,
    };
    const { intensities } = setting;
    const counts = model.counts(window, setting);
    const price = { epsSec: 1e-9, epsCor: 1e-15, efficiency: 1.16 };
    const { rawSecretBits, s1, phaseError } = keyLength(proof, {
      protocol: 'decoy-bb84',
      intensities,
      probabilities,
      ...counts,
      ...price,
    });
    return s1 > 0 && phaseError < 0.5 ? rawSecretBits : Number.NEGATIVE_INFINITY;
  };
  const windowOf = (share: number): number =>
    Math.min(model.windows - 1, Math.max(0, Math.floor(share * model.windows)));
  const drawn = Array.from({ length: points }, () => {
    const others = random() ** 1.5;
    const y = [0.2 + 0.8 * random(), 0, 0, 0.03 + 1.1 * random(), random() ** 1.5 * 0.9];
    const part = decoys === 2 ? random() : 0;
    y[1] = others * (1 - part);
    y[2] = others * part;
    const share = random();
    return { y, share, height: bits(y, windowOf(share)) };
  });
  drawn.sort((a, b) => (a.height === b.height ? 0 : b.height - a.height));
  let best = Number.NEGATIVE_INFINITY;
  for (let { y, share, height } of drawn.slice(0, 4)) {
    if (height === Number.NEGATIVE_INFINITY) break;
    for (let i = 0, scale = 0.2; i < points / 4; i++) {
      const next = y.map((value) => value * Math.exp(scale * gauss()));
      next[0] = 1 - (1 - y[0]!) * Math.exp(scale * gauss());
      const nextShare = Math.min(0.9999, Math.max(0, share + 0.3 * scale * gauss()));
      const found = bits(next, windowOf(nextShare));
      if (found > height) {
        y = next;
        share = nextShare;
        height = found;
        scale *= 1.3;
      } else scale = Math.max(1e-3, 0.97 * scale);
    }
    best = Math.max(best, height);
  }
  return best;
}
