import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lim2014 } from './index.ts';
import { satqumaPass } from './test/satquma.ts';

type Triple = readonly [number, number, number];
const sum = (values: Triple): number => values[0] + values[1] + values[2];

/** `actual` to `relative`, or to half a unit in the last place of a value printed with that many `digits` after the point. */
function close(actual: number, expected: number, relative: number, digits = 15): void {
  const tolerance = Math.max(Math.abs(expected) * relative, 0.5 * 10 ** -digits);
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} within ${tolerance}`);
}

describe('SatQuMA window vectors', () => {
  const rows = {
    a1: {
      pass: { bound: 'chernoff', extraneousClicks: 1e-8, intrinsicQber: 0.001, extraLossDb: 0, halfWindowS: 210 },
      l: 4652997.7,
      qber: 0.001519,
      phi: 0.004608,
      nX: 12144720,
      sX1: 5100739.8,
      leak: 231211.07,
      sX0: 0,
      sZ1: 482714.55,
      v: 1817.632,
      nZ: 1196565.2,
      mZ: 1817.632,
    },
    a2: {
      pass: { bound: 'chernoff', extraneousClicks: 5e-7, intrinsicQber: 0.005, extraLossDb: 6, halfWindowS: 200 },
      l: 745730.3,
      qber: 0.009276,
      phi: 0.029665,
      nX: 3041314,
      sX1: 1242572.4,
      leak: 267954.18,
      sX0: 10822.55,
      sZ1: 110341.5,
      v: 2779.439,
      nZ: 299647.14,
      mZ: 2779.439,
    },
    a3: {
      pass: { bound: 'chernoff', extraneousClicks: 1e-7, intrinsicQber: 0.05, extraLossDb: 0, halfWindowS: 210 },
      l: -1109539,
      qber: 0.050631,
      phi: 0.084824,
      nX: 12149112,
      sX1: 5099274.2,
      leak: 4073857.58,
      sX0: 1662.71,
      sZ1: 482173.54,
      v: 39155.48,
      nZ: 1196997.91,
      mZ: 60604.87,
    },
    a4: {
      pass: { bound: 'hoeffding', extraneousClicks: 1e-8, intrinsicQber: 0.001, extraLossDb: 0, halfWindowS: 210 },
      l: 4160210.2,
      qber: 0.001519,
      phi: 0.006466,
      nX: 12144720,
      sX1: 4653792.2,
      leak: 231211.07,
      sX0: 0,
      sZ1: 343381.41,
      v: 1817.632,
      nZ: 1196565.2,
      mZ: 1817.632,
    },
  } as const;

  for (const [name, row] of Object.entries(rows)) {
    it(`row ${name}`, () => {
      const { request, qber } = satqumaPass(row.pass);
      const result = lim2014(request);
      close(sum(request.counts.keyDetections), row.nX, 0, 0);
      close(sum(request.counts.testDetections), row.nZ, 0, 2);
      close(sum(request.counts.testErrors), row.mZ, 0, 2);
      close(qber, row.qber, 0, 6);
      close(request.leakedBits, row.leak, 0, 2);
      close(result.keyVacuum, row.sX0, 0, 2);
      close(result.keySingles, row.sX1, 0, 1);
      close(result.testSingles, row.sZ1, 0, 2);
      close(result.testSingleErrors, row.v, 0, 2);
      close(result.phaseErrorRate, row.phi, 0, 6);
      assert.ok(Math.abs(result.rawSecretBits - row.l) <= 1, `${result.rawSecretBits}`);
      assert.equal(result.secretBits, Math.max(0, Math.floor(result.rawSecretBits)));
    });
  }

  it('errors are capped at all errors of the test basis where the vector says so', () => {
    for (const name of ['a1', 'a2', 'a4'] as const) {
      const { request } = satqumaPass(rows[name].pass);
      assert.equal(lim2014(request).testSingleErrors, sum(request.counts.testErrors));
    }
  });
});

describe('SatQuMA case C', () => {
  const { request, keyErrors, qber } = satqumaPass({
    bound: 'chernoff',
    extraneousClicks: 1e-7,
    intrinsicQber: 1e-3,
    extraLossDb: 0,
    halfWindowS: 210,
  });
  const { counts } = request;

  it('counts', () => {
    close(qber, 0.0016993337598, 1e-9);
    close(sum(counts.keyDetections), 12149112.0612, 1e-9);
    close(sum(counts.testDetections), 1196997.91396, 1e-9);
    close(keyErrors, 20645.39628, 1e-9);
    close(request.leakedBits, 254868.42783, 1e-9);
    for (const [values, printed, digits] of [
      [counts.keyDetections, [11566645.569, 582100.315, 366.177], 3],
      [counts.testDetections, [1139610.084, 57351.752, 36.078], 3],
      [counts.testErrors, [1936.5646, 97.4676, 0.0668], 4],
    ] as const) {
      for (const k of [0, 1, 2] as const) close(values[k], printed[k], 1e-9, digits);
    }
  });

  it('length and intermediates to 1e-9', () => {
    const result = lim2014(request);
    close(result.rawSecretBits, 4609964.501391, 1e-9);
    assert.equal(result.secretBits, 4609964);
    close(result.phaseErrorRate, 0.0051097629626, 1e-9);
    close(result.keyVacuum, 1662.71011, 1e-9);
    close(result.keySingles, 5099274.218337, 1e-9);
    close(result.testSingles, 482173.544459, 1e-9);
    close(result.testSingleErrors, 2034.0989656, 1e-9);
    assert.equal(result.proof, 'Lim et al. 2014 (Chernoff)');
  });
});
