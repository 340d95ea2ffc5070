/**
 * Fading, samples a second, and what one moment of a pass costs.
 * Run: node packages/optics/src/fading.bench.ts
 */

import type { Fading, Link } from '../link/link.ts';
import { xorshift } from '../test/xorshift.ts';
import { fadingOf } from './fading.ts';
import { fadingGenerator } from './fading-series.ts';

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;

function secondsOf(work: () => void): number {
  work();
  return median(
    Array.from({ length: 7 }, () => {
      const before = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1e6;
    }),
  );
}

const pointing = { jitterRad: 1.2e-6, biasRad: 0.5e-6, beamHalfAngleRad: 5e-6, correlationS: 0.01 };
const logNormal = { law: 'log-normal', index: 0.1, alphaBeta: null, correlationS: 0.002 } as const;
const gammaGamma = { law: 'gamma-gamma', index: 1.1, alphaBeta: [4.1, 1.4], correlationS: 0.002 } as const;
const cases: [string, Fading][] = [
  ['log-normal', { scintillation: logNormal, pointing: null }],
  ['log-normal and pointing', { scintillation: logNormal, pointing }],
  ['gamma-gamma and pointing', { scintillation: gammaGamma, pointing }],
];
const gains = new Float64Array(1_000_000);
for (const [name, fading] of cases) {
  const generator = fadingGenerator({ stepS: 1e-4, uniform: xorshift(1) });
  const seconds = secondsOf(() => generator.fill(fading, gains));
  console.log(`${name}: ${(gains.length / seconds / 1e6).toFixed(1)} million samples per CPU second`);
}

const generator = fadingGenerator({ stepS: 1e-4, uniform: xorshift(1) });
const bin = new Float64Array(1000);
const changing = secondsOf(() => {
  for (let i = 0; i < 300; i++) {
    generator.fill({ scintillation: { ...gammaGamma, alphaBeta: [4 + i * 0.01, 1.4 + i * 0.001] }, pointing }, bin);
  }
});
console.log(
  `gamma-gamma that changes every 1000 samples: ${(0.3 / changing).toFixed(2)} million samples per CPU second`,
);

const link: Link = {
  direction: 'down',
  wavelengthNm: 850,
  transmitter: { beam: { kind: 'gaussian', divergenceRad: 10e-6 }, jitterRad: 1.2e-6, biasRad: 0, lossDb: 0 },
  receiver: {
    diameterM: 1,
    obscurationDiameterM: 0,
    fieldOfViewRad: 50e-6,
    jitterRad: 0,
    biasRad: 0,
    coupling: { kind: 'field-of-view' },
    transmittance: 1,
  },
  air: {
    stationHeightM: 890,
    extinction: { kind: 'modtran' },
    turbulence: { windMS: 21, groundCn2: 1.7e-14, groundWindMS: 5 },
  },
};
for (const direction of ['down', 'up'] as const) {
  const seconds = secondsOf(() => {
    for (let i = 0; i < 1000; i++) {
      fadingOf({ ...link, direction }, { rangeKm: 900, elevationDeg: 20 + i / 20, slewRadS: 0.008 });
    }
  });
  console.log(`fadingOf, ${direction}: ${(seconds * 1e3).toFixed(0)} microseconds`);
}
