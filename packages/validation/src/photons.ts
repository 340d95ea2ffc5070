/** Pulses, clicks and pairs: closed forms of others beside those of the detection model. */
import { expectedLink } from '@skykey/photons';
import { type Arm, CELLS, Cell, pairRates } from '@skykey/planner';
import type { Comparison } from './comparison.ts';

/** An end of a link that loses and disturbs nothing. */
const PERFECT: Arm = {
  transmittance: 1,
  detectorEfficiency: 1,
  noiseHz: 0,
  receiver: { basisXProbability: 0.5, misalignment: 0, deadTimeNs: 0, jitterPs: 0, gateNs: 1 },
};

/** Share of wrong coincidences, %, of a source with this visibility: a pair a second, so that none are accidental. */
function qberPercent(visibility: number): number {
  const cells = new Float64Array(CELLS);
  pairRates({ pairRateHz: 1, visibility }, PERFECT, PERFECT, cells);
  return (100 * cells[Cell.keyWrong]!) / (cells[Cell.keyRight]! + cells[Cell.keyWrong]!);
}

/** S = 2 sqrt2 V at the best angles. */
const visibilityOf = (chsh: number) => chsh / (2 * Math.SQRT2);

export const PHOTONS: readonly Comparison[] = [
  {
    id: 'lim2014-detection',
    area: 'photons',
    quantity: 'detection probability of a pulse of 0.5 photons behind 100 km of fibre',
    unit: '',
    printed: '5.010744e-4',
    origin: {
      work: 'detection model of Lim et al., Phys. Rev. A 89:022307 (2014)',
      place: 'D at 100 km, mu 0.5, evaluated apart from Skykey',
      seen: 'code',
    },
    tolerance: { basis: 'half a printed digit' },
    inputs: '0.2 dB/km, receiver 10 %, 2 x 6e-7 dark counts a gate, here shared by four detectors',
    compute: () =>
      expectedLink({
        meanPhotons: 0.5,
        channelTransmittance: 0.01,
        receiverTransmittance: 0.1,
        noisePerGate: -Math.log1p(-2 * 6e-7) / 4,
        misalignment: 5e-3,
        basisXProbability: 0.5,
        sourceBasisXProbability: 0.5,
      }).gain,
  },
  {
    id: 'yin2017-bell-qber',
    area: 'photons',
    quantity: 'error rate of the pairs of 2017 that their Bell value implies',
    unit: '%',
    printed: '8.1',
    origin: {
      work: 'Yin et al., Nature 582:501 (2020), on the experiment of Science 356:1140 (2017)',
      place: 'text',
      seen: 'published',
    },
    tolerance: { basis: 'half a printed digit' },
    inputs: 'S = 2.37 (2017, abstract) as visibility S / (2 sqrt2), the same in both bases; no accidentals',
    leftOut: {
      term: 'uncertainty of the Bell value',
      low: qberPercent(visibilityOf(2.37 + 0.09)) - qberPercent(visibilityOf(2.37)),
      high: qberPercent(visibilityOf(2.37 - 0.09)) - qberPercent(visibilityOf(2.37)),
      source: 'S = 2.37 ± 0.09, same abstract',
    },
    compute: () => qberPercent(visibilityOf(2.37)),
  },
];
