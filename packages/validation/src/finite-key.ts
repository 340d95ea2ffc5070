/** From counts to secret length. */
import {
  type Bbm92Request,
  bbm92,
  bbm92Rate,
  binaryEntropy,
  type KeyLength,
  type KeyLengthRequest,
  lim2014,
} from '@skykey/finitekey';
import type { Comparison, Origin, Sources } from './comparison.ts';

const HALF = { basis: 'half a printed digit' } as const;

type Triple = readonly [number, number, number];
const sum = (values: Triple): number => values[0] + values[1] + values[2];

interface Window {
  readonly bound: 'hoeffding' | 'chernoff';
  readonly extraneousClicks: number;
  readonly intrinsicQber: number;
  readonly extraLossDb: number;
  readonly halfWindowS: number;
}

const KEY_BASIS = 0.7611;
const PROBABILITIES = [0.7501, 0.1749, 1 - 0.7501 - 0.1749] as const;
const MEAN_PHOTONS = [0.7921, 0.1707, 0] as const;
const PULSES_PER_S = 1e8;
const AFTER_PULSING = 1e-3;

/** Transmittance by second from culmination. */
function zenithPass({ text }: Sources): Map<number, number> {
  const rows = text('finitekey/data/satquma_FS_loss_XI0.csv')
    .split(/\r?\n/)
    .slice(1)
    .filter((line) => line !== '');
  return new Map(rows.map((line) => [Number(line.split(',')[0]), Number(line.split(',')[2])]));
}

/** Counts of a zenith pass by the model of SatQuMA, real numbers, second by second, and the key that Skykey grants. */
function satquma(sources: Sources, window: Window): KeyLength & { readonly qber: number } {
  const transmittance = zenithPass(sources);
  const keyDetections: [number, number, number] = [0, 0, 0];
  const testDetections: [number, number, number] = [0, 0, 0];
  const testErrors: [number, number, number] = [0, 0, 0];
  let keyErrors = 0;
  const { extraneousClicks, intrinsicQber } = window;
  const weighted = (of: readonly number[]) => PROBABILITIES.reduce((all, p, k) => all + p * of[k]!, 0);
  for (let second = -window.halfWindowS; second <= window.halfWindowS; second++) {
    const eta = transmittance.get(second)! * 10 ** (-window.extraLossDb / 10);
    const click = MEAN_PHOTONS.map(
      (mu) => (1 + AFTER_PULSING) * (1 - (1 - 2 * extraneousClicks) * Math.exp(-mu * eta)),
    );
    const error = MEAN_PHOTONS.map(
      (mu, k) => extraneousClicks + (AFTER_PULSING * click[k]!) / 2 + intrinsicQber * (1 - Math.exp(-mu * eta)),
    );
    keyErrors += KEY_BASIS ** 2 * PULSES_PER_S * weighted(error);
    for (const k of [0, 1, 2] as const) {
      const clicks = PROBABILITIES[k] * click[k]! * PULSES_PER_S;
      keyDetections[k] += KEY_BASIS ** 2 * clicks;
      testDetections[k] += (1 - KEY_BASIS) ** 2 * clicks;
      testErrors[k] += ((1 - KEY_BASIS) ** 2 * clicks * weighted(error)) / weighted(click);
    }
  }
  const qber = keyErrors / sum(keyDetections);
  const request: KeyLengthRequest = {
    counts: { meanPhotons: MEAN_PHOTONS, probabilities: PROBABILITIES, keyDetections, testDetections, testErrors },
    leakedBits: 1.16 * sum(keyDetections) * binaryEntropy(qber),
    epsSec: 1e-9,
    epsCor: 1e-15,
    bound: window.bound,
  };
  return { ...lim2014(request), qber };
}

const WINDOWS = {
  a1: { bound: 'chernoff', extraneousClicks: 1e-8, intrinsicQber: 0.001, extraLossDb: 0, halfWindowS: 210 },
  a2: { bound: 'chernoff', extraneousClicks: 5e-7, intrinsicQber: 0.005, extraLossDb: 6, halfWindowS: 200 },
  a3: { bound: 'chernoff', extraneousClicks: 1e-7, intrinsicQber: 0.05, extraLossDb: 0, halfWindowS: 210 },
  a4: { bound: 'hoeffding', extraneousClicks: 1e-8, intrinsicQber: 0.001, extraLossDb: 0, halfWindowS: 210 },
  c: { bound: 'chernoff', extraneousClicks: 1e-7, intrinsicQber: 1e-3, extraLossDb: 0, halfWindowS: 210 },
} as const satisfies Record<string, Window>;

const FIGURES = {
  length: ['secret length before floor and clip', 'bit', (key: KeyLength) => key.rawSecretBits],
  phase: ['bound on the phase error rate', '', (key: KeyLength) => key.phaseErrorRate],
  singles: ['bound on single-photon detections in the key basis', '', (key: KeyLength) => key.keySingles],
  vacuum: ['bound on vacuum detections in the key basis', '', (key: KeyLength) => key.keyVacuum],
  'test-singles': ['bound on single-photon detections in the test basis', '', (key: KeyLength) => key.testSingles],
  errors: ['bound on single-photon errors', '', (key: KeyLength) => key.testSingleErrors],
  qber: ['error rate of the key basis', '', (key: KeyLength & { readonly qber: number }) => key.qber],
} as const;

