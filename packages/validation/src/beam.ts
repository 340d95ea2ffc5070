/** Beams: how much of the light a receiver catches. */
import {
  type Beam,
  beamSpreadLossDb,
  budget,
  extinctionLossDb,
  type Link,
  pointingLossDb,
  ringShare,
} from '@skykey/optics';
import type { Comparison, LeftOut, Origin } from './comparison.ts';

const LIAO: Origin = {
  work: 'Liao et al., Nature 549:43 (2017)',
  place: 'link budget at 1,200 km, as quoted by later texts',
  seen: 'second-hand',
};
const SATQUMA: Origin = {
  work: 'SatQuMA 2.0 (Sidhu et al., arXiv:2109.01686; MIT)',
  place: 'truncated-Gaussian diffraction',
  seen: 'code',
};
const HALF = { basis: 'half a printed digit' } as const;

function diffraction(id: string, kind: 'top-hat' | 'gaussian', quantity: string): Comparison {
  return {
    id,
    area: 'optics',
    quantity,
    unit: 'dB',
    printed: '22',
    origin: LIAO,
    tolerance: HALF,
    inputs: 'divergence 10 urad (full angle), receiver 1 m, 1,200 km: all published; the shape of the spot is not',
    compute: () =>
      beamSpreadLossDb({
        beam: { kind, divergenceRad: 10e-6 },
        wavelengthNm: 848.6,
        rangeKm: 1200,
        receiverDiameterM: 1,
      }),
  };
}

const FILLED: Beam = { kind: 'aperture', diameterM: 0.3, waistRadiusM: 0.15, obscurationDiameterM: 0 };

function truncated(wavelengthNm: number, receiverDiameterM: number, rangeKm: number, printed: string): Comparison {
  return {
    id: `satquma-diffraction-${Math.floor(rangeKm)}`,
    area: 'optics',
    quantity: `diffraction of a truncated Gaussian, ${rangeKm} km`,
    unit: 'dB',
    printed,
    origin: SATQUMA,
    tolerance: HALF,
    inputs: `aperture 0.3 m, waist 0.15 m, receiver ${receiverDiameterM} m, ${wavelengthNm} nm`,
    compute: () => beamSpreadLossDb({ beam: FILLED, wavelengthNm, rangeKm, receiverDiameterM }),
  };
}

/** Share of the light of an evenly filled aperture between two radii, in units of lambda R / (pi D). */
function airy(id: string, quantity: string, printed: string, inner: number, outer: number): Comparison {
  const unitM = (1e6 * 810e-9) / (Math.PI * 0.3);
  return {
    id: `airy-${id}`,
    area: 'optics',
    quantity: `share of an Airy pattern in ${quantity}`,
    unit: '',
    printed,
    origin: { work: 'The Airy Disk, astronomyclub.xyz (after Airy 1835)', place: 'text', seen: 'second-hand' },
    tolerance: HALF,
    inputs: 'aperture 0.3 m filled evenly (waist 1 km), 810 nm, 1,000 km; zeros of J1 at 3.8317, 7.0156, 10.1735',
    compute: () =>
      ringShare({
        beam: { kind: 'aperture', diameterM: 0.3, waistRadiusM: 1e3, obscurationDiameterM: 0 },
        wavelengthNm: 810,
        rangeKm: 1000,
        innerRadiusM: inner * unitM,
        outerRadiusM: outer * unitM,
      }),
  };
}

const EARTH_KM = 6371;
const HEIGHT_KM = 500;

/** Range on the round Earth of SatQuMA. */
function roundRangeKm(elevationDeg: number): number {
  const rise = EARTH_KM * Math.sin((elevationDeg * Math.PI) / 180);
  return Math.sqrt(rise ** 2 + HEIGHT_KM ** 2 + 2 * EARTH_KM * HEIGHT_KM) - rise;
}

