import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { logGamma } from '../numerics/gamma.ts';
import { layersOver, moment, slant } from './cn2.ts';
import {
  logIrradianceVariance,
  type ScintillatingPath,
  scintillationIndex,
  scintillationTimeS,
} from './scintillation.ts';
import { windAbove } from './wind.ts';

const HV57 = { windMS: 21, groundCn2: 1.7e-14, groundWindMS: 5 };
const WAVELENGTHS = [532, 850, 1064, 1550];
const down: ScintillatingPath = {
  direction: 'down',
  profile: HV57,
  stationHeightM: 0,
  wavelengthNm: 850,
  elevationDeg: 90,
  apertureDiameterM: 0,
};

const table2 = (windMS: number, wavelengthNm: number, change = {}) =>
  logIrradianceVariance({
    profile: { ...HV57, windMS },
    stationHeightM: 5.5,
    wavelengthNm,
    elevationDeg: 75,
    ...change,
  });

describe('log-irradiance variance', () => {
  it('is Table 2 of ITU-R P.1622 within half a printed digit', () => {
    for (const [windMS, row] of [
      [21, [0.23, 0.13, 0.1, 0.07]],
      [30, [0.36, 0.21, 0.16, 0.1]],
    ] as const) {
      row.forEach((printed, i) => {
        const computed = table2(windMS, WAVELENGTHS[i]!);
        assert.ok(Math.abs(computed - printed) <= 0.005, `${windMS} m/s, ${WAVELENGTHS[i]} nm: ${computed}`);
      });
    }
  });

  it('leaves the table when 75 degrees are taken for a zenith distance, or the air up to 60 km', () => {
    assert.ok(table2(21, 532, { elevationDeg: 15 }) / table2(21, 532) > 11);
    assert.ok(Math.abs(table2(30, 532, { topM: 60_000 }) - 0.36) > 0.005);
    assert.ok(Math.abs(table2(30, 532, { topM: 60_000 }) - 0.367) < 0.0005);
  });
});

/** Weak-fluctuation variance over an aperture by summing the spectrum: nothing of the closed form is in it. */
function spectrumSum(apertureDiameterM: number): number {
  const k = (2 * Math.PI) / 850e-9;
  const { heightsM, strengths } = layersOver(down);
  let sum = 0;
  for (let i = 0; i < heightsM.length; i++) {
    let layer = 0;
    const step = 0.01;
    for (let log = Math.log(1e-3); log < Math.log(1e5); log += step) {
      const kappa = Math.exp(log);
      const wave = 2 * Math.sin((kappa ** 2 * heightsM[i]!) / (2 * k)) ** 2;
      layer += kappa ** (-5 / 3) * Math.exp(-((apertureDiameterM * kappa) ** 2) / 16) * wave * step;
    }
    sum += strengths[i]! * layer;
  }
  return 8 * Math.PI ** 2 * 0.033 * k * k * sum;
}

describe('scintillation index', () => {
  it('of an aperture is the filtered spectrum where fluctuations are weak', () => {
    for (const apertureDiameterM of [0.05, 0.2, 0.6]) {
      const { index } = scintillationIndex({ ...down, apertureDiameterM });
      const share = Math.log1p(index) / spectrumSum(apertureDiameterM);
      // What saturation already takes at a Rytov variance of 0.13 is the difference.
      assert.ok(share > 0.85 && share < 1.01, `${apertureDiameterM} m: ${share}`);
    }
    const faint = { ...down, wavelengthNm: 20_000 };
    const rytov = logIrradianceVariance({ ...faint, topM: 30_000 });
    assert.ok(Math.abs(scintillationIndex(faint).index / rytov - 1) < 0.01);
  });

  it("falls with the aperture about as Yura & McKinley's factor does (Applied Optics 22:3353, 1983; ITU-R P.1622)", () => {
    const layers = layersOver(down);
    const scaleM = (moment(layers, 2) / moment(layers, 5 / 6)) ** (6 / 7);
    for (const apertureDiameterM of [0.1, 0.3, 0.6, 1, 2]) {
      const factor = 1 / (1 + 1.1 * (apertureDiameterM ** 2 / (850e-9 * scaleM)) ** (7 / 6));
      const ours = scintillationIndex({ ...down, apertureDiameterM }).index / scintillationIndex(down).index;
      assert.ok(ours / factor > 0.75 && ours / factor < 1.05, `${apertureDiameterM} m: ${ours} against ${factor}`);
    }
  });

  it('saturates where the Rytov variance does not, and changes law without a jump', () => {
    const at = (elevationDeg: number, apertureDiameterM = 0) =>
      scintillationIndex({ ...down, elevationDeg, apertureDiameterM });
    assert.ok(logIrradianceVariance({ ...down, elevationDeg: 5 }) > 10);
    assert.ok(at(5).index < 1.5);
    let [low, high] = [10, 90];
    while (high - low > 1e-9) {
      const middle = (low + high) / 2;
      if (at(middle).law === 'gamma-gamma') low = middle;
      else high = middle;
    }
    assert.ok(Math.abs(logIrradianceVariance({ ...down, elevationDeg: low, topM: 30_000 }) - 1) < 1e-6);
    for (const apertureDiameterM of [0, 0.2]) {
      assert.ok(Math.abs(at(low, apertureDiameterM).index / at(high, apertureDiameterM).index - 1) < 1e-6);
    }
  });

  it('is that of its own gamma-gamma parameters', () => {
    for (const [elevationDeg, apertureDiameterM] of [
      [10, 0],
      [10, 0.3],
      [6, 1],
    ] as const) {
      const { index, alphaBeta } = scintillationIndex({ ...down, elevationDeg, apertureDiameterM });
      const [alpha, beta] = alphaBeta!;
      assert.ok(Math.abs((1 + 1 / alpha) * (1 + 1 / beta) - 1 - index) < 1e-12 * (1 + index));
    }
  });

  it('never grows with the aperture, and never falls towards the horizon until it saturates', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 3, max: 89, noNaN: true }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        fc.constantFrom(0, 890, 5050),
        (elevationDeg, apertureDiameterM, more, stationHeightM) => {
          const path = { ...down, elevationDeg, apertureDiameterM, stationHeightM };
          const { index } = scintillationIndex(path);
          assert.ok(index > 0);
          assert.ok(scintillationIndex({ ...path, apertureDiameterM: apertureDiameterM + more }).index <= index);
          const higher = scintillationIndex({ ...path, elevationDeg: Math.min(90, elevationDeg + 1) });
          if (higher.law === 'log-normal' && logIrradianceVariance(path) < 0.8) assert.ok(higher.index <= index);
        },
      ),
      { seed: 5, numRuns: 300 },
    );
  });

  it('up averages over no satellite: its grain is metres wide', () => {
    const up = { ...down, direction: 'up', rangeKm: 500 } as const;
    const point = scintillationIndex(up).index;
    assert.ok(Math.abs(scintillationIndex({ ...up, apertureDiameterM: 0.3 }).index / point - 1) < 0.02);
    assert.ok(scintillationIndex({ ...up, apertureDiameterM: 30 }).index < 0.3 * point);
    // By reciprocity a point sees a point alike both ways where fluctuations are weak.
    const downPoint = scintillationIndex({ ...down, rangeKm: 500 }).index;
    assert.ok(Math.abs(point / downPoint - 1) < 0.05);
  });
});

