/**
 * What the detectors saw: a seeded stream of detections over a fading channel with the imperfections of real devices, the
 * ground truth beside it, adversaries on the line, and the closed forms that the stream has to agree with. No bit of it is
 * a key.
 */

export * from './adversary/adversary.ts';
export * from './adversary/catalogue.ts';
export { interceptResend } from './adversary/intercept-resend.ts';
export { multiPhotonProbability } from './adversary/photon-numbers.ts';
export { type TimedLink, timingTaggedYields } from './adversary/source-timing.ts';
export { conclusiveProbability } from './adversary/state-discrimination.ts';
export { type ActingTime, actsIn, checkedStrength } from './adversary/strength.ts';
export { mostPhotons, type TaggedYields } from './adversary/tagged-yields.ts';
export { injectedPowerW, trojanGuess } from './adversary/trojan-horse.ts';
export * from './emission.ts';
export * from './error.ts';
export * from './expected.ts';
export { gateTransmission } from './gate.ts';
export * from './light/branches.ts';
export * from './light/conditions.ts';
export * from './light/kinds.ts';
export * from './link.ts';
export * from './observe/count-events.ts';
export * from './observe/detections.ts';
export * from './observe/monitors.ts';
export * from './observe/observation.ts';
export * from './pairs/adversaries.ts';
export * from './pairs/coincidences.ts';
export * from './pairs/correlations.ts';
export * from './pairs/create.ts';
export * from './pairs/pairs.ts';
export * from './pairs/source-replacement.ts';
export * from './random.ts';
export * from './receiver/response.ts';
export * from './sampler/counts.ts';
export { BINS_PER_SHARE, Cause, createEvents, type EventPass, events } from './sampler/events.ts';
export * from './sampler/expectation.ts';
export { type DetectionSpeed, type PhotonBench, photonBench } from './sampler/photon-bench.ts';
export * from './sampler/sampler.ts';
export * from './sampler/table.ts';
export {
  RECKONED_COLUMNS,
  RECORDED_COLUMNS,
  TAG_COLUMNS,
  type TagColumn,
  TRUTH_COLUMNS,
} from './tags/columns.ts';
export * from './tags/fault.ts';
export * from './tags/file-parts.ts';
export { QCRYPTO_DETECTORS, ROLL_OVER_S, type TagFormat, type TagLayout, TIME_TAG_64 } from './tags/format.ts';
export * from './tags/order.ts';
export * from './tags/reader.ts';
export * from './tags/statistics.ts';
export * from './tags/table-reader.ts';
export * from './tags/table-writer.ts';
export * from './tags/writer.ts';