function vector(name: keyof typeof WINDOWS, figure: keyof typeof FIGURES, printed: string): Comparison {
  const [quantity, unit, of] = FIGURES[figure];
  const { bound, extraneousClicks, intrinsicQber, extraLossDb, halfWindowS } = WINDOWS[name];
  return {
    id: `satquma-${name}-${figure}`,
    area: 'finite key',
    quantity: `${quantity}, zenith pass ${name}`,
    unit,
    printed,
    origin: {
      work: 'SatQuMA 2.0 (Sidhu et al., arXiv:2012.07829; MIT)',
      place: name === 'c' ? 'fixed parameters' : 'window of a pass; an independent program agrees to 0.1 bit',
      seen: 'code',
    },
    tolerance: HALF,
    inputs: `formulas of Lim et al. 2014, ${bound}; noise ${extraneousClicks}, errors ${intrinsicQber}, ${extraLossDb} dB more, ±${halfWindowS} s`,
    compute: (sources) => of(satquma(sources, WINDOWS[name])),
  };
}

const YIN: Origin = { work: 'Yin et al., Nature 582:501 (2020)', place: 'text and Table 1', seen: 'published' };
const SECONDS = 3100;

/** Published: sifted bits a second, error rate, inefficiency of error correction. */
interface YinInputs {
  readonly siftedPerS: number;
  readonly qber: number;
  readonly efficiency: number;
}
const AS_PRINTED: YinInputs = { siftedPerS: 1.1, qber: 0.045, efficiency: 1.19 };
const KNOWN = 'tests of the finite keys had found 0.46 bit/s, 80 bits and an end below 5 %';

/** The block of the experiment, half of the sifted bits tested. */
function block({ siftedPerS, qber, efficiency }: YinInputs): Bbm92Request {
  const keyBits = Math.round((SECONDS * siftedPerS) / 2);
  return {
    keyBits,
    testBits: keyBits,
    testErrors: Math.ceil(qber * keyBits),
    leakedBits: efficiency * keyBits * binaryEntropy(qber),
    epsSec: 1e-10,
    epsCor: 1e-10,
  };
}

/** Error rate, %, up to which the block gives a key. */
function thresholdPercent(inputs: YinInputs): number {
  let [low, high] = [0, 0.11];
  while (high - low > 1e-6) {
    const qber = (low + high) / 2;
    if (bbm92(block({ ...inputs, qber })).secretBits > 0) low = qber;
    else high = qber;
  }
  return 100 * low;
}

const asymptotic = ({ siftedPerS, qber, efficiency }: YinInputs) => siftedPerS * bbm92Rate(qber, qber, efficiency);
const finite = (inputs: YinInputs) => bbm92(block(inputs)).secretBits;
const BLOCK =
  'sifted 1.1 bit/s for 3,100 s, half of it tested, QBER 4.5 % in both bases, f 1.19, eps 1e-10 (all published but the split)';

export const FINITE_KEY: readonly Comparison[] = [
  vector('a1', 'length', '4652997.7'),
  vector('a1', 'phase', '0.004608'),
  vector('a1', 'singles', '5100739.8'),
  vector('a2', 'length', '745730.3'),
  vector('a2', 'phase', '0.029665'),
  vector('a2', 'vacuum', '10822.55'),
  vector('a3', 'length', '-1109539'),
  vector('a3', 'phase', '0.084824'),
  vector('a3', 'errors', '39155.48'),
  vector('a4', 'length', '4160210.2'),
  vector('a4', 'phase', '0.006466'),
  vector('a4', 'test-singles', '343381.41'),
  vector('c', 'length', '4609964.501391'),
  vector('c', 'phase', '0.0051097629626'),
  vector('c', 'qber', '0.0016993337598'),
  vector('c', 'singles', '5099274.218337'),
  {
    id: 'yin2020-asymptotic',
    area: 'finite key',
    quantity: 'secret rate of entangled pairs over 1,120 km without end',
    unit: 'bit/s',
    printed: '0.43',
    origin: YIN,
    tolerance: HALF,
    inputs: 'sifted 1.1 bit/s, QBER 4.5 % in both bases, f 1.19 (all published)',
    knownBefore: KNOWN,
    compute: () => asymptotic(AS_PRINTED),
  },
  {
    id: 'yin2020-finite',
    area: 'finite key',
    quantity: 'secret length of entangled pairs over 1,120 km in 3,100 s',
    unit: 'bit',
    printed: '372',
    origin: YIN,
    tolerance: HALF,
    inputs: BLOCK,
    knownBefore: KNOWN,
    compute: () => finite(AS_PRINTED),
  },
  {
    id: 'yin2020-threshold',
    area: 'finite key',
    quantity: 'error rate above which 3,100 s give no key',
    unit: '%',
    printed: '6.0',
    origin: { ...YIN, place: 'text: about 6.0 %' },
    tolerance: HALF,
    inputs: `${BLOCK}, with the error rate free`,
    knownBefore: KNOWN,
    compute: () => thresholdPercent(AS_PRINTED),
  },
  {
    id: 'micius-key',
    area: 'finite key',
    quantity: 'secret bits of the published pass of Micius over Xinglong',
    unit: 'bit',
    printed: '300939',
    origin: {
      work: 'Liao et al., Nature 549:43 (2017)',
      place: 'failure probability 1e-9, as quoted by later texts',
      seen: 'second-hand',
    },
    tolerance: HALF,
    inputs: 'none that would do',
    compute: {
      gap: 'counts and errors by intensity, background and the efficiency of error correction are not published; assumptions within reason give 0.25 to 0.64 Mbit, so that agreement would be chosen, not found',
    },
  },
];
