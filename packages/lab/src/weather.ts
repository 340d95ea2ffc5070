/**
 * What an honest link does over a pass without anybody on the line: clouds, moonlight, and all that drifts. Through the same
 * hooks as an adversary, drawn anew for every pass. The magnitudes below are assumptions, fixed before any study was run;
 * they are the world in which error rates of the alarm are stated.
 */
import { type BinConditions, type Disturbance, type Random, seededRandom } from '@skykey/photons';
import type { Assumed } from './flaws.ts';
import type { LabLink } from './link.ts';
import { normals, wandering } from './random.ts';
import { CLASS, EFFICIENCY, type Wander } from './wander.ts';

const RAD = Math.PI / 180;

const FRAME: Wander = { sd: 1 * RAD, timeS: 60 };
const HAZE_DB = 0.3;
const CLOUDY = 0.3;
const CLOUDS = { most: 3, depthDb: [1, 8], lengthS: [6, 40], closed: 0.15, closedDb: 60 } as const;
const POINTING: Wander = { sd: 0.02, timeS: 0.5 };
const MOON = { decades: 2, slow: { sd: 0.1, timeS: 60 } } as const;
const DARK = { between: 0.2, slow: { sd: 0.03, timeS: 120 } } as const;
const CLOCK_PS: Wander = { sd: 10, timeS: 100 };
const INTENSITY: Wander = { sd: 0.005, timeS: 120 };
const AFTER_PULSE: Wander = { sd: 0.05, timeS: 200 };
const SELF_TEST = 0.003;

/** Every magnitude with its reason. */
export const assumedWeather: readonly Assumed[] = [
  {
    what: 'frames after compensation',
    value: `${FRAME.sd / RAD}° (standard deviation), wandering in ${FRAME.timeS} s`,
    why: 'a wave plate that follows the pass to about a degree: 0.03 % of errors on average',
  },
  {
    what: 'haze',
    value: `${HAZE_DB} dB from pass to pass; the beacon sees it`,
    why: 'extinction is not forecast better',
  },
  {
    what: 'clouds',
    value:
      `in ${CLOUDY * 100} % of passes, one to ${CLOUDS.most} of ${CLOUDS.depthDb.join(' to ')} dB for ${CLOUDS.lengthS.join(' to ')} s, ` +
      `${CLOUDS.closed * 100} % of them closed (${CLOUDS.closedDb} dB); the beacon sees them`,
    why: 'broken thin cloud; what drifts through a beam takes seconds',
  },
  {
    what: 'pointing and scintillation left in a bin',
    value: `${POINTING.sd * 100} % of the light, from bin to bin; the beacon does not see it`,
    why: 'half a second averages over hundreds of coherence times, not over all of them',
  },
  {
    what: 'background of the sky',
    value: `1 to ${10 ** MOON.decades} times the moonless one, log-uniform, wandering by ${MOON.slow.sd * 100} % in ${MOON.slow.timeS} s`,
    why: 'no Moon to full Moon at any distance from the line of sight; the photodiode outside the band sees as much of it as a detector',
  },
  {
    what: 'dark counts',
    value: `${DARK.between * 100} % from pass to pass and ${DARK.slow.sd * 100} % within, each detector for itself`,
    why: 'a temperature that is held to a few kelvin',
  },
  {
    what: 'clock of the receiver',
    value: `${CLOCK_PS.sd} ps, wandering in ${CLOCK_PS.timeS} s, after synchronisation on the link`,
    why: 'a tenth of the jitter',
  },
  {
    what: 'intensities of the source',
    value: `${INTENSITY.sd * 100} % all alike, which its power meter sees, ${CLASS.sd * 100} % each class by itself, wandering in ${INTENSITY.timeS} s`,
    why: 'a stabilised laser and modulators whose bias drifts',
  },
  {
    what: 'efficiencies of the detectors',
    value: `${EFFICIENCY.sd * 100} % each, wandering in ${EFFICIENCY.timeS} s`,
    why: 'temperature and bias of the modules',
  },
  {
    what: 'after-pulses',
    value: `${AFTER_PULSE.sd * 100} % of their probability, wandering in ${AFTER_PULSE.timeS} s`,
    why: 'temperature again',
  },
  {
    what: 'self-test before a pass',
    value: `${SELF_TEST * 100} % (standard deviation)`,
    why: 'repeatability of attenuators',
  },
];

export interface Weather {
  readonly disturbances: readonly Disturbance[];
  /** By bin: transmittance of haze and clouds, over that of a clear sky. */
  readonly clear: Float64Array;
}

