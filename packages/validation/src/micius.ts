/** Micius over Xinglong on 2016-12-19: the loss along the pass, and what the detectors counted. */
import { type LinkBudget, lossDbOf, parseLossCurve, transmittanceOf } from '@skykey/optics';
import { expectedLink, expectedPass, expectedQberSignal, type LinkTrace, type Source } from '@skykey/photons';
import { type LinkScenario, linkTrace, type Scenario, scenarioPasses } from '@skykey/scenario';
import type { Comparison, LeftOut, Origin, Sources } from './comparison.ts';
import { elevationsAt } from './orbit.ts';

const HALF = { basis: 'half a printed digit' } as const;
const LIAO: Origin = {
  work: 'Liao et al., Nature 549:43 (2017)',
  place: 'as quoted by later texts',
  seen: 'second-hand',
};

const linkOf = ({ links }: Scenario): LinkScenario => links.find(({ station }) => station.id === 'xinglong')!;
const xinglong = ({ scenario }: Sources) => linkOf(scenario('micius-2016-12-19'));

/** The model's budget at a range, rising and setting. */
const budgetsAt = (sources: Sources, rangeKm: number): readonly LinkBudget[] =>
  elevationsAt(rangeKm).map((elevationDeg) => xinglong(sources).model.loss({ rangeKm, elevationDeg }));
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const termDb = ({ terms }: LinkBudget, wanted: string) => terms.find(({ name }) => name === wanted)!.lossDb;

/** Published bounds in the place of what the model has: atmosphere with turbulence 3 to 8 dB, pointing 0 to 3 dB. */
function publishedBounds(sources: Sources, rangeKm: number): LeftOut {
  const budgets = budgetsAt(sources, rangeKm);
  const computed = mean(budgets.map((one) => termDb(one, 'extinction') + termDb(one, 'pointing')));
  return {
    term: 'what the published bounds allow beyond the computed atmosphere and pointing',
    low: 3 - computed,
    high: 8 + 3 - computed,
    source: 'atmosphere and turbulence 3-8 dB, pointing below 3 dB, same work',
  };
}

function curve(rangeKm: number, printed: string): Comparison {
  return {
    id: `micius-loss-${rangeKm}`,
    area: 'optics',
    quantity: `loss of Micius without detectors at ${rangeKm} km`,
    unit: 'dB',
    printed,
    origin: {
      ...LIAO,
      place: 'loss against range, digitised by baidu/QCompute, mean over 5 km to either side',
    },
    tolerance: HALF,
    inputs: 'model of the scenario micius-2016-12-19, mean of rising and setting; nothing fitted to the curve',
    leftOut: (sources) => publishedBounds(sources, rangeKm),
    knownBefore: 'a test of the optics had found differences of -1.6 to 0.5 dB',
    compute: (sources) => mean(budgetsAt(sources, rangeKm).map(({ totalDb }) => totalDb)),
  };
}

/** Loss behind which one pulse in so many is a basis-matched signal, in dB, detector included. */
function lossOfSiftedDb(sources: Sources, siftedPerS: number): number {
  const source = xinglong(sources).source as Source;
  let [low, high] = [0, 100];
  while (high - low > 1e-9) {
    const middle = (low + high) / 2;
    if (siftedRate(source, transmittanceOf(middle)) > siftedPerS) low = middle;
    else high = middle;
  }
  return low;
}

/** Basis-matched signal slots per second of a receiver without noise, everything in one transmittance. */
function siftedRate({ pulseRateHz, intensities, basisXProbability }: Source, transmittance: number): number {
  const { meanPhotons, probability } = intensities[0]!;
  const { matched } = expectedLink({
    meanPhotons,
    channelTransmittance: transmittance,
    receiverTransmittance: 1,
    noisePerGate: 0,
    misalignment: 0,
    basisXProbability: 0.5,
    sourceBasisXProbability: basisXProbability,
  });
  return pulseRateHz * probability * matched;
}

const PRINTED_SUM = {
  basis: 'printed interval',
  low: 35.97,
  high: 43.97,
  stated:
    'diffraction 22, atmosphere and turbulence 3-8, pointing below 3, optics and fibre 16 %, detectors 50 %: 35.97 to 43.97 dB',
} as const;

export const MICIUS_LOSS: readonly Comparison[] = [
  curve(650, '30.01'),
  curve(700, '30.89'),
  curve(750, '31.06'),
  curve(800, '30.95'),
  curve(850, '32.13'),
  curve(900, '32.68'),
  curve(950, '33.21'),
  curve(1000, '34.38'),
  curve(1050, '35.48'),
  curve(1100, '36.13'),
  curve(1150, '37.32'),
  curve(1200, '39.4'),
  {
    id: 'micius-sum-model',
    area: 'optics',
    quantity: 'loss of Micius with detectors at 1,200 km, by the model',
    unit: 'dB',
    printed: '43.97',
    origin: LIAO,
    tolerance: PRINTED_SUM,
    inputs: 'scenario micius-2016-12-19, detectors 50 %',
    compute: (sources) =>
      mean(budgetsAt(sources, 1200).map(({ totalDb }) => totalDb)) + lossDbOf(xinglong(sources).detectorEfficiency),
  },
  {
    id: 'micius-sum-rate',
    area: 'optics',
    quantity: 'loss of Micius with detectors at 1,200 km that ~1 kbit/s sifted implies',
    unit: 'dB',
    printed: '43.97',
    origin: LIAO,
    tolerance: PRINTED_SUM,
    inputs: 'published source: 100 MHz, half of the pulses signal of 0.8 photons, equal bases; no noise',
    compute: (sources) => lossOfSiftedDb(sources, 1000),
  },
];

