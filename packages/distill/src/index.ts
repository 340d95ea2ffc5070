/**
 * The two-party protocol from detections to secret key: sift, estimate, reconcile, verify, amplify, authenticate, with a
 * live alarm. No clock, no socket, no file: the line, the devices, the stores and the randomness are handed in.
 */
export { type AliceOptions, runAlice } from './alice.ts';
export * from './amplify.ts';
export * from './authenticate.ts';
export { type ChainOptions, type ChainRun, distilBoth, lightOf, WARM_UP_SESSIONS } from './bench/chain.ts';
export {
  chainBench,
  counted,
  type DistillBenchOptions,
  distillBench,
  type Figure,
  isMet,
  type Limit,
  type Stage as BenchStage,
} from './bench/distill-bench.ts';
export { type BobOptions, runBob } from './bob.ts';
export * from './emission-file.ts';
export * from './error.ts';
export type { Family as OneWayFamily } from './ldpc/degrees.ts';
export {
  decodeOneWay,
  encodeOneWay,
  type OneWayMessage,
  type OneWayOptions,
  type OneWayResult,
  prepareOneWay,
  withoutFrames,
} from './ldpc/one-way.ts';
export type { Role } from './line.ts';
export { chooseMethod, type MethodChoice, withinReach } from './method.ts';
export { blockIdOf, checkParameters } from './parameters.ts';
export { type BothOptions, type BothOutcome, type BothPlan, planBoth, reconcileBoth } from './reconcile-both.ts';
export type { PartyOptions } from './session.ts';
export {
  type Acquired,
  acquire,
  LEAST_SIGNIFICANCE,
  type NotAcquired,
} from './sync/acquire.ts';
export type { AcquisitionInput, SettingsLaw } from './sync/acquisition.ts';
export {
  type CoincidenceOptions,
  type FoundCoincidences,
  findCoincidences,
  type NoCoincidences,
} from './sync/coincidences.ts';
export { SlotDetections } from './sync/detections.ts';
export {
  type AcquisitionAnswer,
  type AcquisitionClaim,
  type AcquisitionOutcome,
  type AcquisitionTags,
  answerClaim,
  claimTags,
  MOST_CLAIMED,
  type SlotRange,
  spentSlots,
} from './sync/disclosure.ts';
export { PairTracker, type PairTrackOptions, type TrackedPairs } from './sync/pair-track.ts';
export {
  type ClockLine,
  clockOfSeconds,
  type LightTimeTable,
  Prediction,
  type PulseTrain,
  type Uncertainty,
} from './sync/prediction.ts';
export { type ServoState, USUAL_WANDER, type Wander } from './sync/servo.ts';
export { type RawOptions, type RawTags, rawDetections, type SearchEvent } from './sync/source.ts';
export { type TrackedTags, Tracker, type TrackOptions, type TrackStart } from './sync/track.ts';
export type * from './types.ts';
export * from './verify.ts';