/** Kummer's 1F1(a; 1; x + iy) by its series, as [real, imaginary]. */
function kummer(a: number, x: number, y: number): [number, number] {
  let [real, imaginary, termReal, termImaginary] = [1, 0, 1, 0];
  for (let n = 0; n < 500; n++) {
    const factor = (a + n) / (n + 1) ** 2;
    [termReal, termImaginary] = [
      factor * (termReal * x - termImaginary * y),
      factor * (termReal * y + termImaginary * x),
    ];
    real += termReal;
    imaginary += termImaginary;
  }
  return [real, imaginary];
}

const GAMMA_11_6 = Math.exp(logGamma(11 / 6));

/** Covariance that a layer adds at a shift: a Fresnel's, b the aperture's length squared (Andrews & Phillips 2005, ch. 8). */
function covariance(shiftM: number, a: number, b: number): number {
  const square = a * a + b * b;
  const q = shiftM ** 2 / 4;
  const [real, imaginary] = kummer(-5 / 6, (-q * b) / square, (q * a) / square);
  const size = square ** (5 / 12);
  const phase = (5 / 6) * Math.atan2(a, b);
  const second = b > 0 ? b ** (5 / 6) * kummer(-5 / 6, -q / b, 0)[0] : q ** (5 / 6) / GAMMA_11_6;
  return size * (real * Math.cos(phase) - imaginary * Math.sin(phase)) - second;
}

describe('correlation time', () => {
  it('is where the weak-fluctuation covariance of all layers has fallen to 1/e, within a fifth', () => {
    for (const [elevationDeg, apertureDiameterM, slewRadS] of [
      [90, 0, 0],
      [90, 0.2, 0],
      [90, 1, 0.012],
      [30, 0, 0.006],
      [30, 0.5, 0.006],
    ] as const) {
      const path = { ...down, elevationDeg, apertureDiameterM, slewRadS };
      const time = scintillationTimeS(path);
      const stretch = slant(elevationDeg);
      const wind = windAbove({ ...HV57, slewRadS: slewRadS * stretch });
      const { heightsM, strengths } = layersOver(down);
      const at = (timeS: number) =>
        heightsM.reduce((sum, h, i) => {
          const shift = wind(h) * timeS;
          const [a, b] = [(h * stretch * 850e-9) / (2 * Math.PI), apertureDiameterM ** 2 / 16];
          // Layers that have moved by many of their own lengths have nothing left, and the series no digits.
          if (shift ** 2 > 60 * Math.hypot(a, b)) return sum;
          return sum + strengths[i]! * covariance(shift, a, b);
        }, 0);
      const whole = at(1e-9);
      assert.ok(at(0.8 * time) > whole / Math.E, `${elevationDeg} deg, ${apertureDiameterM} m: too long`);
      assert.ok(at(1.2 * time) < whole / Math.E, `${elevationDeg} deg, ${apertureDiameterM} m: too short`);
    }
  });

  it('has the lengths of a single layer where covariances say so', () => {
    for (const [a, b, length] of [
      [1, 0, 1.2041],
      [1e-4, 1, 4 * 0.4528],
    ] as const) {
      const ratio = covariance(length, a, b) / covariance(1e-6, a, b);
      assert.ok(Math.abs(ratio - 1 / Math.E) < 1e-3, `${ratio}`);
    }
  });

  it('is shorter with a slew and longer with an aperture; still air has none', () => {
    const time = scintillationTimeS(down);
    assert.ok(scintillationTimeS({ ...down, slewRadS: 0.012 }) < time / 3);
    assert.ok(scintillationTimeS({ ...down, apertureDiameterM: 1 }) > 5 * time);
    assert.throws(() => scintillationTimeS({ ...down, profile: { ...HV57, windMS: 0, groundWindMS: 0 } }), {
      code: 'optics/parameter',
      message: /windMS/,
    });
  });
});
