import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { besselJ } from '../numerics/bessel.ts';
import { normal } from '../numerics/normal.ts';
import { xorshift } from '../test/xorshift.ts';
import { fibrePupilShare, singleModeCoupling } from './fibre-coupling.ts';

const unspoilt = { diameterM: 1, obscurationDiameterM: 0, friedM: Number.POSITIVE_INFINITY, correctedModes: 1 };

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} within ${tolerance}`);

describe('coupling into a single-mode fibre', () => {
  it('is 0.8145 for an open pupil without turbulence', () => near(singleModeCoupling(unspoilt), 0.8145, 5e-5));

  it('of an obscured pupil is the best over all modes', () => {
    for (const inner of [0.1, 0.2, 0.35, 0.6]) {
      let best = 0;
      for (let t = 0.2; t < 2; t += 1e-3) {
        const passed = Math.exp(-t * inner ** 2) - Math.exp(-t);
        best = Math.max(best, (2 * passed ** 2) / (t * (1 - inner ** 2)));
      }
      near(singleModeCoupling({ ...unspoilt, obscurationDiameterM: inner }), best, 1e-6);
    }
  });

  it('has both limits: the still one for D << r0, 0.92 (r0/D)^2 for D >> r0', () => {
    for (const inner of [0, 0.3]) {
      const obscured = { ...unspoilt, obscurationDiameterM: inner };
      const limit = singleModeCoupling(obscured);
      near(singleModeCoupling({ ...obscured, friedM: 1000 }) / limit, 1, 1e-3);
    }
    for (const friedM of [0.02, 0.01]) near(singleModeCoupling({ ...unspoilt, friedM }) / friedM ** 2, 0.92, 0.02);
  });

  it('is the mean over pairs of points of the pupil', () => {
    // Dikmelik & Davidson's fourfold integral by random pairs: an estimate that shares nothing with the quadrature.
    const t = 1.2564;
    const grid = 40;
    const points: [number, number, number][] = [];
    for (let i = 0; i < grid; i++) {
      for (let j = 0; j < grid; j++) {
        const [x, y] = [(2 * (i + 0.5)) / grid - 1, (2 * (j + 0.5)) / grid - 1];
        const square = x * x + y * y;
        if (square <= 1) points.push([x, y, Math.exp(-t * square)]);
      }
    }
    const cell = (2 / grid) ** 2;
    for (const friedM of [2, 1, 0.5]) {
      let sum = 0;
      for (const [x1, y1, g1] of points) {
        for (const [x2, y2, g2] of points) {
          sum += g1 * g2 * Math.exp(-3.44 * (Math.hypot(x1 - x2, y1 - y2) / 2 / friedM) ** (5 / 3));
        }
      }
      const expected = (sum * cell * cell) / (Math.PI * (Math.PI / (2 * t)));
      near(singleModeCoupling({ ...unspoilt, friedM }) / expected, 1, 0.01);
    }
  });

  it('grows with every corrected mode and with every centimetre of r0', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.02, max: 5, noNaN: true }),
        fc.double({ min: 0, max: 0.5, noNaN: true }),
        fc.integer({ min: 1, max: 40 }),
        (friedM, obscurationDiameterM, correctedModes) => {
          const here = { diameterM: 1, obscurationDiameterM, friedM, correctedModes };
          const value = singleModeCoupling(here);
          assert.ok(value > 0 && value < 0.8146);
          assert.ok(singleModeCoupling({ ...here, correctedModes: correctedModes + 1 }) >= value * (1 - 1e-6));
          assert.ok(singleModeCoupling({ ...here, friedM: friedM * 1.1 }) > value);
        },
      ),
      { seed: 2, numRuns: 150 },
    );
  });

  it('well corrected is the coherent part, exp(-v), and a few speckles', () => {
    for (const [friedM, correctedModes] of [
      [0.5, 10],
      [0.2, 60],
    ] as const) {
      const unit = correctedModes === 10 ? 0.0401 : 0.2944 * 60 ** (-Math.sqrt(3) / 2);
      const coherent = Math.exp(-unit * friedM ** (-5 / 3)) * singleModeCoupling(unspoilt);
      const all = singleModeCoupling({ ...unspoilt, friedM, correctedModes });
      assert.ok(all > coherent && all < 1.05 * coherent, `${all} over ${coherent}`);
    }
  });

  it('takes tracking errors in the same mean as turbulence: they cost little where the light is spread already', () => {
    const [t, k, grid] = [1.2564, (2 * Math.PI) / 850e-9, 34];
    const points: [number, number, number][] = [];
    for (let i = 0; i < grid; i++) {
      for (let j = 0; j < grid; j++) {
        const [x, y] = [(i + 0.5) / grid - 0.5, (j + 0.5) / grid - 0.5];
        if (x * x + y * y <= 0.25) points.push([x, y, Math.exp(-4 * t * (x * x + y * y))]);
      }
    }
    for (const [friedM, jitterRad, biasRad] of [
      [0.5, 2e-7, 0],
      [0.3, 0, 6e-7],
      [0.2, 3e-7, 4e-7],
      [0.1, 2e-6, 3e-6],
    ] as const) {
      let [sum, still] = [0, 0];
      for (const [x1, y1, g1] of points) {
        for (const [x2, y2, g2] of points) {
          const shift = Math.hypot(x1 - x2, y1 - y2);
          const share = g1 * g2 * Math.exp(-3.44 * (shift / friedM) ** (5 / 3));
          still += share;
          sum += share * Math.exp(-0.5 * (k * jitterRad * shift) ** 2) * Math.cos(k * biasRad * (x1 - x2));
        }
      }
      const turbulent = { ...unspoilt, friedM };
      const tracking = { wavelengthNm: 850, jitterRad, biasRad };
      const ratio = singleModeCoupling({ ...turbulent, tracking }) / singleModeCoupling(turbulent);
      near(ratio / (sum / still), 1, 0.02);
    }
    // A microradian that would cost an undisturbed metre 8 dB costs 0.1 dB behind 5 cm of coherence.
    const microradian = { wavelengthNm: 850, jitterRad: 1e-6, biasRad: 0 };
    const seeing = { ...unspoilt, friedM: 0.05 };
    const lossDb =
      10 * Math.log10(singleModeCoupling(seeing) / singleModeCoupling({ ...seeing, tracking: microradian }));
    assert.ok(lossDb > 0 && lossDb < 0.2, `${lossDb}`);
    assert.ok(singleModeCoupling({ ...unspoilt, tracking: microradian }) < 0.2 * singleModeCoupling(unspoilt));
  });

  it('beside random phase screens is right where the correction is good, and too dark where it is too weak', () => {
    for (const [ratio, correctedModes, leastDb, mostDb] of [
      [5, 10, -0.35, 0.2],
      [5, 6, -0.5, 0.25],
      [5, 3, -1.4, -0.3],
      [10, 3, -3.5, -1.4],
    ] as const) {
      const model = singleModeCoupling({ ...unspoilt, friedM: 1 / ratio, correctedModes });
      const differenceDb = 10 * Math.log10(model / behindScreens(ratio, correctedModes));
      assert.ok(differenceDb > leastDb && differenceDb < mostDb, `${ratio}, ${correctedModes}: ${differenceDb} dB`);
    }
  });

  it('looks at the sky with an etendue of lambda squared times the part of its mode that leaves the pupil', () => {
    // Coupling of plane waves from all directions, summed over the sky, in a pupil of radius 1 and lambda = 2 pi.
    for (const inner of [0, 0.3]) {
      const t = bestOf(inner);
      const field = (s: number) => {
        let sum = 0;
        const steps = 200;
        for (let i = 0; i < steps; i++) {
          const x = inner + ((1 - inner) * (i + 0.5)) / steps;
          sum += (x * Math.exp(-t * x * x) * besselJ(0, s * x) * (1 - inner)) / steps;
        }
        return sum;
      };
      let etendue = 0;
      for (let s = 0.05; s < 200; s += 0.1)
        etendue += ((2 * Math.PI * field(s)) ** 2 / (Math.PI / (2 * t))) * 2 * Math.PI * s * 0.1;
      near(fibrePupilShare(1, inner), etendue / (2 * Math.PI) ** 2, 4e-3);
    }
    assert.equal(fibrePupilShare(1, 1), 0);
  });
});

/** The t of the best mode, by trying them all. */
function bestOf(inner: number): number {
  let [best, at] = [0, 0];
  for (let t = 0.3; t < 1.5; t += 1e-3) {
    const coupling = (Math.exp(-t * inner * inner) - Math.exp(-t)) ** 2 / t;
    if (coupling > best) [best, at] = [coupling, t];
  }
  return at;
}

/**
 * Mean coupling behind random phase screens of Kolmogorov's spectrum (plane waves of random direction and phase, 0.0229
 * r0^(-5/3) f^(-11/3)), from which the first Zernike polynomials are taken away by least squares.
 */
function behindScreens(ratio: number, correctedModes: number): number {
  const uniform = xorshift(ratio * 100 + correctedModes);
  const [grid, screens, rings, directions] = [32, 120, 40, 8];
  const points: [number, number][] = [];
  for (let i = 0; i < grid; i++) {
    for (let j = 0; j < grid; j++) {
      const [x, y] = [(2 * (i + 0.5)) / grid - 1, (2 * (j + 0.5)) / grid - 1];
      if (x * x + y * y <= 1) points.push([x, y]);
    }
  }
  const modes: Float64Array[] = [];
  const project = (values: Float64Array) => {
    for (const mode of modes) {
      const share = mode.reduce((sum, value, i) => sum + value * values[i]!, 0);
      for (let i = 0; i < values.length; i++) values[i]! -= share * mode[i]!;
    }
  };
  const polynomials: ((x: number, y: number) => number)[] = [
    () => 1,
    (x) => x,
    (_, y) => y,
    (x, y) => 2 * (x * x + y * y) - 1,
    (x, y) => 2 * x * y,
    (x, y) => x * x - y * y,
    (x, y) => (3 * (x * x + y * y) - 2) * y,
    (x, y) => (3 * (x * x + y * y) - 2) * x,
    (x, y) => 3 * x * x * y - y ** 3,
    (x, y) => x ** 3 - 3 * x * y * y,
  ];
  for (const polynomial of polynomials.slice(0, correctedModes)) {
    const mode = Float64Array.from(points, ([x, y]) => polynomial(x, y));
    project(mode);
    const size = Math.sqrt(mode.reduce((sum, value) => sum + value * value, 0));
    modes.push(mode.map((value) => value / size));
  }
  const t = 1.2564;
  const fibre = points.map(([x, y]) => Math.exp(-t * (x * x + y * y)));
  const cell = (2 / grid) ** 2;
  const [low, high] = [Math.log(0.02), Math.log(10)];
  const width = (high - low) / rings;
  let mean = 0;
  for (let screen = 0; screen < screens; screen++) {
    const phase = new Float64Array(points.length);
    for (let ring = 0; ring < rings; ring++) {
      const f = Math.exp(low + (ring + uniform()) * width);
      const power = 0.0229 * (2 / ratio) ** (-5 / 3) * f ** (-11 / 3) * f * f * width * (Math.PI / directions);
      for (let m = 0; m < directions; m++) {
        const angle = (Math.PI * (m + uniform())) / directions;
        const [kx, ky] = [2 * Math.PI * f * Math.cos(angle), 2 * Math.PI * f * Math.sin(angle)];
        const [a, b] = [Math.sqrt(2 * power) * normal(uniform), Math.sqrt(2 * power) * normal(uniform)];
        for (let i = 0; i < phase.length; i++) {
          const at = kx * points[i]![0] + ky * points[i]![1];
          phase[i]! += a * Math.cos(at) + b * Math.sin(at);
        }
      }
    }
    project(phase);
    let [real, imaginary] = [0, 0];
    for (let i = 0; i < phase.length; i++) {
      real += fibre[i]! * Math.cos(phase[i]!);
      imaginary += fibre[i]! * Math.sin(phase[i]!);
    }
    mean += ((real * real + imaginary * imaginary) * cell * cell) / (Math.PI * (Math.PI / (2 * t))) / screens;
  }
  return mean;
}
