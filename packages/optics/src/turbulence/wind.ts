/** The wind that carries turbulence across the light. */
import { demand, OpticsError } from '../error.ts';
import { gaussLegendre } from '../numerics/quadrature.ts';

/** Bufton's jet: height above sea level and thickness, m, and strength, m/s, where no upper wind is given. */
const JET_M = 9_400;
const JET_WIDTH_M = 4_800;
const JET_MS = 30;

const jet = (heightM: number) => Math.exp(-(((heightM - JET_M) / JET_WIDTH_M) ** 2));

/** Heights above sea level, m, between which the rms upper wind of a Hufnagel-Valley profile is defined. */
const [RMS_FROM_M, RMS_TO_M] = [5_000, 20_000];
const rule = gaussLegendre(16, 2);
const rmsHeight = (node: number) => RMS_FROM_M + (RMS_TO_M - RMS_FROM_M) * node;

/** Mean of the jet and of its square over those heights. */
const [JET_MEAN, JET_SQUARE] = [1, 2].map((power) =>
  rule.nodes.reduce((sum, node, i) => sum + rule.weights[i]! * jet(rmsHeight(node)) ** power, 0),
) as [number, number];

/** Strength of the jet with which the wind has the rms asked for, without slew. */
function jetStrengthMS(groundWindMS: number, windMS: number | undefined): number {
  demand('groundWindMS', groundWindMS, 0, Number.POSITIVE_INFINITY);
  if (windMS === undefined) return JET_MS;
  demand('windMS', windMS, 0, Number.POSITIVE_INFINITY);
  const square = windMS ** 2 - groundWindMS ** 2;
  if (square < 0) {
    throw new OpticsError(
      'optics/parameter',
      `windMS is ${windMS}; it must be at least the wind at the ground, ${groundWindMS}, which blows at every height`,
    );
  }
  const middle = (groundWindMS * JET_MEAN) / JET_SQUARE;
  return Math.sqrt(middle ** 2 + square / JET_SQUARE) - middle;
}

/** Wind and slew of a line of sight. */
export interface Wind {
  /** Wind at the ground. */
  readonly groundWindMS: number;
  /** Angular rate of the line of sight. */
  readonly slewRadS: number;
  /**
   * Rms wind from 5 to 20 km without slew, as a Hufnagel-Valley profile has it: it sets the strength of the jet, which
   * is Bufton's 30 m/s when this is left out.
   */
  readonly windMS?: number;
  /** Of the station above sea level, where the jet's height begins; 0 when left out. */
  readonly stationHeightM?: number;
}

/** The wind at each height as a function, for loops. @throws OpticsError `optics/parameter` */
export function windAbove({ groundWindMS, slewRadS, windMS, stationHeightM = 0 }: Wind): (aboveM: number) => number {
  demand('slewRadS', slewRadS, 0, Number.POSITIVE_INFINITY);
  const strengthMS = jetStrengthMS(groundWindMS, windMS);
  return (aboveM) => groundWindMS + strengthMS * jet(stationHeightM + aboveM) + slewRadS * aboveM;
}

/**
 * Speed of the air across a line of sight, m/s: Bufton's profile with slew, w_s h + w_g + 30 exp(-((h - 9400)/4800)^2)
 * (Andrews & Phillips 2005, ch. 12), wind and slew taken to add up. Hand in slew / sin(elevation) for a slanted line:
 * what it sweeps over goes with the distance.
 * @throws OpticsError `optics/parameter`
 */
export function buftonWindMS({
  heightAboveStationM,
  ...wind
}: Wind & { readonly heightAboveStationM: number }): number {
  demand('heightAboveStationM', heightAboveStationM, 0, Number.POSITIVE_INFINITY);
  return windAbove(wind)(heightAboveStationM);
}

/**
 * Root mean square of that wind from 5 to 20 km above sea level (Andrews & Phillips 2005, ch. 12), m/s.
 * @throws OpticsError `optics/parameter`
 */
export function rmsWindMS(wind: Wind): number {
  const at = windAbove(wind);
  const stationM = wind.stationHeightM ?? 0;
  demand('stationHeightM', stationM, -500, RMS_FROM_M);
  let sum = 0;
  for (let i = 0; i < rule.nodes.length; i++) sum += rule.weights[i]! * at(rmsHeight(rule.nodes[i]!) - stationM) ** 2;
  return Math.sqrt(sum);
}
