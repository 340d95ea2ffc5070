/**
 * How much light arrives: the downlink budget term by term, measured loss curves, and the background beside them.
 * Losses are in dB and never negative; detector efficiency belongs to the detectors and is never in a loss here.
 */
export { type Atmosphere, airmass, atmosphereAt, atmosphereLossDb } from './atmosphere.ts';
export {
  backgroundRateHz,
  DAY_RADIANCE,
  FULL_MOON_RADIANCE,
  NEW_MOON_RADIANCE,
  noisePerGate,
  skyRadiance,
  TWILIGHT_RADIANCE,
} from './background.ts';
export {
  budget,
  type Channel,
  fixedTerm,
  type LinkBudget,
  type LinkGeometry,
  type LinkParameters,
  type LossTerm,
  modelChannel,
} from './budget.ts';
export { curveChannel, type LossCurve, parseLossCurve } from './curve.ts';
export { lossDbOf, transmittanceOf } from './decibel.ts';
export { OpticsError, type OpticsErrorCode } from './error.ts';
export { type BeamSpread, gaussianLossDb, topHatLossDb } from './geometric.ts';
export { pointingLossDb } from './pointing.ts';