/** A micro-satellite of 8 cm over a telescope of 70 cm, with 6 dB of internal loss (case B of the source). */
const MICRO: Link = {
  direction: 'down',
  wavelengthNm: 785,
  transmitter: {
    beam: { kind: 'aperture', diameterM: 0.08, waistRadiusM: 0.04, obscurationDiameterM: 0 },
    jitterRad: 0,
    biasRad: 0,
    lossDb: 6,
  },
  receiver: {
    diameterM: 0.7,
    obscurationDiameterM: 0,
    fieldOfViewRad: 2e-3,
    jitterRad: 0,
    biasRad: 0,
    coupling: { kind: 'field-of-view' },
    transmittance: 1,
  },
  air: { stationHeightM: 0, extinction: { kind: 'modtran' }, turbulence: null },
};

/** How far the airmass law at 785 nm is from the MODTRAN table of the same code, from 10 degrees up. */
function airmassLaw(elevationDeg: number): LeftOut {
  const bound =
    0.015 * extinctionLossDb({ extinction: { kind: 'modtran' }, wavelengthNm: 785, stationHeightM: 0, elevationDeg });
  return {
    term: 'extinction off the airmass law, and refraction, which the source leaves out',
    low: -bound,
    high: bound,
    source: '1.5 % of the extinction: largest difference of the law from the MODTRAN table of the source',
  };
}

const micro = (elevationDeg: number, printed: string): Comparison => ({
  id: `satquma-micro-${String(elevationDeg).replace('.', '-')}`,
  area: 'optics',
  quantity: `loss of a micro-satellite at ${elevationDeg} deg`,
  unit: 'dB',
  printed,
  origin: { ...SATQUMA, place: 'case B, loss along a zenith pass' },
  tolerance: HALF,
  inputs: '785 nm, aperture 8 cm, waist 4 cm, receiver 0.7 m, 6 dB internal, 500 km over a round Earth, MODTRAN',
  leftOut: airmassLaw(elevationDeg),
  knownBefore: 'a test of the optics had found differences below 0.03 dB',
  compute: () => budget(MICRO, { rangeKm: roundRangeKm(elevationDeg), elevationDeg }).totalDb,
});

export const BEAM: readonly Comparison[] = [
  diffraction('liao2017-diffraction', 'top-hat', 'diffraction loss of Micius at 1,200 km, as a uniform spot'),
  diffraction(
    'liao2017-diffraction-gaussian',
    'gaussian',
    'diffraction loss of Micius at 1,200 km, as a Gaussian spot',
  ),
  {
    id: 'liao2017-pointing',
    area: 'optics',
    quantity: 'pointing loss of Micius',
    unit: 'dB',
    printed: '3',
    origin: LIAO,
    tolerance: { basis: 'printed interval', low: 0, high: 3, stated: 'below 3 dB' },
    inputs:
      'tracking error 1.2 urad, divergence 10 urad: published; read as jitter per axis of a Gaussian of that full angle',
    compute: () => pointingLossDb({ beamHalfAngleRad: 5e-6, jitterRad: 1.2e-6 }),
  },
  truncated(810, 1.2, 500, '4.334'),
  truncated(810, 1.2, 570.5, '5.280'),
  truncated(810, 1.2, 683.1, '6.643'),
  truncated(810, 1.2, 909.4, '8.926'),
  truncated(810, 1.2, 1192.8, '11.170'),
  truncated(810, 1.2, 1694.6, '14.142'),
  truncated(848.6, 1, 1200, '13.15'),
  airy('disc', 'the central disc', '0.84', 0, 3.8317),
  airy('first-ring', 'the first bright ring', '0.07', 3.8317, 7.0156),
  airy('second-ring', 'the second bright ring', '0.03', 7.0156, 10.1735),
  micro(90, '25.9510'),
  micro(65.278, '26.7733'),
  micro(46.712, '28.6430'),
  micro(31.061, '31.4461'),
  micro(19.612, '34.6937'),
  micro(10.138, '39.0359'),
];