/** The weather and drift of one pass, from its seed; what is drawn does not depend on who samples the photons. */
export function weatherOf(link: LabLink, seed: number): Weather {
  const random = seededRandom(seed);
  const normal = normals(random);
  const { binS, channelTransmittance } = link.trace;
  const time = { bins: channelTransmittance.length, binS };
  const wander = (law: Wander): Float64Array => wandering(normal, law, time);
  const sky = skyOf(link, random, normal, time);
  const frame = wander(FRAME);
  const dark = DETECTOR_NUMBERS.map(() => {
    const between = Math.exp(DARK.between * normal());
    return wander(DARK.slow).map((slow) => link.darkHz * between * Math.exp(slow));
  });
  const clock = wander(CLOCK_PS);
  const intensity = wander(INTENSITY);
  const classes = link.source.intensities.map(() => wander(CLASS));
  const efficiency = DETECTOR_NUMBERS.map(() => wander(EFFICIENCY));
  const afterPulse = wander(AFTER_PULSE);
  const selfTest = Math.abs(SELF_TEST * normal());
  const disturbances: Disturbance[] = [
    {
      name: 'sky',
      channel(conditions) {
        const { bin, monitors } = conditions;
        conditions.channelTransmittance *= sky.clear[bin]! * sky.pointing[bin]!;
        monitors.beaconPowerRatio *= sky.clear[bin]!;
        conditions.frameRad += frame[bin]!;
      },
      receiverFront(conditions) {
        const { bin, noiseHz, monitors } = conditions;
        for (const d of DETECTOR_NUMBERS) noiseHz[d] = dark[d]![bin]! + sky.background[bin]!;
        monitors.outOfBandHz += sky.background[bin]!;
      },
    },
    {
      name: 'drift',
      source(conditions) {
        const { bin, monitors, intensityScale } = conditions;
        for (const [k, own] of classes.entries()) intensityScale[k]! *= (1 + intensity[bin]!) * (1 + own[bin]!);
        monitors.sourcePowerRatio *= 1 + intensity[bin]!;
        monitors.selfTestDeviation += selfTest;
      },
      detector(conditions) {
        const { bin, efficiencyScale } = conditions;
        for (const d of DETECTOR_NUMBERS) efficiencyScale[d]! *= 1 + efficiency[d]![bin]!;
        conditions.afterPulseScale *= 1 + afterPulse[bin]!;
      },
      clock(conditions: BinConditions) {
        conditions.arrivalShiftPs += clock[conditions.bin]!;
      },
    },
  ];
  return { disturbances, clear: sky.clear };
}

const DETECTOR_NUMBERS = [0, 1, 2, 3] as const;

/** By bin: transmittance of haze and cloud, what pointing takes, and background of each detector, 1/s. */
function skyOf(
  link: LabLink,
  random: Random,
  normal: () => number,
  time: { readonly bins: number; readonly binS: number },
): { readonly clear: Float64Array; readonly pointing: Float64Array; readonly background: Float64Array } {
  const between = ([low, high]: readonly [number, number]): number => low + (high - low) * random.uniform();
  const lossDb = new Float64Array(time.bins).fill(HAZE_DB * normal());
  if (random.uniform() < CLOUDY) {
    const clouds = 1 + Math.floor(CLOUDS.most * random.uniform());
    for (let cloud = 0; cloud < clouds; cloud++) {
      const depthDb = between(CLOUDS.depthDb);
      const lengthS = between(CLOUDS.lengthS);
      const middleS = time.bins * time.binS * random.uniform();
      const peakDb = random.uniform() < CLOUDS.closed ? CLOUDS.closedDb : depthDb;
      for (let bin = 0; bin < time.bins; bin++) {
        const from = ((bin + 0.5) * time.binS - middleS) / lengthS;
        // A raised cosine: clouds have soft edges.
        if (Math.abs(from) < 0.5) lossDb[bin]! += (peakDb * (1 + Math.cos(2 * Math.PI * from))) / 2;
      }
    }
  }
  const moon = 10 ** (MOON.decades * random.uniform());
  const slow = wandering(normal, MOON.slow, time);
  return {
    clear: lossDb.map((db) => 10 ** (-db / 10)),
    pointing: wandering(normal, POINTING, time).map((part) => 1 + part),
    background: link.skyHz.map((rate, bin) => rate * moon * Math.exp(slow[bin]!)),
  };
}
