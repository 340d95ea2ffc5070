/** What `photons` needs of a pass: channel and noise bin by bin, from `orbit` and `optics`. */
import { fadingGenerator, type LinkGeometry, noisePerGate, type Uniform } from '@skykey/optics';
import { type Look, look, pointAheadRad } from '@skykey/orbit';
import type { LinkTrace } from '@skykey/photons';
import { backgroundAt } from './background.ts';
import type { Window } from './dark.ts';
import { ScenarioError } from './error.ts';
import { type Compensation, compensatedFrames } from './frames.ts';
import type { LinkScenario } from './model.ts';
import type { ScenarioPass } from './passes.ts';
import { BIN_S } from './terminal.ts';

/** The sky is worked out this often and drawn straight between: the view turns by a degree a second at most. */
const SKY_STEP_MS = 5000;
const DETECTORS = 4;

export interface TraceOptions {
  /** A part of the pass; its first window when left out. */
  readonly window?: Window;
  /**
   * About how long a bin is to be, s: the window is divided into equal bins of a whole number of pulses. 0.1 when left
   * out, as live sessions have it; a plan may do with fewer.
   */
  readonly binS?: number;
  /**
   * Lets the light fluctuate by the model's fading, drawn from these numbers, each bin by the law of its geometry. Left out
   * by default. The mean of the budget is what counts of detections and lengths of key follow from as long as a gate rarely
   * holds a photon; and a pass that is played must come out the same for a seed, whatever a model of fading learns. On a
   * measured link the fading is that of the model beside the curve.
   */
  readonly fading?: {
    readonly uniform: Uniform;
    /**
     * The trace gets `fading` in equal steps of at most this length, s, 1e-6 or more, which remember each other from bin
     * to bin. Left out: the transmittance of a bin is multiplied by its mean gain.
     */
    readonly stepS?: number;
  };
  /** Lets the polarisation frames turn, with this compensation: the trace gets `frameRad`. Left out: they stay aligned. */
  readonly frames?: Compensation;
}

/**
 * The channel and the noise over a window of a pass. The channel of a bin is the one in its middle. Throws ScenarioError
 * `scenario/no-window` when the pass has none, `scenario/fading` and `scenario/frames` for options out of their range,
 * OpticsError where the channel says nothing (never inside a window).
 */
export function linkTrace(pass: ScenarioPass, options: TraceOptions = {}): LinkTrace {
  const { link } = pass;
  const window = options.window ?? pass.window;
  if (!window) throw noWindow(pass);
  const { startMs, endMs } = window;
  const bins = Math.max(1, Math.round((endMs - startMs) / 1000 / (options.binS ?? BIN_S)));
  const binMs = (endMs - startMs) / bins;
  const channelTransmittance = new Float64Array(bins);
  const noise = new Float64Array(bins);
  const background = backgroundOver(link, window);
  const fades = options.fading && fadesOf(link, binMs / 1000, options.fading);
  const steps = fades && options.fading?.stepS !== undefined ? new Float32Array(bins * fades.stepsPerBin) : null;
  for (let bin = 0; bin < bins; bin++) {
    const utcMs = startMs + (bin + 0.5) * binMs;
    const at = geometryAt(link, utcMs);
    const share = link.channel.loss(at).transmittance;
    const gains = fades?.next(at);
    if (gains && steps) steps.set(gains, bin * gains.length);
    channelTransmittance[bin] = gains && !steps ? share * meanOf(gains) : share;
    noise[bin] = noiseOf(link, background(utcMs));
  }
  return {
    binS: wholePulses(link, binMs / 1000),
    channelTransmittance,
    receiverTransmittance: link.detectorEfficiency,
    noisePerGate: noise,
    ...(steps ? { fading: { stepsPerBin: steps.length / bins, gain: steps } } : {}),
    ...(options.frames ? { frameRad: compensatedFrames(pass, window, bins, options.frames) } : {}),
  };
}

/** About the time in which scintillation forgets itself; pointing is slower. */
const FADING_STEP_S = 1e-3;
/** Nothing in the air is so quick, and a pass of shorter steps fills the memory. */
const SHORTEST_STEP_S = 1e-6;

interface Fades {
  readonly stepsPerBin: number;
  /** The gains of the next bin, overwritten by those of the one after it. */
  next(at: LinkGeometry): Float64Array;
}

function fadesOf({ model }: LinkScenario, binS: number, fading: NonNullable<TraceOptions['fading']>): Fades {
  const { uniform, stepS = FADING_STEP_S } = fading;
  if (!(stepS >= SHORTEST_STEP_S)) {
    throw new ScenarioError('scenario/fading', `stepS is ${stepS}; it must be ${SHORTEST_STEP_S} s or longer`);
  }
  const gains = new Float64Array(Math.ceil(binS / stepS));
  const generator = fadingGenerator({ stepS: binS / gains.length, uniform });
  return {
    stepsPerBin: gains.length,
    next(at) {
      const law = model.fading(at);
      if (law) generator.fill(law, gains);
      else gains.fill(1);
      return gains;
    },
  };
}

function meanOf(gains: Float64Array): number {
  return gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
}

/** Where the ends of a link stand, as its channel needs it: the angle to point ahead matters to an uplink alone. */
export function geometryAt({ satellite, station, direction }: LinkScenario, utcMs: number): Look & LinkGeometry {
  const seen = look(satellite.target, station.station, utcMs);
  if (direction === 'down') return seen;
  return { ...seen, pointAheadRad: pointAheadRad(satellite.target, station.station, utcMs) };
}

/** Expected counts of background and dark counts in a gate of one detector. */
export function noiseOf(
  { receiverDocument }: Pick<LinkScenario, 'receiverDocument'>,
  backgroundRateHz: number,
): number {
  return noisePerGate({
    backgroundRateHz,
    darkRateHz: receiverDocument.darkRateHz.value,
    detectors: DETECTORS,
    gateNs: receiverDocument.gateNs.value,
  });
}

/** The rate of background at any moment of a window, counts/s. */
function backgroundOver(link: LinkScenario, { startMs, endMs }: Window): (utcMs: number) => number {
  const steps = Math.max(1, Math.ceil((endMs - startMs) / SKY_STEP_MS));
  const stepMs = (endMs - startMs) / steps;
  const rates = Float64Array.from({ length: steps + 1 }, (_, i) => backgroundAt(link, startMs + i * stepMs).rateHz);
  return (utcMs) => {
    const at = (utcMs - startMs) / stepMs;
    const step = Math.min(Math.floor(at), steps - 1);
    return rates[step]! + (rates[step + 1]! - rates[step]!) * (at - step);
  };
}

/** The length of a bin, s, to the nearest whole pulse; pairs come at no clock. */
function wholePulses({ source }: LinkScenario, binS: number): number {
  if (source.kind === 'pairs') return binS;
  return Math.round(binS * source.pulseRateHz) / source.pulseRateHz;
}

function noWindow({ passId, link }: ScenarioPass): ScenarioError {
  const { maxRangeKm, minElevationDeg, sunBelowDeg } = link.station.window;
  const { sunAvoidanceDeg } = link.station.document.window;
  const orBeside = sunAvoidanceDeg ? ` or less than ${sunAvoidanceDeg.value}° from the satellite` : '';
  return new ScenarioError(
    'scenario/no-window',
    `the pass ${passId} has no quantum window: the satellite stays farther than ${maxRangeKm} km, lower than ` +
      `${minElevationDeg}°, comes nearer than the loss was measured, or the Sun is above ${sunBelowDeg}°${orBeside}`,
  );
}