/** The channel of the digitised pass: range by the track, loss by the curve, in its own steps of 0.1 s, up to 273 s. */
function digitisedTrace({ text }: Sources): LinkTrace {
  const track = text('orbit/data/micius2017_track.csv').trim().split(/\r?\n/).slice(1, 2731);
  const { rangeKm, lossDb } = parseLossCurve(text('scenario/data/micius-2017-loss-against-range.csv'));
  const channelTransmittance = Float64Array.from(track, (line) => {
    const km = Math.min(1200, Math.max(645, Number(line.split(',')[1])));
    return transmittanceOf(lossDb[Math.round((km - rangeKm[0]!) * 10)]!);
  });
  return {
    binS: 0.1,
    channelTransmittance,
    receiverTransmittance: 0.5,
    noisePerGate: new Float64Array(channelTransmittance.length),
  };
}

/** Detections, and basis-matched signal slots, without noise and dead time. */
function counts(sources: Sources): { detected: number; sifted: number } {
  const { source, receiver } = xinglong(sources);
  const classes = expectedPass({ trace: digitisedTrace(sources), source: source as Source, receiver });
  return { detected: classes.reduce((sum, { detected }) => sum + detected, 0), sifted: classes[0]!.matched };
}

/** The published efficiency has two digits: 49.5 to 50.5 %. Counts follow it. */
const efficiency = (count: number): LeftOut => ({
  term: 'rounding of the detector efficiency of 50 %',
  low: -0.01 * count,
  high: 0.01 * count,
  source: 'half its last digit',
});

const DETECTED = 3_551_136;
const SIFTED = 1_671_072;
const REPLAY =
  'digitised track and loss curve of the same paper, detectors 50 %, jitter 350 ps in a gate of 2 ns; noise, unpublished, left at zero';

function count(id: string, quantity: string, printed: string, of: 'detected' | 'sifted'): Comparison {
  return {
    id: `micius-${id}`,
    area: 'photons',
    quantity,
    unit: '',
    printed,
    origin: LIAO,
    tolerance: { basis: 'counting statistics', standardDeviation: Math.sqrt(Number(printed)), deviations: 3 },
    inputs: REPLAY,
    leftOut: (sources) => efficiency(counts(sources)[of]),
    knownBefore: 'an earlier calculation had found 5.4 % too many',
    compute: (sources) => counts(sources)[of],
  };
}

function rate(rangeKm: number, printed: string): Comparison {
  const computed = (sources: Sources) => {
    const { rangeKm: first, lossDb } = parseLossCurve(sources.text('scenario/data/micius-2017-loss-against-range.csv'));
    const channel = transmittanceOf(lossDb[Math.round((rangeKm - first[0]!) * 10)]!);
    return siftedRate(xinglong(sources).source as Source, channel * 0.5) / 1000;
  };
  return {
    id: `micius-rate-${rangeKm}`,
    area: 'photons',
    quantity: `sifted rate of Micius at ${rangeKm} km`,
    unit: 'kbit/s',
    printed,
    origin: LIAO,
    tolerance: HALF,
    inputs: 'digitised loss at that range, detectors 50 %, no noise; the source says "~"',
    leftOut: (sources) => efficiency(computed(sources)),
    knownBefore: 'an earlier calculation had found 10.6 kbit/s at 645 km and 0.92 kbit/s at 1,200 km',
    compute: computed,
  };
}

export const MICIUS_COUNTS: readonly Comparison[] = [
  {
    id: 'micius-sift-ratio',
    area: 'photons',
    quantity: 'share of basis-matched signal slots among the detections of the published pass',
    unit: '',
    printed: '0.470574',
    origin: { ...LIAO, place: '1,671,072 of 3,551,136, as quoted by later texts' },
    tolerance: {
      basis: 'counting statistics',
      standardDeviation: Math.sqrt((SIFTED / DETECTED) * (1 - SIFTED / DETECTED) * (1 / DETECTED)),
      deviations: 3,
    },
    inputs: REPLAY,
    compute: (sources) => {
      const { detected, sifted } = counts(sources);
      return sifted / detected;
    },
  },
  count('detections', 'detections on the published pass', String(DETECTED), 'detected'),
  count('sifted', 'basis-matched signal slots on the published pass', String(SIFTED), 'sifted'),
  rate(645, '12'),
  rate(1200, '1'),
  {
    id: 'micius-qber',
    area: 'photons',
    quantity: 'error rate of the signal over the published pass',
    unit: '%',
    printed: '1.1',
    origin: LIAO,
    tolerance: HALF,
    inputs:
      'scenario micius-2016-12-19: contrast 280:1 and dark counts below 25 Hz are published, field of view, filter and city glow assumed',
    compute: ({ scenario }) => {
      const mission = scenario('micius-2016-12-19');
      const [pass] = scenarioPasses(mission, {
        fromMs: Date.parse('2016-12-19T16:30:00Z'),
        toMs: Date.parse('2016-12-19T17:10:00Z'),
        stationId: 'xinglong',
      });
      const { source, receiver } = pass!.link;
      return 100 * expectedQberSignal({ trace: linkTrace(pass!), source: source as Source, receiver });
    },
  },
];
