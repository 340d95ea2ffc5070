/** What is expected to be counted along a window, so that any part of it can be asked for. */
import type { LinkTrace } from '@skykey/photons';
import { BIN_S, linkTrace, type ScenarioPass, type Window } from '@skykey/scenario';
import { PlannerError } from './error.ts';
import { type Arm, CELLS, decoyRates, pairRates } from './rates.ts';

/** Expected counts from the start of a window to each of its edges. */
export interface Light {
  readonly cells: number;
  readonly startMs: number;
  readonly endMs: number;
  /** `cells` numbers an edge; the edges lie equally far apart, the first at the start, the last at the end. */
  readonly cumulative: Float64Array;
  /** The largest share of its time that a detector is dead. */
  readonly dead: number;
}

/** A low orbit moves 15 km in it: rates change by some percent, and the middle stands for the whole to 1e-4 on a smooth channel. */
const STEP_S = 2;
/** Stays longer than this are those of high orbits, which change slowly: one step a minute, each seen for a second. */
const LONG_MS = 1_800_000;
const LONG_STEP_MS = 60_000;

/**
 * Counts along a window of one pass, or of two passes of one satellite with pairs, each step at the geometry of its
 * middle. `monitored` is the share of detections that a live session discloses while the pass goes on.
 * @throws PlannerError `planner/parameter` when passes and source do not fit; as `linkTrace` does
 */
export function lightAlong(passes: readonly ScenarioPass[], window: Window, monitored: number): Light {
  const { source } = passes[0]!.link;
  const need = source.kind === 'pairs' ? 2 : 1;
  if (passes.length !== need) {
    throw new PlannerError(
      'planner/parameter',
      `${passes[0]!.passId}: a source of kind "${source.kind}" needs links to ${need}, not ${passes.length}`,
    );
  }
  const { startMs, endMs } = window;
  // A curve that was measured jumps from point to point: every bin of a live session is looked at.
  const measured = passes.some(({ link }) => link.channel === link.measured);
  const traces = passes.map((pass) => sample(pass, window, measured ? BIN_S : STEP_S));
  const steps = traces[0]!.length;
  const stepS = (endMs - startMs) / 1000 / steps;
  const cells = source.kind === 'pairs' ? CELLS : CELLS * source.intensities.length;
  const cumulative = new Float64Array((steps + 1) * cells);
  const rates = new Float64Array(cells);
  let dead = 0;
  for (let step = 0; step < steps; step++) {
    const [one, other] = traces.map((trace) => trace[step]!);
    const now =
      source.kind === 'pairs' ? pairRates(source, one!, other!, rates) : decoyRates(source, one!, monitored, rates);
    dead = Math.max(dead, now);
    for (let cell = 0; cell < cells; cell++) {
      const at = (step + 1) * cells + cell;
      cumulative[at] = cumulative[at - cells]! + rates[cell]! * stepS;
    }
  }
  return { cells, startMs, endMs, cumulative, dead };
}

/** The receiving end over a window, in equal steps. */
function sample(pass: ScenarioPass, window: Window, binS: number): Arm[] {
  const { startMs, endMs } = window;
  if (endMs - startMs <= LONG_MS) return armsOf(pass, linkTrace(pass, { window, binS }));
  const steps = Math.ceil((endMs - startMs) / LONG_STEP_MS);
  return Array.from({ length: steps }, (_, step) => {
    const middleMs = startMs + ((step + 0.5) * (endMs - startMs)) / steps;
    const second = { startMs: middleMs - 500, endMs: middleMs + 500 };
    return armsOf(pass, linkTrace(pass, { window: second, binS: 1 }))[0]!;
  });
}

function armsOf({ link: { receiver } }: ScenarioPass, trace: LinkTrace): Arm[] {
  return Array.from(trace.channelTransmittance, (transmittance, bin) => ({
    transmittance,
    detectorEfficiency: trace.receiverTransmittance,
    noiseHz: trace.noisePerGate[bin]! / (receiver.gateNs * 1e-9),
    receiver,
  }));
}

/** Expected counts between two moments of the window; a step that is cut counts by its share. */
export function countsBetween(light: Light, fromMs: number, toMs: number): Float64Array {
  const counts = upTo(light, toMs);
  const before = upTo(light, fromMs);
  return counts.map((count, cell) => Math.max(0, count - before[cell]!));
}

function upTo({ cells, startMs, endMs, cumulative }: Light, utcMs: number): Float64Array {
  const steps = cumulative.length / cells - 1;
  const place = Math.min(steps, Math.max(0, ((utcMs - startMs) / (endMs - startMs)) * steps));
  const i = Math.min(steps - 1, Math.floor(place));
  return Float64Array.from({ length: cells }, (_, cell) => {
    const low = cumulative[i * cells + cell]!;
    return low + (cumulative[(i + 1) * cells + cell]! - low) * (place - i);
  });
}
