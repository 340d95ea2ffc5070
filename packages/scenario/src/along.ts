/** The budget of a link along a stretch of time: what people look at, row by row. */
import type { Channel, Fading, LinkBudget, LinkGeometry } from '@skykey/optics';
import { type LightTime, lightTime, pointAheadRad } from '@skykey/orbit';
import { type Background, backgroundAt } from './background.ts';
import { ScenarioError } from './error.ts';
import type { LinkScenario } from './model.ts';
import { geometryAt, noiseOf } from './trace.ts';

export interface BudgetRow {
  readonly utcMs: number;
  readonly rangeKm: number;
  readonly elevationDeg: number;
  readonly azimuthDeg: number;
  readonly slewRadS: number;
  readonly pointAheadRad: number;
  /** Of the quantum light: received at the station on a downlink, sent from it on an uplink, at `utcMs`. */
  readonly lightTime: LightTime;
  /** Null where the model says nothing of this geometry. */
  readonly model: LinkBudget | null;
  /** Null where nothing was measured. */
  readonly measured: LinkBudget | null;
  readonly background: Background;
  /** Expected background and dark counts per gate and detector. */
  readonly noisePerGate: number;
  /** Of the model; null with it. */
  readonly fading: Fading | null;
}

const MOST_ROWS = 1_000_000;

/** From when to when, and how often. */
export interface Steps {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepS: number;
}

/**
 * The budget every `stepS` seconds from `startMs`, and at `endMs`. Throws ScenarioError `scenario/interval` for an
 * interval that is none or has more than a million rows, OrbitError for moments without a position, OpticsError for a
 * satellite below the horizon or in the disc of the Sun.
 */
export function budgetAlong(link: LinkScenario, steps: Steps): BudgetRow[] {
  return momentsOf(steps).map((utcMs) => rowAt(link, utcMs));
}

/** Every step, and the end. Throws ScenarioError `scenario/interval`. */
export function momentsOf({ startMs, endMs, stepS }: Steps): number[] {
  const steps = (endMs - startMs) / (stepS * 1000);
  if (!(stepS > 0 && steps >= 0 && steps < MOST_ROWS)) {
    throw new ScenarioError(
      'scenario/interval',
      `a budget from ${startMs} to ${endMs} every ${stepS} s: the end must not be before the start, the step above 0, ` +
        `and the rows fewer than ${MOST_ROWS}`,
    );
  }
  const times = Array.from({ length: Math.floor(steps) + 1 }, (_, i) => startMs + i * stepS * 1000);
  if (times.at(-1)! < endMs) times.push(endMs);
  return times;
}

function rowAt(link: LinkScenario, utcMs: number): BudgetRow {
  const at = geometryAt(link, utcMs);
  const background = backgroundAt(link, utcMs);
  return {
    utcMs,
    rangeKm: at.rangeKm,
    elevationDeg: at.elevationDeg,
    azimuthDeg: at.azimuthDeg,
    slewRadS: at.slewRadS,
    pointAheadRad: pointAheadRad(link.satellite.target, link.station.station, utcMs),
    lightTime: lightTime(link.satellite.target, link.station.station, utcMs, link.direction),
    model: lossOf(link.model, at),
    measured: link.measured && lossOf(link.measured, at),
    background,
    noisePerGate: noiseOf(link, background.rateHz),
    fading: link.model.covers(at) ? link.model.fading(at) : null,
  };
}

function lossOf(channel: Channel, at: LinkGeometry): LinkBudget | null {
  return channel.covers(at) ? channel.loss(at) : null;
}
