/** Keys over whole missions: what relays deliver and uses consume. Mostly gaps: inputs are seldom published. */
import { lossDbOf } from '@skykey/optics';
import { look } from '@skykey/orbit';
import { scenarioPasses } from '@skykey/scenario';
import type { Comparison, Origin } from './comparison.ts';

const HALF = { basis: 'half a printed digit' } as const;

function gap(
  id: string,
  quantity: string,
  unit: string,
  printed: string,
  origin: Origin,
  why: string,
  area: Comparison['area'] = 'key and relay',
): Comparison {
  return {
    id,
    area,
    quantity,
    unit,
    printed,
    origin,
    tolerance: HALF,
    inputs: 'none that would do',
    compute: { gap: why },
  };
}

const LIAO_2018: Origin = {
  work: 'Liao et al., PRL 120:030501 (2018)',
  place: 'press release of the video conference',
  seen: 'published',
};

export const RELAY: readonly Comparison[] = [
  {
    id: 'video-conference-key',
    area: 'key and relay',
    quantity: 'key used by a video conference of 75 min with AES-128 keyed anew every second',
    unit: 'Kibit',
    printed: '5.6e2',
    origin: { ...LIAO_2018, place: `${LIAO_2018.place}: ~560 kbit, read as two digits` },
    tolerance: HALF,
    inputs:
      'arithmetic of the published figures, no code of Skykey; kbit taken as 1,024 bits (in thousands it would be 576)',
    compute: () => (75 * 60 * 128) / 1024,
  },
  {
    id: 'q3sat-loss',
    area: 'optics',
    quantity: 'largest loss of an uplink to a cubesat, detector included',
    unit: 'dB',
    printed: '62.7',
    origin: { work: 'Q3Sat, EPJ Quantum Technology (2018), s40507-018-0068-1', place: 'Table 1', seen: 'published' },
    tolerance: { basis: 'printed interval', low: 0, high: 62.7, stated: 'total loss -62.7 dB (max)' },
    inputs:
      'scenario uplink-q3sat, worst end of a window in three nights; telescopes, fixed losses and detector published, waist, turbulence, orbit and the lowest elevation of 30 deg assumed',
    compute: ({ scenario }) => {
      const fromMs = Date.parse('2018-06-01T00:00:00Z');
      const found = scenarioPasses(scenario('uplink-q3sat'), { fromMs, toMs: fromMs + 3 * 86_400_000 });
      const losses = found.flatMap(({ link, windows }) =>
        windows
          .flatMap(({ startMs, endMs }) => [startMs, endMs])
          .map((utcMs) => look(link.satellite.target, link.station.station, utcMs))
          .map((at) => link.model.loss(at).totalDb + lossDbOf(link.detectorEfficiency)),
      );
      return Math.max(...losses);
    },
  },
  gap(
    'earth-moon-loss',
    'loss of a Bell test between Earth and Moon, both arms',
    'dB',
    '103',
    { work: 'Cao et al., arXiv:1712.03204', place: 'abstract', seen: 'published' },
    'the abstract simulates the loss and names no telescopes; those of the scenario earth-moon are assumptions, and it has one arm',
    'optics',
  ),
  gap(
    'satquma-zenith',
    'zenith loss of the improved Micius at 500 km',
    'dB',
    '27',
    { work: 'Sidhu et al., npj Quantum Information 8:18 (2022), arXiv:2012.07829', place: 'text', seen: 'published' },
    'names a receiver of 1.2 m and no divergence, optics or detectors; the file of its loss along the pass names none either',
    'optics',
  ),
  gap(
    'bbm92-arm',
    'loss of one arm of a double downlink at 1,870 km',
    'dB',
    '32.17',
    { work: 'JSS-root/BBM92_Finite_Key (MIT)', place: 'clickfile_OGSsep_500km_phi_0_xi_0.csv', seen: 'code' },
    'the file has range, elevation and transmittance, and neither wavelength nor telescopes',
    'optics',
  ),
  gap(
    'chen2021-rate',
    'mean secret rate of a typical pass of the integrated network',
    'kbit/s',
    '47.8',
    { work: 'Chen et al., Nature 589:214 (2021)', place: 'abstract', seen: 'published' },
    'clock, protocol and receiver of that pass are not in the sources seen',
  ),
  gap(
    'jinan1-preprint',
    'secret bits of a pass of Jinan-1, most in the preprint',
    'Mbit',
    '0.59',
    { work: 'Li et al., arXiv:2408.10994', place: 'abstract', seen: 'published' },
    'aperture, divergence and intensities are not in the sources seen; those of the scenario jinan-1 are assumptions',
  ),
  gap(
    'jinan1-best',
    'secret bits of a pass of Jinan-1, most',
    'Mbit',
    '1.07',
    { work: 'Li et al., QCrypt 2025 abstract', place: 'abstract', seen: 'published' },
    'as for the preprint',
  ),
  gap(
    'roger2023-emulated',
    'secret bits of an emulated pass in real time',
    'Mbit',
    '4.58',
    { work: 'Roger et al., Science Advances (2023), PMC10691775', place: 'abstract', seen: 'published' },
    'the emulated loss along the pass and the receiver are not in the sources seen',
  ),
  gap(
    'quantsat-pt-sifted',
    'sifted rate of QuantSat-PT at 750 km in the zenith',
    'kbit/s',
    '32.1',
    { work: 'arXiv:2209.10293', place: 'abstract', seen: 'published' },
    'source, telescopes and detectors are not in the sources seen',
  ),
];
